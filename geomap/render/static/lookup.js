/* Who belongs to whom: the page's tables turned round, each when it is first asked for. */
(function (geomap) {
  "use strict";

  const { data } = geomap;
  const { flows, ties, pledges, unused, unmet, pcns, facilities, reachable } = data;
  const NONE = [];

  /** What `make` gives, made once, when it is first asked for. */
  function lazily(make) {
    let made = null;
    return () => (made = made || make());
  }

  const by = (column) => {
    const groups = lazily(() => geomap.groupRows(column));
    return (row) => groups().get(row) || NONE;
  };

  geomap.lazily = lazily;
  geomap.flowsOfPcn = by(flows.pcn);
  geomap.flowsOfFacility = by(flows.facility);
  geomap.flowsOfOperator = by(flows.operator);
  geomap.tiesOfPcn = by(ties.pcn);
  geomap.tiesOfOperator = by(ties.operator);
  geomap.linksOfPcn = by(data.links.pcn);
  geomap.pledgesOfFacility = by(pledges.facility);
  geomap.pledgesOfOperator = by(pledges.operator);
  geomap.unusedOfFacility = by(unused.facility);
  geomap.unusedOfOperator = by(unused.operator);
  geomap.unmetOfPcn = by(unmet.pcn);
  geomap.facilitiesOf = by(facilities.operator);
  geomap.practicesOf = by(data.practices.pcn);
  geomap.icbsOf = by(data.icbs.region);
  geomap.subIcbsOf = by(data.sub_icbs.icb);
  geomap.pcnsOfIcb = by(pcns.icb);
  geomap.pcnsOfSubIcb = by(pcns.sub_icb);
  geomap.pcnsOfRegion = (row) => geomap.icbsOf(row).flatMap(geomap.pcnsOfIcb);

  /** Facilities within reach of a PCN: [{ facility, share of its patients who can come, minutes }]. */
  geomap.reachOf = (pcn) => geomap.runningSums(reachable.facilities[pcn]).map((facility, k) =>
    ({ facility, share: reachable.share[pcn][k] / 100, minutes: reachable.minutes[pcn][k] }));

  const reached = lazily(() => {
    const groups = facilities.id.map(() => []);
    reachable.facilities.forEach((steps, pcn) => geomap.reachOf(pcn).forEach(({ facility, share, minutes }) =>
      groups[facility].push({ pcn, share, minutes })));
    return groups;
  });

  /** PCNs within reach of a facility: [{ pcn, share, minutes }]. */
  geomap.reachedFrom = (facility) => reached()[facility];

  const byPathway = lazily(() => {
    const columns = data.pathways.id.map(() =>
      ({ demand: pcns.code.map(() => 0), matched: pcns.code.map(() => 0), unmet: pcns.code.map(() => 0), reason: pcns.code.map(() => null) }));
    unmet.pcn.forEach((pcn, k) => {
      for (const name of ["demand", "matched", "unmet", "reason"]) columns[unmet.pathway[k]][name][pcn] = unmet[name][k];
    });
    return columns;
  });
  const ofAll = { demand: pcns.demand_places, matched: pcns.matched_places, unmet: pcns.unmet_places,
    reason: pcns.main_unmet_reason };

  /** Columns over the PCNs of { demand, matched, unmet, reason }, the reason the main one, for the pathway that is looked at (-1: all of them). */
  geomap.placesFor = (pathway) => (pathway < 0 ? ofAll : byPathway()[pathway]);

  /** The places of one PCN under the pathway that is looked at; coverage is null where there is no demand. */
  geomap.placesOf = (pcn) => geomap.totalOf([pcn]);

  geomap.totalOf = function (pcnRows) {
    const columns = geomap.placesFor(geomap.view().pathway);
    const sum = (values) => pcnRows.reduce((total, row) => total + values[row], 0);
    const [demand, matched, left] = [columns.demand, columns.matched, columns.unmet].map(sum);
    return { demand, matched, unmet: left, coverage: demand > 0 ? matched / demand : null };
  };

  /** Each (facility, PCN) with matched hours once, in the order of the flows; hours of no one place have none. */
  const pairs = lazily(() => {
    const found = { facility: [], pcn: [], keys: [], rowOf: new Map() };
    flows.pcn.forEach((pcn, k) => {
      const facility = flows.facility[k];
      const key = facility + ":" + pcn;
      if (facility < 0 || found.rowOf.has(key)) return;
      found.rowOf.set(key, found.keys.length);
      found.facility.push(facility);
      found.pcn.push(pcn);
      found.keys.push(facilities.id[facility] + "~" + pcns.code[pcn]);
    });
    return found;
  });
  geomap.pairs = pairs;
  geomap.pairRow = (facility, pcn) => pairs().rowOf.get(facility + ":" + pcn);
  geomap.flowsOfPair = (row) =>
    geomap.flowsOfPcn(pairs().pcn[row]).filter((k) => flows.facility[k] === pairs().facility[row]);

  /** Rows of the flows of the pathway that is looked at, out of `rows`. */
  geomap.ofPathway = function (rows) {
    const { pathway } = geomap.view();
    return pathway < 0 ? rows : rows.filter((k) => flows.pathway[k] === pathway);
  };

  /** Without what comes twice. */
  geomap.once = (rows) => [...new Set(rows)];
})(window.geomap);
