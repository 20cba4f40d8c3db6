/* Two trees, region to practice and operator kind to role; a row is made when the row above it is opened. */
(function (geomap) {
  "use strict";

  const { data, el, number } = geomap;
  const CHUNK = 100;
  const TYPING_MS = 800;
  const CHOSEN = new Set(["region", "icb", "sub_icb", "pcn", "practice", "operator", "facility"]);
  const SIDES = [
    { key: "nhs", title: "The NHS", name: "Regions, ICBs, sub-ICBs, PCNs and practices", heads: ["Patients", "With a place"],
      bar: "Bar: people who could start; dark, those with a place. A to Z." },
    { key: "hours", title: "Operators", name: "Operator kinds, operators, facilities, pledges, pathways and roles",
      heads: ["Pledged", "Matched", "Left"],
      bar: "Participant-hours. Bar: pledged; dark, matched; striped, left. Most hours first." },
  ];
  const branches = {};
  let lit = { pcn: new Set(), facility: new Set(), operator: new Set() };
  let typed = "";
  let typedAt = 0;

  const keyOf = (twig) => twig.kind + ":" + twig.row;

  /** Straight lines from a row to the rows above it, one cell a level. */
  function guides(twig) {
    const cells = [];
    for (let each = twig; each.above; each = each.above) {
      const turn = each.isLast ? "corner" : "joint";
      const on = each.isLast ? "" : "through";
      cells.unshift(el("span", { class: "guide " + (each === twig ? turn : on) }));
    }
    return el("span", { class: "guides" }, ...cells);
  }

  /** What stands left of the figures: lines, the knob that opens, the words. */
  function stem(hasMore, ...words) {
    return el("span", { class: "twig-head" }, el("span", { class: hasMore ? "knob" : "knob leaf" }),
      el("span", { class: "twig-words" }, ...words));
  }

  const indent = (row, twig) => row.style.setProperty("--depth", twig.level - 1);

  function makeRow(twig) {
    const { told, side } = twig;
    const figures = side.heads.map((head, k) => {
      const figure = told.figures[k];
      return el("span", { class: "figure" }, figure ? figure[0] : "", figure ? el("span", { class: "unit" }, " " + figure[1]) : null);
    });
    const hasMore = twig.kids.length > 0;
    const row = el("div", { role: "treeitem", class: "twig", tabindex: "-1", "aria-level": twig.level, "aria-label": geomap.twigWords(told),
      "aria-setsize": twig.siblings, "aria-posinset": twig.place, "aria-selected": "false",
      "aria-expanded": hasMore ? "false" : null },
    guides(twig), stem(hasMore, el("span", { class: "twig-name " + geomap.caps(told.name) }, told.name),
      told.note ? el("span", { class: "note" }, told.note) : null),
    el("span", { class: "twig-figures" }, geomap.twigBar(told, twig.most), ...figures));
    indent(row, twig);
    twig.node = row;
    row.twig = twig;
    return row;
  }

  /** The twigs under one, told what their rows need to know. */
  function grow(found, above, side) {
    const told = found.map((twig) => geomap.twigTold(twig));
    const most = Math.max(0, ...told.map((each) => each.whole || 0));
    return found.map((twig, k) => ({ ...twig, told: told[k], most, above, side, level: above ? above.level + 1 : 1,
      siblings: found.length, place: k + 1, isLast: k === found.length - 1, kids: geomap.twigsUnder(twig), grown: null }));
  }

  const grownOf = (twig) => (twig.grown = twig.grown || grow(twig.kids, twig, twig.side));
  const isOpen = (twig) => twig.node.getAttribute("aria-expanded") === "true";

  /** Rows for the next of these twigs after a node, and one more that asks for the rest. */
  function addRows(list, after, start, until = start + CHUNK) {
    const rows = list.slice(start, until).map(makeRow);
    after.after(...rows);
    rows.forEach((row) => mark(row.twig));
    if (until >= list.length) return;
    const words = "Show " + number(Math.min(CHUNK, list.length - until)) + " more of " + number(list.length);
    const more = el("div", { role: "treeitem", class: "twig more", tabindex: "-1", "aria-level": list[0].level, "aria-selected": "false" },
      guides(Object.assign(Object.create(list[0]), { isLast: true })), stem(false, el("span", { class: "link" }, words)));
    indent(more, list[0]);
    more.twig = { kind: "more", list, until, node: more, above: list[0].above, side: list[0].side, level: list[0].level,
      told: { name: words }, kids: [] };
    rows[rows.length - 1].after(more);
  }

  function showMore(twig, until = twig.until + CHUNK) {
    const before = twig.node.previousElementSibling;
    const hadFocus = twig.node === document.activeElement;
    twig.node.remove();
    // The row before may have rows of its own open: the next ones stand after them, where the asking row stood.
    addRows(twig.list, before, twig.until, until);
    if (hadFocus) focusRow(before.nextElementSibling);
  }

  function open(twig) {
    if (twig.kids.length === 0 || isOpen(twig)) return;
    twig.node.setAttribute("aria-expanded", "true");
    addRows(grownOf(twig), twig.node, 0);
  }

  function close(twig) {
    twig.node.setAttribute("aria-expanded", "false");
    let next = twig.node.nextElementSibling;
    while (next && next.twig.level > twig.level) {
      const gone = next;
      next = next.nextElementSibling;
      if (gone.tabIndex === 0) setStop(twig.node);
      gone.remove();
    }
  }

  const toggle = (twig) => (isOpen(twig) ? close(twig) : open(twig));

  /** The one row that can be reached with Tab. */
  function setStop(row) {
    const tree = row.closest("[role=tree]");
    const before = tree.querySelector("[tabindex='0']");
    if (before) before.tabIndex = -1;
    row.tabIndex = 0;
  }

  function focusRow(row) {
    if (!row) return;
    setStop(row);
    row.focus();
  }

  /** Choose what a row stands for, everywhere; a pledge stands for its facility, a pathway for itself. */
  function choose(twig) {
    if (twig.kind === "more") showMore(twig);
    else if (CHOSEN.has(twig.kind)) geomap.choose({ kind: twig.kind, row: twig.row });
    else if (twig.kind === "pathway" && twig.row >= 0) geomap.change({ pathway: geomap.view().pathway === twig.row ? -1 : twig.row });
    else if (twig.kind === "pledge") {
      const facility = data.pledges.facility[twig.row];
      geomap.choose(facility >= 0 ? { kind: "facility", row: facility } : { kind: "operator", row: data.pledges.operator[twig.row] });
    }
  }

  function press(event) {
    const row = event.target.closest(".twig");
    if (!row) return;
    setStop(row);
    if (event.target.classList.contains("knob") || row.twig.kind === "kind") {
      if (row.twig.kids.length) toggle(row.twig);
      return;
    }
    choose(row.twig);
    open(row.twig);
  }

  const isTyping = () => Date.now() - typedAt < TYPING_MS;

  /** Type a few letters, go to the next row that starts with them. */
  function typeAhead(row, letter) {
    typed = isTyping() ? typed + letter : letter;
    typedAt = Date.now();
    const rows = [...row.parentElement.children];
    const at = rows.indexOf(row) + (typed.length === 1 ? 1 : 0);
    const sought = typed.toLocaleLowerCase("en-GB");
    focusRow([...rows.slice(at), ...rows.slice(0, at)].find((each) =>
      each.twig.told.name.toLocaleLowerCase("en-GB").startsWith(sought)));
  }

  function walk(event) {
    const row = event.target.closest(".twig");
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
    const { twig } = row;
    const hasMore = twig.kids.length > 0;
    if (event.key === "ArrowDown") focusRow(row.nextElementSibling);
    else if (event.key === "ArrowUp") focusRow(row.previousElementSibling);
    else if (event.key === "Home") focusRow(row.parentElement.firstElementChild);
    else if (event.key === "End") focusRow(row.parentElement.lastElementChild);
    else if (event.key === "ArrowRight" && hasMore && isOpen(twig)) focusRow(row.nextElementSibling);
    else if (event.key === "ArrowRight") open(twig);
    else if (event.key === "ArrowLeft" && hasMore && isOpen(twig)) close(twig);
    else if (event.key === "ArrowLeft") focusRow(twig.above && twig.above.node);
    else if (event.key === "Enter" || (event.key === " " && !isTyping())) {
      choose(twig);
      if (twig.kind !== "more") open(twig);
    } else if (event.key.length === 1) typeAhead(row, event.key);
    else return;
    event.preventDefault();
  }

  /** Mark the row that is chosen, and those that have hours with it. */
  function mark(twig) {
    if (twig.kind === "more") return;
    const { choice } = geomap.view();
    const isChosen = choice !== null && choice.kind === twig.kind && choice.row === twig.row;
    const isLit = !isChosen && twig.kind in lit && lit[twig.kind].has(twig.row);
    if (twig.node.classList.contains("chosen") !== isChosen) {
      twig.node.setAttribute("aria-selected", String(isChosen));
      twig.node.classList.toggle("chosen", isChosen);
    }
    if (twig.node.classList.contains("lit") !== isLit) {
      twig.node.classList.toggle("lit", isLit);
      twig.node.setAttribute("aria-label", geomap.twigWords(twig.told) + (isLit ? ", has matched hours with what is chosen" : ""));
    }
  }

  /** What the other tree has to do with the choice: its own side it stands in already. */
  function findLit(choice) {
    lit = { pcn: new Set(), facility: new Set(), operator: new Set() };
    if (!choice) return;
    const sides = geomap.operatorOfChoice(choice) >= 0 ? ["pcn"] : ["facility", "operator"];
    for (const k of geomap.ofPathway(geomap.flowsOfChoice(choice))) for (const side of sides) lit[side].add(data.flows[side][k]);
  }

  /** Open a tree down to a choice; its row. */
  function reveal(way) {
    if (way.length === 0) return null;
    const { top } = branches[way[0].kind === "region" ? "nhs" : "hours"];
    let list = top;
    let found = null;
    for (const step of way) {
      if (found) {
        open(found);
        list = grownOf(found);
      }
      found = list.find((twig) => keyOf(twig) === keyOf(step));
      if (!found) return null;
      if (!found.node || !found.node.isConnected) {
        const last = list.findLast((twig) => twig.node && twig.node.isConnected);
        let more = last.node;
        while (more && !(more.twig.kind === "more" && more.twig.list === list)) more = more.nextElementSibling;
        if (more) showMore(more.twig, Math.ceil((found.place) / CHUNK) * CHUNK);
      }
    }
    return found.node;
  }

  /** Scroll the sheet, and nothing else, so that a row can be seen. */
  function bringIntoSight(row) {
    requestAnimationFrame(() => {
      const sheet = geomap.byId("organisations");
      const [frame, box] = [sheet.getBoundingClientRect(), row.getBoundingClientRect()];
      const isSeen = box.top >= frame.top + 40 && box.bottom <= frame.bottom;
      if (!isSeen) sheet.scrollTop += box.top - frame.top - frame.height / 3;
    });
  }

  /** Switch to the tree and open it at an operator kind or another thing. */
  geomap.openTree = function (step) {
    geomap.showOrganisations("tree");
    const row = reveal(geomap.wayTo(step));
    if (!row) return;
    open(row.twig);
    focusRow(row);
    bringIntoSight(row);
  };

  function show({ choice }) {
    findLit(choice);
    const row = choice ? reveal(geomap.wayTo(choice)) : null;
    SIDES.forEach(({ key }) => [...branches[key].tree.children].forEach(({ twig }) => mark(twig)));
    if (!row) return;
    setStop(row);
    bringIntoSight(row);
  }

  function drawSide(side, host) {
    const tree = el("div", { role: "tree", class: "tree tree-" + side.key, "aria-label": side.name });
    const start = el("div", { role: "none" });
    tree.append(start);
    const top = grow(geomap.firstTwigs(side.key), null, side);
    addRows(top, start, 0);
    start.remove();
    branches[side.key] = { tree, top };
    if (tree.firstElementChild) tree.firstElementChild.tabIndex = 0;
    for (let only = top; only.length === 1 && only[0].kids.length > 0; only = grownOf(only[0])) open(only[0]);
    tree.addEventListener("click", press);
    tree.addEventListener("keydown", walk);
    const heads = el("p", { class: "tree-heads tree-" + side.key, "aria-hidden": "true" }, el("span", null), el("span", null),
      ...side.heads.map((head) => el("span", { class: "figure" }, head)));
    host.append(el("section", { class: "tree-side" }, el("h3", null, side.title), el("p", { class: "small" }, side.bar), heads, tree));
  }

  function draw(host) {
    host.append(el("p", { class: "small" }, "Choose a row to show it everywhere. Right opens, Left closes; a few letters find " +
      "a row. A dot marks what has matched hours with the choice."));
    SIDES.forEach((side) => drawSide(side, host));
  }

  geomap.addOrganisationView({ key: "tree", name: "Tree", draw, show, ofAll: true });
})(window.geomap);
