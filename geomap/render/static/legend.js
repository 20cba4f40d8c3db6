/* The map key: what the PCNs are coloured by, their classes, which facilities are shown. */
(function (geomap) {
  "use strict";

  const { data, el, svg, number, counted, byId } = geomap;
  const pcns = data.pcns;
  /** Heights of the window from which the whole key fits, and below which not even the kinds of operator do. */
  const HIGH_PX = 950;
  const LOW_PX = 820;

  /** "12 to 30", or one number where both ends read the same. */
  geomap.range = function (low, high, unit) {
    if (unit === "points" && low === 0 && high === 0) return "no change";
    if (unit === "people") return geomap.peopleRange(low, high);
    const from = inUnit(low, unit);
    const to = inUnit(high, unit);
    return from === to ? from : from + " to " + to;
  };

  /** A figure as it stands in the key; a change has its sign. */
  function inUnit(value, unit) {
    if (unit === "points") return (value > 0 ? "+" : value < 0 ? "−" : "") + number(Math.abs(value) * 100, 1);
    if (unit === "people") return geomap.people(value);
    return unit === "hours" ? number(value, value > 0 && value < 100 ? 1 : 0) : geomap.inUnit(value, unit);
  }

  /** A theme, by its key or as it is looked at; where a pathway is chosen and it can be told apart, of that pathway. */
  geomap.theme = function (key = geomap.view().theme) {
    const theme = data.themes.find((each) => each.key === key);
    const { pathway } = geomap.view();
    const isOfPathway = pathway >= 0 && theme.by_pathway !== undefined;
    return filled(isOfPathway ? { ...theme, ...theme.by_pathway[pathway], isOfPathway } : theme);
  };

  const filled = (theme) => ({ ...theme, fills: theme.colours.map((colour, k) =>
    (theme.patterns && theme.patterns[k] ? "url(#fill-" + theme.key + "-" + k + ")" : colour)) });

  /** The class of a PCN in a theme; -1 where there is no figure. */
  geomap.classOf = (theme, row) => (theme.of[row] === "-" ? -1 : Number(theme.of[row]));

  function figureOf(theme, row) {
    if (theme.isOfPathway) {
      const places = geomap.placesFor(geomap.view().pathway);
      if (theme.key === "unmet") return places.unmet[row];
      return places.demand[row] > 0 ? places.matched[row] / places.demand[row] : null;
    }
    return theme.column ? pcns[theme.column][row] : pcns.coverage_share[row] - pcns.first_coverage_share[row];
  }

  /** What a theme says of a PCN, in words. */
  geomap.themeText = function (theme, row) {
    const cls = geomap.classOf(theme, row);
    if (cls < 0) return theme.missing_name.toLowerCase();
    if (theme.labels) return theme.labels[cls].toLowerCase();
    return inUnit(figureOf(theme, row), theme.unit) + (theme.unit === "points" ? " percentage points" : "");
  };

  function stripes(id, ground, line) {
    return svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 6, height: 6, fill: ground }), svg("rect", { width: 2, height: 6, fill: line }));
  }

  const PATTERNS = {
    stripes: (id, colour) => stripes(id, colour, "#ffffff"),
    dots: (id, colour) => svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: 6, height: 6, fill: colour }), svg("circle", { cx: 3, cy: 3, r: 1.3, fill: "#212b32" })),
    cross: (id, colour) => svg("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 7, height: 7, fill: colour }), svg("path", { d: "M0 3.5h7M3.5 0v7", stroke: "#ffffff", "stroke-width": 1 })),
  };

  /** Patterns for what is no step of a scale, so that neither "no data" nor a kind is told by colour alone. */
  function definePatterns() {
    const patterns = [stripes("hatch", "#ffffff", "#aeb7bd")];
    for (const { key, patterns: names, colours } of data.themes) {
      (names || []).forEach((name, k) => {
        if (name) patterns.push(PATTERNS[name]("fill-" + key + "-" + k, colours[k]));
      });
    }
    document.body.append(svg("svg", { class: "unseen", "aria-hidden": "true" }, svg("defs", {}, ...patterns)));
  }

  function swatch(fill) {
    const box = svg("svg", { class: "swatch", "aria-hidden": "true" });
    box.append(svg("rect", { width: "100%", height: "100%", fill }));
    return box;
  }

  function classItem(theme, k) {
    const count = counted(theme.count[k], "PCN", "PCNs");
    if (theme.labels) return el("li", null, swatch(theme.fills[k]), el("span", null, theme.labels[k]), el("span", { class: "note" }, number(theme.count[k])));
    return el("li", { title: count }, swatch(theme.fills[k]), geomap.range(theme.low[k], theme.high[k], theme.unit));
  }

  /** Of which pathway the figures are, where one is looked at. */
  function pathwayWords(theme) {
    const { pathway } = geomap.view();
    if (pathway < 0 || theme.group === geomap.theme("need").group) return "";
    return theme.isOfPathway ? data.pathways.name[pathway] + ". " : "All pathways together. ";
  }

  geomap.drawLegend = function () {
    const theme = geomap.theme();
    byId("theme").value = theme.key;
    byId("theme-title").textContent = theme.title;
    const items = theme.colours.map((colour, k) => classItem(theme, k));
    if (theme.missing) {
      items.push(el("li", null, swatch("url(#hatch)"), theme.missing_name,
        el("span", { class: "note" }, counted(theme.missing, "PCN", "PCNs"))));
    }
    byId("classes").replaceChildren(...items);
    byId("classes").classList.toggle("named", theme.labels !== undefined);
    byId("theme-rule").textContent = pathwayWords(theme) + theme.rule + " Footprints are indicative.";
  };

  geomap.drawThemes = function () {
    definePatterns();
    const groups = new Map();
    for (const { key, group, name } of data.themes) {
      if (!groups.has(group)) groups.set(group, el("optgroup", { label: group }));
      groups.get(group).append(el("option", { value: key }, name));
    }
    byId("theme").replaceChildren(...groups.values());
    byId("theme").addEventListener("change", (event) => geomap.change({ theme: event.target.value }));
    byId("show-facilities").addEventListener("change", (event) => geomap.showFacilities(event.target.checked));
    byId("only-left").addEventListener("change", (event) => geomap.filterFacilities({ onlyLeft: event.target.checked }));
    drawKinds();
    foldKey();
  };

  /** On a low screen the sizes, or all of the facilities, start folded; where the key lies below the map, all but its classes. */
  function foldKey() {
    const sizes = el("details", { class: "size-key" }, el("summary", { id: "size-words" }), byId("sizes"));
    byId("size-words").replaceWith(sizes);
    sizes.open = window.innerHeight >= HIGH_PX;
    if (window.innerHeight < LOW_PX) byId("facility-key").open = false;
    const words = ["More of the key", "Less of the key"];
    const more = el("button", { type: "button", class: "link key-more", "aria-expanded": "false" }, words[0]);
    byId("legend").classList.add("brief");
    more.addEventListener("click", () => {
      const isBrief = byId("legend").classList.toggle("brief");
      more.setAttribute("aria-expanded", String(!isBrief));
      more.textContent = words[isBrief ? 0 : 1];
    });
    byId("classes").after(more);
    window.addEventListener("beforeprint", () => { sizes.open = true; });
  }

  function drawKinds() {
    const known = new Set(data.facilities.operator.map((operator) => data.operators.kind[operator]));
    const { hiddenKinds } = geomap.facilityFilter();
    const items = data.kinds.map((kind, k) => [kind, k]).filter(([, k]) => known.has(k)).map(([kind, k]) => {
      const box = el("input", { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        if (box.checked) hiddenKinds.delete(k);
        else hiddenKinds.add(k);
        geomap.filterFacilities({ hiddenKinds });
      });
      const count = el("span", { class: "note", id: "kind-" + k });
      return el("li", null, el("label", null, box, geomap.circle(kind, 18, false), geomap.sentence(kind.name)), count);
    });
    byId("kinds").replaceChildren(...items);
  }

  /** Counts of the facilities that are shown, and what their size means. */
  geomap.drawFacilityKey = function () {
    const facilities = data.facilities;
    const counts = data.kinds.map(() => 0);
    let total = 0;
    facilities.operator.forEach((operator, row) => {
      if (!geomap.isFacilityShown(row)) return;
      total += 1;
      counts[data.operators.kind[operator]] += 1;
    });
    counts.forEach((count, k) => {
      const note = byId("kind-" + k);
      if (note) note.textContent = number(count);
    });
    const every = facilities.id.length;
    byId("facility-count").textContent = (total < every ? number(total) + " of " : "") + counted(every, "facility", "facilities");
    byId("size-words").textContent = "Area of a circle: hours " +
      (geomap.facilityFilter().onlyLeft ? "left" : "pledged");
    if (byId("sizes").childElementCount === 0 && every > 0) drawSizes();
  };

  function drawSizes() {
    const sizes = geomap.keyHours().map((hours) => {
      const disc = el("span", { class: "disc size" });
      disc.style.width = disc.style.height = geomap.circlePx(hours) + "px";
      return el("span", null, disc, number(hours));
    });
    const ring = el("span", null, geomap.circle({ letter: "", colour: "#425563" }, 14, true), "ring: hours left");
    const several = el("span", null, el("span", { class: "cluster" }, el("b", null, "12k")), "hours of several facilities");
    byId("sizes").replaceChildren(...sizes, ring, several);
  }
})(window.geomap);
