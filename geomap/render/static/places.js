/* The "Places" tab: what is chosen, in words and figures. */
(function (geomap) {
  "use strict";

  const { data, el, number, percent, counted } = geomap;
  const { pcns, sites, flows, operators, pathways } = data;
  const unmetByPcn = geomap.groupRows(data.unmet.pcn);
  const pledgesBySite = geomap.groupRows(data.pledges.site);
  const unusedBySite = geomap.groupRows(data.unused.site);
  const linksByPcn = geomap.groupRows(data.links.pcn);
  const LONGEST_LIST = 25;

  const needOrder = pcns.need_index.map((value, row) => row).sort((a, b) => pcns.need_index[b] - pcns.need_index[a]);
  const needRank = new Map(needOrder.map((row, k) => [row, k + 1]));

  function section(title, ...content) {
    return el("section", null, el("h3", null, title), ...content);
  }

  function icbWords(row) {
    const name = geomap.shortIcb(data.icbs.name[pcns.icb[row]]);
    const others = pcns.icbs[row].length - 1;
    return others > 0 ? name + " ICB, with practices in " + counted(others, "other ICB", "other ICBs") : name + " ICB";
  }

  /** One bar for each part of need: where the PCN stands among all patients. */
  function needParts(row) {
    const parts = [
      ["Deprivation", "IMD score " + number(pcns.imd_score[row], 1), pcns.imd_score[row], pcns.imd_percentile[row]],
      ["Inactive adults", percent(pcns.inactive_share[row]), pcns.inactive_share[row], pcns.inactive_percentile[row]],
      ["Long-term conditions", number(pcns.long_term_ratio[row], 2) + " times the average",
        pcns.long_term_ratio[row], pcns.long_term_percentile[row]],
      ["Aged 65 and over", percent(pcns.aged_65_share[row]), pcns.aged_65_share[row], pcns.aged_65_percentile[row]],
    ];
    const items = parts.map(([name, raw, value, percentile]) => {
      const bar = el("span", { class: "bar" }, el("span", { class: "bar-fill" }));
      bar.firstChild.style.width = (percentile || 0) * 100 + "%";
      const words = value === null ? "not known" : raw;
      return el("li", null, el("span", { class: "bar-name" }, name), bar,
        el("span", { class: "bar-value" }, percentile === null ? "–" : number(percentile, 2)),
        el("span", { class: "bar-raw" }, words));
    });
    return el("ul", { class: "bars" }, ...items);
  }

  function demandTable(row) {
    const rows = unmetByPcn.get(row) || [];
    if (rows.length === 0) return el("p", null, "Nobody in this PCN could start any of the pathways.");
    const u = data.unmet;
    return geomap.table("Course places by pathway",
      [["Pathway, and why places are unmet"], ["Could start", "figure"], ["Matched", "figure"], ["Unmet", "figure"]],
      rows.map((k) => [geomap.noted(pathways.name[u.pathway[k]], geomap.sentence(geomap.unmetReason(u.reason[k]))),
        number(u.demand[k]), number(u.matched[k]), number(u.unmet[k])]));
  }

  function served(row) {
    const lines = geomap.linesOf({ kind: "pcn", row });
    const rank = new Map(lines.filter((line) => line.site >= 0).map((line, k) => [line.site, k + 1]));
    const groups = grouped(geomap.flowsOfPcn(row), (k) => flows.site[k] + ":" + flows.operator[k]);
    if (groups.length === 0) return el("p", null, "No hours are matched to this PCN.");
    const nameOf = ({ first }) => flows.site[first] < 0
      ? operators.name[flows.operator[first]] + " (online or several places; not drawn)"
      : el("span", { class: "ranked" }, el("span", { class: "rank" }, number(rank.get(flows.site[first]))),
        geomap.chooser("site", flows.site[first], sites.name[flows.site[first]]));
    return geomap.table("Numbered as on the map, most hours first", [["Facility, and what for"], ...SERVED],
      groups.map((group) => servedRow(nameOf(group), group)));
  }

  const SERVED = [["People", "figure"], ["Hours", "figure"], ["Minutes away", "figure"]];

  /** Flows that share a key as one row, most hours first. */
  function grouped(rows, keyOf) {
    const groups = new Map();
    for (const k of rows) {
      const group = groups.get(keyOf(k)) || { first: k, rows: [], hours: 0 };
      group.rows.push(k);
      group.hours += flows.hours[k];
      groups.set(keyOf(k), group);
    }
    return [...groups.values()].sort((a, b) => b.hours - a.hours || a.first - b.first);
  }

  function servedRow(name, group) {
    const pathwaysServed = group.rows.map((k) => number(flows.places[k]) + " " + pathways.name[flows.pathway[k]].toLowerCase());
    const people = group.rows.reduce((sum, k) => sum + flows.places[k], 0);
    return [geomap.noted(name, pathwaysServed.join(", ")), number(people), number(group.hours), journey(group.first)];
  }

  /** Minutes of one way; none where the hours are online or come to the people. */
  function journey(flow) {
    if (flows.site[flow] < 0) return "–";
    return flows.minutes[flow] === 0 ? "no journey" : number(Math.max(1, flows.minutes[flow]));
  }

  function linkList(row) {
    const rows = linksByPcn.get(row) || [];
    if (rows.length === 0) return el("p", null, "No link to an operator is on record.");
    const l = data.links;
    return el("ul", { class: "plain" }, ...rows.map((k) => el("li", null,
      l.site[k] >= 0 ? sites.name[l.site[k]] : operators.name[l.operator[k]], ": ", data.link_words[l.status[k]])));
  }

  function deprivation(row) {
    if (pcns.core20_share[row] === null) return null;
    return el("p", { class: "small" }, percent(pcns.core20_share[row]) + " of patients live in the most deprived fifth of " +
      "England (" + (data.core20_bases[pcns.core20_basis[row]] || "basis not known") + ").");
  }

  geomap.pcnDetails = function (row) {
    const fte = number(pcns.link_worker_fte[row], 1) + " full-time equivalent: " + data.fte_bases[pcns.fte_basis[row]] + ".";
    return [
      el("p", { class: "kicker" }, "PCN " + pcns.code[row]),
      el("h2", { tabindex: "-1", class: geomap.caps(pcns.name[row]) }, pcns.name[row]),
      el("p", { class: "under" }, icbWords(row)),
      geomap.figures([
        ["Need index", number(pcns.need_index[row], 2), "rank " + number(needRank.get(row)) + " of " + number(pcns.code.length)],
        ["Could start", number(pcns.demand_places[row]), "people (estimate)"],
        ["Have a place", number(pcns.matched_places[row]), number(pcns.matched_hours[row]) + " hours"],
        ["Left without", number(pcns.unmet_places[row]), "people"],
        ["Coverage", percent(pcns.coverage_share[row]), "of those who could start"],
      ]),
      section("Who serves it", served(row)),
      section("Demand and what became of it", demandTable(row)),
      section("What the need is made of", el("p", { class: "small" },
        "Bars run from 0 (least need of all patients) to 1 (most). " + counted(pcns.patients[row], "patient", "patients") +
        " in " + counted(pcns.practices[row], "practice", "practices") + "."), needParts(row), deprivation(row)),
      section("Link workers", el("p", null, fte), el("p", null, "They can refer about " +
        counted(pcns.ceiling_referrals[row], "person", "people") + " in the period.")),
      section("Links on record", linkList(row)),
    ];
  };

  function pledgeTable(row) {
    const p = data.pledges;
    return geomap.table("Pledges in participant-hours",
      [["Pledge, and as stated"], ["Worth", "figure"], ["Matched", "figure"], ["Left", "figure"]],
      (pledgesBySite.get(row) || []).map((k) =>
        [geomap.noted(p.id[k], number(p.hours[k]) + " " + (data.units[p.unit[k]] || p.unit[k])),
          number(p.pledged_hours[k]), number(p.matched_hours[k]), number(p.unmatched_hours[k])]));
  }

  function unusedList(rows) {
    const unused = data.unused;
    return el("ul", { class: "plain" }, ...rows.filter((k) => unused.hours[k] >= 0.5).map((k) =>
      el("li", null, counted(unused.hours[k], "hour", "hours") + ": " + geomap.hoursReason(unused.reason[k]))));
  }

  function servesTable(row) {
    const groups = grouped(geomap.flowsOfSite(row), (k) => flows.pcn[k]);
    if (groups.length === 0) return el("p", null, "Its hours are matched to nobody.");
    const shown = groups.slice(0, LONGEST_LIST);
    const table = geomap.table("Most hours first", [["PCN, and what for"], ...SERVED], shown.map((group) =>
      servedRow(geomap.chooser("pcn", flows.pcn[group.first], pcns.name[flows.pcn[group.first]]), group)));
    const left = groups.length - shown.length;
    return el("div", null, table, left > 0 ? el("p", { class: "small" }, "and " + counted(left, "more PCN", "more PCNs")) : null);
  }

  geomap.siteDetails = function (row) {
    const kind = geomap.siteKind(row);
    const unused = (unusedBySite.get(row) || []).filter((k) => data.unused.hours[k] >= 0.5);
    const offered = sites.pathways[row].map((k) => pathways.name[k]).join(", ");
    return [
      el("p", { class: "kicker" }, "Facility " + sites.id[row]),
      el("h2", { tabindex: "-1", class: geomap.caps(sites.name[row]) }, sites.name[row]),
      el("p", { class: "under" }, operators.name[sites.operator[row]] + " · " + (kind ? kind.name.toLowerCase() : "kind not known") +
        " · " + data.venues[sites.venue[row]]),
      geomap.figures([
        ["Pledged", number(sites.pledged_hours[row]), "hours"],
        ["Could be used", number(sites.eligible_hours[row]), "hours"],
        ["Matched", number(sites.matched_hours[row]), "hours"],
        ["Left", number(sites.unmatched_hours[row]), "hours"],
        ["Serves", number(sites.people[row]), "people in " + counted(sites.pcns_served[row], "PCN", "PCNs")],
      ]),
      offered ? el("p", null, "Offers: " + offered + ".") : null,
      section("Whom it serves", servesTable(row)),
      section("Its pledges", pledgeTable(row)),
      unused.length ? section("Hours nobody could use", unusedList(unused)) : null,
    ];
  };

  /** What stands there while nothing is chosen: the whole, and where most people are left without a place. */
  geomap.overview = function () {
    const f = data.facts;
    const worst = pcns.unmet_places.map((value, row) => row).filter((row) => pcns.unmet_places[row] > 0)
      .sort((a, b) => pcns.unmet_places[b] - pcns.unmet_places[a] || a - b).slice(0, 10);
    const list = geomap.table("PCNs with most people left without a place",
      [["PCN, and the main reason"], ["Left without", "figure"], ["Coverage", "figure"]],
      worst.map((row) => [geomap.noted(geomap.chooser("pcn", row, pcns.name[row]),
        geomap.sentence(geomap.unmetReason(pcns.main_unmet_reason[row]))), number(pcns.unmet_places[row]),
        percent(pcns.coverage_share[row])]));
    return [
      el("h2", { tabindex: "-1" }, "All " + counted(f.pcns, "PCN", "PCNs")),
      el("p", { class: "under" }, "Choose a PCN or a facility on the map, or a row of the table. Escape goes back."),
      geomap.figures([
        ["Patients", geomap.brief(f.patients), number(f.patients) + " registered"],
        ["Could start", number(f.demand_places), "people (estimate)"],
        ["Have a place", number(f.people), number(f.completions) + " would finish"],
        ["Left without", number(f.unmet_places), "people"],
        ["Link workers", number(f.link_worker_fte), f.pcns_fte_not_reported
          ? counted(f.pcns_fte_not_reported, "PCN", "PCNs") + " not reported" : "full-time equivalent"],
      ]),
      worst.length ? section("Where most is missing", list) : el("p", null, "Everyone who could start has a place."),
    ];
  };
})(window.geomap);
