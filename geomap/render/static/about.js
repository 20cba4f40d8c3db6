/* Header, map key, ledger strip and the "About" tab. */
(function (geomap) {
  "use strict";

  const { data, el, number, percent, byId } = geomap;
  const facts = data.facts;

  /** "12 to 30", or one number where both ends read the same. */
  geomap.range = function (low, high, unit) {
    const from = geomap.inUnit(low, unit);
    const to = geomap.inUnit(high, unit);
    return from === to ? from : from + " to " + to;
  };

  geomap.drawHeader = function () {
    byId("finding").textContent = facts.finding;
    document.title = facts.name + ": " + facts.finding;
    byId("run").textContent = facts.name + " · plan for " + facts.period + " · data as of " + facts.as_of;
    byId("label").textContent = facts.label;
    byId("label").hidden = facts.label === "";
  };

  geomap.drawLegend = function () {
    const theme = geomap.theme();
    byId("theme-title").textContent = theme.title;
    const items = theme.high.map((high, k) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.backgroundColor = theme.colours[k];
      const title = geomap.counted(theme.count[k], "PCN", "PCNs");
      return el("li", { title }, swatch, geomap.range(theme.low[k], high, theme.unit));
    });
    if (theme.missing) {
      items.push(el("li", null, el("span", { class: "swatch hatch" }), theme.missing_name,
        el("span", { class: "note" }, geomap.counted(theme.missing, "PCN", "PCNs"))));
    }
    byId("classes").replaceChildren(...items);
  };

  geomap.drawThemes = function () {
    data.themes.forEach((theme, k) => {
      const radio = el("input", { type: "radio", name: "theme", value: theme.key, id: "theme-" + theme.key });
      radio.checked = k === 0;
      radio.addEventListener("change", () => geomap.setTheme(theme.key));
      byId("themes").append(el("label", { for: "theme-" + theme.key }, radio, theme.name));
    });
  };

  geomap.drawSiteKey = function () {
    const sites = data.sites;
    const counts = new Map();
    sites.operator.forEach((operator) => {
      const kind = data.operators.kind[operator];
      counts.set(kind, (counts.get(kind) || 0) + 1);
    });
    const items = data.kinds.map((kind, k) => [kind, counts.get(k) || 0]).filter(([, count]) => count > 0)
      .map(([kind, count]) => el("li", null, geomap.circle(kind, 18, false), geomap.sentence(kind.name),
        el("span", { class: "note" }, number(count))));
    byId("kinds").replaceChildren(...items);
    byId("site-count").textContent = geomap.counted(sites.id.length, "facility", "facilities");
    if (sites.id.length === 0) return;
    const sizes = geomap.keyHours().map((hours) => {
      const disc = el("span", { class: "disc size" });
      disc.style.width = disc.style.height = geomap.circlePx(hours) + "px";
      return el("span", null, disc, number(hours));
    });
    const ring = el("span", null, geomap.circle({ letter: "", colour: "#425563" }, 14, true), "ring: hours left");
    const several = el("span", null, el("span", { class: "cluster" }, el("b", null, "12k")), "hours of several facilities");
    byId("sizes").replaceChildren(...sizes, ring, several);
  };

  geomap.drawLedger = function () {
    const ofPledged = (hours) => (facts.pledged_hours ? percent(hours / facts.pledged_hours) : "");
    const steps = [
      ["Pledged", facts.stated_hours, "hours as stated", "hours", "Hours as the operators wrote them, in units of their own."],
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

  /** Sum a column over rows that share a reason, most first, as [reason, stage, sum]. */
  function sumByReason(reasons, values, stages) {
    const sums = new Map();
    reasons.forEach((reason, row) => {
      if (reason === null || values[row] === 0) return;
      const key = (stages ? stages[row] : "") + "\n" + reason;
      sums.set(key, (sums.get(key) || 0) + values[row]);
    });
    return [...sums].map(([key, sum]) => [...key.split("\n").reverse(), sum])
      .sort((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1));
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
        reasons.map(([reason, stage, hours]) => [geomap.noted(geomap.sentence(geomap.hoursReason(reason)), data.stages[stage]),
          number(hours), share(hours)])));
  }

  function unmetTable() {
    const reasons = sumByReason(data.unmet.reason, data.unmet.unmet, null);
    byId("unmet-reasons").replaceChildren(reasons.length === 0 ? el("p", null, "Everyone who could start has a place.")
      : geomap.table("People by reason", [["Reason"], ["People", "figure"], ["Of those who could start", "figure"]],
        reasons.map(([reason, , people]) => [geomap.sentence(geomap.unmetReason(reason)), number(people),
          facts.demand_places ? percent(people / facts.demand_places) : "–"])));
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
