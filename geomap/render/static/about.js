/* Header, ledger strip and the "About" tab. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, counted, byId } = geomap;
  const facts = data.facts;

  geomap.drawHeader = function () {
    byId("finding").textContent = facts.finding;
    document.title = (facts.mark && facts.mark + " – ") + facts.name + ": " + facts.finding;
    byId("run").textContent = facts.name + " · plan for " + facts.period + " · data as of " + facts.as_of;
    byId("label").textContent = facts.label;
    byId("label").hidden = facts.label === "";
    byId("to-index").hidden = !facts.index;
    if (facts.index) byId("to-index").setAttribute("href", facts.index);
  };

  geomap.drawLedger = function () {
    const ofPledged = (hours) => (facts.pledged_hours ? percent(hours / facts.pledged_hours) + " of pledged" : "");
    const ofPeople = (count) => (count === 1 ? "person" : "people");
    const steps = [
      ["Pledged", facts.stated_hours, "hours as stated", "hours",
        (facts.index ? "This ICB's share of the hours" : "Hours") + " as the operators wrote them, in units of their own."],
      ["Worth", facts.pledged_hours, "participant-hours", "hours", "A participant-hour is " + facts.participant_hour + "."],
      ["Could be used", facts.eligible_hours, ofPledged(facts.eligible_hours), "hours",
        "Participant-hours inside the plan period, at a fit venue, enough for a course."],
      ["Matched", facts.matched_hours, ofPledged(facts.matched_hours), "hours", "Participant-hours that the plan gives to patients."],
      ["Have a place", facts.people, ofPeople(facts.people), "hours", "Course places in the plan.", people],
      ["Left without a place", facts.unmet_places, ofPeople(facts.unmet_places), "unmet",
        "People who could start a course and for whom the plan has no place.", people],
    ];
    const items = steps.map(([name, value, unit, target, title, show = number]) =>
      el("li", null, el("button", { type: "button", title, click: () => geomap.showAbout(target) },
        el("span", { class: "step-name" }, name), " ", el("strong", null, show(value)), " ", el("span", null, unit))));
    byId("ledger").replaceChildren(...items);
  };

  /** Sum a column over rows that share a reason, most first: [{ reason, stage, sum }]. */
  function sumByReason(reasons, values, stages) {
    const sums = new Map();
    reasons.forEach((reason, row) => {
      if (reason === null || values[row] === 0) return;
      const stage = stages ? stages[row] : "";
      const told = sums.get(stage + "\n" + reason) || { reason, stage, sum: 0 };
      told.sum += values[row];
      sums.set(stage + "\n" + reason, told);
    });
    return [...sums.values()].sort((a, b) => b.sum - a.sum || (a.reason < b.reason ? -1 : 1));
  }

  function hoursTables() {
    const share = (hours) => (facts.pledged_hours ? percent(hours / facts.pledged_hours) : "–");
    byId("hours-worth").textContent = facts.hours_worth + ".";
    const ladder = [["Pledged", facts.pledged_hours], ["less hours that could not be used", facts.ineligible_hours],
      ["Could be used", facts.eligible_hours], ["less hours that found nobody", facts.unmatched_hours], ["Matched", facts.matched_hours]];
    byId("hours-ladder").replaceChildren(geomap.table("From pledged to matched",
      [["Stage"], ["Participant-hours", "figure"], ["Of all pledged", "figure"]],
      ladder.map(([name, hours]) => [name, number(hours), share(hours)])));
    const reasons = sumByReason(data.unused.reason, data.unused.hours, data.unused.stage);
    byId("hours-reasons").replaceChildren(reasons.length === 0 ? el("p", null, "Every hour pledged is matched.")
      : geomap.table("Participant-hours by reason", [["Reason"], ["Hours", "figure"], ["Of all pledged", "figure"]],
        reasons.map(({ reason, stage, sum }) => [geomap.noted(geomap.sentence(geomap.hoursReason(reason)), data.stages[stage]),
          number(sum), share(sum)])));
  }

  function unmetTable() {
    const reasons = sumByReason(data.unmet.reason, data.unmet.unmet, null);
    byId("unmet-reasons").replaceChildren(reasons.length === 0 ? el("p", null, "Everyone who could start has a place.")
      : geomap.table("People by reason", [["Reason"], ["People", "figure"], ["Of those who could start", "figure"]],
        reasons.map(({ reason, sum }) => [geomap.sentence(geomap.unmetReason(reason)), people(sum),
          facts.demand_places ? percent(sum / facts.demand_places) : "–"])));
  }

  /** What the plan is made of, and what of it is not known. */
  function coverageTable() {
    const { pcns, practices, facilities, pledges } = data;
    const count = (column, isIn) => column.filter(isIn).length;
    const reported = count(pcns.fte_basis, (basis) => basis === "reported");
    const parts = { imd_percentile: "deprivation", inactive_percentile: "inactivity", long_term_percentile: "long-term conditions",
      aged_65_percentile: "patients aged 65 and over" };
    const unknown = Object.entries(parts).map(([name, words]) => [count(pcns[name], (value) => value === null), words])
      .filter(([missing]) => missing > 0).map(([missing, words]) => words + " of " + counted(missing, "PCN", "PCNs"));
    const whole = count(pcns.code, (code, row) => Object.keys(parts).every((name) => pcns[name][row] !== null));
    const lost = (missing) => (missing > 0 ? number(missing) + " with no place on the map" : "nothing");
    const placeless = count(pledges.facility, (facility) => facility < 0);
    return geomap.table("What the plan is made of, and what is missing", [["Of"], ["How many", "figure"], ["Missing"]], [
      ["PCNs", number(pcns.code.length), lost(count(pcns.lat, (lat) => lat === null))],
      ["PCNs that told of their link workers", number(reported), reported === pcns.code.length ? "nothing" : facts.not_reported],
      ["PCNs with all four measures of need", number(whole), unknown.length ? unknown.join("; ") : "nothing"],
      ["Practices", number(practices.code.length), facts.notes.length ? "see the notes on this run" : "nothing"],
      ["Facilities", number(facilities.id.length), lost(count(facilities.id, (id, row) => !geomap.facilityPlace(row)))],
      ["Pledges", number(pledges.id.length), placeless ? number(placeless) + " at no one facility: online or at several places" : "nothing"],
      ["Pledges read", number(facts.pledges_read), facts.pledges_rejected
        ? counted(facts.pledges_rejected, "was", "were") + " rejected, each with its reason in accounting.csv" : "none was rejected"],
    ]);
  }

  geomap.drawAbout = function () {
    hoursTables();
    unmetTable();
    byId("plan-status").replaceChildren(el("p", null, facts.plan_quality));
    byId("coverage-table").replaceChildren(coverageTable());
    byId("rounded").hidden = facts.internal;
    byId("rounded-note").textContent = facts.rounded_note;
    byId("notes").replaceChildren(...facts.notes.map((note) => el("li", null, note)));
    byId("notes-section").hidden = facts.notes.length === 0;
    byId("sources").replaceChildren(...facts.sources.map(([what, file, attribution]) => el("li", null,
      el("strong", null, what), el("span", null, file), el("span", { class: "small" }, attribution))));
  };
})(window.geomap);
