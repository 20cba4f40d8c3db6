/* Counts of people that a published page does not show: what stands for them in sums (as in few.py), and how any is told. */
(function (geomap) {
  "use strict";

  const { data } = geomap;
  const { internal: isExact } = data.facts;
  const MOST = 7;
  const MIDDLE = 4;
  const SHOWN_FROM = MOST + 0.5;
  const BASE = 5;
  const FEW = "1 to " + MOST;
  const NOT_SHOWN = "not shown";
  const PLAIN = {
    facts: ["people", "completions", "patients", "demand_places", "unmet_places"],
    pcns: ["patients", "ceiling_referrals", "completions"],
    facilities: ["people"], ties: ["people"], attention: ["people"], practices: ["patients"], places: ["patients"],
    sites: ["patients", "demand_places", "people", "completions"],
    icbs: ["patients", "demand_places", "matched_places", "unmet_places"],
  };

  const filled = (values) => values.map((value) => (value === null ? MIDDLE : value));
  const clip = (count) => Math.min(Math.max(count, 1), MOST);

  /** Fill the columns of a block that it has; columns may be one value each. */
  function fillPlain(block, names) {
    for (const name of names.filter((each) => block[each] !== undefined)) {
      block[name] = Array.isArray(block[name]) ? filled(block[name]) : filled([block[name]])[0];
    }
  }

  /**
   * Whole numbers from 1 to 7 for the counts that are not shown: what their group has beyond those shown, evenly, the
   * first of a group taking what is over. `wholeOf` (group) is what the group has, undefined where it is not known.
   */
  geomap.shareOut = function (wholeOf, shown, groups) {
    const sums = new Map();
    shown.forEach((count, k) => {
      const sum = sums.get(groups[k]) || { known: 0, many: 0, at: 0 };
      if (count === null) sum.many += 1;
      else sum.known += count;
      sums.set(groups[k], sum);
    });
    return shown.map((count, k) => {
      if (count !== null) return count;
      const sum = sums.get(groups[k]);
      const whole = wholeOf(groups[k]);
      const beyond = whole === undefined ? MIDDLE * sum.many : whole - sum.known;
      const each = Math.floor(beyond / sum.many);
      sum.at += 1;
      return clip(each + (sum.at <= beyond - each * sum.many ? 1 : 0));
    });
  };

  /** No more given than wanted, and at least 1 not given, where that is not shown: matched, then unmet. */
  const given = (shown, demand, matched) =>
    shown.map((count, k) => (count === null ? Math.min(matched[k], demand[k]) : count));
  const rest = (shown, demand, matched) =>
    shown.map((count, k) => (count === null ? clip(demand[k] - matched[k]) : count));

  function fillDemand() {
    const { pcns, unmet } = data;
    const demand = filled(pcns.demand_places);
    pcns.matched_places = given(pcns.matched_places, demand, filled(pcns.matched_places));
    pcns.unmet_places = rest(pcns.unmet_places, demand, pcns.matched_places);
    pcns.demand_places = demand;
    const share = (column, shown) => geomap.shareOut((pcn) => column[pcn], shown, unmet.pcn);
    unmet.demand = share(demand, unmet.demand);
    unmet.matched = given(unmet.matched, unmet.demand, share(pcns.matched_places, unmet.matched));
    unmet.unmet = rest(unmet.unmet, unmet.demand, unmet.matched);
  }

  function fillFlows() {
    const { flows, unmet, pathways, sites } = data;
    const several = pathways.id.length;
    const keysOf = ({ pcn, pathway }) => pcn.map((row, k) => row * several + pathway[k]);
    const cells = new Map(keysOf(unmet).map((key, k) => [key, unmet.matched[k]]));
    flows.places = geomap.shareOut((key) => cells.get(key), flows.places, keysOf(flows));
    flows.hours = flows.hours.map((hours, k) => (hours === null ? flows.places[k] * pathways.course_hours[flows.pathway[k]] : hours));
    fillPlain(sites.flows, ["places"]);
  }

  function fillTree() {
    const { sums, places } = data.tree;
    for (const level of ["regions", "icbs", "sub_icbs"]) fillPlain(sums[level], ["patients", "demand", "people"]);
    data.tree.places = places.map(filled);
  }

  /** An operator that the results tell nothing of has no people that could be hidden. */
  function fillOperators() {
    const { operators } = data;
    if (operators.people) operators.people = operators.people.map((count, row) =>
      (count === null && operators.pledged_hours[row] !== null ? MIDDLE : count));
  }

  if (!isExact) {
    for (const [name, columns] of Object.entries(PLAIN)) if (data[name]) fillPlain(data[name], columns);
    if (data.flows) [fillDemand, fillFlows, fillTree, fillOperators].forEach((fill) => fill());
  }

  /** Whether a count of people may not be told. */
  geomap.isFew = (count) => !isExact && count > 0 && count < SHOWN_FROM;

  const rounded = (count) => (isExact ? count : Math.floor(count / BASE + 0.5) * BASE);

  /** People in figures: exact in an internal run, else to the nearest 5, and "1 to 7" for a few. */
  geomap.people = function (count) {
    if (count === null || count === undefined) return "–";
    return geomap.isFew(count) ? FEW : geomap.number(rounded(count));
  };

  /** "1 person", "1 to 7 people", "1,235 people". */
  geomap.countedPeople = (count, one = "person", many = "people") =>
    (geomap.isFew(count) ? FEW + " " + many : geomap.counted(rounded(count), one, many));

  geomap.briefPeople = (count) => (geomap.isFew(count) ? FEW : geomap.brief(rounded(count)));

  /** Hours of some people; of a few they are not shown, as they would only tell what stands for the few. */
  geomap.hoursOf = (hours, count) => (geomap.isFew(count) ? NOT_SHOWN : geomap.number(hours));

  /** "12 to 30", "1 to 20": ends of a class of people, null where one is not shown. */
  geomap.peopleRange = function (low, high) {
    if (low !== null && high !== null) return low === high ? geomap.number(low) : geomap.number(low) + " to " + geomap.number(high);
    return geomap.number(low === null ? 1 : low) + " to " + geomap.number(high === null ? MOST : high);
  };

  /** What counts of people are in a published page, in a few words; nothing in an internal one. */
  geomap.roundedWords = isExact ? "" : "People to the nearest 5; 1 to 7 not shown. ";
})(window.geomap);
