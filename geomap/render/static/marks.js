/* Points beside the bank of hours: a canvas of small marks for each kind, unpacked and drawn only when asked for. */
(function (geomap) {
  "use strict";

  const { el, byId, number } = geomap;
  const GRID_ZOOM = 14;
  const NEAR_PX = 8;
  const CELL_PX = 16;
  const FAR_ZOOM = 10;
  const MARGIN_SHARE = 0.2;
  const EDGE = "#ffffff";
  /** Marks that would stand on the same few pixels are one mark: no eye could tell them apart. */
  const FAR_APART_PX = 4;
  const layers = [];
  let hovered = null;
  let tip = null;

  /** What others.py packed: columns of JSON, deflated and in base64. */
  geomap.unpacked = async function (packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  /** Columns of points; positions are pixels of the grid. */
  async function unpackPoints(packed) {
    const columns = await geomap.unpacked(packed);
    return { ...columns, x: Float64Array.from(geomap.runningSums(columns.x)), y: Float64Array.from(geomap.runningSums(columns.y)) };
  }

  /** Outlines of a mark round the origin, half as wide as `half`. */
  const SHAPES = {
    diamond: (half) => [[0, -half], [half, 0], [0, half], [-half, 0]],
    triangle: (half) => [[0, -1.1 * half], [1.05 * half, 0.8 * half], [-1.05 * half, 0.8 * half]],
  };

  function trace(context, corners) {
    context.beginPath();
    corners.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
  }

  const Marks = L.Layer.extend({
    initialize(kind, points) {
      Object.assign(this, { kind, points });
    },

    onAdd(map) {
      this.map = map;
      this.canvas = el("canvas", { "aria-hidden": "true" });
      map.getPane(this.kind.id).append(this.canvas);
      this.draw();
    },

    onRemove() {
      this.canvas.remove();
    },

    getEvents() {
      return { moveend: this.draw, resize: this.draw, viewreset: this.draw };
    },

    placeOf(row) {
      return L.CRS.EPSG3857.pointToLatLng(L.point(this.points.x[row], this.points.y[row]), GRID_ZOOM);
    },

    /** Draw what is in view and a little round it, and remember which marks stand in which cell of 16 pixels. */
    draw() {
      const { map, points } = this;
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
      for (let row = 0; row < points.x.length; row += 1) {
        const x = points.x[row] * scale - origin.x;
        const y = points.y[row] * scale - origin.y;
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        this.file(row, x, y);
        const cell = Math.floor(y / apart) * across + Math.floor(x / apart);
        if (taken[cell]) continue;
        taken[cell] = 1;
        seen.push(x * ratio, y * ratio);
      }
      this.drawn = seen.length / 2;
      this.stamp(seen, ratio);
    },

    /** Marks with a white edge, each a copy of one picture. */
    stamp(seen, ratio) {
      const half = Math.max(2.5, Math.min(5, 3 + (this.map.getZoom() - FAR_ZOOM) * 0.5)) * ratio;
      const stamp = document.createElement("canvas");
      stamp.width = stamp.height = Math.ceil(2.4 * half + 4 * ratio);
      const middle = stamp.width / 2;
      const context = stamp.getContext("2d");
      context.translate(middle, middle);
      trace(context, SHAPES[this.kind.shape](half * 1.15));
      Object.assign(context, { lineWidth: 2 * ratio, strokeStyle: EDGE, fillStyle: this.kind.fill, lineJoin: "round" });
      context.stroke();
      context.fill();
      const onto = this.canvas.getContext("2d");
      for (let k = 0; k < seen.length; k += 2) {
        onto.drawImage(stamp, Math.round(seen[k] - middle), Math.round(seen[k + 1] - middle));
      }
    },

    /** Put a point into its cell, for the pointer; only where single marks can be told apart. */
    file(row, x, y) {
      if (this.map.getZoom() < FAR_ZOOM) return;
      const key = Math.floor(x / CELL_PX) + ":" + Math.floor(y / CELL_PX);
      const cell = this.cells.get(key);
      if (cell) cell.push(row);
      else this.cells.set(key, [row]);
    },

    /** The mark nearest to a point of the window of the map, no further than 8 pixels: its row, -1 for none, and how far. */
    nearest(inside) {
      const { map, points } = this;
      const at = map.containerPointToLayerPoint(inside).subtract(this.corner);
      const origin = map.getPixelOrigin().add(this.corner);
      const scale = 2 ** (map.getZoom() - GRID_ZOOM);
      let [best, least] = [-1, NEAR_PX * NEAR_PX];
      for (let i = -1; i <= 1; i += 1) {
        for (let j = -1; j <= 1; j += 1) {
          const key = Math.floor(at.x / CELL_PX + i) + ":" + Math.floor(at.y / CELL_PX + j);
          for (const row of this.cells.get(key) || []) {
            const away = (points.x[row] * scale - origin.x - at.x) ** 2 + (points.y[row] * scale - origin.y - at.y) ** 2;
            if (away < least) [best, least] = [row, away];
          }
        }
      }
      return { layer: this, row: best, away: least };
    },

    isShown() {
      return geomap.leaflet().hasLayer(this);
    },
  });

  /** The mark under the pointer, of whichever kind is nearest; none where something else is on top. */
  function under(event) {
    const map = geomap.leaflet();
    const isCovered = event.target.closest(".leaflet-marker-icon, .leaflet-popup, .leaflet-control");
    if (isCovered || map.getZoom() < FAR_ZOOM) return null;
    const inside = map.mouseEventToContainerPoint(event);
    const found = layers.filter((layer) => layer.isShown()).map((layer) => layer.nearest(inside));
    return found.filter(({ row }) => row >= 0).sort((a, b) => a.away - b.away)[0] || null;
  }

  const wordsOf = ({ layer, row }) => layer.kind.words(layer.points, row);

  function hideTip() {
    if (tip) tip.remove();
    tip = null;
    hovered = null;
  }

  function hover(event) {
    const found = under(event);
    const map = geomap.leaflet();
    map.getContainer().classList.toggle("over-other", found !== null);
    if (found && hovered && found.layer === hovered.layer && found.row === hovered.row) return;
    hideTip();
    if (!found) return;
    hovered = found;
    tip = L.tooltip(found.layer.placeOf(found.row), { content: wordsOf(found), direction: "top", offset: [0, -6],
      className: "of-other", interactive: false }).addTo(map);
  }

  /** A click on a mark is the mark's alone: the PCN below it is not chosen. */
  function open(event) {
    const found = under(event);
    if (!found) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    L.popup({ minWidth: 200, maxWidth: 260 }).setLatLng(found.layer.placeOf(found.row)).setContent(wordsOf(found))
      .openOn(geomap.leaflet());
  }

  async function makeLayer(kind) {
    const points = await unpackPoints(kind.packed);
    const map = geomap.leaflet();
    map.createPane(kind.id).style.zIndex = kind.zIndex;
    map.getPane(kind.id).style.pointerEvents = "none";
    if (layers.length === 0) {
      map.getContainer().addEventListener("click", open, true);
      map.getContainer().addEventListener("mousemove", hover, true);
    }
    const layer = new Marks(kind, points);
    layers.push(layer);
    return layer;
  }

  /** Add to the legend what shows and hides a kind of marks; the note is made of its points once they are unpacked. */
  geomap.addMarks = function (kind) {
    let layer = null;
    const box = el("input", { type: "checkbox", id: "show-" + kind.id });
    const note = el("p", { class: "small", id: kind.id + "-note", role: "status" });
    box.addEventListener("change", async () => {
      if (box.checked && !layer) {
        try {
          layer = await makeLayer(kind);
        } catch {
          box.checked = false;
          box.disabled = true;
          note.textContent = "This browser is too old to unpack them.";
          return;
        }
        note.textContent = kind.note(layer.points) + " Zoom in to read them." + (kind.credit ? " " + kind.credit : "");
      }
      if (!layer) return;
      if (box.checked) geomap.leaflet().addLayer(layer);
      else geomap.leaflet().removeLayer(layer);
      note.hidden = !box.checked;
      if (!box.checked) hideTip();
    });
    const mark = el("span", { class: "other-mark of-" + kind.shape, "aria-hidden": "true" });
    byId("legend-extras").append(el("div", { class: "extra" },
      el("label", { class: "check" }, box, mark, kind.label + " (" + number(kind.count) + ")"), note));
    return () => (layer && layer.isShown() ? { sites: layer.points.x.length, drawn: layer.drawn } : null);
  };
})(window.geomap);
