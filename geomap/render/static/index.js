/* The index: a drawing of the ICBs and a table of them, each a way to their pages. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, byId } = geomap;
  const { facts, icbs, drawing } = data;
  const SVG = "http://www.w3.org/2000/svg";
  const CLASSES = 5;
  const names = icbs.name.map(geomap.shortIcb);
  const COLUMNS = [
    { name: "ICB", values: names },
    { name: "Coverage", values: icbs.coverage_share, show: percent, isBar: true },
    { name: "Have a place", values: icbs.matched_places, show: people },
    { name: "Left without", values: icbs.unmet_places, show: people },
    { name: "Could start", values: icbs.demand_places, show: people },
    { name: "Hours matched", values: icbs.matched_hours, show: number },
    { name: "Need", values: icbs.need_index, show: (value) => number(value, 2) },
    { name: "PCNs", values: icbs.pcns, show: number },
    { name: "Patients", values: icbs.patients, show: people },
  ];
  const compareText = new Intl.Collator("en-GB", { sensitivity: "base", numeric: true }).compare;
  const widest = Math.max(0.01, ...icbs.coverage_share.map((share) => share || 0));
  const order = icbs.code.map((code, row) => row);
  const tableRows = [];
  const areas = [];
  const figures = [];
  const edges = [];
  let headings = [];
  let sorted = { column: 0, isUp: true };

  function svg(tag, attributes, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  /** Show one ICB in the drawings, in words and in the table; none where row is -1. */
  function point(row) {
    edges.forEach((edge) => edge.setAttribute("d", row < 0 ? "" : drawing.paths[row]));
    tableRows.forEach((tr, k) => tr.classList.toggle("chosen", k === row));
    if (row < 0) {
      byId("told").replaceChildren("Point at an ICB for its figures; choose it to open its page.");
      return;
    }
    byId("told").replaceChildren(el("strong", null, names[row]), el("span", null,
      people(icbs.matched_places[row]) + " of " + geomap.countedPeople(icbs.demand_places[row]) +
      " who could start " + (icbs.matched_places[row] === 1 ? "has" : "have") + " a place (" +
      percent(icbs.coverage_share[row]) + ")"));
  }

  function pointed(node, row) {
    node.addEventListener("pointerenter", () => point(row));
    node.addEventListener("pointerleave", () => point(-1));
    node.addEventListener("focusin", () => point(row));
    node.addEventListener("focusout", () => point(-1));
  }

  /** A link is for the pointer alone: whoever cannot see the drawing has the same links in the table. */
  function areaLink(row, times, hasFigure) {
    const path = svg("path", { d: drawing.paths[row], class: "area", "fill-rule": "evenodd", "stroke-width": 1.6 / times });
    const link = svg("a", { href: icbs.page[row], tabindex: -1 }, path);
    areas.push({ row, path });
    if (hasFigure) {
      const [x, y] = drawing.places[row];
      const text = svg("text", { x, y, "font-size": 21 / times, "stroke-width": 5 / times });
      figures.push({ row, text });
      link.append(text);
    }
    pointed(link, row);
    return link;
  }

  /** A picture of some ICBs; `times` as large as the one of all of them. */
  function picture(box, rows, times, attributes, isFigured) {
    const edge = svg("path", { d: "", class: "edge", "stroke-width": 5 / times });
    edges.push(edge);
    const links = rows.map((row) => areaLink(row, times, isFigured(row)));
    return svg("svg", { viewBox: box.join(" "), ...attributes }, ...links, edge);
  }

  /** Small neighbours once more, larger, in the top corner. */
  function drawInset({ box, rows, times }) {
    const size = { width: times * box[2], height: times * box[3] };
    const place = { x: drawing.width + 6 - size.width, y: -6, ...size };
    const frame = svg("path", { class: "frame", d: `M${place.x} -6v${size.height}h${size.width}` });
    return [frame, picture(box, rows, times, place, () => true)];
  }

  function draw() {
    const box = [-6, -6, drawing.width + 12, drawing.height + 12];
    const rows = icbs.code.map((code, row) => row).filter((row) => drawing.places[row]);
    const size = { width: box[2], height: box[3], "aria-hidden": "true" };
    const whole = picture(box, rows, 1, size, (row) => drawing.places[row][2] >= drawing.room);
    whole.prepend(svg("defs", {}, svg("pattern",
      { id: "hatch", width: 12, height: 12, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 12, height: 12, fill: "#fff" }), svg("rect", { width: 4, height: 12, fill: "#aeb7bd" }))));
    if (drawing.inset) whole.append(...drawInset(drawing.inset));
    byId("drawing").append(whole);
    byId("key").classList.toggle("below", !drawing.key_fits);
  }

  function paint(theme) {
    const values = icbs[theme.column];
    areas.forEach(({ row, path }) =>
      path.setAttribute("fill", theme.of[row] < 0 ? "url(#hatch)" : theme.colours[theme.of[row]]));
    const brief = (value) => (theme.unit === "people" ? geomap.briefPeople(value) : geomap.inUnit(value, theme.unit));
    figures.forEach(({ row, text }) => { text.textContent = brief(values[row]); });
    byId("theme-title").textContent = theme.title;
    const items = theme.high.map((high, k) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.backgroundColor = theme.colours[k];
      if (theme.unit === "people") return el("li", null, swatch, geomap.peopleRange(theme.low[k], high));
      const [from, to] = [geomap.inUnit(theme.low[k], theme.unit), geomap.inUnit(high, theme.unit)];
      return el("li", null, swatch, from === to ? from : from + " to " + to);
    });
    if (theme.missing) items.push(el("li", null, el("span", { class: "swatch hatch" }), "Nobody to place"));
    byId("classes").replaceChildren(...items);
  }

  function drawThemes() {
    data.themes.forEach((theme, k) => {
      const radio = el("input", { type: "radio", name: "theme", value: theme.key, id: "theme-" + theme.key });
      radio.checked = k === 0;
      radio.addEventListener("change", () => paint(theme));
      byId("themes").append(el("label", { for: "theme-" + theme.key }, radio, theme.name));
    });
    paint(data.themes[0]);
  }

  function cell({ values, show, isBar }, row) {
    if (!isBar) return el("td", { class: "figure" }, show(values[row]));
    const fill = el("span", { class: "bar-fill" });
    fill.style.width = (100 * (values[row] || 0)) / widest + "%";
    return el("td", { class: "figure barred" }, show(values[row]), el("span", { class: "bar", "aria-hidden": "true" }, fill));
  }

  /** Missing values stay last whichever way the table is sorted; ties keep the order of the codes. */
  function sort(column, isUp) {
    sorted = { column, isUp };
    const { values, show } = COLUMNS[column];
    const compare = show ? (a, b) => a - b : compareText;
    order.sort((a, b) => {
      if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
      return (isUp ? 1 : -1) * compare(values[a], values[b]) || a - b;
    });
    headings.forEach((heading, k) => {
      if (k === column) heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      else heading.removeAttribute("aria-sort");
    });
    byId("rows").append(...order.map((row) => tableRows[row]));
  }

  function drawTable() {
    headings = COLUMNS.map(({ name, show }, k) => {
      const press = () => sort(k, sorted.column === k ? !sorted.isUp : !show);
      return el("th", { scope: "col", class: show ? "figure" : null },
        el("button", { type: "button", class: "sort", click: press }, name));
    });
    names.forEach((name, row) => {
      const link = el("a", { href: icbs.page[row], class: geomap.caps(name) || null }, name);
      const tr = el("tr", null, el("th", { scope: "row" }, link, el("span", { class: "note" }, icbs.region_name[row])),
        ...COLUMNS.slice(1).map((column) => cell(column, row)));
      pointed(tr, row);
      tableRows.push(tr);
    });
    byId("table-frame").append(el("table", { class: "icbs" },
      el("caption", { class: "unseen" }, "ICBs; the headings sort"),
      el("thead", null, el("tr", null, ...headings)), el("tbody", { id: "rows" })));
    sort(0, true);
  }

  function drawWords() {
    byId("finding").textContent = facts.finding;
    document.title = (facts.mark && facts.mark + " – ") + facts.name + ": all ICBs";
    byId("run").textContent = facts.name + " · plan for " + facts.period + " · data as of " + facts.as_of;
    byId("label").textContent = facts.label;
    byId("label").hidden = facts.label === "";
    byId("whole").setAttribute("href", data.whole);
    const ofPledged = facts.pledged_hours ? percent(facts.matched_hours / facts.pledged_hours) + " of those pledged" : "";
    byId("figures").append(geomap.figures([
      ["Have a place", people(facts.people), "of " + people(facts.demand_places) + " who could start"],
      ["Left without a place", people(facts.unmet_places), facts.demand_places
        ? percent(facts.unmet_places / facts.demand_places) + " of them" : ""],
      ["Participant-hours matched", number(facts.matched_hours), ofPledged],
      ["PCNs with a place", number(facts.pcns_covered), "of " + number(facts.pcns)],
    ]));
    byId("ranked").hidden = icbs.code.length <= CLASSES;
    byId("rounded").hidden = facts.internal;
    byId("rounded-note").textContent = facts.rounded_note;
    byId("quality").textContent = facts.plan_quality;
    byId("unused").textContent = "Of " + number(facts.pledged_hours) + " participant-hours pledged, " + number(facts.unmatched_hours) +
      " found nobody and " + number(facts.ineligible_hours) + " could not be used.";
    byId("coverage").textContent = geomap.counted(facts.pledges_read, "pledge was", "pledges were") + " read, " +
      number(facts.pledges_rejected) + " rejected. Link workers: " + facts.not_reported + ".";
    byId("notes").append(...facts.notes.map((note) => el("li", null, note)));
    byId("notes-section").hidden = facts.notes.length === 0;
    byId("sources").append(...facts.sources.map(([what, file, attribution]) => el("li", null,
      el("strong", null, what), el("span", null, file), el("span", { class: "small" }, attribution))));
    byId("sources-section").hidden = facts.sources.length === 0;
  }

  drawWords();
  draw();
  drawThemes();
  drawTable();
  point(-1);
})(window.geomap);
