/* Flows of matched hours, operator kind to pathway to ICB. Heights come laid out; widths follow the room there is. */
(function (geomap) {
  "use strict";

  const { data, el, svg, number, percent } = geomap;
  const { flows, sankey, pathways } = data;
  const BAR_PX = 10;
  const HOURS_PX = 54;
  const SPACE_PX = 8;
  const LEAST_PX = 1.5; // so that the smallest part can be seen
  const FIRST_GAP = 0.47; // of the room for ribbons: names of pathways are longer than those of kinds
  const TITLES = ["From", "For", "To"];
  const nameOf = [(row) => geomap.sentence(geomap.kindName(row)), (row) => pathways.name[row], geomap.icbName];
  const keysOf = [
    (k) => geomap.kindRow(flows.operator[k]),
    (k) => flows.pathway[k],
    (k) => geomap.icbOf(flows.pcn[k]),
  ];
  let host = null;
  let finding = null;
  let drawing = null;
  let table = null;
  let isTable = false;
  const nodes = [[], [], []];
  const at = [new Map(), new Map(), new Map()]; // of each column: row → node
  const ribbons = [];

  /** Hours that belong to what is looked at: by node of each column, and by ribbon. */
  function partsOf({ choice, pathway }) {
    const rows = geomap.ofPathway(choice ? geomap.flowsOfChoice(choice) : [...flows.hours.keys()]);
    const parts = { hours: 0, nodes: [new Map(), new Map(), new Map()], ribbons: [new Map(), new Map()] };
    const add = (sums, key, hours) => sums.set(key, (sums.get(key) || 0) + hours);
    for (const k of rows) {
      const hours = flows.hours[k];
      const keys = keysOf.map((keyOf) => keyOf(k));
      parts.hours += hours;
      keys.forEach((key, column) => add(parts.nodes[column], key, hours));
      parts.ribbons.forEach((sums, column) => add(sums, keys[column] + ":" + keys[column + 1], hours));
    }
    parts.isAll = choice === null && pathway < 0;
    return parts;
  }

  const all = geomap.lazily(() => partsOf({ choice: null, pathway: -1 }));

  function press(column, row) {
    if (column === 0) geomap.openTree({ kind: "kind", row });
    if (column === 1) geomap.change({ pathway: geomap.view().pathway === row ? -1 : row });
    if (column === 2) geomap.choose({ kind: "icb", row });
  }

  function pressRibbon({ column, source, target }) {
    if (column === 0) geomap.change({ pathway: target });
    else geomap.change({ pathway: source, choice: { kind: "icb", row: target } });
  }

  function drawNode(column, k) {
    const block = sankey.columns[column];
    const row = block.row[k];
    const hours = el("span", { class: "hours" });
    const fill = el("span", { class: "whole" }, el("span", { class: "part" }));
    const button = el("button", { type: "button", tabindex: "-1", click: () => press(column, row) },
      el("span", { class: "name" }, nameOf[column](row)), " ", hours);
    const item = el("li", null, button, fill);
    item.style.top = block.label_top[k] + "px";
    button.style.height = block.lines[k] * 16 + "px";
    const bar = svg("rect", { class: "node", y: block.top[k], height: block.tall[k], width: BAR_PX });
    const dark = svg("path", { class: "node-part" });
    return { column, row, k, item, button, hours, fill, bar, dark, whole: block.hours[k], x: 0 };
  }

  function drawRibbons(column) {
    const block = sankey.ribbons[column];
    return block.source.map((source, k) => {
      const target = block.target[k];
      const words = nameOf[column](source) + " to " + nameOf[column + 1](target) + ": " +
        geomap.counted(block.hours[k], "hour", "hours");
      const whole = svg("path", { class: "ribbon", role: "button", tabindex: "-1", "aria-label": words },
        svg("title", {}, words));
      const ribbon = { column, source, target, k, words, hours: block.hours[k], from: block.source_top[k],
        to: block.target_top[k], width: block.width[k], start: at[column].get(source), end: at[column + 1].get(target), x: [0, 0], whole, dark: svg("path", { class: "ribbon-part" }) };
      whole.addEventListener("click", () => pressRibbon(ribbon));
      whole.addEventListener("keydown", (event) => walkRibbon(event, ribbon));
      return ribbon;
    });
  }

  /** One stop of Tab a column; the arrows go on from there, Right along the widest ribbon. */
  function focusNode(node) {
    nodes[node.column].forEach((each) => { each.button.tabIndex = each === node ? 0 : -1; });
    node.button.focus();
  }

  const ofNode = (node) => ribbons.filter((ribbon) => ribbon.start === node);

  function walkNode(event) {
    const node = nodes.flat().find((each) => each.button === event.target);
    if (!node) return;
    const beside = nodes[node.column];
    const end = beside.length - 1;
    const to = { ArrowDown: Math.min(node.k + 1, end), ArrowUp: Math.max(node.k - 1, 0), Home: 0, End: end }[event.key];
    if (to !== undefined) focusNode(beside[to]);
    else if (event.key === "ArrowRight" && node.column < 2) stepRight(node);
    else if (event.key === "ArrowLeft" && node.column > 0) focusNode(nodes[node.column - 1][0]);
    else return;
    event.preventDefault();
  }

  function stepRight(node) {
    const widest = ofNode(node).sort((a, b) => b.hours - a.hours)[0];
    if (host.closest(".is-narrow")) focusNode(nodes[node.column + 1][0]);
    else if (widest) widest.whole.focus();
  }

  function walkRibbon(event, ribbon) {
    const beside = ofNode(ribbon.start);
    const here = beside.indexOf(ribbon);
    if (event.key === "ArrowDown") beside[Math.min(here + 1, beside.length - 1)].whole.focus();
    else if (event.key === "ArrowUp") beside[Math.max(here - 1, 0)].whole.focus();
    else if (event.key === "ArrowLeft") focusNode(ribbon.start);
    else if (event.key === "ArrowRight") focusNode(ribbon.end);
    else if (event.key === "Enter" || event.key === " ") pressRibbon(ribbon);
    else return;
    event.preventDefault();
  }

  /** A band between two bars: `down` px below its own top, `width` px wide. */
  function band(x0, x1, { from, to }, width, down = 0) {
    const middle = (x0 + x1) / 2;
    const [a, b] = [from + down, to + down];
    return `M${x0} ${a}C${middle} ${a} ${middle} ${b} ${x1} ${b}V${b + width}` +
      `C${middle} ${b + width} ${middle} ${a + width} ${x0} ${a + width}Z`;
  }

  /** Left edges of the three bars in the room there is. */
  function edges(width) {
    const last = width - sankey.columns[2].label_px - HOURS_PX - SPACE_PX - BAR_PX;
    return [0, BAR_PX + (last - 2 * BAR_PX) * FIRST_GAP, last];
  }

  function place() {
    const width = drawing.clientWidth;
    const x = edges(width);
    drawing.firstChild.setAttribute("width", width);
    const left = x.map((edge) => edge + BAR_PX + SPACE_PX + "px");
    drawing.querySelectorAll(".sankey-title").forEach((title, column) => { title.style.left = x[column] + "px"; });
    nodes.flat().forEach((node) => {
      node.x = x[node.column];
      node.bar.setAttribute("x", node.x);
      node.item.style.left = left[node.column];
    });
    for (const ribbon of ribbons) {
      ribbon.x = [x[ribbon.column] + BAR_PX, x[ribbon.column + 1]];
      ribbon.whole.setAttribute("d", band(...ribbon.x, ribbon, Math.max(ribbon.width, 0.5)));
    }
  }

  /** A piece of a bar; a bar in the middle shows what comes in on its left half, what goes out on its right. */
  function piece({ column, x }, isLeaving, top, tall) {
    const wide = column === 1 ? BAR_PX / 2 : BAR_PX;
    return `M${column === 1 && isLeaving ? x + wide : x} ${top}h${wide}v${tall}h-${wide}z`;
  }

  /** The part of each ribbon and bar that belongs to what is chosen, dark over the pale whole. */
  function darken(parts) {
    const pieces = new Map(nodes.flat().map((node) => [node, ""]));
    for (const ribbon of ribbons) {
      const part = parts.isAll ? 0 : parts.ribbons[ribbon.column].get(ribbon.source + ":" + ribbon.target) || 0;
      const width = part > 0 ? Math.max(ribbon.width * Math.min(1, part / ribbon.hours), LEAST_PX) : 0;
      ribbon.dark.setAttribute("d", width > 0 ? band(...ribbon.x, ribbon, width) : "");
      if (width === 0) continue;
      pieces.set(ribbon.start, pieces.get(ribbon.start) + piece(ribbon.start, true, ribbon.from, width));
      pieces.set(ribbon.end, pieces.get(ribbon.end) + piece(ribbon.end, false, ribbon.to, width));
    }
    pieces.forEach((d, node) => node.dark.setAttribute("d", d));
    drawing.classList.toggle("is-part", !parts.isAll);
  }

  /** Figures beside the names, and the bars that stand for the drawing where there is no room for it. */
  function label(parts, pathway) {
    nodes.forEach((list, column) => {
      const most = Math.max(...list.map((node) => node.whole));
      for (const node of list) {
        const part = parts.isAll ? node.whole : parts.nodes[column].get(node.row) || 0;
        node.hours.textContent = part > 0 ? number(part) : "–";
        node.item.classList.toggle("without", part === 0);
        node.fill.style.width = (node.whole / most) * 100 + "%";
        node.fill.firstChild.style.width = Math.min(1, part / node.whole) * 100 + "%";
        if (column === 1) node.button.setAttribute("aria-pressed", String(node.row === pathway));
      }
    });
  }

  /** The largest of a column, its share of the hours, and whether it has them all. */
  function largest(parts, column) {
    const [row, hours] = [...parts.nodes[column]].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0];
    return { row, share: percent(hours / parts.hours), isOnly: parts.nodes[column].size === 1 };
  }

  function sentence(parts, { choice, pathway }) {
    const matched = geomap.counted(data.facts.matched_hours, "matched hour", "matched hours");
    const about = choice ? (geomap.operatorOfChoice(choice) >= 0 ? " come from " : " go to ") + geomap.nameOf(choice) : "";
    const only = pathway < 0 ? "" : (choice ? ", for " : " are for ") + pathways.name[pathway];
    if (parts.hours === 0) return ["None of " + matched + about + only + "."];
    const named = [(row) => "come from " + geomap.kindNames(row), (row) => "are for " + pathways.name[row],
      (row) => "go to " + geomap.icbName(row)];
    const shares = named.map((words, column) => [words, largest(parts, column)]).filter(([, most]) => !most.isOnly)
      .map(([words, most]) => most.share + " " + words(most.row));
    const listed = shares.length === 0 ? "." : ": " + shares.slice(0, -1).join(", ") +
      (shares.length > 1 ? " and " : "") + shares.slice(-1) + ".";
    if (parts.isAll) return [el("strong", null, geomap.counted(data.facts.matched_hours, "hour", "hours")), " are matched" + listed];
    const share = " (" + percent(parts.hours / sankey.hours) + ")";
    return [el("strong", null, number(parts.hours)), " of " + matched + share + about + only + listed];
  }

  function tables(parts) {
    const ways = sankey.columns[1].row;
    const make = (column, flip, caption) => {
      const sums = parts.ribbons[flip ? 1 : 0];
      const rows = sankey.columns[column].row.map((row) => [nameOf[column](row),
        ...ways.map((way) => number(sums.get(flip ? way + ":" + row : row + ":" + way) || 0)),
        number(parts.nodes[column].get(row) || 0)]);
      const heads = ways.map((way) => [pathways.name[way], "figure"]);
      return geomap.framed(caption, geomap.table(caption, [[flip ? "ICB" : "Operator kind"], ...heads, ["All", "figure"]], rows));
    };
    const which = parts.isAll ? "Matched hours" : "Matched hours of what is chosen";
    return [make(0, false, which + " by operator kind and pathway"), make(2, true, which + " by ICB and pathway")];
  }

  function showTable(parts) {
    drawing.hidden = isTable;
    table.hidden = !isTable;
    table.replaceChildren(...(isTable ? tables(parts) : []));
  }

  function show(view, isNew) {
    if (!drawing) return;
    const parts = view.choice === null && view.pathway < 0 ? all() : partsOf(view);
    finding.replaceChildren(...sentence(parts, view));
    showTable(parts);
    if (isTable) return;
    if (isNew && !host.closest(".is-narrow")) place();
    label(parts, view.pathway);
    if (!host.closest(".is-narrow")) darken(parts);
  }

  function lists() {
    return sankey.columns.map((column, c) => {
      column.row.forEach((row, k) => nodes[c].push(drawNode(c, k)));
      nodes[c].forEach((node) => at[c].set(node.row, node));
      nodes[c][0].button.tabIndex = 0;
      const title = el("p", { class: "sankey-title", id: "sankey-title-" + c }, TITLES[c]);
      const list = el("ul", { class: "sankey-names column-" + c, "aria-labelledby": "sankey-title-" + c },
        ...nodes[c].map((node) => node.item));
      nodes[c].forEach((node) => { node.button.style.width = column.label_px + (c === 2 ? HOURS_PX : 0) + "px"; });
      return el("div", { class: "sankey-column column-" + c }, title, list);
    });
  }

  function draw(where) {
    host = where;
    finding = el("p", { class: "org-finding", role: "status" });
    host.append(finding);
    if (sankey.hours === 0) {
      finding.append("No hours are matched.");
      return;
    }
    const columns = lists();
    sankey.ribbons.forEach((block, column) => ribbons.push(...drawRibbons(column)));
    const picture = svg("svg", { role: "group", "aria-label": "Ribbons between the columns", height: sankey.height },
      ...ribbons.map((r) => r.whole), ...ribbons.map((r) => r.dark),
      ...nodes.flat().flatMap((node) => [node.bar, node.dark]));
    drawing = el("div", { class: "sankey" }, picture, ...columns);
    drawing.style.setProperty("--tall", sankey.height + "px");
    drawing.addEventListener("keydown", walkNode);
    table = el("div", { hidden: "" });
    const opener = geomap.opener(["Show as a table", "Show as a drawing"], (isOpen) => {
      isTable = isOpen;
      show(geomap.view(), true);
    });
    host.append(el("p", { class: "small" }, "In participant-hours. Choose a pathway or an ICB to see its part; a kind of " +
      "operator opens the tree. Arrow keys walk along the ribbons."), opener, drawing, table);
  }

  geomap.addOrganisationView({ key: "flows", name: "Flows of hours", draw, show });
})(window.geomap);
