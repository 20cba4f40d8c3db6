/* A PCN: its need, its places, who serves it and who could. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted, section } = geomap;
  const { pcns, facilities, flows, operators, ties } = data;
  const MOST_REACHABLE = 8;
  const MOST_TIES = 12;

  const needRank = geomap.lazily(function () {
    const order = pcns.need_index.map((value, row) => row).sort((a, b) => pcns.need_index[b] - pcns.need_index[a]);
    return new Map(order.map((row, k) => [row, k + 1]));
  });

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
    if (pcns.own_percentile[row] !== null) {
      parts.push(["Your own indicators", "see indicators.csv", pcns.own_percentile[row], pcns.own_percentile[row]]);
    }
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

  function deprivation(row) {
    if (pcns.core20_share[row] === null) return null;
    return el("p", { class: "small" }, percent(pcns.core20_share[row]) + " of patients live in the most deprived fifth of " +
      "England (" + (data.core20_bases[pcns.core20_basis[row]] || "basis not known") + ").");
  }

  /** What weighing fairness changed here; told of all pathways together only. */
  function fairness(row) {
    const [before, after] = [pcns.first_coverage_share[row], pcns.coverage_share[row]];
    if (before === null || after === null || geomap.view().pathway >= 0) return null;
    const isSame = percent(before) === percent(after);
    return el("p", null, percent(after) + " of those who could start have a place" +
      (isSame ? ", as before fairness was weighed." : "; before fairness was weighed it was " + percent(before) + "."));
  }

  function served(row) {
    const lines = geomap.linesOf(geomap.flowsOfPcn(row));
    const rank = new Map(lines.filter((line) => line.facility >= 0).map((line, k) => [line.facility, k + 1]));
    const groups = geomap.grouped(geomap.ofPathway(geomap.flowsOfPcn(row)), (k) => flows.facility[k] + ":" + flows.operator[k]);
    if (groups.length === 0) return el("p", null, "No hours are matched to this PCN.");
    const nameOf = ({ first }) => flows.facility[first] < 0
      ? el("span", null, geomap.chooser("operator", flows.operator[first], operators.name[flows.operator[first]]),
        " (online or several places; not drawn)")
      : el("span", { class: "ranked" }, el("span", { class: "rank" }, number(rank.get(flows.facility[first]))),
        geomap.chooser("facility", flows.facility[first], facilities.name[flows.facility[first]]));
    return geomap.table("Numbered as on the map, most hours first", [["Facility, and what for"], ...geomap.SERVED],
      groups.map((group) => geomap.servedCells(nameOf(group), group)));
  }

  /** Facilities in reach that do not serve the PCN: those first whose hours left most of its patients could use. */
  function couldServe(row) {
    const { pathway } = geomap.view();
    const serving = new Set(geomap.ofPathway(geomap.flowsOfPcn(row)).map((k) => flows.facility[k]));
    const others = geomap.reachOf(row).filter(({ facility }) => !serving.has(facility) &&
      (pathway < 0 || facilities.pathways[facility].includes(pathway)));
    const useful = ({ facility, share }) => facilities.unmatched_hours[facility] * share;
    others.sort((a, b) => useful(b) - useful(a) || a.minutes - b.minutes || a.facility - b.facility);
    if (others.length === 0) return el("p", null, serving.size ? "No other facility is within reach." : "No facility is within reach.");
    const withHours = others.filter(({ facility }) => geomap.hasHoursLeft(facility)).length;
    return el("div", null, el("p", { class: "small" }, counted(others.length, "more facility is", "more facilities are") +
      " within reach; " + (withHours ? number(withHours) + " of them " + (withHours === 1 ? "has" : "have") + " hours left." : "none has hours left.")),
    geomap.cappedTable("Most hours left for its patients first; \"can come\" is the share of its patients within reach",
      [["Facility, and what it offers"], ["Can come", "figure"], ["Minutes away", "figure"], [geomap.ofAll("Hours left"), "figure"]],
      others, {
        most: MOST_REACHABLE, one: "facility", many: "facilities",
        toCells: ({ facility, share, minutes }) => [geomap.noted(geomap.chooser("facility", facility, facilities.name[facility]),
          geomap.nameList(facilities.pathways[facility]) || "nothing that can be delivered"),
          percent(share), number(Math.max(1, minutes)), number(facilities.unmatched_hours[facility])],
      }));
  }

  /** What is written of a link beside its status: since when, and the operator's own note. */
  function linkNotes(row, operator) {
    const l = data.links;
    return geomap.linksOfPcn(row).filter((k) => l.operator[k] === operator ||
      (l.facility[k] >= 0 && facilities.operator[l.facility[k]] === operator)).flatMap((k) =>
      [l.since[k] ? "since " + geomap.day(l.since[k]) : "", l.note[k] || ""].filter(Boolean)).join("; ");
  }

  function tiesTable(row) {
    const sums = geomap.tieSums(geomap.tiesOfPcn(row));
    const rows = [...geomap.tiesOfPcn(row)].sort((a, b) => ties.told[b] - ties.told[a] || sums(b).hours - sums(a).hours ||
      ties.facilities_in_reach[b] - ties.facilities_in_reach[a] || a - b);
    if (rows.length === 0) return el("p", null, "No operator reaches this PCN, and no link with one is on record.");
    const told = rows.filter((k) => ties.told[k]).length;
    return el("div", null, el("p", { class: "small" }, told ? counted(told, "link is", "links are") + " on record." :
      "No link with an operator is on record."),
    geomap.cappedTable("Operators in reach, linked or matched; links on record first",
      [["Operator"], ["Link"], ["In reach", "figure"], ["Hours matched", "figure"]], rows, {
        most: MOST_TIES, one: "operator", many: "operators",
        toCells: (k) => [geomap.noted(geomap.chooser("operator", ties.operator[k], operators.name[ties.operator[k]]),
          linkNotes(row, ties.operator[k])), geomap.tieWords(k),
          ties.facilities_in_reach[k] || !ties.in_reach[k] ? number(ties.facilities_in_reach[k]) : "online or outreach",
          number(sums(k).hours)],
      }));
  }

  function practiceList(row) {
    const rows = geomap.practicesOf(row);
    if (rows.length === 0) return null;
    const p = data.practices;
    return el("details", { class: "more" }, el("summary", null, counted(rows.length, "practice", "practices")),
      geomap.table("Registered patients", [["Practice"], ["Patients", "figure"]], rows.map((k) =>
        [geomap.noted(geomap.chooser("practice", k, p.name[k]), p.code[k] + " · " + p.postcode[k]), people(p.patients[k])])));
  }

  function figures(row) {
    const { demand, matched, unmet, coverage } = geomap.placesOf(row);
    return geomap.figures([
      ["Need index", number(pcns.need_index[row], 2), "rank " + number(needRank().get(row)) + " of " + number(pcns.code.length)],
      ["Could start", people(demand), "people (estimate)"],
      ["Have a place", people(matched), percent(coverage) + " of them"],
      ["Left without", people(unmet), "people"],
      ["Hours in reach", number(pcns.hours_in_reach[row], 1), "per 1,000 patients, " +
        number(pcns.hours_left_in_reach[row], 1) + " left" + (geomap.view().pathway < 0 ? "" : ", all pathways")],
    ]);
  }

  function details(row) {
    const fte = number(pcns.link_worker_fte[row], 1) + " full-time equivalent: " + data.fte_bases[pcns.fte_basis[row]] +
      ". They can refer about " + geomap.countedPeople(pcns.ceiling_referrals[row]) + " in the period; not everyone who is referred starts.";
    return [
      geomap.crumbs(...geomap.crumbsOfPcn(row)),
      ...geomap.titled("PCN " + pcns.code[row], pcns.name[row], icbWords(row)),
      geomap.pathwayNote(),
      figures(row),
      fairness(row),
      ...(geomap.siteDetails ? [geomap.siteDetails(row)] : []),
      section("Who serves it", served(row)),
      section("Who else could", couldServe(row)),
      section("Demand and what became of it", geomap.demandTable([row])),
      geomap.couldBeAsked(row),
      section("What the need is made of", el("p", { class: "small" },
        "Bars run from 0 (least need of all patients) to 1 (most). " + geomap.countedPeople(pcns.patients[row], "patient", "patients") +
        " in " + counted(pcns.practices[row], "practice", "practices") + "."), needParts(row), deprivation(row)),
      section("Link workers", el("p", null, fte)),
      section("Its operators, and what links there are", tiesTable(row)),
      section("Its practices", practiceList(row) || el("p", null, "The practices are not in these results.")),
      geomap.provenance("Hours in reach are shared with everybody else who can reach them. "),
    ];
  }

  const linesOf = (row) => geomap.linesOf(geomap.flowsOfPcn(row));
  const boundsOf = (row) => geomap.boundsOf([row], [], linesOf(row));
  const facilitiesOf = (row) => linesOf(row).map((line) => line.facility).filter((facility) => facility >= 0);

  geomap.addKind("pcn", {
    keys: pcns.code,
    name: (row) => pcns.name[row],
    pcns: (row) => [row],
    facilities: facilitiesOf,
    lines: linesOf,
    bounds: boundsOf,
    details,
    numbered: true,
  });

  geomap.addKind("practice", {
    keys: data.practices.code,
    name: (row) => data.practices.name[row],
    pcns: (row) => [data.practices.pcn[row]],
    facilities: (row) => facilitiesOf(data.practices.pcn[row]),
    lines: (row) => linesOf(data.practices.pcn[row]),
    bounds: (row) => boundsOf(data.practices.pcn[row]),
    numbered: true,
    details(row) {
      const p = data.practices;
      const pcn = p.pcn[row];
      const share = pcns.patients[pcn] > 0 ? p.patients[row] / pcns.patients[pcn] : null;
      return [
        geomap.crumbs(...geomap.crumbsOfPcn(pcn), ["pcn", pcn]),
        ...geomap.titled("Practice " + p.code[row], p.name[row], p.postcode[row]),
        geomap.pathwayNote(),
        geomap.figures([["Patients", people(p.patients[row]), percent(share) + " of the PCN's"]]),
        el("p", null, "Need, demand and places are told for its PCN, ", geomap.chooser("pcn", pcn, pcns.name[pcn]), ", as a whole."),
        figures(pcn),
        section("Who serves its PCN", served(pcn)),
        section("Demand of its PCN and what became of it", geomap.demandTable([pcn])),
        geomap.provenance(),
      ];
    },
  });
})(window.geomap);
