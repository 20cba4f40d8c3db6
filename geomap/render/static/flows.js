/* Curved lines from facilities to PCNs, drawn only for what is chosen. */
(function (geomap) {
  "use strict";

  const { data, el, number, counted } = geomap;
  const flows = data.flows;
  const STEPS = 24;
  const FADES = ["#005eb8", "#2e7cc5", "#5c99d2", "#8ab7e0"];
  const MOST_LINES = 60;
  const SHORTEST_PX = 24;
  /** Where on its curve a number may stand, the free end first: there the lines of a choice part. */
  const STEPS_OF_FIGURE = [16, 12, 20, 8, 4];
  let drawn = null;
  let figures = [];
  let picked = [];

  /** Rows of flows added up to one line a (facility, PCN), most hours first. */
  geomap.linesOf = function (rows) {
    const lines = new Map();
    for (const row of geomap.ofPathway(rows)) {
      const key = flows.facility[row] + ":" + flows.pcn[row];
      const line = lines.get(key) || { facility: flows.facility[row], pcn: flows.pcn[row], hours: 0, places: 0 };
      line.hours += flows.hours[row];
      line.places += flows.places[row];
      lines.set(key, line);
    }
    return [...lines.values()].sort((a, b) => b.hours - a.hours || a.facility - b.facility || a.pcn - b.pcn);
  };

  function widthPx(hours) {
    const classes = data.flow_classes;
    const at = classes.high.findIndex((high) => hours <= high + 0.05);
    return classes.widths_px[at < 0 ? classes.widths_px.length - 1 : at];
  }

  /** Points of a curve that bends to the left of its way, in degrees. */
  function curve(from, to) {
    const a = L.Projection.SphericalMercator.project(from);
    const b = L.Projection.SphericalMercator.project(to);
    const bend = L.point((a.x + b.x) / 2 - (b.y - a.y) * 0.18, (a.y + b.y) / 2 + (b.x - a.x) * 0.18);
    const points = [];
    for (let k = 0; k <= STEPS; k += 1) {
      const t = k / STEPS;
      const along = (p, q, r) => (1 - t) * (1 - t) * p + 2 * t * (1 - t) * q + t * t * r;
      points.push(L.Projection.SphericalMercator.unproject(L.point(along(a.x, bend.x, b.x), along(a.y, bend.y, b.y))));
    }
    return points;
  }

  /** White edges of all lines first, then the lines, each lighter towards its PCN. */
  function drawLines(lines) {
    const style = { pane: "flows", interactive: false, opacity: 1, smoothFactor: 0.3 };
    for (const { points, width } of lines) L.polyline(points, { ...style, color: "#ffffff", weight: width + 3 }).addTo(drawn);
    const part = STEPS / FADES.length;
    for (const { points, width } of lines) {
      for (let k = FADES.length - 1; k >= 0; k -= 1) {
        const piece = points.slice(k * part, (k + 1) * part + 1);
        L.polyline(piece, { ...style, color: FADES[k], weight: width, className: "flow" }).addTo(drawn);
      }
    }
  }

  /** Where the numbered facilities stand, so that no figure covers one: [left, top, right, bottom] in pixels. */
  function markersBoxes(map) {
    return picked.filter((row) => geomap.facilityPlace(row)).map((row) => {
      const at = map.latLngToContainerPoint(geomap.facilityPlace(row));
      const half = geomap.circlePx(data.facilities.pledged_hours[row]) / 2;
      return [at.x - half, at.y - half - 6, at.x + half + 8, at.y + half];
    });
  }

  const isApart = (box, other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3];

  /** How wide the hours of a line stand on the map. */
  geomap.figurePx = (text) => text.length * 7 + 12;

  /** Put the hours on or beside their lines, the greatest first; not where a line is too short, or one would cover another. */
  function placeFigures() {
    const map = geomap.leaflet();
    const taken = [...markersBoxes(map), ...geomap.clusterBoxes((place) => map.latLngToContainerPoint(place))];
    for (const figure of figures) figure.on = figure.places.map((point) => map.latLngToContainerPoint(point));
    for (const figure of figures) {
      const half = geomap.figurePx(figure.text) / 2;
      const isLong = map.latLngToContainerPoint(figure.from).distanceTo(map.latLngToContainerPoint(figure.to)) > SHORTEST_PX;
      const { on } = figure;
      const beside = on.flatMap(({ x, y }) => [[half + 6, 0], [-half - 6, 0], [0, 16], [0, -16]].map(([dx, dy]) => L.point(x + dx, y + dy)));
      const boxOf = ({ x, y }) => [x - half, y - 10, x + half, y + 10];
      const isFree = (at) => taken.every((other) => isApart(boxOf(at), other));
      const isClear = (at) => figures.every((other) => other === figure || other.on.every((p) => isApart(boxOf(at), [p.x, p.y, p.x, p.y])));
      const place = isLong && (on.find(isFree) || beside.find((at) => isFree(at) && isClear(at)));
      if (figure.marker) figure.marker.remove();
      figure.marker = null;
      if (!place) continue;
      taken.push(boxOf(place));
      const icon = L.divIcon({ html: el("span", { class: "flow-figure" }, figure.text), className: "", iconSize: [0, 0] });
      figure.marker = L.marker(map.containerPointToLatLng(place), { icon, pane: "figures", interactive: false, keyboard: false }).addTo(drawn);
    }
  }

  function clearFlows() {
    if (drawn) {
      drawn.remove();
      geomap.leaflet().off("zoomend", placeFigures);
    }
    drawn = null;
    figures = [];
    geomap.byId("flow-key").hidden = true;
  }

  /** Draw the lines of the choice, those with most hours if there are many, and number its places. */
  function drawFlows(choice) {
    const { pcns } = data;
    const told = geomap.kindOf(choice);
    const every = told.lines(choice.row).filter((line) => geomap.facilityPlace(line.facility) && pcns.lat[line.pcn] !== null);
    const lines = every.slice(0, MOST_LINES);
    drawn = L.layerGroup().addTo(geomap.leaflet());
    const curves = [];
    for (const line of lines) {
      const from = geomap.facilityPlace(line.facility);
      const to = L.latLng(pcns.lat[line.pcn], pcns.lon[line.pcn]);
      const points = curve(from, to);
      if (from.distanceTo(to) > 1) curves.push({ points, width: widthPx(line.hours) });
      const steps = STEPS_OF_FIGURE.map((step) => (choice.kind === "pcn" ? STEPS - step : step));
      if (!geomap.isFew(line.places)) figures.push({ places: steps.map((step) => points[step]), from, to, text: number(line.hours) + " h", marker: null });
    }
    drawLines(curves);
    picked = told.numbered ? lines.map((line) => line.facility) : [...told.facilities(choice.row)];
    const hasMany = !told.numbered && picked.length > 1;
    geomap.restrictFacilities(hasMany ? picked : null);
    if (hasMany) picked = [];
    picked.forEach((row, k) => {
      if (geomap.facilityPlace(row)) geomap.pickedMarker(row, told.numbered ? k + 1 : 0).addTo(drawn);
    });
    placeFigures();
    geomap.leaflet().on("zoomend", placeFigures);
    drawKey(lines, every);
  }

  geomap.onChange((view, before) => {
    if (before && geomap.isSame(before.choice, view.choice) && before.pathway === view.pathway) return;
    clearFlows();
    if (view.choice) drawFlows(view.choice);
    else geomap.restrictFacilities(null);
  });

  /** How many lines are left out, and how much they would have told. */
  function leftOut(lines, every) {
    if (lines.length === every.length) return null;
    const sum = (part) => part.reduce((total, line) => total + line.hours, 0);
    return el("p", { class: "small" }, "The " + counted(lines.length, "line", "lines") + " with most hours, of " +
      number(every.length) + ": " + geomap.percent(sum(lines) / sum(every)) + " of the hours");
  }

  function drawKey(lines, every) {
    const key = geomap.byId("flow-key");
    const classes = data.flow_classes;
    key.hidden = lines.length === 0;
    const items = classes.high.map((high, k) => {
      const line = el("span", { class: "line" });
      line.style.height = classes.widths_px[k] + "px";
      return el("li", null, line, geomap.range(classes.low[k], high, "count"));
    });
    const nodes = [el("p", { class: "legend-title" }, "Matched hours"), el("ul", { class: "lines" }, ...items), leftOut(lines, every)];
    key.replaceChildren(...nodes.filter((node) => node !== null));
  }

  /** Bounds of PCN footprints, and of both ends of lines. */
  geomap.boundsOf = function (pcnRows, facilityRows, lines) {
    const { pcns } = data;
    const bounds = L.latLngBounds([]);
    for (const row of pcnRows) {
      const footprint = geomap.footprintBounds(row);
      if (footprint) bounds.extend(footprint);
    }
    for (const row of facilityRows) if (geomap.facilityPlace(row)) bounds.extend(geomap.facilityPlace(row));
    for (const line of lines) {
      if (geomap.facilityPlace(line.facility)) bounds.extend(geomap.facilityPlace(line.facility));
      if (pcns.lat[line.pcn] !== null) bounds.extend([pcns.lat[line.pcn], pcns.lon[line.pcn]]);
    }
    return bounds;
  };
})(window.geomap);
