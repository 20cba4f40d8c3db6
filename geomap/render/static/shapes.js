/* Shapes and points that shapes.py wrote short: read once, and drawn as SVG only where the map looks, no finer than pixels. */
(function (geomap) {
  "use strict";

  const GRID_ZOOM = 14;
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VALUES = new Uint8Array(128);
  [...LETTERS].forEach((letter, value) => { VALUES[letter.charCodeAt(0)] = value; });
  const SVG = "http://www.w3.org/2000/svg";
  const MARGIN_SHARE = 0.2;
  /** Points are drawn on half pixels: as fine as an eye can see, and borders that two shapes share stay shared. */
  const HALVES = 2;
  const LONGEST_STEP = 600;
  const STEPS = Array.from({ length: 2 * LONGEST_STEP + 1 }, (_, k) => String((k - LONGEST_STEP) / HALVES));

  /** The whole numbers of a text, as `encode_numbers` describes. */
  function readNumbers(text) {
    const numbers = new Int32Array(text.length);
    let count = 0;
    let value = 0;
    let shift = 0;
    for (let at = 0; at < text.length; at += 1) {
      const digit = VALUES[text.charCodeAt(at)];
      value |= (digit & 31) << shift;
      shift += 5;
      if (digit & 32) continue;
      numbers[count] = value & 1 ? -((value + 1) >> 1) : value >> 1;
      count += 1;
      value = shift = 0;
    }
    return numbers.subarray(0, count);
  }

  /** Shapes by row, as `encode_shapes` describes: their rings (runs of x, y) and the box around them, on the grid. */
  geomap.readShapes = function (text) {
    const numbers = readNumbers(text);
    const shapes = new Map();
    let at = 0;
    let row = 0;
    let x = 0;
    let y = 0;
    while (at < numbers.length) {
      row += numbers[at];
      const shape = { rings: [], left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
      let rings = numbers[at + 1];
      for (at += 2; rings > 0; rings -= 1) {
        const end = at + 1 + 2 * numbers[at];
        for (let k = at + 1; k < end; k += 2) {
          x = numbers[k] += x;
          y = numbers[k + 1] += y;
          if (x < shape.left) shape.left = x;
          if (x > shape.right) shape.right = x;
          if (y < shape.top) shape.top = y;
          if (y > shape.bottom) shape.bottom = y;
        }
        shape.rings.push(numbers.subarray(at + 1, end));
        at = end;
      }
      shapes.set(row, shape);
    }
    return shapes;
  };

  /** Places by row, as `encode_points` describes. */
  geomap.readPlaces = function (text) {
    const numbers = readNumbers(text);
    const places = new Map();
    let [row, x, y] = [0, 0, 0];
    for (let at = 0; at < numbers.length; at += 3) {
      row += numbers[at];
      x += numbers[at + 1];
      y += numbers[at + 2];
      places.set(row, L.CRS.EPSG3857.pointToLatLng(L.point(x, y), GRID_ZOOM));
    }
    return places;
  };

  geomap.boundsOfShape = function ({ left, top, right, bottom }) {
    const corner = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x, y), GRID_ZOOM);
    return L.latLngBounds(corner(left, top), corner(right, bottom));
  };

  /** The element's "d": `k` turns a step of the grid into half pixels, and (x0, y0) is where they count from. */
  function outline({ rings }, k, x0, y0) {
    let text = "";
    for (const ring of rings) {
      let x = Math.round(ring[0] * k - x0);
      let y = Math.round(ring[1] * k - y0);
      let run = "";
      let count = 0;
      const start = "M" + x / HALVES + " " + y / HALVES + "l";
      for (let at = 2; at < ring.length; at += 2) {
        const dx = Math.round(ring[at] * k - x0) - x;
        const dy = Math.round(ring[at + 1] * k - y0) - y;
        if (dx === 0 && dy === 0) continue;
        run += (STEPS[dx + LONGEST_STEP] || dx / HALVES) + " " + (STEPS[dy + LONGEST_STEP] || dy / HALVES) + " ";
        x += dx;
        y += dy;
        count += 1;
      }
      if (count > 1) text += start + run + "z";
    }
    return text;
  }

  geomap.svg = function (tag, attributes, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const rowOfPath = new WeakMap();
  /** The row of the shape that an element draws, or undefined. */
  geomap.rowOfPath = (element) => rowOfPath.get(element);

  /**
   * A layer of shapes. Options: `pane`; `className` of each path; `isVeiled`, to lay a veil of the sea's colour below
   * the shapes. `show` says which rows are drawn; at first all.
   */
  geomap.Shapes = L.Layer.extend({
    options: { pane: "overlayPane", className: "", isVeiled: false },

    initialize(shapes, options) {
      this.shapes = shapes;
      this.paths = new Map();
      L.setOptions(this, options);
    },

    onAdd(map) {
      this.map = map;
      this.svg = geomap.svg("svg", { "aria-hidden": "true", "fill-rule": "evenodd" });
      this.veil = this.options.isVeiled ? this.svg.appendChild(geomap.svg("rect", { class: "veil" })) : null;
      this.group = this.svg.appendChild(geomap.svg("g", {}));
      this.getPane().append(this.svg);
      this.show(this.rows || [...this.shapes.keys()]);
    },

    onRemove() {
      this.svg.remove();
    },

    getEvents() {
      return { moveend: this.draw, zoom: this.stretch };
    },

    /** Draw the shapes of these rows, the last on top, and no others. */
    show(rows) {
      this.rows = rows.filter((row) => this.shapes.has(row));
      this.paths = new Map(this.rows.map((row) => [row, geomap.svg("path", { class: this.options.className })]));
      this.paths.forEach((path, row) => rowOfPath.set(path, row));
      this.group.replaceChildren(...this.paths.values());
      this.svg.toggleAttribute("hidden", rows.length === 0);
      this.drawn = null;
      if (rows.length > 0) this.draw();
    },

    /** Write the paths anew, of shapes in view alone; those whose text stays the same are left as they are. */
    draw() {
      if (this.rows.length === 0) return;
      const map = this.map;
      const size = map.getSize();
      const margin = size.multiplyBy(MARGIN_SHARE).round();
      const corner = map.containerPointToLayerPoint([0, 0]).subtract(margin).round();
      const far = corner.add(size).add(margin.multiplyBy(2));
      const origin = map.getPixelOrigin();
      const state = [map.getZoom(), origin.x, origin.y, corner.x, corner.y, far.x, far.y].join();
      if (this.drawn && this.drawn.state === state) return;
      const isMoved = this.drawn && this.drawn.zoom === map.getZoom() && this.drawn.origin.equals(origin);
      this.place(corner, far.subtract(corner));
      const scale = 2 ** (map.getZoom() - GRID_ZOOM);
      const [west, north, east, south] = [corner.x + origin.x, corner.y + origin.y, far.x + origin.x, far.y + origin.y]
        .map((px) => px / scale);
      this.paths.forEach((path, row) => {
        const shape = this.shapes.get(row);
        const isSeen = shape.right > west && shape.left < east && shape.bottom > north && shape.top < south;
        if (!isSeen && path.isEmpty) return;
        if (isSeen && isMoved && path.isEmpty === false) return;
        path.setAttribute("d", isSeen ? outline(shape, scale * HALVES, origin.x * HALVES, origin.y * HALVES) : "");
        path.isEmpty = !isSeen;
      });
      this.drawn = { state, zoom: map.getZoom(), origin, corner: map.layerPointToLatLng(corner) };
    },

    place(corner, size) {
      L.DomUtil.setPosition(this.svg, corner);
      const attributes = { width: size.x, height: size.y, viewBox: [corner.x, corner.y, size.x, size.y].join(" ") };
      for (const [name, value] of Object.entries(attributes)) this.svg.setAttribute(name, value);
      if (!this.veil) return;
      const frame = { x: corner.x, y: corner.y, width: size.x, height: size.y };
      for (const [name, value] of Object.entries(frame)) this.veil.setAttribute(name, value);
    },

    /** While two fingers zoom, stretch what is drawn. */
    stretch() {
      if (!this.drawn) return;
      const scale = this.map.getZoomScale(this.map.getZoom(), this.drawn.zoom);
      L.DomUtil.setTransform(this.svg, this.map.latLngToLayerPoint(this.drawn.corner), scale);
    },
  });
})(window.geomap);
