/* What stands there while nothing is chosen: the whole, or one pathway. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted, section } = geomap;
  const { pcns, facilities, flows, operators, pathways, pledges } = data;
  const MOST = 10;
  const MOST_OPERATORS = 12;

  const worstOf = (rows) => rows.filter((row) => geomap.placesOf(row).unmet > 0);
  const everyPcn = () => pcns.code.map((code, row) => row);

  function whereMissing() {
    const rows = worstOf(everyPcn());
    if (rows.length === 0) return el("p", null, "Everyone who could start has a place.");
    return section("Where most is missing", geomap.pcnTable(rows, MOST));
  }

  /** Regions, or ICBs where there is one region; nothing where there is one ICB. */
  function areas() {
    if (data.icbs.code.length < 2) return null;
    const rows = (block) => block.code.map((code, row) => row);
    return data.regions.code.length > 1
      ? section("By region", geomap.areaTable("region", rows(data.regions), geomap.pcnsOfRegion, "Region"))
      : section("By ICB", geomap.areaTable("icb", rows(data.icbs), geomap.pcnsOfIcb, "ICB"));
  }

  function everything() {
    const f = data.facts;
    return [
      el("h2", { tabindex: "-1" }, "All " + counted(f.pcns, "PCN", "PCNs")),
      el("p", { class: "under on-screen" }, "Choose anything on the map, search for it, or pick a row of the table. Escape goes back."),
      geomap.figures([
        ["Patients", geomap.briefPeople(f.patients), people(f.patients) + " registered"],
        ["Could start", people(f.demand_places), "people (estimate; one person counts once for each pathway)"],
        ["Have a place", people(f.people), people(f.completions) + " would finish"],
        ["Left without", people(f.unmet_places), "people"],
        ["Link workers", number(f.link_worker_fte), "full-time equivalent reported" + (f.pcns_fte_not_reported
        ? "; " + counted(f.pcns_fte_not_reported, "PCN", "PCNs") + " did not report; assumed" : "")],
      ]),
      ...(geomap.siteList() || []),
      whereMissing(),
      areas(),
      section("By pathway", geomap.demandTable(everyPcn())),
    ];
  }

  /** Why people are left without a place of this pathway, most people first. */
  function reasonTable(pathway) {
    const u = data.unmet;
    const sums = new Map();
    u.pathway.forEach((row, k) => {
      if (row !== pathway || u.unmet[k] === 0) return;
      const sum = sums.get(u.reason[k]) || { unmet: 0, pcns: 0 };
      sum.unmet += u.unmet[k];
      sum.pcns += 1;
      sums.set(u.reason[k], sum);
    });
    return geomap.table("Most people first", [["Reason"], ["People", "figure"], ["PCNs", "figure"]],
      [...sums].sort((a, b) => b[1].unmet - a[1].unmet).map(([reason, { unmet, pcns: count }]) =>
        [geomap.sentence(geomap.unmetReason(reason)), people(unmet), number(count)]));
  }

  /** Operators whose facilities can deliver it or that deliver it, most hours matched first. */
  function offers(pathway) {
    const told = new Map();
    const of = (operator) => {
      if (!told.has(operator)) told.set(operator, { operator, facilities: 0, isPlaceless: false, left: 0, hours: 0, people: 0 });
      return told.get(operator);
    };
    facilities.pathways.forEach((rows, k) => {
      if (!rows.includes(pathway)) return;
      of(facilities.operator[k]).facilities += 1;
      of(facilities.operator[k]).left += facilities.unmatched_hours[k];
    });
    pledges.facility.forEach((facility, k) => {
      if (facility >= 0 || !(pledges.deliverable[k] || []).includes(pathway)) return;
      of(pledges.operator[k]).isPlaceless = true;
      of(pledges.operator[k]).left += pledges.unmatched_hours[k];
    });
    flows.pathway.forEach((row, k) => {
      if (row !== pathway) return;
      of(flows.operator[k]).hours += flows.hours[k];
      of(flows.operator[k]).people += flows.places[k];
    });
    const rows = [...told.values()].sort((a, b) => b.hours - a.hours || b.left - a.left || a.operator - b.operator);
    if (rows.length === 0) return el("p", null, "No operator offers it.");
    return el("div", null, geomap.cappedTable("Most hours matched first",
      [["Operator"], ["People", "figure"], ["Hours matched", "figure"], [geomap.ofAll("Hours left"), "figure"]], rows, {
        most: MOST_OPERATORS, one: "operator", many: "operators",
        toCells: (each) => [geomap.noted(geomap.chooser("operator", each.operator, operators.name[each.operator]),
          [each.facilities > 0 ? counted(each.facilities, "facility", "facilities") : "", each.isPlaceless ? "online or at several places" : ""]
            .filter(Boolean).join(", ")), people(each.people), geomap.hoursOf(each.hours, each.people), number(each.left)],
      }), el("p", { class: "small after" }, "Hours left are those of facilities and of pledges at no one place that can deliver it; other pathways could use them too."));
  }

  function pathwayDetails(pathway) {
    const { demand, matched, unmet, coverage } = geomap.totalOf(everyPcn());
    const none = everyPcn().map(geomap.placesOf).filter((each) => each.demand > 0 && each.matched === 0).length;
    const all = el("button", { type: "button", class: "link", click: () => geomap.change({ pathway: -1 }) }, "All pathways");
    return [
      el("nav", { class: "crumbs", "aria-label": "Where it is" }, el("ol", null, el("li", null, all))),
      ...geomap.titled("Pathway", pathways.name[pathway], "A course is " +
        counted(pathways.course_hours[pathway], "hour", "hours") + " for each person"),
      geomap.figures([
        ["Could start", people(demand), "people (estimate)"],
        ["Have a place", people(matched), percent(coverage) + " of them"],
        ["Left without", people(unmet), "people"],
        ["PCNs with nothing", number(none), "where somebody could start"],
      ]),
      unmet > 0 ? section("Why people are left without", reasonTable(pathway)) : null,
      whereMissing(),
      section("Who offers it", offers(pathway)),
      areas(),
      geomap.provenance(),
    ];
  }

  geomap.overview = function () {
    const { pathway } = geomap.view();
    return pathway < 0 ? everything() : pathwayDetails(pathway);
  };
})(window.geomap);
