/* What lies beside the bank of hours: leisure sites, activities and services, and who could be asked. */
(function (geomap) {
  "use strict";

  const { data, el, number, percent } = geomap;
  const { pathways } = data;
  let doors = null;

  const wordOf = (words, row) => (row < 0 ? null : words[row]);
  const kindsOf = (types) => types.map((type) => (data.venues[type] || type).toLowerCase()).join(", ");
  const lines = (first, ...rest) => el("div", { class: "words" }, el("strong", null, first),
    ...rest.filter(Boolean).map((line) => el("span", null, line)));

  /** Names that are written in capitals a little smaller. */
  const named = (name) => el("span", { class: geomap.caps(name) || null }, name);

  /** A site by its name, else by what it has; then whose it is, and its number, by which hours can be pledged there. */
  function siteWords(sites, row) {
    const name = wordOf(sites.names, sites.name[row]);
    const kinds = geomap.sentence(kindsOf(sites.type_sets[sites.types[row]]));
    const operator = wordOf(sites.operators, sites.operator[row]) || "Operator not stated";
    return lines(name || kinds, name && kinds, operator, "Active Places site " + sites.site[row] + ", open to the public, without a pledge");
  }

  function opportunityWords(items, row) {
    const who = [wordOf(items.operators, items.operator[row]), wordOf(items.venues, items.venue[row])].filter(Boolean).join(", ");
    const activities = items.activities[row] < 0 ? "" : items.activity_sets[items.activities[row]].join(", ");
    const ids = items.pathways[row] < 0 ? [] : items.pathway_sets[items.pathways[row]];
    const fit = ids.map((id) => pathways.id.indexOf(id)).filter((k) => k >= 0).map((k) => pathways.name[k].toLowerCase());
    return lines(wordOf(items.names, items.name[row]) || "Without a name", who, activities,
      fit.length ? "Could serve " + fit.join(", ") : "Serves none of the pathways", "Known from " + data.known_from[items.sources[items.source[row]]]);
  }

  /** How many sites there are of each venue type; a site with several counts in each. */
  function countSites(sites) {
    const byType = new Map();
    for (const set of sites.types) for (const type of sites.type_sets[set]) byType.set(type, (byType.get(type) || 0) + 1);
    const told = [...byType].sort((a, b) => b[1] - a[1]).map(([type, count]) => data.venues[type] + " " + number(count));
    const count = (rows) => number(rows.filter((row) => row >= 0).length);
    return geomap.sentence(told.join(", ")) + ". A site can have several. " + count(sites.name) + " have a name, " +
      count(sites.operator) + " name their operator.";
  }

  function countOpportunities(items) {
    const some = items.pathways.filter((row) => row >= 0 && items.pathway_sets[row].length > 0).length;
    return number(some) + " of them could serve a pathway. Nobody has pledged hours of them.";
  }

  /** What a place or service is called; a site without a name by its operator, what it has and its number. */
  function doorName(row) {
    if (doors.name[row] !== null) return doors.name[row];
    const kinds = kindsOf(doors.offers[row]);
    const what = doors.operator[row] === null ? geomap.sentence(kinds) : doors.operator[row] + ", " + kinds;
    return what + " (" + (doors.source[row] === "active_places" ? "Active Places site " : "") + doors.id[row] + ")";
  }

  function doorNote(row, asked, wanting) {
    const who = doors.name[row] === null ? null : doors.operator[row];
    const has = doors.name[row] === null ? "" : geomap.sentence(kindsOf(doors.offers[row]));
    const isAll = asked.length === wanting && wanting > 2;
    const what = isAll ? "all " + number(wanting) + " pathways listed here" : asked.map((k) => pathways.name[doors.pathway[k]].toLowerCase()).join(", ");
    return [who, has, "for " + what, "known from " + data.known_from[doors.source[row]]].filter(Boolean).join(" · ");
  }

  /** The doors of some rows, those first that are asked first, then for most pathways. */
  function asksTable(rows) {
    const places = [...geomap.groupRows(rows.map((k) => doors.door[k]))].map(([door, at]) => ({ door, asked: at.map((k) => rows[k]) }));
    const wanting = geomap.once(rows.map((k) => doors.pathway[k])).length;
    const minutes = ({ asked }) => doors.minutes[asked[0]];
    const share = ({ asked }) => doors.share[asked[0]];
    places.sort((a, b) => b.asked.length - a.asked.length || share(b) - share(a) || minutes(a) - minutes(b) || a.door - b.door);
    const away = (place) => (minutes(place) === 0 ? "online" : number(Math.max(1, minutes(place))));
    return geomap.table("Three for each pathway at most, as most patients can come to them; for most pathways first",
      [["Place or service, what it has, and for what"], ["Can come", "figure"], ["Minutes away", "figure"]],
      places.map((place) => [geomap.noted(named(doorName(place.door)), doorNote(place.door, place.asked, wanting)), percent(share(place)), away(place)]));
  }

  function fill(frame, pcn) {
    const { pathway } = geomap.view();
    const rows = (doors.of.get(pcn) || []).filter((k) => pathway < 0 || doors.pathway[k] === pathway);
    const none = "Nobody else in reach is known who could host what is wanting, or more hours would not mend it.";
    if (rows.length === 0) return frame.replaceChildren(el("p", null, none));
    const intro = "Within reach, and nothing pledged for what is wanting here. Nobody has asked them yet.";
    return frame.replaceChildren(el("p", { class: "small" }, intro), asksTable(rows), el("p", { class: "small after" }, data.asks.credit));
  }

  /** Who could be asked for what a PCN wants; unpacked when the first is looked at. Nothing where nobody is known. */
  geomap.couldBeAsked = function (pcn) {
    if (data.asks.count === 0) return null;
    const frame = el("div", { class: "asks" }, el("p", { class: "small" }, "Reading …"));
    if (doors) fill(frame, pcn);
    else {
      geomap.unpacked(data.asks.packed).then((columns) => {
        doors = { ...columns, of: geomap.groupRows(columns.pcn) };
        fill(frame, pcn);
      }).catch(() => frame.replaceChildren(el("p", null, "This browser is too old to show them; they stand in could_be_asked.csv.")));
    }
    return geomap.section("Could be asked", frame);
  };

  geomap.onChange((view, before) => {
    if (before) return;
    if (data.others.count > 0) {
      geomap.otherMarks = geomap.addMarks({ ...data.others, id: "others", label: "Other public leisure sites", shape: "diamond",
        fill: "#6b4d00", zIndex: 412, words: siteWords, note: countSites });
    }
    if (data.opportunities.count > 0) {
      geomap.opportunityMarks = geomap.addMarks({ ...data.opportunities, id: "opportunities", label: "Activities and community services",
        shape: "triangle", fill: "#00474d", zIndex: 413, words: opportunityWords, note: countOpportunities });
    }
  });
})(window.geomap);
