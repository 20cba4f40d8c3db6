/* An operator: what it gives, to whom, and what links it has. */
(function (geomap) {
  "use strict";

  const { data, el, number, counted, section } = geomap;
  const { operators, facilities, flows, ties, pledges } = data;
  const MOST_LINES = 60;
  const MOST_ROWS = 15;
  const STATUSES = ["formal", "informal", "none", "unknown"];

  const linesOf = (row) => geomap.linesOf(geomap.flowsOfOperator(row)).filter((line) => line.facility >= 0);

  /** "Formal agreement with 12 PCNs, not known with 40." */
  function linkSentence(row) {
    const told = STATUSES.map((status) => [status, (operators[status + "_links"] || [])[row]]).filter(([, count]) => count > 0)
      .map(([status, count]) => data.link_words[status] + " with " + counted(count, "PCN", "PCNs"));
    return told.length ? geomap.sentence(told.join(", ")) + "." : "No link with a PCN is on record.";
  }

  function facilityTable(row) {
    const rows = [...geomap.facilitiesOf(row)].sort((a, b) => facilities.pledged_hours[b] - facilities.pledged_hours[a] || a - b);
    if (rows.length === 0) return el("p", null, "Its hours are online or at several places.");
    return geomap.cappedTable("Participant-hours, most pledged first",
      [["Facility"], ["Pledged", "figure"], ["Matched", "figure"], ["Left", "figure"], ["People", "figure"]], rows, {
        most: MOST_ROWS, one: "facility", many: "facilities",
        toCells: (k) => [geomap.noted(geomap.chooser("facility", k, facilities.name[k]), data.venues[facilities.venue[k]]),
          number(facilities.pledged_hours[k]), number(facilities.matched_hours[k]), number(facilities.unmatched_hours[k]),
          number(facilities.people[k])],
      });
  }

  function tiesTable(row) {
    const rows = [...geomap.tiesOfOperator(row)].sort((a, b) => ties.hours[b] - ties.hours[a] ||
      STATUSES.indexOf(ties.status[a]) - STATUSES.indexOf(ties.status[b]) || a - b);
    if (rows.length === 0) return el("p", null, "No PCN is in reach of it, and no link with one is on record.");
    return geomap.cappedTable("PCNs in reach, linked or matched; most hours matched first",
      [["PCN"], ["Link"], ["People", "figure"], ["Hours matched", "figure"]], rows, {
        most: MOST_ROWS, one: "PCN", many: "PCNs",
        toCells: (k) => [geomap.pcnCell(ties.pcn[k]), data.link_words[ties.status[k]], number(ties.people[k]), number(ties.hours[k])],
      });
  }

  function pathwayTable(row) {
    const groups = geomap.grouped(geomap.ofPathway(geomap.flowsOfOperator(row)), (k) => flows.pathway[k]);
    if (groups.length === 0) return el("p", null, "Its hours are matched to nobody.");
    return geomap.table("What its hours are used for, most hours first", [["Pathway"], ["People", "figure"], ["Hours", "figure"]],
      groups.map((group) => [geomap.pathwayChooser(flows.pathway[group.first]), number(group.people), number(group.hours)]));
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
    const served = operators.pcns_served ? operators.pcns_served[row] : null;
    const count = geomap.facilitiesOf(row).length;
    return [
      geomap.crumbs(),
      ...geomap.titled("Operator " + operators.id[row], operators.name[row], geomap.sentence(kind ? kind.name : "kind not known") +
        " · " + counted(count, "facility", "facilities") + " · " + counted(geomap.pledgesOfOperator(row).length, "pledge", "pledges")),
      geomap.pathwayNote(),
      geomap.figures([
        ["Pledged", number(total("pledged_hours", row)), "hours"],
        ["Could be used", number(total("eligible_hours", row)), "hours"],
        ["Matched", number(total("matched_hours", row)), "hours"],
        ["Left", number(total("unmatched_hours", row)), "hours"],
        ["Serves", number(total("people", row)), served === null ? "people" : "people in " + counted(served, "PCN", "PCNs")],
      ]),
      drawn > MOST_LINES ? el("p", { class: "small" }, "The map draws the " + number(MOST_LINES) + " of its " + number(drawn) +
        " flows with most hours.") : null,
      section("Its links with PCNs", el("p", null, linkSentence(row)), tiesTable(row)),
      section("Its facilities", facilityTable(row)),
      section("Its pathways", pathwayTable(row)),
      section("Hours nobody could use, and why", geomap.unusedList(geomap.unusedOfOperator(row))),
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
