/* Details of a test-and-learn site, and the list of all. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted, section } = geomap;
  const { sites, pcns } = data;
  const { comparators } = sites;
  const flowsOfPcn = geomap.groupRows(sites.flows.pcn);
  const siteOfPcn = new Map(sites.pcns.flatMap((rows, site) => rows.map((row) => [row, site])));

  const flowsOf = (row) => sites.pcns[row].flatMap((pcn) => flowsOfPcn.get(pcn) || []);

  /** Flows of the plan that serves the sites alone, most hours first. */
  function linesOf(row) {
    const { facility, pcn, hours, places } = sites.flows;
    return flowsOf(row).map((k) => ({ facility: facility[k], pcn: pcn[k], hours: hours[k], places: places[k] }))
      .sort((a, b) => b.hours - a.hours || a.facility - b.facility || a.pcn - b.pcn);
  }

  const pcnList = (rows) => el("ul", { class: "plain" }, ...rows.map((row) => el("li", null, geomap.chooser("pcn", row, pcns.name[row]))));

  function sureness(row) {
    if (sites.share_of_draws[row] === null || sites.share_of_draws.length === 0) return null;
    return ["Chosen again", percent(sites.share_of_draws[row]), "of draws of the assumptions"];
  }

  function why(row) {
    const verdict = sites.verdict[row];
    return section("Why it was chosen", el("ul", { class: "told" }, ...sites.reasons[row].map((sentence) => el("li", null, sentence))),
      verdict ? el("p", { class: "small" }, geomap.sentence(sites.verdicts[verdict]) + ".") : null);
  }

  function likeness(row) {
    const show = (value) => number(value, value !== null && Math.abs(value) < 100 ? 2 : 0);
    return geomap.table("Differences in standard deviations",
      [["Measure"], ["Site", "figure"], ["Comparator", "figure"], ["Difference", "figure"]],
      sites.measures[row].map(([site, other, difference], k) => [geomap.sentence(sites.likeness[k]), show(site), show(other),
        number(difference, 2)]));
  }

  function comparison(row) {
    const at = sites.comparator[row];
    if (at === undefined || at < 0) return null;
    const shared = sites.shared_facilities[row];
    const words = [
      "The PCNs most like it that were not chosen: ",
      sites.close_enough[row] ? ". They are close enough to compare: " : ". None is close enough to compare: ",
      "the distance is " + number(sites.distance[row], 2) + ", and 0.25 is the most that is.",
      shared > 0 ? " They share " + counted(shared, "facility", "facilities") + ", so hours of one may serve the other." : "",
    ];
    const name = comparators.pcns[at].length === 1 ? geomap.chooser("pcn", comparators.pcns[at][0], comparators.name[at])
      : el("strong", null, comparators.name[at]);
    return section("What it is compared with", el("p", null, words[0], name, ...words.slice(1)), likeness(row));
  }

  function served(row) {
    const rank = new Map();
    const lines = linesOf(row);
    lines.filter((line) => line.facility >= 0).forEach((line, k) => rank.set(line, k + 1));
    if (lines.length === 0) return el("p", null, "No hours are matched to it.");
    const nameOf = (line) => (line.facility < 0 ? "Online or several places; not drawn"
      : el("span", { class: "ranked" }, el("span", { class: "rank" }, number(rank.get(line))), geomap.facilityCell(line.facility)));
    return geomap.cappedTable("Numbered as on the map, most hours first", [["Facility"], ["People", "figure"], ["Hours", "figure"]],
      lines, { most: 25, one: "facility", many: "facilities", toCells: (line) => [nameOf(line), people(line.places),
        geomap.hoursOf(line.hours, line.places)] });
  }

  geomap.addKind("site", {
    keys: sites.id,
    name: (row) => sites.name[row],
    pcns: (row) => sites.pcns[row],
    lines: linesOf,
    bounds: (row) => geomap.boundsOf(sites.pcns[row], [], linesOf(row)),
    numbered: true,
    details: (row) => [
      geomap.crumbs(...(sites.pcns[row].length === 1 ? geomap.crumbsOfPcn(sites.pcns[row][0]) : [])),
      ...geomap.titled("Test-and-learn site " + number(sites.rank[row]) + " of " + number(sites.id.length), sites.name[row],
        geomap.shortIcb(sites.icb_name[row]) + " · " + sites.region_name[row]),
      geomap.figures([
        ["Would get a place", people(sites.people[row]), "of " + geomap.countedPeople(sites.demand_places[row])],
        ["Coverage", percent(sites.coverage_share[row]), "of those who could start"],
        ["Would finish", people(sites.completions[row]), sites.value[row] === null ? "" : people(sites.value[row]) + " weighted by need"],
        ["Facilities", number(sites.facilities[row]), number(sites.matched_hours[row]) + " hours"],
        sureness(row),
      ].filter((item) => item !== null)),
      el("p", { class: "small" }, "Figures of a plan that serves the chosen sites alone."),
      why(row),
      section("Who would serve it", served(row)),
      section(sites.pcns[row].length === 1 ? "Its PCN" : "Its PCNs", pcnList(sites.pcns[row])),
      comparison(row),
      geomap.provenance(),
    ],
  });

  /** The chosen sites, best first, as nodes for the panel; null where none were asked for. */
  geomap.siteList = function () {
    if (sites.id.length === 0) return null;
    const headings = [["Site, numbered as on the map"], ["Would get a place", "figure"], ["Coverage", "figure"]];
    const hasDraws = sites.share_of_draws.some((share) => share !== null);
    if (hasDraws) headings.push(["Chosen again", "figure"]);
    const rows = sites.id.map((id, row) => [
      el("span", { class: "ranked" }, el("span", { class: "mark site-mark" }, number(sites.rank[row])),
        geomap.noted(geomap.chooser("site", row, sites.name[row]), geomap.shortIcb(sites.icb_name[row]))),
      people(sites.people[row]), percent(sites.coverage_share[row]),
      ...(hasDraws ? [percent(sites.share_of_draws[row])] : [])]);
    return [section("Test-and-learn sites", el("p", { class: "small" }, "Figures of a plan that serves the chosen sites alone."), geomap.table("Most people who would finish, weighted by need, first", headings, rows))];
  };

  /** That a PCN is part of a site or of what one is compared with; null where it is neither. */
  geomap.siteDetails = function (pcn) {
    const parts = [];
    const link = (site) => geomap.chooser("site", site, "site " + number(sites.rank[site]) + ", " + sites.name[site]);
    if (siteOfPcn.has(pcn)) parts.push(el("p", null, "Part of test-and-learn ", link(siteOfPcn.get(pcn)), "."));
    sites.comparator.forEach((at, site) => {
      if (at >= 0 && comparators.pcns[at].includes(pcn)) parts.push(el("p", null, "Comparator of test-and-learn ", link(site), "."));
    });
    return parts.length ? el("div", { class: "site-note" }, ...parts) : null;
  };
})(window.geomap);
