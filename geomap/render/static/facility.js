/* A facility: its pledges, whom it serves and whom it could; and one flow, from a facility to a PCN. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, section } = geomap;
  const { pcns, facilities, flows, operators, pledges } = data;
  const LONGEST_LIST = 25;
  const MOST_REACHED = 8;

  const day = (text) => new Date(text + "T00:00:00Z").toLocaleDateString("en-GB",
    { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

  geomap.day = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? day(text) : text);

  function dates(k) {
    const [start, end] = [pledges.start_date[k], pledges.end_date[k]];
    if (start && end) return day(start) + " to " + day(end);
    if (start) return "from " + day(start);
    return end ? "until " + day(end) : "the whole plan period";
  }

  /** What a pledge names, and which of it cannot be delivered. */
  function offered(k) {
    if (pledges.named[k] === null) return null;
    const cannot = pledges.named[k].filter((row) => !pledges.deliverable[k].includes(row));
    const can = geomap.nameList(pledges.deliverable[k]);
    return [can ? "For " + can : "", cannot.length ? "cannot deliver " + geomap.nameList(cannot) : ""].filter(Boolean).join("; ");
  }

  /** The cell a pledge was read from. */
  function readFrom(k) {
    if (pledges.source[k] === null) return null;
    const sheet = pledges.sheet[k] ? ", sheet " + pledges.sheet[k] : "";
    return "Read from " + pledges.source[k] + sheet + ", row " + number(pledges.row[k]) +
      (pledges.updated[k] ? ", updated " + day(pledges.updated[k]) : "");
  }

  function pledgeCell(k) {
    const how = pledges.delivery[k] === null ? "" : ", " + data.deliveries[pledges.delivery[k]] + ", " + dates(k);
    const roles = pledges.roles[k] === null ? null : "Led by: " + pledges.roles[k].map((role) => data.role_words[role]).join(", ");
    const notes = [number(pledges.hours[k]) + " " + (data.units[pledges.unit[k]] || pledges.unit[k]) + how, offered(k), roles, readFrom(k)];
    return el("span", null, pledges.id[k], ...notes.filter(Boolean).map((note) => el("span", { class: "note" }, note)));
  }

  geomap.pledgeTable = (rows) => geomap.cappedTable("Pledges in participant-hours",
    [["Pledge, and as stated"], ...["Worth", "Matched", "Left"].map((name) => [geomap.ofAll(name), "figure"])], rows, {
      most: LONGEST_LIST, one: "pledge", many: "pledges",
      toCells: (k) => [pledgeCell(k), number(pledges.pledged_hours[k]), number(pledges.matched_hours[k]), number(pledges.unmatched_hours[k])],
    });

  function servesTable(row) {
    const groups = geomap.grouped(geomap.ofPathway(geomap.flowsOfFacility(row)), (k) => flows.pcn[k]);
    if (groups.length === 0) return el("p", null, "Its hours are matched to nobody.");
    return geomap.cappedTable("Most hours first", [["PCN, and what for"], ...geomap.SERVED], groups, {
      most: LONGEST_LIST, one: "PCN", many: "PCNs",
      toCells: (group) => geomap.servedCells(geomap.chooser("pcn", flows.pcn[group.first], pcns.name[flows.pcn[group.first]]), group),
    });
  }

  /** PCNs in reach that it does not serve: those first where most people who can come are left without a place. */
  function couldServe(row) {
    const serving = new Set(geomap.ofPathway(geomap.flowsOfFacility(row)).map((k) => flows.pcn[k]));
    const others = geomap.reachedFrom(row).filter(({ pcn }) => !serving.has(pcn))
      .map(({ pcn, share, minutes }) => ({ pcn, share, minutes, unmet: geomap.placesOf(pcn).unmet }));
    others.sort((a, b) => b.unmet * b.share - a.unmet * a.share || a.minutes - b.minutes || a.pcn - b.pcn);
    // The page of an ICB knows no PCNs of others.
    const place = data.facts.index ? " of this ICB" : "";
    if (others.length === 0) return el("p", null, (serving.size ? "No other PCN" : "No PCN") + place + " is within reach.");
    return geomap.cappedTable("PCNs within reach, most people left without a place first; \"can come\" is the share of their patients within reach",
      [["PCN"], ["Can come", "figure"], ["Minutes away", "figure"], ["Left without", "figure"]], others, {
        most: MOST_REACHED, one: "PCN", many: "PCNs",
        toCells: ({ pcn, share, minutes, unmet }) =>
          [geomap.pcnCell(pcn), percent(share), number(Math.max(1, minutes)), people(unmet)],
      });
  }

  function details(row) {
    const kind = geomap.facilityKind(row);
    const offer = geomap.nameList(facilities.pathways[row]);
    const given = geomap.view().pathway < 0 ? { hours: facilities.matched_hours[row], people: facilities.people[row],
      pcns: facilities.pcns_served[row] } : geomap.sumOf(geomap.ofPathway(geomap.flowsOfFacility(row)));
    return [
      geomap.crumbs(["operator", facilities.operator[row]]),
      ...geomap.titled("Facility " + facilities.id[row], facilities.name[row],
        geomap.chooser("operator", facilities.operator[row], operators.name[facilities.operator[row]]),
        " · " + (kind ? kind.name : "kind not known") + " · " + data.venues[facilities.venue[row]]),
      geomap.pathwayNote(),
      geomap.hoursFigures({ pledged: facilities.pledged_hours[row], eligible: facilities.eligible_hours[row],
        matched: given.hours, left: facilities.unmatched_hours[row] }, given),
      el("p", null, offer ? "Can deliver " + offer + "." : "None of its pledges can be delivered."),
      section("Whom it serves", servesTable(row)),
      section("Whom else it could", couldServe(row)),
      section(geomap.ofAll("Hours that went unused, and why"), geomap.unusedList(geomap.unusedOfFacility(row))),
      section("Its pledges", geomap.pledgeTable(geomap.pledgesOfFacility(row))),
      geomap.provenance(),
    ];
  }

  geomap.addKind("facility", {
    keys: facilities.id,
    name: (row) => facilities.name[row],
    pcns: (row) => geomap.once(geomap.ofPathway(geomap.flowsOfFacility(row)).map((k) => flows.pcn[k])),
    facilities: (row) => [row],
    lines: (row) => geomap.linesOf(geomap.flowsOfFacility(row)),
    bounds: (row) => geomap.boundsOf([], [row], geomap.linesOf(geomap.flowsOfFacility(row))),
    details,
  });

  const statusOf = (operator, pcn) => geomap.tiesOfPcn(pcn).filter((k) => data.ties.operator[k] === operator)
    .map(geomap.tieWords)[0] || "nothing told";

  function flowDetails(row) {
    const { facility, pcn } = { facility: geomap.pairs().facility[row], pcn: geomap.pairs().pcn[row] };
    const rows = geomap.ofPathway(geomap.flowsOfPair(row));
    const sum = (column) => rows.reduce((total, k) => total + column[k], 0);
    const [hours, count] = [sum(flows.hours), sum(flows.places)];
    const given = geomap.placesOf(pcn).matched;
    const operator = facilities.operator[facility];
    return [
      geomap.crumbs(...geomap.crumbsOfPcn(pcn), ["pcn", pcn]),
      ...geomap.titled("Flow", geomap.nameOf({ kind: "flow", row })),
      geomap.pathwayNote(),
      geomap.figures([
        ["People", people(count), given > 0 ? percent(count / given) + " of the PCN's places" : ""],
        ["Hours", geomap.hoursOf(hours, count), !geomap.isFew(count) && facilities.eligible_hours[facility] > 0
          ? percent(hours / facilities.eligible_hours[facility]) + " of those the facility could give" : ""],
        ["Minutes away", rows.length ? geomap.journey(rows[0]) : "–", "one way"],
      ]),
      rows.length === 0 ? el("p", null, "Nothing of this pathway.") : section("What for", geomap.table("Most hours first",
        [["Pathway"], ["People", "figure"], ["Hours", "figure"]], [...rows].sort((a, b) => flows.hours[b] - flows.hours[a])
          .map((k) => [geomap.pathwayChooser(flows.pathway[k]), people(flows.places[k]),
            geomap.hoursOf(flows.hours[k], flows.places[k])]))),
      section("From", el("p", null, geomap.facilityCell(facility))),
      section("To", el("p", null, geomap.pcnCell(pcn))),
      section("Link between the two", el("p", null, geomap.sentence(statusOf(operator, pcn)) + ".")),
      geomap.provenance(),
    ];
  }

  geomap.addKind("flow", {
    get keys() { return geomap.pairs().keys; },
    name: (row) => facilities.name[geomap.pairs().facility[row]] + " to " + pcns.name[geomap.pairs().pcn[row]],
    pcns: (row) => [geomap.pairs().pcn[row]],
    facilities: (row) => [geomap.pairs().facility[row]],
    lines: (row) => geomap.linesOf(geomap.flowsOfPair(row)),
    bounds: (row) => geomap.boundsOf([geomap.pairs().pcn[row]], [geomap.pairs().facility[row]], []),
    details: flowDetails,
  });
})(window.geomap);
