/* What the details of different kinds are made of. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted } = geomap;
  const { flows, facilities, pcns, pathways, operators } = data;

  geomap.section = (title, ...content) => el("section", null, el("h3", null, title), ...content);

  /** Title of what is chosen: what it is, its name, a line under it. */
  geomap.titled = (kicker, name, ...under) => [
    el("p", { class: "kicker" }, kicker),
    el("h2", { tabindex: "-1", class: geomap.caps(name) }, name),
    under.length ? el("p", { class: "under" }, ...under) : null,
  ];

  /** The way down to what is chosen: each step [kind, row] can be chosen; a row of -1 is left out. */
  geomap.crumbs = function (...steps) {
    const all = el("button", { type: "button", class: "link", click: () => geomap.choose(null) }, "All PCNs");
    const items = steps.filter(([, row]) => row >= 0).map(([kind, row]) =>
      el("li", null, geomap.chooser(kind, row, geomap.nameOf({ kind, row }))));
    return el("nav", { class: "crumbs", "aria-label": "Where it is" }, el("ol", null, el("li", null, all), ...items));
  };

  geomap.crumbsOfPcn = (row) => {
    const icb = pcns.icb[row];
    return [["region", icb < 0 ? -1 : data.icbs.region[icb]], ["icb", icb], ["sub_icb", pcns.sub_icb[row]]];
  };

  /** What is shown is of one pathway only, and the way out. */
  geomap.pathwayNote = function () {
    const { pathway } = geomap.view();
    if (pathway < 0) return null;
    return el("p", { class: "only" }, "Places and matched hours are those of ", el("strong", null, pathways.name[pathway]), " alone. ",
      el("button", { type: "button", class: "link", click: () => geomap.change({ pathway: -1 }) }, "Show all pathways"));
  };

  /** A heading whose figures are of all pathways, whichever is looked at. */
  geomap.ofAll = (name) => (geomap.view().pathway < 0 ? name : name + " (all pathways)");

  /** Hours and people of some flows. */
  geomap.sumOf = (rows) => ({ hours: rows.reduce((sum, k) => sum + flows.hours[k], 0),
    people: rows.reduce((sum, k) => sum + flows.places[k], 0), pcns: geomap.once(rows.map((k) => flows.pcn[k])).length });

  /** Pledged, could be used, matched, left and people served; what is matched is of the pathway that is looked at. */
  geomap.hoursFigures = function ({ pledged, eligible, matched, left }, served) {
    const unit = geomap.view().pathway < 0 ? "hours" : "hours, all pathways";
    return geomap.figures([["Pledged", number(pledged), unit], ["Could be used", number(eligible), unit],
      ["Matched", geomap.view().pathway < 0 ? number(matched) : geomap.hoursOf(matched, served.people), "hours"],
      ["Left", number(left), unit], ["Serves", people(served.people), served.pcns === null ? "people" : "people in " + counted(served.pcns, "PCN", "PCNs")]]);
  };

  /** The first rows as a table, and a sentence on those that are left out. */
  geomap.cappedTable = function (caption, headings, rows, { most, toCells, one, many }) {
    const left = rows.length - most;
    return el("div", null, geomap.table(caption, headings, rows.slice(0, most).map(toCells)),
      left > 0 ? el("p", { class: "small after" }, "and " + counted(left, "more " + one, "more " + many) + ".") : null);
  };

  geomap.nameList = (rows) => rows.map((row) => (typeof row === "number" ? pathways.name[row] : row)).join(", ");

  /** Minutes of one way; none where the hours are online or come to the people. */
  geomap.journey = function (flow) {
    if (flows.facility[flow] < 0) return "–";
    return flows.minutes[flow] === 0 ? "no journey" : number(Math.max(1, flows.minutes[flow]));
  };

  /** Flows that share a key as one row, most hours first. */
  geomap.grouped = function (rows, keyOf) {
    const groups = new Map();
    for (const k of rows) {
      const group = groups.get(keyOf(k)) || { first: k, rows: [], hours: 0, people: 0 };
      group.rows.push(k);
      group.hours += flows.hours[k];
      group.people += flows.places[k];
      groups.set(keyOf(k), group);
    }
    return [...groups.values()].sort((a, b) => b.hours - a.hours || a.first - b.first);
  };

  geomap.SERVED = [["People", "figure"], ["Hours", "figure"], ["Minutes away", "figure"]];

  /** Cells of a row of who serves whom; the hours lead to the one flow. */
  geomap.servedCells = function (name, group) {
    const k = group.first;
    const what = group.rows.map((row) => people(flows.places[row]) + " " + pathways.name[flows.pathway[row]].toLowerCase());
    const flow = flows.facility[k] < 0 ? undefined : geomap.pairRow(flows.facility[k], flows.pcn[k]);
    const told = geomap.hoursOf(group.hours, group.people);
    const hours = flow === undefined ? told : geomap.chooser("flow", flow, told);
    const said = geomap.isFew(group.people) ? "Hours not shown" : counted(group.hours, "hour", "hours");
    if (flow !== undefined) hours.setAttribute("aria-label", said + ", this flow alone");
    return [geomap.noted(name, what.join(", ")), people(group.people), hours, geomap.journey(k)];
  };

  const UNMET_HEADINGS = [["Could start", "figure"], ["Have a place", "figure"], ["Left without", "figure"]];
  const ofView = (row) => geomap.view().pathway < 0 || geomap.view().pathway === row;

  /** Demand of some PCNs by pathway, what became of it, and why places are missing, most people first. */
  geomap.demandTable = function (pcnRows) {
    const u = data.unmet;
    const sums = new Map();
    for (const k of pcnRows.flatMap(geomap.unmetOfPcn).filter((row) => ofView(u.pathway[row]))) {
      const sum = sums.get(u.pathway[k]) || { demand: 0, matched: 0, unmet: 0, reasons: new Map() };
      for (const name of ["demand", "matched", "unmet"]) sum[name] += u[name][k];
      if (u.unmet[k] > 0) sum.reasons.set(u.reason[k], (sum.reasons.get(u.reason[k]) || 0) + u.unmet[k]);
      sums.set(u.pathway[k], sum);
    }
    if (sums.size === 0) return el("p", null, "Nobody here could start it.");
    const why = ({ reasons }) => [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 2).map(([reason, count]) =>
      (reasons.size > 1 ? people(count) + ": " : "") + geomap.unmetReason(reason)).join("; ");
    return geomap.table("Course places by pathway", [["Pathway, and why people are left without"], ...UNMET_HEADINGS],
      [...sums].sort((a, b) => a[0] - b[0]).map(([pathway, sum]) => [
        geomap.noted(geomap.pathwayChooser(pathway), geomap.sentence(why(sum))), people(sum.demand), people(sum.matched), people(sum.unmet)]));
  };

  geomap.pathwayChooser = function (row) {
    const press = () => geomap.change({ pathway: ofView(row) && geomap.view().pathway >= 0 ? -1 : row });
    return el("button", { type: "button", class: "link", click: press, "aria-pressed": String(geomap.view().pathway === row) },
      pathways.name[row]);
  };

  /** Why hours served nobody: one line a reason, most hours first. */
  geomap.unusedList = function (rows) {
    const { unused } = data;
    const sums = new Map();
    for (const k of rows) sums.set(unused.reason[k], (sums.get(unused.reason[k]) || 0) + unused.hours[k]);
    const items = [...sums].filter(([, hours]) => hours >= 0.5).sort((a, b) => b[1] - a[1]).map(([reason, hours]) =>
      el("li", null, counted(hours, "hour", "hours") + ": " + geomap.hoursReason(reason)));
    return items.length ? el("ul", { class: "plain" }, ...items) : el("p", null, "Every hour of it is used.");
  };

  /** A facility that can be chosen, and below it whose it is. */
  geomap.facilityCell = (row) => geomap.noted(geomap.chooser("facility", row, facilities.name[row]),
    operators.name[facilities.operator[row]]);

  geomap.pcnCell = (row) => geomap.noted(geomap.chooser("pcn", row, pcns.name[row]),
    pcns.icb[row] < 0 ? "" : geomap.shortIcb(data.icbs.name[pcns.icb[row]]));

  /** PCNs with what became of their demand, most people left without first. */
  geomap.pcnTable = function (rows, most) {
    const told = rows.map((row) => ({ row, ...geomap.placesOf(row) })).sort((a, b) => b.unmet - a.unmet || a.row - b.row);
    const { pathway } = geomap.view();
    // The main reason of a PCN is of one of its pathways: of all of them together none is "this" one.
    const why = (row) => geomap.sentence(geomap.unmetReason(geomap.placesFor(pathway).reason[row])
      .replace("this pathway", pathway < 0 ? "a pathway it needs" : "this pathway"));
    return geomap.cappedTable("Most people left without a place first",
      [["PCN, and the main reason"], ...UNMET_HEADINGS, ["Coverage", "figure"]], told, {
        most, one: "PCN", many: "PCNs",
        toCells: ({ row, demand, matched, unmet, coverage }) => [geomap.noted(geomap.chooser("pcn", row, pcns.name[row]), why(row)),
          people(demand), people(matched), people(unmet), percent(coverage)],
      });
  };

  /** Where the figures come from, and as of when. */
  geomap.provenance = (...sentences) => el("p", { class: "small provenance" }, "Data as of " + data.facts.as_of + ". ", geomap.roundedWords,
    ...sentences, el("button", { type: "button", class: "link", click: () => geomap.showAbout("sources-section") }, "All sources"));
})(window.geomap);
