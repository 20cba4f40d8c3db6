/* The page's data, its numbers and words, and the one way anything is put on the page: as text. */
window.geomap = window.geomap || {};
(function (geomap) {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  geomap.data = data;

  /** Running sums: what a column of steps stands for. */
  geomap.runningSums = function (steps) {
    let sum = 0;
    return steps.map((step) => (sum += step));
  };

  /** Undo what was done to make the columns shorter: see packed.py. */
  function unpack({ words, coded, steps }) {
    for (const [block, columns] of Object.entries(coded)) {
      for (const name of columns) data[block][name] = data[block][name].map((row) => words[row]);
    }
    for (const [block, columns] of Object.entries(steps)) {
      for (const name of columns) data[block][name] = geomap.runningSums(data[block][name]);
    }
  }
  unpack(data.packed);

  /** Element with a class, attributes and children; a child that is not a node becomes text, never markup. */
  geomap.el = function (tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "click") node.addEventListener("click", value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };

  geomap.byId = (id) => document.getElementById(id);

  const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 2 });
  const formats = new Map();

  /** Number with thousands separators; an en dash where there is none. */
  geomap.number = function (value, digits = 0) {
    if (value === null || value === undefined) return "–";
    if (digits === 0) return whole.format(value);
    if (!formats.has(digits)) {
      const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat("en-GB", fixed));
    }
    return formats.get(digits).format(value);
  };

  /** Per cent; the ends are kept for all and for nothing. */
  geomap.percent = function (share) {
    if (share === null || share === undefined) return "–";
    if (share > 0 && share < 0.005) return "under 1%";
    return share < 1 && share >= 0.995 ? "over 99%" : whole.format(share * 100) + "%";
  };

  geomap.brief = (value) => short.format(value).toLowerCase();
  geomap.counted = (value, one, many) => whole.format(value) + " " + (Math.round(value) === 1 ? one : many);

  geomap.inUnit = function (value, unit) {
    if (unit === "index") return geomap.number(value, 2);
    return unit === "share" ? geomap.percent(value) : geomap.number(value);
  };

  /** Official ICB names without the words they all share. */
  geomap.shortIcb = (name) => name.replace(/^NHS /, "").replace(/ (Integrated Care Board|ICB)$/, "");

  /** The class of a name that its publisher writes in capitals: set a little smaller, its letters as they are. */
  geomap.caps = (name) => (name === name.toUpperCase() && name !== name.toLowerCase() ? "caps" : "");

  geomap.hoursReason = (code) => data.hours_reasons[code] || code;
  geomap.unmetReason = (code) => (code === null ? "" : data.unmet_reasons[code] || code);

  /** Text with smaller text below it, for the first cell of a row. */
  geomap.noted = (text, note) => geomap.el("span", null, text, geomap.el("span", { class: "note" }, note));

  /** Capital first letter, for reasons that stand alone. */
  geomap.sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /** Row numbers of a block grouped by one of its columns. */
  geomap.groupRows = function (column) {
    const groups = new Map();
    column.forEach((key, row) => {
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    });
    return groups;
  };

  geomap.operatorKind = (operator) => data.kinds[data.operators.kind[operator]] || null;
  geomap.facilityKind = (facility) => geomap.operatorKind(data.facilities.operator[facility]);

  /** A table of text: headings as [text, "figure"?], rows of cells (text or nodes). */
  geomap.table = function (caption, headings, rows) {
    const el = geomap.el;
    const cls = (heading) => (heading[1] ? heading[1] : null);
    const head = el("tr", null, ...headings.map((h) => el("th", { scope: "col", class: cls(h) }, h[0])));
    const body = rows.map((cells) =>
      el(
        "tr",
        null,
        ...cells.map((cell, k) =>
          k === 0 ? el("th", { scope: "row" }, cell) : el("td", { class: cls(headings[k]) }, cell)
        )
      )
    );
    return el("table", null, el("caption", null, caption), el("thead", null, head), el("tbody", null, ...body));
  };

  /** A description list of figures: [name, value, note]. */
  geomap.figures = function (items) {
    const el = geomap.el;
    const pairs = items.map(([name, value, note]) =>
      el("div", null, el("dt", null, name), el("dd", null, value, note ? el("span", { class: "note" }, note) : null))
    );
    return el("dl", { class: "figures" }, ...pairs);
  };

  /** A button that looks like a link and chooses a place. */
  geomap.chooser = (kind, row, text) => geomap.el("button",
    { type: "button", class: "link " + geomap.caps(text), click: () => geomap.choose({ kind, row }) }, text);
})(window.geomap);
