/* Public leisure sites without a pledge: one canvas of small marks, unpacked and drawn only when asked for. */
(function (geomap) {
  "use strict";

  const { data, el, byId, number } = geomap;
  const GRID_ZOOM = 14;
  const NEAR_PX = 8;
  const CELL_PX = 16;
  const FAR_ZOOM = 10;
  const MARGIN_SHARE = 0.2;
  const FILL = "#6b4d00";
  const EDGE = "#ffffff";
  /** Marks that would stand on the same few pixels are one mark: no eye could tell them apart. */
  const FAR_APART_PX = 4;
  let sites = null;
  let layer = null;
  let hovered = -1;
  let tip = null;

  /** The columns of the sites, as others.py describes; positions are pixels of the grid. */
  async function unpack() {
    const bytes = Uint8Array.from(atob(data.others.packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const columns = await new Response(stream).json();
    const [xs, ys] = [columns.x, columns.y].map((steps) => {
      let at = 0;
      return Float64Array.from(steps, (step) => (at += step));
    });
    return { ...columns, x: xs, y: ys };
  }

  const placeOf = (row) => L.CRS.EPSG3857.pointToLatLng(L.point(sites.x[row], sites.y[row]), GRID_ZOOM);
  const typesOf = (row) => sites.type_sets[sites.types[row]].map((type) => data.venues[type].toLowerCase());

  function words(row) {
    const types = typesOf(row).join(", ");
    const operator = sites.operator[row] < 0 ? "Operator not stated" : sites.operators[sites.operator[row]];
    return el("div", { class: "words" }, el("strong", null, geomap.sentence(types)), el("span", null, operator),
      el("span", null, "Public leisure site without a pledge"));
  }

  const Marks = L.Layer.extend({
    onAdd(map) {
      this.map = map;
      this.canvas = el("canvas", { "aria-hidden": "true" });
      map.getPane("others").append(this.canvas);
      this.draw();
    },

    onRemove() {
      this.canvas.remove();
    },

    getEvents() {
      return { moveend: this.draw, resize: this.draw, viewreset: this.draw };
    },

    /** Draw what is in view and a little round it, and remember which marks stand in which cell of 16 pixels. */
    draw() {
      const { map } = this;
      const size = map.getSize();
      const margin = size.multiplyBy(MARGIN_SHARE).round();
      const corner = map.containerPointToLayerPoint([0, 0]).subtract(margin).round();
      const [width, height] = [size.x + 2 * margin.x, size.y + 2 * margin.y];
      const ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = width + "px";
      this.canvas.style.height = height + "px";
      L.DomUtil.setPosition(this.canvas, corner);
      const origin = map.getPixelOrigin().add(corner);
      const scale = 2 ** (map.getZoom() - GRID_ZOOM);
      this.corner = corner;
      this.cells = new Map();
      const seen = [];
      const apart = map.getZoom() < FAR_ZOOM ? FAR_APART_PX : 1;
      const across = Math.ceil(width / apart);
      const taken = new Uint8Array(across * Math.ceil(height / apart));
      for (let row = 0; row < sites.x.length; row += 1) {
        const x = sites.x[row] * scale - origin.x;
        const y = sites.y[row] * scale - origin.y;
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const cell = Math.floor(y / apart) * across + Math.floor(x / apart);
        if (taken[cell]) continue;
        taken[cell] = 1;
        seen.push(x * ratio, y * ratio);
      }
      this.drawn = seen.length / 2;
      this.drawDiamonds(seen, ratio);
      this.file(origin, scale, width, height);
    },

    /** Diamonds with a white edge, each a copy of one picture. */
    drawDiamonds(seen, ratio) {
      const half = Math.max(2.5, Math.min(5, 3 + (this.map.getZoom() - FAR_ZOOM) * 0.5)) * ratio;
      const stamp = document.createElement("canvas");
      stamp.width = stamp.height = Math.ceil(2 * half + 3 * ratio);
      const middle = stamp.width / 2;
      const context = stamp.getContext("2d");
      context.translate(middle, middle);
      context.rotate(Math.PI / 4);
      const side = half * Math.SQRT2;
      context.fillStyle = EDGE;
      context.fillRect(-side / 2 - ratio, -side / 2 - ratio, side + 2 * ratio, side + 2 * ratio);
      context.fillStyle = FILL;
      context.fillRect(-side / 2, -side / 2, side, side);
      const onto = this.canvas.getContext("2d");
      for (let k = 0; k < seen.length; k += 2) {
        onto.drawImage(stamp, Math.round(seen[k] - middle), Math.round(seen[k + 1] - middle));
      }
    },

    /** Which sites stand in which cell, for the pointer; only where single marks can be told apart. */
    file(origin, scale, width, height) {
      if (this.map.getZoom() < FAR_ZOOM) return;
      for (let row = 0; row < sites.x.length; row += 1) {
        const x = sites.x[row] * scale - origin.x;
        const y = sites.y[row] * scale - origin.y;
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const key = Math.floor(x / CELL_PX) + ":" + Math.floor(y / CELL_PX);
        const cell = this.cells.get(key);
        if (cell) cell.push(row);
        else this.cells.set(key, [row]);
      }
    },

    /** The site nearest to a point of the window of the map, no further than 8 pixels; -1 for none. */
    nearest(inside) {
      const { map } = this;
      const at = map.containerPointToLayerPoint(inside).subtract(this.corner);
      const origin = map.getPixelOrigin().add(this.corner);
      const scale = 2 ** (map.getZoom() - GRID_ZOOM);
      let [best, least] = [-1, NEAR_PX * NEAR_PX];
      for (let i = -1; i <= 1; i += 1) {
        for (let j = -1; j <= 1; j += 1) {
          const key = Math.floor(at.x / CELL_PX + i) + ":" + Math.floor(at.y / CELL_PX + j);
          for (const row of this.cells.get(key) || []) {
            const away = (sites.x[row] * scale - origin.x - at.x) ** 2 + (sites.y[row] * scale - origin.y - at.y) ** 2;
            if (away < least) [best, least] = [row, away];
          }
        }
      }
      return best;
    },
  });

  const isShown = () => layer !== null && geomap.leaflet().hasLayer(layer);

  /** The site under the pointer; none where a facility, a cluster, a popup or a control is on top. */
  function under(event) {
    const map = geomap.leaflet();
    const isCovered = event.target.closest(".leaflet-marker-icon, .leaflet-popup, .leaflet-control");
    if (!isShown() || isCovered || map.getZoom() < FAR_ZOOM) return -1;
    return layer.nearest(map.mouseEventToContainerPoint(event));
  }

  function hover(event) {
    const row = under(event);
    const map = geomap.leaflet();
    if (row === hovered) return;
    hovered = row;
    map.getContainer().classList.toggle("over-other", row >= 0);
    if (tip) tip.remove();
    tip = row < 0 ? null : L.tooltip(placeOf(row), { content: words(row), direction: "top", offset: [0, -6],
      className: "of-other", interactive: false }).addTo(map);
  }

  /** A click on a mark is the mark's alone: the PCN below it is not chosen. */
  function open(event) {
    const row = under(event);
    if (row < 0) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    L.popup({ minWidth: 200, maxWidth: 260 }).setLatLng(placeOf(row)).setContent(words(row)).openOn(geomap.leaflet());
  }

  /** How many there are of each venue type; a site with several counts in each. */
  function counts() {
    const byType = new Map();
    for (const set of sites.types) for (const type of sites.type_sets[set]) byType.set(type, (byType.get(type) || 0) + 1);
    const named = sites.operator.filter((operator) => operator >= 0).length;
    const told = [...byType].sort((a, b) => b[1] - a[1]).map(([type, count]) => data.venues[type] + " " + number(count));
    return geomap.sentence(told.join(", ")) + ". A site can have several. " + number(named) + " name their operator. Zoom in to read them.";
  }

  async function show(box, note) {
    const map = geomap.leaflet();
    if (box.checked && !sites) {
      try {
        sites = await unpack();
      } catch {
        box.checked = false;
        box.disabled = true;
        note.textContent = "This browser is too old to unpack them.";
        return;
      }
      map.createPane("others").style.zIndex = 412;
      map.getPane("others").style.pointerEvents = "none";
      layer = new Marks();
      map.getContainer().addEventListener("click", open, true);
      map.getContainer().addEventListener("mousemove", hover, true);
      note.textContent = counts();
    }
    if (!layer) return;
    if (box.checked) map.addLayer(layer);
    else map.removeLayer(layer);
    note.hidden = !box.checked;
    if (!box.checked && tip) tip.remove();
  }

  /** For tests and for those who look: how many sites are unpacked, how many marks stand on the canvas. */
  geomap.otherMarks = () => (isShown() ? { sites: sites.x.length, drawn: layer.drawn } : null);

  function start() {
    const box = el("input", { type: "checkbox", id: "show-others" });
    const note = el("p", { class: "small", id: "others-note", role: "status" });
    box.addEventListener("change", () => show(box, note));
    const mark = el("span", { class: "other-mark", "aria-hidden": "true" });
    byId("legend-extras").append(el("div", { class: "extra" },
      el("label", { class: "check" }, box, mark, "Other public leisure sites (" + number(data.others.count) + ")"), note));
  }

  geomap.onChange((view, before) => {
    if (!before && data.others.count > 0) start();
  });
})(window.geomap);
