/* Curved lines from facilities to PCNs, drawn only for what is chosen. */
(function (geomap) {
  "use strict";

  const { data, el } = geomap;
  const flows = data.flows;
  const STEPS = 24;
  const FADES = ["#005eb8", "#2e7cc5", "#5c99d2", "#8ab7e0"];
  const byPcn = geomap.groupRows(flows.pcn);
  const bySite = geomap.groupRows(flows.site);
  let drawn = null;
  let figures = [];
  let picked = [];

  geomap.flowsOfPcn = (row) => byPcn.get(row) || [];
  geomap.flowsOfSite = (row) => bySite.get(row) || [];

  /** Flows of the choice added up to one line a (facility, PCN), most hours first. */
  geomap.linesOf = function (choice) {
    const rows = choice.kind === "pcn" ? geomap.flowsOfPcn(choice.row) : geomap.flowsOfSite(choice.row);
    const lines = new Map();
    for (const row of rows) {
      const key = flows.site[row] + ":" + flows.pcn[row];
      const line = lines.get(key) || { site: flows.site[row], pcn: flows.pcn[row], hours: 0, places: 0 };
      line.hours += flows.hours[row];
      line.places += flows.places[row];
      lines.set(key, line);
    }
    return [...lines.values()].sort((a, b) => b.hours - a.hours || a.site - b.site || a.pcn - b.pcn);
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
    return picked.filter((row) => geomap.sitePlace(row)).map((row) => {
      const at = map.latLngToContainerPoint(geomap.sitePlace(row));
      const half = geomap.circlePx(data.sites.pledged_hours[row]) / 2;
      return [at.x - half, at.y - half - 6, at.x + half + 8, at.y + half];
    });
  }

  /** Put the hours beside their lines, the greatest first, leaving out any that would cover another. */
  function placeFigures() {
    const map = geomap.leaflet();
    const taken = markersBoxes(map);
    for (const figure of figures) {
      const at = map.latLngToContainerPoint(figure.place);
      const half = (figure.text.length * 7 + 12) / 2;
      const box = [at.x - half, at.y - 10, at.x + half, at.y + 10];
      const isFree = taken.every((t) => box[2] < t[0] || box[0] > t[2] || box[3] < t[1] || box[1] > t[3]);
      if (isFree) taken.push(box);
      if (isFree && !figure.marker) {
        const icon = L.divIcon({ html: el("span", { class: "flow-figure" }, figure.text), className: "", iconSize: [0, 0] });
        figure.marker = L.marker(figure.place, { icon, pane: "figures", interactive: false, keyboard: false });
        figure.marker.addTo(drawn);
      } else if (!isFree && figure.marker) {
        figure.marker.remove();
        figure.marker = null;
      }
    }
  }

  geomap.clearFlows = function () {
    if (drawn) {
      drawn.remove();
      geomap.leaflet().off("zoomend", placeFigures);
    }
    drawn = null;
    figures = [];
    geomap.byId("flow-key").hidden = true;
  };

  /** Draw the lines of the choice and number its places; returns how many lines there are. */
  geomap.drawFlows = function (choice) {
    geomap.clearFlows();
    const { pcns } = data;
    const lines = geomap.linesOf(choice).filter((line) => geomap.sitePlace(line.site) && pcns.lat[line.pcn] !== null);
    drawn = L.layerGroup().addTo(geomap.leaflet());
    const curves = [];
    for (const line of lines) {
      const from = geomap.sitePlace(line.site);
      const to = L.latLng(pcns.lat[line.pcn], pcns.lon[line.pcn]);
      const points = curve(from, to);
      if (from.distanceTo(to) > 1) curves.push({ points, width: widthPx(line.hours) });
      const at = choice.kind === "pcn" ? 8 : 16;
      figures.push({ place: points[at], text: geomap.number(line.hours) + " h", marker: null });
    }
    drawLines(curves);
    picked = choice.kind === "site" ? [choice.row] : lines.map((line) => line.site);
    picked.forEach((row, k) => {
      if (geomap.sitePlace(row)) geomap.pickedMarker(row, choice.kind === "pcn" ? k + 1 : 0).addTo(drawn);
    });
    placeFigures();
    geomap.leaflet().on("zoomend", placeFigures);
    drawKey(lines.length);
    return lines.length;
  };

  function drawKey(count) {
    const key = geomap.byId("flow-key");
    const classes = data.flow_classes;
    key.hidden = count === 0;
    const items = classes.high.map((high, k) => {
      const line = el("span", { class: "line" });
      line.style.height = classes.widths_px[k] + "px";
      return el("li", null, line, geomap.range(classes.low[k], high, "count"));
    });
    key.replaceChildren(el("p", { class: "legend-title" }, "Matched hours"), el("ul", { class: "lines" }, ...items));
  }

  /** Bounds of everything the choice touches. */
  geomap.boundsOf = function (choice) {
    const { pcns } = data;
    const bounds = L.latLngBounds([]);
    if (choice.kind === "pcn") {
      const footprint = geomap.footprintBounds(choice.row);
      if (footprint) bounds.extend(footprint);
    } else if (geomap.sitePlace(choice.row)) bounds.extend(geomap.sitePlace(choice.row));
    for (const line of geomap.linesOf(choice)) {
      if (geomap.sitePlace(line.site)) bounds.extend(geomap.sitePlace(line.site));
      if (pcns.lat[line.pcn] !== null) bounds.extend([pcns.lat[line.pcn], pcns.lon[line.pcn]]);
    }
    return bounds;
  };
})(window.geomap);
