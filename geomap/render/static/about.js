/* Header, ledger strip and the "About" tab. */
(function (geomap) {
  "use strict";

  const { data, el, number, percent, byId } = geomap;
  const facts = data.facts;

  geomap.drawHeader = function () {
    byId("finding").textContent = facts.finding;
    document.title = facts.name + ": " + facts.finding;
    byId("run").textContent = facts.name + " · plan for " + facts.period + " · data as of " + facts.as_of;
    byId("label").textContent = facts.label;
    byId("label").hidden = facts.label === "";
    byId("to-index").hidden = !facts.index;
    if (facts.index) byId("to-index").setAttribute("href", facts.index);
  };

  geomap.drawLedger = function () {
    const ofPledged = (hours) => (facts.pledged_hours ? percent(hours / facts.pledged_hours) + " of pledged" : "");
    const steps = [
      ["Pledged", facts.stated_hours, "hours as stated", "hours",
        (facts.index ? "This ICB's share of the hours" : "Hours") + " as the operators wrote them, in units of their own."],
      ["Worth", facts.pledged_hours, "participant-hours", "hours", "A participant-hour is " + facts.participant_hour + "."],
      ["Could be used", facts.eligible_hours, ofPledged(facts.eligible_hours), "hours",
        "Participant-hours inside the plan period, at a fit venue, enough for a course."],
      ["Matched", facts.matched_hours, ofPledged(facts.matched_hours), "hours", "Participant-hours that the plan gives to patients."],
      ["Have a place", facts.people, facts.people === 1 ? "person" : "people", "hours", "Course places in the plan."],
      ["Left without a place", facts.unmet_places, facts.unmet_places === 1 ? "person" : "people", "unmet",
        "People who could start a course and for whom the plan has no place."],
    ];
    const items = steps.map(([name, value, unit, target, title]) =>
      el("li", null, el("button", { type: "button", title, click: () => geomap.showAbout(target) },
        el("span", { class: "step-name" }, name), " ", el("strong", null, number(value)), " ", el("span", null, unit))));
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
        reasons.map(({ reason, sum }) => [geomap.sentence(geomap.unmetReason(reason)), number(sum),
          facts.demand_places ? percent(sum / facts.demand_places) : "–"])));
  }

  geomap.drawAbout = function () {
    hoursTables();
    unmetTable();
    byId("plan-status").replaceChildren(el("p", null, facts.plan_quality),
      el("p", null, geomap.counted(facts.pledges_read, "pledge was", "pledges were") + " read, " +
        number(facts.pledges_rejected) + " rejected. Link workers: " + facts.not_reported + "."));
    byId("notes").replaceChildren(...facts.notes.map((note) => el("li", null, note)));
    byId("notes-section").hidden = facts.notes.length === 0;
    byId("sources").replaceChildren(...facts.sources.map(([what, file, attribution]) => el("li", null,
      el("strong", null, what), el("span", null, file), el("span", { class: "small" }, attribution))));
  };
})(window.geomap);
