/* An operator: what it gives, to whom, and what links it has. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, counted, section } = geomap;
  const { operators, facilities, flows, ties, pledges } = data;
  const MOST_LINES = 60;
  const MOST_ROWS = 15;
  const STATUSES = ["formal", "informal", "none", "unknown"];

  const linesOf = (row) => geomap.linesOf(geomap.flowsOfOperator(row)).filter((line) => line.facility >= 0);

  /** "Formal agreement with 12 PCNs, recorded as unknown with 1 PCN; nothing told of 40 PCNs." */
  function linkSentence(row) {
    const all = geomap.tiesOfOperator(row);
    const told = STATUSES.map((status) => all.filter((k) => ties.told[k] && ties.status[k] === status)).filter((rows) => rows.length > 0)
      .map((rows) => geomap.tieWords(rows[0]) + " with " + counted(rows.length, "PCN", "PCNs"));
    const untold = all.filter((k) => !ties.told[k]).length;
    if (told.length === 0) return "No link with a PCN is on record.";
    return geomap.sentence(told.join(", ")) + (untold ? "; nothing told of " + counted(untold, "other PCN", "other PCNs") : "") + ".";
  }

  function facilityTable(row) {
    const rows = [...geomap.facilitiesOf(row)].sort((a, b) => facilities.pledged_hours[b] - facilities.pledged_hours[a] || a - b);
    if (rows.length === 0) return el("p", null, "Its hours are online or at several places.");
    const given = (k) => (geomap.view().pathway < 0 ? { hours: facilities.matched_hours[k], people: facilities.people[k] }
      : geomap.sumOf(geomap.ofPathway(geomap.flowsOfFacility(k))));
    return geomap.cappedTable("Participant-hours, most pledged first", [["Facility"], [geomap.ofAll("Pledged"), "figure"],
      ["Matched", "figure"], [geomap.ofAll("Left"), "figure"], ["People", "figure"]], rows, {
        most: MOST_ROWS, one: "facility", many: "facilities",
        toCells: (k) => [geomap.noted(geomap.chooser("facility", k, facilities.name[k]), data.venues[facilities.venue[k]]),
          number(facilities.pledged_hours[k]), number(given(k).hours), number(facilities.unmatched_hours[k]), people(given(k).people)],
      });
  }

  function tiesTable(row) {
    const sums = geomap.tieSums(geomap.tiesOfOperator(row));
    const rows = [...geomap.tiesOfOperator(row)].sort((a, b) => sums(b).hours - sums(a).hours || ties.told[b] - ties.told[a] ||
      STATUSES.indexOf(ties.status[a]) - STATUSES.indexOf(ties.status[b]) || a - b);
    if (rows.length === 0) return el("p", null, "No PCN is in reach of it, and no link with one is on record.");
    return geomap.cappedTable("PCNs in reach, linked or matched; most hours matched first",
      [["PCN"], ["Link"], ["People", "figure"], ["Hours matched", "figure"]], rows, {
        most: MOST_ROWS, one: "PCN", many: "PCNs",
        toCells: (k) => [geomap.pcnCell(ties.pcn[k]), geomap.tieWords(k), people(sums(k).people), number(sums(k).hours)],
      });
  }

  function pathwayTable(row) {
    const groups = geomap.grouped(geomap.ofPathway(geomap.flowsOfOperator(row)), (k) => flows.pathway[k]);
    if (groups.length === 0) return el("p", null, "Its hours are matched to nobody.");
    return geomap.table("What its hours are used for, most hours first", [["Pathway"], ["People", "figure"], ["Hours", "figure"]],
      groups.map((group) => [geomap.pathwayChooser(flows.pathway[group.first]), people(group.people),
        geomap.hoursOf(group.hours, group.people)]));
  }

  /** Column of the operators, or that of its facilities added up where the results do not tell of operators. */
  function total(name, row) {
    const told = operators[name] ? operators[name][row] : null;
    return told !== null ? told : geomap.facilitiesOf(row).reduce((sum, k) => sum + facilities[name][k], 0);
  }

  function details(row) {
    const kind = geomap.operatorKind(row);
    const placeless = geomap.pledgesOfOperator(row).filter((k) => pledges.facility[k] < 0);
    const drawn = linesOf(row).length;
    const isAll = geomap.view().pathway < 0;
    const given = geomap.sumOf(geomap.ofPathway(geomap.flowsOfOperator(row)));
    const served = isAll ? { people: total("people", row), pcns: operators.pcns_served ? operators.pcns_served[row] : null } : given;
    const count = geomap.facilitiesOf(row).length;
    return [
      geomap.crumbs(),
      ...geomap.titled("Operator " + operators.id[row], operators.name[row], geomap.sentence(kind ? kind.name : "kind not known") +
        " · " + counted(count, "facility", "facilities") + " · " + counted(geomap.pledgesOfOperator(row).length, "pledge", "pledges")),
      geomap.pathwayNote(),
      geomap.hoursFigures({ pledged: total("pledged_hours", row), eligible: total("eligible_hours", row),
        matched: isAll ? total("matched_hours", row) : given.hours, left: total("unmatched_hours", row) }, served),
      drawn > MOST_LINES ? el("p", { class: "small" }, "The map draws the " + number(MOST_LINES) + " of its " + number(drawn) +
        " flows with most hours.") : null,
      section("Its links with PCNs", el("p", null, linkSentence(row)), tiesTable(row)),
      section("Its facilities", facilityTable(row)),
      section("Its pathways", pathwayTable(row)),
      section(geomap.ofAll("Hours that went unused, and why"), geomap.unusedList(geomap.unusedOfOperator(row))),
      placeless.length ? section("Its pledges at no one facility", geomap.pledgeTable(placeless)) : null,
      geomap.provenance(),
    ];
  }

  geomap.addKind("operator", {
    keys: operators.id,
    name: (row) => operators.name[row],
    pcns: (row) => geomap.once(geomap.ofPathway(geomap.flowsOfOperator(row)).map((k) => flows.pcn[k])),
    facilities: (row) => geomap.facilitiesOf(row),
    lines: (row) => linesOf(row).slice(0, MOST_LINES),
    bounds: (row) => geomap.boundsOf([], geomap.facilitiesOf(row), linesOf(row)),
    details,
  });
})(window.geomap);
