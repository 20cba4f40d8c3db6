/* A region, an ICB, a sub-ICB: their totals and what is in them; a town, an authority, a postcode district. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted, section } = geomap;
  const { pcns, flows } = data;
  const MOST_PCNS = 30;
  const MOST_FACILITIES = 10;
  const NEAREST = 8;
  const sum = (rows, column) => rows.reduce((total, row) => total + column[row], 0);
  function figures(rows) {
    const { demand, matched, unmet, coverage } = geomap.totalOf(rows);
    const patients = sum(rows, pcns.patients);
    const notReported = rows.filter((row) => pcns.fte_basis[row] !== "reported").length;
    return geomap.figures([
      ["Patients", geomap.briefPeople(patients), people(patients) + " registered"],
      ["Could start", people(demand), "people (estimate)"],
      ["Have a place", people(matched), percent(coverage) + " of them"],
      ["Left without", people(unmet), "people"],
      ["Link workers", number(sum(rows, pcns.link_worker_fte)), notReported
        ? counted(notReported, "PCN", "PCNs") + " not reported" : "full-time equivalent"],
    ]);
  }

  /** Areas inside an area with what became of their demand, most people left without first. */
  function areaTable(kind, rows, pcnsIn, heading) {
    const told = rows.map((row) => ({ row, count: pcnsIn(row).length, ...geomap.totalOf(pcnsIn(row)) }))
      .sort((a, b) => b.unmet - a.unmet || a.row - b.row);
    return geomap.table("Most people left without a place first",
      [[heading], ["Could start", "figure"], ["Have a place", "figure"], ["Left without", "figure"], ["Coverage", "figure"]],
      told.map(({ row, count, demand, matched, unmet, coverage }) => [
        geomap.noted(geomap.chooser(kind, row, geomap.nameOf({ kind, row })), counted(count, "PCN", "PCNs")),
        people(demand), people(matched), people(unmet), percent(coverage)]));
  }
  geomap.areaTable = areaTable;

  function serving(rows) {
    const groups = geomap.grouped(geomap.ofPathway(rows.flatMap(geomap.flowsOfPcn)).filter((k) => flows.facility[k] >= 0),
      (k) => flows.facility[k]);
    if (groups.length === 0) return el("p", null, "No facility's hours are matched here.");
    return geomap.cappedTable("Facilities with most hours matched here", [["Facility"], ["People", "figure"], ["Hours", "figure"]],
      groups, {
        most: MOST_FACILITIES, one: "facility", many: "facilities",
        toCells: (group) => [geomap.facilityCell(flows.facility[group.first]), people(group.people),
          geomap.hoursOf(group.hours, group.people)],
      });
  }

  function inside(rows) {
    return [
      section("Its PCNs", geomap.pcnTable(rows, MOST_PCNS)),
      section("Demand and what became of it", geomap.demandTable(rows)),
      section("Who serves it", serving(rows)),
      geomap.provenance(),
    ];
  }

  const AREAS = {
    region: {
      block: data.regions, kicker: "NHS region", pcnsIn: geomap.pcnsOfRegion, crumbs: () => [],
      parts: (row) => [section("Its ICBs", areaTable("icb", geomap.icbsOf(row), geomap.pcnsOfIcb, "ICB"))],
    },
    icb: {
      block: data.icbs, kicker: "Integrated care board", pcnsIn: geomap.pcnsOfIcb, crumbs: (row) => [["region", data.icbs.region[row]]],
      parts: (row) => (geomap.subIcbsOf(row).length < 2 ? [] : [section("Its sub-ICB areas",
        areaTable("sub_icb", geomap.subIcbsOf(row), geomap.pcnsOfSubIcb, "Sub-ICB area"))]),
    },
    sub_icb: {
      block: data.sub_icbs, kicker: "Sub-ICB area", pcnsIn: geomap.pcnsOfSubIcb, parts: () => [],
      crumbs: (row) => [["region", data.icbs.region[data.sub_icbs.icb[row]]], ["icb", data.sub_icbs.icb[row]]],
    },
  };

  /** "Sub-ICB area 15F" for the official "NHS West Yorkshire ICB - 15F", which repeats its ICB. */
  const SHORT_NAMES = {
    region: (name) => name,
    icb: (name) => geomap.shortIcb(name) + " ICB",
    sub_icb: (name) => name.replace(/^NHS .+ - (\w{3})$/, "Sub-ICB area $1"),
  };

  for (const [kind, { block, kicker, pcnsIn, crumbs, parts }] of Object.entries(AREAS)) {
    geomap.addKind(kind, {
      keys: block.code,
      name: (row) => SHORT_NAMES[kind](block.name[row]),
      pcns: pcnsIn,
      bounds: (row) => geomap.boundsOf(pcnsIn(row), [], []),
      details: (row) => [
        geomap.crumbs(...crumbs(row)),
        ...geomap.titled(kicker + " " + block.code[row], geomap.nameOf({ kind, row }), counted(pcnsIn(row).length, "PCN", "PCNs")),
        geomap.pathwayNote(),
        figures(pcnsIn(row)),
        ...parts(row),
        ...inside(pcnsIn(row)),
      ],
    });
  }

  const places = data.places || { kind: [], name: [], lat: [], lon: [], patients: [] };
  const KINDS = { town: "Town", authority: "Local authority", postcode_district: "Postcode district" };
  const ACROSS_M = { town: 9000, authority: 24_000, postcode_district: 7000 };

  /** PCNs nearest to a place, as { row, km }, by straight line to a point inside each. */
  const nearest = function (place) {
    const at = L.latLng(places.lat[place], places.lon[place]);
    return pcns.code.map((code, row) => row).filter((row) => pcns.lat[row] !== null)
      .map((row) => ({ row, km: at.distanceTo([pcns.lat[row], pcns.lon[row]]) / 1000 }))
      .sort((a, b) => a.km - b.km || a.row - b.row).slice(0, NEAREST);
  };

  function placeDetails(row) {
    const patients = places.patients[row];
    return [
      geomap.crumbs(),
      ...geomap.titled(KINDS[places.kind[row]], places.name[row],
        patients ? "About " + geomap.countedPeople(patients, "patient", "patients") + " registered at practices here" : "The PCNs around it"),
      geomap.pathwayNote(),
      section("Nearest PCNs", geomap.table("By straight line from the middle of the place to the middle of each PCN",
        [["PCN"], ["Kilometres", "figure"], ["Left without a place", "figure"], ["Coverage", "figure"]],
        nearest(row).map(({ row: pcn, km }) => {
          const { unmet, coverage } = geomap.placesOf(pcn);
          return [geomap.pcnCell(pcn), number(km, 1), people(unmet), percent(coverage)];
        }))),
      geomap.provenance(),
    ];
  }

  const seen = new Map();
  const keys = places.name.map((name, row) => {
    const key = places.kind[row] + ":" + name;
    seen.set(key, (seen.get(key) || 0) + 1);
    return seen.get(key) > 1 ? key + "~" + seen.get(key) : key;
  });
  geomap.placeKinds = KINDS;

  geomap.addKind("place", {
    keys,
    name: (row) => places.name[row],
    pcns: (row) => nearest(row).map((each) => each.row),
    bounds: (row) => L.latLng(places.lat[row], places.lon[row]).toBounds(ACROSS_M[places.kind[row]]),
    details: placeDetails,
  });
})(window.geomap);
