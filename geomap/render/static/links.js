/* Who knows whom: operators and PCNs (or ICBs) as two columns of names, joined by lines that tell the link. */
(function (geomap) {
  "use strict";

  const { data, el, svg, number, counted } = geomap;
  const { ties, operators, pcns } = data;
  const STATUSES = ["formal", "informal", "none", "unknown"];
  const LEGEND = ["Formal agreement", "Informal contact", "Told that there is none", "Not known"];
  const TALL_PX = { wide: { operator: 50, pcn: 36, icb: 36 }, narrow: { operator: 84, pcn: 66, icb: 66 } };
  const HUB_PX = 150; // where the one stands that all lines lead to: near the top, to be in sight
  const MOST = { fan: 30, lefts: 20, rights: 30, marks: 70 };
  let parts = null;
  let isAll = false;
  let isTable = false;
  let last = null;
  let tallPx = TALL_PX.wide;

  const rank = (status) => STATUSES.indexOf(status);
  const statusOf = (k) => (ties.told[k] ? ties.status[k] : "unknown");

  /** What is known of the link of a tie, in words: that nobody told is not the same as a told "unknown". */
  geomap.tieWords = (k) => (!ties.told[k] ? "nothing told" : ties.status[k] === "unknown" ? "recorded as unknown" : data.link_words[ties.status[k]]);

  /** Matched { hours, people } of a tie out of these, of the pathway that is looked at. */
  geomap.tieSums = function (rows) {
    if (geomap.view().pathway < 0) return (k) => ({ hours: ties.hours[k], people: ties.people[k] });
    const sums = new Map();
    for (const k of geomap.ofPathway(geomap.once(rows.map((row) => ties.pcn[row])).flatMap(geomap.flowsOfPcn))) {
      const key = data.flows.operator[k] + ":" + data.flows.pcn[k];
      const { hours, people } = sums.get(key) || { hours: 0, people: 0 };
      sums.set(key, { hours: hours + data.flows.hours[k], people: people + data.flows.places[k] });
    }
    return (k) => sums.get(ties.operator[k] + ":" + ties.pcn[k]) || { hours: 0, people: 0 };
  };

  /** One line for each (operator, right-hand row): the surest of its links, how many of each kind, and the hours. */
  function linesOf(rows, rightOf) {
    const sums = geomap.tieSums(rows);
    const found = new Map();
    for (const k of rows) {
      const [left, right] = [ties.operator[k], rightOf(k)];
      const line = found.get(left + ":" + right) || { tie: k, left, right, status: "unknown", told: 0, hours: 0, counts: [0, 0, 0, 0] };
      line.told += ties.told[k];
      if (ties.told[k]) line.counts[rank(ties.status[k])] += 1;
      line.hours += sums(k).hours;
      if (rank(statusOf(k)) < rank(line.status)) line.status = statusOf(k);
      found.set(left + ":" + right, line);
    }
    return [...found.values()].sort((a, b) =>
      (b.told > 0) - (a.told > 0) || rank(a.status) - rank(b.status) || b.hours - a.hours || a.tie - b.tie);
  }

  /** One PCN or one operator: every line, also to those within reach alone. */
  function fan(rows, isOperator) {
    const lines = linesOf(rows, (k) => ties.pcn[k]);
    const shown = isAll ? lines : lines.slice(0, MOST.fan);
    const [lefts, rights] = ["left", "right"].map((side) => geomap.once(shown.map((line) => line[side])));
    return { lines, shown, lefts, rights, kind: "pcn", fan: isOperator ? "right" : "left", rest: lines.length - shown.length, near: 0 };
  }

  /** Many on both sides: in the order that the page was laid out with, or with most hours first. */
  function web(rows, kind, order) {
    // Being in reach of one another is no link yet: a line needs a word or matched hours.
    const drawn = rows.filter((k) => ties.told[k] > 0 || ties.hours[k] > 0);
    const lines = linesOf(drawn, kind === "icb" ? (k) => pcns.icb[ties.pcn[k]] : (k) => ties.pcn[k]);
    const laidOut = isAll ? null : order;
    const wanted = lines.filter((line) => line.told > 0 || isAll || (order && order.untold));
    const pick = (side, most) => geomap.once(wanted.map((line) => line[side])).slice(0, most);
    const [left, right] = [laidOut ? laidOut.operators : pick("left", MOST.lefts), laidOut ? laidOut.others : pick("right", MOST.rights)];
    const shown = wanted.filter((line) => left.includes(line.left) && right.includes(line.right));
    const joined = (side) => new Set(shown.map((line) => line[side]));
    const [lefts, rights] = [left.filter((row) => joined("left").has(row)), right.filter((row) => joined("right").has(row))];
    return { lines, shown, lefts, rights, kind, fan: "", rest: lines.length - shown.length, near: rows.length - drawn.length };
  }

  function stateOf({ choice }) {
    const operator = geomap.operatorOfChoice(choice);
    if (operator >= 0) return fan(geomap.tiesOfOperator(operator), true);
    const isOneIcb = data.icbs.code.length === 1;
    if (!choice || (choice.kind === "region" && isOneIcb)) {
      return web([...ties.pcn.keys()], isOneIcb ? "pcn" : "icb", isOneIcb ? data.link_order.icbs[0] : data.link_order.all);
    }
    const inside = [...geomap.pcnsOfChoice(choice)];
    const rows = inside.flatMap(geomap.tiesOfPcn);
    if (choice.kind === "region") return web(rows, "icb", data.link_order.all);
    if (choice.kind === "icb") return web(rows, "pcn", data.link_order.icbs[choice.row]);
    return inside.length === 1 ? fan(rows, false) : web(rows, "pcn", null);
  }

  const everywhere = geomap.lazily(() => stateOf({ choice: null }));

  const nameOfRight = (kind, row) => (kind === "icb" ? geomap.icbName(row) : pcns.name[row]);

  /** "2 formal, 1 informal": how many links of each kind were told. */
  const countWords = (counts) => counts.map((count, k) => count && number(count) + " " +
    ["formal", "informal", "without a link", "recorded as unknown"][k]).filter(Boolean).join(", ");

  function wordsOf(line, kind) {
    if (line.told === 0) return "Nothing told";
    return kind === "icb" ? geomap.sentence(countWords(line.counts)) : line.status === "unknown" ? "Recorded as unknown" : LEGEND[rank(line.status)];
  }

  function reachWords({ tie }) {
    const near = ties.facilities_in_reach[tie];
    if (near > 0) return counted(near, "facility", "facilities") + " in reach";
    return ties.in_reach[tie] ? "in reach by rule" : "not in reach";
  }

  /** Names from top to bottom, spread over the height, and where each stands. */
  function columnOf(side, state, tall) {
    const rows = side === "left" ? state.lefts : state.rights;
    const kind = side === "left" ? "operator" : state.kind;
    const isOne = state.fan !== "" && state.fan !== side;
    const at = new Map(rows.map((row, k) => [row, isOne ? Math.min(tall / 2, HUB_PX) : ((k + 0.5) * tall) / rows.length]));
    const itemPx = isOne ? 2 * tallPx.operator : tallPx[kind];
    const items = rows.map((row) => {
      const own = state.lines.filter((line) => line[side] === row);
      const sum = own.reduce((total, line) => total + line.hours, 0);
      const hours = sum > 0 ? counted(sum, "hour", "hours") : "no hours";
      const note = state.fan === side ? [wordsOf(own[0], state.kind), hours, side === "left" ? reachWords(own[0]) : ""] : [hours];
      const name = side === "left" ? operators.name[row] : nameOfRight(kind, row);
      const item = el("li", { "data-row": row }, geomap.chooser(kind, row, name), el("span", { class: "note" }, note.filter(Boolean).join(" · ")));
      item.style.top = at.get(row) - itemPx / 2 + "px";
      item.style.height = itemPx + "px";
      return item;
    });
    const label = { operator: "Operators", pcn: "PCNs", icb: "ICBs" }[kind];
    return { at, list: el("ul", { class: "links-" + side, "aria-label": label }, ...items) };
  }

  function linesBetween(state, left, right, tall) {
    const ends = (line) => [left.at.get(line.left), right.at.get(line.right)];
    const paths = state.shown.toReversed().map((line) => {
      const [a, b] = ends(line);
      return svg("path", { class: "tie " + line.status, d: `M0 ${a}C50 ${a} 50 ${b} 100 ${b}`, "vector-effect": "non-scaling-stroke",
        "data-left": line.left, "data-right": line.right });
    });
    const unknown = state.shown.length > MOST.marks ? [] : state.shown.filter((line) => line.status === "unknown");
    const marks = unknown.map((line) => {
      const mark = el("span", { class: "tie-mark" }, "?");
      const [a, b] = ends(line);
      mark.style.top = (a + b) / 2 + "px";
      return mark;
    });
    const picture = svg("svg", { viewBox: `0 0 100 ${tall}`, preserveAspectRatio: "none", height: tall }, ...paths);
    return el("div", { class: "links-lines", "aria-hidden": "true" }, picture, ...marks);
  }

  /** The lines of the name that the reader is at stand out. */
  function trace(frame, event) {
    const item = event.target.closest("li");
    const side = item && (item.parentElement.classList.contains("links-left") ? "left" : "right");
    frame.classList.toggle("is-traced", item !== null);
    frame.querySelectorAll("path").forEach((path) =>
      path.classList.toggle("traced", item !== null && path.dataset[side] === item.dataset.row));
  }

  function drawing(state) {
    const tall = Math.max(state.lefts.length * tallPx.operator, state.rights.length * tallPx[state.kind]);
    const [left, right] = [columnOf("left", state, tall), columnOf("right", state, tall)];
    const frame = el("div", { class: "links" + (state.fan ? " fan-" + state.fan : "") + (state.shown.length > MOST.marks ? " dense" : "") }, left.list, linesBetween(state, left, right, tall), right.list);
    frame.style.height = tall + "px";
    for (const kind of ["mouseover", "focusin"]) frame.addEventListener(kind, (event) => trace(frame, event));
    frame.addEventListener("mouseleave", (event) => trace(frame, event));
    return frame;
  }

  function table(state) {
    const isIcb = state.kind === "icb";
    const heads = [["Operator"], [isIcb ? "ICB" : "PCN"], [isIcb ? "Links told with its PCNs" : "Link"], ["Matched hours", "figure"]];
    const lines = state.fan ? state.shown : state.lines.filter((line) => line.told > 0 || isAll || state.shown.includes(line));
    const rows = lines.map((line) => [operators.name[line.left], nameOfRight(state.kind, line.right), wordsOf(line, state.kind), number(line.hours)]);
    return geomap.framed("Table of links", geomap.table("The surest links first", heads, rows));
  }

  function legend() {
    const sample = (status) => svg("svg", { class: "tie-sample", width: 44, height: 12, "aria-hidden": "true" },
      svg("path", { class: "tie " + status, d: "M0 6H44" }));
    return el("ul", { class: "links-key", "aria-label": "Kinds of line" }, ...STATUSES.map((status, k) =>
      el("li", null, sample(status), status === "unknown" ? el("span", { class: "tie-mark", "aria-hidden": "true" }, "?") : null, LEGEND[k])));
  }

  /** How many links were told, and how many pairs have matched hours without a word. */
  function sentence(state, { choice }) {
    const counts = STATUSES.map((status, k) => state.lines.reduce((sum, line) => sum + line.counts[k], 0));
    const told = counts.reduce((a, b) => a + b, 0);
    const untold = state.lines.filter((line) => line.told === 0 && line.hours > 0).length;
    const operator = geomap.operatorOfChoice(choice);
    const where = !choice ? "" : " for " + (operator < 0 ? geomap.nameOf(choice) : operators.name[operator]);
    const links = told === 0 ? "Operators told us about no pair" : "Operators told us about " + counted(told, "pair", "pairs");
    const ends = " of operator and " + (state.kind === "icb" ? "ICB" : "PCN");
    const pair = { left: ["operator has", "operators have"], right: ["PCN has", "PCNs have"] }[state.fan]
      || ["pair" + ends + " has", "pairs" + ends + " have"];
    return [el("strong", null, links), where + (told > 0 ? ": " + countWords(counts) : "") + ".",
      untold ? " " + counted(untold, ...pair) + " matched hours and no link reported." : ""];
  }

  function restWords(state) {
    const said = state.rest > 0 ? [counted(state.rest, "line is", "lines are") + " left out."] : [];
    if (state.near > 0) said.push(counted(state.near, "pair is", "pairs are") + " in reach of one another with no link reported and no " +
      "hours matched: no line.");
    if (state.kind === "icb") said.push("A line tells the surest link of an operator with any PCN of the ICB.");
    return said.join(" ");
  }

  function show(view) {
    if (!last || !geomap.isSame(last.choice, view.choice)) {
      isAll = false;
      parts.all.close();
    }
    last = view;
    tallPx = parts.body.closest(".is-narrow") ? TALL_PX.narrow : TALL_PX.wide;
    const state = view.choice === null && view.pathway < 0 && !isAll ? everywhere() : stateOf(view);
    parts.finding.replaceChildren(...sentence(state, view));
    parts.rest.textContent = restWords(state);
    parts.all.hidden = state.rest === 0 && !isAll;
    const nothing = el("p", null, "No line to draw: nobody here is linked to an operator or matched with one.");
    parts.body.replaceChildren(state.shown.length === 0 ? nothing : isTable ? table(state) : drawing(state));
  }

  function draw(host) {
    const again = () => show(geomap.view());
    parts = { finding: el("p", { class: "org-finding", role: "status" }), body: el("div"), rest: el("p", { class: "small after" }),
      all: geomap.opener(["Show more lines", "Show fewer lines"], (isOpen) => { isAll = isOpen; again(); }) };
    const opener = geomap.opener(["Show as a table", "Show as a drawing"], (isOpen) => { isTable = isOpen; again(); });
    host.append(parts.finding, el("p", { class: "small" }, "Links as the operators told them; hours are matched participant-hours. " +
      "Where nobody told of a link it is not known, which does not mean that there is none."), opener, legend(), parts.body, parts.rest, parts.all);
  }

  geomap.addOrganisationView({ key: "links", name: "Links", draw, show });
})(window.geomap);
