/* Names of towns: the largest first, as many as stand apart at this zoom; quiet text that neither mouse nor reader meets. */
(function (geomap) {
  "use strict";

  const { data, el } = geomap;
  const { places } = data;
  /** Patients from which a name is set larger, and the sizes. */
  const SIZES = [[250000, "city"], [75000, "town"], [0, "small"]];
  const FONTS = { city: "600 15px", town: "600 13px", small: "500 12px" };
  const LINE_PX = 18;
  /** How much smaller a city's name is set where the whole country shows. */
  const FAR_SHARE = 12.5 / 15;
  /** A name that a circle or a number would cover stands beside, above or below its place, or is left out. */
  const BESIDE_PX = 8;
  const ABOVE_PX = 17;
  /** A city's name may stand a little farther off, yet never so far that it seems another's. */
  const FARTHER_PX = 17;
  const FAR_GAP_PX = 14;
  const NEAR_GAP_PX = 12;
  const MARGIN_PX = 80;
  const CELL_PX = 128;
  const towns = [];
  let widths = null;
  let pane = null;
  let shown = new Map();
  let thinned = { zoom: null, rows: [] };
  let asked = 0;

  /** The postcode area behind a name tells places of a search apart; on the map their position does. */
  const nameOf = (row) => places.name[row].replace(/ \([A-Z]{1,2}\)$/, "");
  const sizeOf = (row) => SIZES.find(([patients]) => places.patients[row] >= patients)[1];

  /** Widths of all names, measured once: a canvas does not make the browser lay the page out. */
  function measure() {
    const context = document.createElement("canvas").getContext("2d");
    const family = getComputedStyle(document.body).fontFamily;
    widths = new Map();
    for (const row of towns) {
      context.font = FONTS[sizeOf(row)] + " " + family;
      widths.set(row, context.measureText(nameOf(row)).width);
    }
  }

  const isApart = (box, other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3];

  /** Fewest patients of a place that is named at a zoom: cities alone for the whole country, everything in a town. */
  const fewest = (zoom) => (zoom >= 11.5 ? 0 : 150000 * 2.3 ** (6.5 - zoom));

  /** Rows of the names that stand apart at a zoom, over the whole map, so that a name stays while the map moves. */
  function thin(map, zoom) {
    if (thinned.zoom === zoom) return thinned.rows;
    if (!widths) measure();
    const gap = Math.max(NEAR_GAP_PX, FAR_GAP_PX - Math.max(0, zoom - 7) * 6);
    const cells = new Map();
    const rows = [];
    const least = fewest(zoom);
    for (const row of towns) {
      if (places.patients[row] < least) break;
      const at = map.project([places.lat[row], places.lon[row]], zoom);
      const half = widths.get(row) / 2 + gap / 2;
      const tall = LINE_PX / 2 + gap / 3;
      const box = [at.x - half, at.y - tall, at.x + half, at.y + tall];
      const keys = [];
      for (let x = Math.floor(box[0] / CELL_PX); x <= Math.floor(box[2] / CELL_PX); x += 1) {
        for (let y = Math.floor(box[1] / CELL_PX); y <= Math.floor(box[3] / CELL_PX); y += 1) keys.push(x + ":" + y);
      }
      const isFree = keys.every((key) => (cells.get(key) || []).every((other) => isApart(box, other)));
      if (!isFree) continue;
      for (const key of keys) cells.set(key, [...(cells.get(key) || []), box]);
      rows.push(row);
    }
    thinned = { zoom, rows };
    return rows;
  }

  const iconsOf = (map, name) => [...(map.getPane(name) || { children: [] }).children];
  const around = ({ x, y }, half, tall) => [x - half, y - tall, x + half, y + tall];

  /** Where circles, numbers of sites and hours stand: [left, top, right, bottom], told by their positions and not by the browser's layout. */
  function markers(map) {
    const isFar = map.getContainer().classList.contains("far");
    const chips = geomap.view().choice ? [] : iconsOf(map, "chips");
    const picked = iconsOf(map, "picked").map((icon) => {
      const [left, top, right, bottom] = around(L.DomUtil.getPosition(icon), ...Array(2).fill(parseFloat(icon.style.width) / 2 + 4));
      return [left, top - 5, right + 6, bottom];
    });
    const figures = iconsOf(map, "figures").map((icon) => around(L.DomUtil.getPosition(icon), geomap.figurePx(icon.textContent) / 2, 11));
    return [...picked, ...figures, ...[...iconsOf(map, "markerPane"), ...chips].map((icon) => {
      const { x, y } = L.DomUtil.getPosition(icon) || L.point(0, 0);
      const isCluster = icon.classList.contains("cluster-icon");
      const half = isCluster ? 18 : (parseFloat(icon.style.width) || 0) / 2;
      return isCluster && isFar ? [x - half, y - 36, x + half, y - 16] : around({ x, y }, half, isCluster ? 12 : Math.max(12, half));
    })];
  }

  /** What lies over the map: its key, the key of the lines, the buttons and the scale. */
  function covers(map) {
    const frame = map.getContainer().getBoundingClientRect();
    const boxes = [geomap.byId("flow-key"), ...map.getContainer().querySelectorAll(".leaflet-control")]
      .map((node) => node.getBoundingClientRect()).filter(({ width }) => width > 0)
      .map(({ left, top, right, bottom }) => [left - frame.left, top - frame.top, right - frame.left, bottom - frame.top]);
    if (geomap.keyBox()) boxes.push(geomap.keyBox());
    return boxes.map(([left, top, right, bottom]) => {
      const corner = map.containerPointToLayerPoint([left, top]);
      return [corner.x, corner.y, corner.x + right - left, corner.y + bottom - top];
    });
  }

  /** Where a name may stand, from its place: on it, beside it, above and below; a city's also aslant and a little farther. */
  function offsets(half, isCity) {
    const aside = half + BESIDE_PX;
    const near = [[0, 0], [aside, 0], [-aside, 0], [0, -ABOVE_PX], [0, ABOVE_PX]];
    if (!isCity) return near;
    const aslant = [half * 0.6, aside].flatMap((dx) => [[dx, -ABOVE_PX], [-dx, -ABOVE_PX], [dx, ABOVE_PX], [-dx, ABOVE_PX]]);
    const far = half + FARTHER_PX;
    return [...near, ...aslant, [far, 0], [-far, 0], [far, 9], [-far, 9], [far, -9], [-far, -9], [0, 26], [0, -26]];
  }

  /** The box of a name, clear of names, circles and numbers; undefined where there is no room near its place. */
  function makeRoom(row, at, taken, share) {
    const half = (widths.get(row) / 2) * share;
    return offsets(half, sizeOf(row) === "city")
      .map(([dx, dy]) => [at.x + dx - half, at.y + dy - LINE_PX / 2, at.x + dx + half, at.y + dy + LINE_PX / 2])
      .find((box) => taken.every((other) => isApart(box, other)));
  }

  function draw() {
    const map = geomap.leaflet();
    const size = map.getSize();
    const still = new Map();
    const taken = [...covers(map), ...markers(map)];
    const share = map.getContainer().classList.contains("far") ? FAR_SHARE : 1;
    for (const row of thin(map, map.getZoom())) {
      const at = map.latLngToLayerPoint([places.lat[row], places.lon[row]]).round();
      const inside = map.layerPointToContainerPoint(at);
      if (inside.x < -MARGIN_PX || inside.x > size.x + MARGIN_PX) continue;
      if (inside.y < -MARGIN_PX || inside.y > size.y + MARGIN_PX) continue;
      const box = makeRoom(row, at, taken, share);
      if (!box) continue;
      taken.push(box);
      const label = shown.get(row) || el("span", { class: "place-name " + sizeOf(row) }, nameOf(row));
      L.DomUtil.setPosition(label, L.point(box[0], box[1]).round());
      still.set(row, label);
    }
    shown.forEach((label, row) => still.has(row) || label.remove());
    still.forEach((label) => label.isConnected || pane.append(label));
    shown = still;
  }

  /** In the next frame the circles and figures stand where they belong; paper waits for no frame. */
  function ask() {
    cancelAnimationFrame(asked);
    if (document.body.classList.contains("printing")) draw();
    else asked = requestAnimationFrame(draw);
  }

  function start() {
    const kind = places.kind.includes("town") ? "town" : "authority";
    places.kind.forEach((each, row) => each === kind && towns.push(row));
    if (towns.length === 0) return;
    towns.sort((a, b) => places.patients[b] - places.patients[a] || a - b);
    const map = geomap.leaflet();
    pane = map.createPane("towns");
    pane.setAttribute("aria-hidden", "true");
    pane.style.zIndex = 455;
    pane.style.pointerEvents = "none";
    map.on("moveend resize", ask);
    new ResizeObserver(ask).observe(geomap.byId("legend"));
    ask();
  }

  geomap.onChange((view, before) => {
    if (!before) start();
    else if (pane) ask();
  });
})(window.geomap);
