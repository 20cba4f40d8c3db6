/* The map: colours of the PCNs, facilities and their clusters, hover texts, what is chosen. */
(function (geomap) {
  "use strict";

  const { data, el, number } = geomap;
  const sites = data.sites;
  const largestHours = Math.max(1, ...sites.pledged_hours);
  const LARGEST_PX = 44;
  const SMALLEST_PX = 16;
  const FAR_ZOOM = 7.5;
  let layers = null;
  let everything = null;
  let theme = data.themes[0];
  const footprints = new Map();
  const sitePlaces = new Map();

  geomap.theme = () => theme;
  geomap.leaflet = () => layers.map;

  /** Width in pixels of the circle of a facility: its area grows with the hours. */
  geomap.circlePx = (hours) => Math.max(SMALLEST_PX, LARGEST_PX * Math.sqrt(hours / largestHours));

  /** Two round numbers of hours for the key: the largest circle or a little less, and about an eighth of it. */
  geomap.keyHours = function () {
    const round = (hours) => {
      const ten = 10 ** Math.floor(Math.log10(hours));
      return [5, 2, 1].find((times) => times * ten <= hours) * ten;
    };
    return [...new Set([round(Math.max(1, largestHours / 8)), round(largestHours)])];
  };

  function circle(kind, px, hasHoursLeft) {
    const disc = el("span", { class: "disc" + (hasHoursLeft ? " ring" : "") }, el("b", null, kind ? kind.letter : "?"));
    disc.style.width = disc.style.height = px + "px";
    disc.style.fontSize = Math.max(10, Math.min(15, px * 0.5)) + "px";
    disc.style.backgroundColor = kind ? kind.colour : "#425563";
    return disc;
  }
  geomap.circle = circle;

  geomap.sitePlace = (row) => sitePlaces.get(row) || null;
  geomap.hasHoursLeft = (row) => sites.unmatched_hours[row] >= 1;

  /** Icon made when it is first shown; its content is nodes, so a name in it can only be text. */
  const SiteIcon = L.DivIcon.extend({
    createIcon(old) {
      const div = L.DivIcon.prototype.createIcon.call(this, old);
      const row = this.options.row;
      const name = sites.name[row] + ", " + geomap.counted(sites.pledged_hours[row], "hour", "hours") + " pledged";
      div.append(circle(geomap.siteKind(row), this.options.px, geomap.hasHoursLeft(row)));
      if (this.options.rank) div.append(el("span", { class: "rank", "aria-hidden": "true" }, number(this.options.rank)));
      div.append(el("span", { class: "unseen" }, name));
      return div;
    },
  });

  function makeMarker(row, { pane = "markerPane", className = "site", rank = 0 }) {
    const px = geomap.circlePx(sites.pledged_hours[row]);
    const icon = new SiteIcon({ row, px, rank, html: false, className, iconSize: [px, px] });
    const marker = L.marker(sitePlaces.get(row), { icon, row, pane, riseOnHover: true });
    marker.bindTooltip(() => siteWords(row, false), { direction: "top", offset: [0, -8] });
    marker.bindPopup(() => siteWords(row, true), { minWidth: 220, maxWidth: 260 });
    marker.on("click", () => geomap.choose({ kind: "site", row }, { zoom: false }));
    return marker;
  }

  /** Called by the script that folium wrote, for each [latitude, longitude, row]. */
  geomap.siteMarker = ([latitude, longitude, row]) => {
    sitePlaces.set(row, L.latLng(latitude, longitude));
    return makeMarker(row, {});
  };

  /** A facility of the choice, above the clusters, numbered as in the list (0: no number). */
  geomap.pickedMarker = (row, rank) => makeMarker(row, { pane: "picked", className: "site picked", rank });

  /** Called by the script that folium wrote: a cluster says how many hours stand there. */
  geomap.clusterIcon = (cluster) => {
    const rows = cluster.getAllChildMarkers().map((marker) => marker.options.row);
    const hours = rows.reduce((sum, row) => sum + sites.pledged_hours[row], 0);
    const disc = el("span", { class: "cluster" }, el("b", { "aria-hidden": "true" }, geomap.brief(hours)));
    disc.append(el("span", { class: "unseen" }, number(rows.length) + " facilities, " + number(hours) + " hours"));
    return L.divIcon({ html: disc, className: "cluster-icon", iconSize: [0, 0] });
  };

  function siteWords(row, isPopup) {
    const box = el("div", { class: "words" }, el("strong", { class: geomap.caps(sites.name[row]) }, sites.name[row]));
    box.append(el("span", null, data.operators.name[sites.operator[row]]));
    box.append(el("span", null, number(sites.pledged_hours[row]) + " hours pledged, " +
      number(sites.matched_hours[row]) + " matched"));
    if (isPopup) {
      box.append(el("span", null, "Serves " + geomap.counted(sites.people[row], "person", "people") + " in " +
        geomap.counted(sites.pcns_served[row], "PCN", "PCNs")));
    }
    return box;
  }

  function pcnWords(row, isPopup) {
    const pcns = data.pcns;
    const box = el("div", { class: "words" }, el("strong", { class: geomap.caps(pcns.name[row]) }, pcns.name[row]));
    const columns = { need: pcns.need_index, coverage: pcns.coverage_share, unmet: pcns.unmet_places };
    for (const each of isPopup ? data.themes : [theme]) {
      const value = columns[each.key][row];
      const shown = value === null ? each.missing_name.toLowerCase() : geomap.inUnit(value, each.unit);
      box.append(el("span", null, each.title.split(",")[0] + ": " + shown));
    }
    if (isPopup) box.append(el("span", null, number(pcns.matched_places[row]) + " of " +
      geomap.counted(pcns.demand_places[row], "person", "people") + " who could start have a place"));
    return box;
  }

  function paint() {
    for (const [row, layer] of footprints) {
      const cls = theme.of[row];
      layer.setStyle({ fillColor: cls < 0 ? "url(#hatch)" : theme.colours[cls] });
    }
  }

  /** Leave the PCNs in `rows` as they are and dim the others; the style sheet does it, so it is quick. */
  geomap.light = function (choice, rows) {
    const container = layers.map.getContainer();
    container.querySelectorAll("path.lit").forEach((path) => path.classList.remove("lit", "chosen"));
    container.classList.toggle("has-choice", choice !== null);
    for (const row of rows) {
      const layer = footprints.get(row);
      if (!layer) continue;
      layer.getElement().classList.add("lit");
      if (choice.kind === "pcn") {
        layer.getElement().classList.add("chosen");
        layer.bringToFront();
      }
    }
  };

  geomap.setTheme = function (key) {
    theme = data.themes.find((each) => each.key === key) || data.themes[0];
    geomap.byId("theme-" + theme.key).checked = true;
    paint();
    geomap.drawLegend();
  };

  geomap.showSites = function (shown) {
    if (shown) layers.map.addLayer(layers.sites);
    else layers.map.removeLayer(layers.sites);
  };

  geomap.footprintBounds = (row) => (footprints.has(row) ? footprints.get(row).getBounds() : null);

  /** Room on the left for the map key where it lies over the map, and on top for the key of the lines. */
  geomap.fit = function (bounds, maxZoom) {
    if (!bounds || !bounds.isValid()) return;
    const legend = geomap.byId("legend");
    const isOver = getComputedStyle(legend).position === "absolute";
    const left = isOver && legend.open ? legend.offsetWidth + 16 : 16;
    const top = geomap.choice() ? 96 : 24;
    layers.map.fitBounds(bounds, { paddingTopLeft: [left, top], paddingBottomRight: [24, 24], maxZoom, animate: false });
  };

  geomap.fitAll = () => geomap.fit(everything, 12);

  /** Stripes for "no data", so that it never looks like a class. */
  function addHatch() {
    const svg = layers.map.getPane("overlayPane").querySelector("svg");
    if (!svg) return;
    const make = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      return node;
    };
    const pattern = make("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)" });
    pattern.append(make("rect", { width: 6, height: 6, fill: "#ffffff" }), make("rect", { width: 2, height: 6, fill: "#aeb7bd" }));
    const defs = make("defs", {});
    defs.append(pattern);
    svg.prepend(defs);
  }

  /** Take over the layers that folium made. */
  geomap.startMap = function (given) {
    layers = given;
    layers.map.createPane("flows").style.zIndex = 450;
    layers.map.getPane("flows").style.pointerEvents = "none";
    layers.map.createPane("picked").style.zIndex = 630;
    layers.map.createPane("figures").style.zIndex = 640;
    layers.map.getPane("figures").style.pointerEvents = "none";
    layers.map.attributionControl = null;
    L.control.scale({ position: "bottomright" }).addTo(layers.map);
    layers.map.zoomControl.setPosition("topright");
    layers.pcns.eachLayer((layer) => {
      const row = layer.feature.properties.row;
      footprints.set(row, layer);
      layer.bindTooltip(() => pcnWords(row, false), { sticky: true });
      layer.bindPopup(() => pcnWords(row, true), { minWidth: 220, maxWidth: 260 });
      layer.on("click", () => geomap.choose({ kind: "pcn", row }, { zoom: false }));
    });
    everything = layers.pcns.getBounds();
    sitePlaces.forEach((place) => everything.extend(place));
    const map = layers.map;
    map.on("zoomend", () => map.getContainer().classList.toggle("far", map.getZoom() < FAR_ZOOM));
    layers.outlines.setStyle({ color: "#212b32", weight: 1.5, fill: false, opacity: 0.75 });
    layers.pcns.setStyle({ fillOpacity: 0.92, color: "#ffffff", weight: 0.5, opacity: 1 });
    addHatch();
    paint();
  };
})(window.geomap);
