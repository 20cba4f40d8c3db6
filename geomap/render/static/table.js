/* The "Table" tab: every PCN, facility and operator, sorted and filtered; rows are made when they are walked or scrolled to. */
(function (geomap) {
  "use strict";

  const { data, el, number, people, percent, byId } = geomap;
  const { pcns, facilities, operators } = data;
  const CHUNK = 100;
  const compareText = new Intl.Collator("en-GB", { sensitivity: "base", numeric: true }).compare;
  const whole = (value) => number(value);

  const icbNames = geomap.lazily(() => pcns.icb.map((icb) => (icb < 0 ? "" : geomap.shortIcb(data.icbs.name[icb]))));
  const operatorNames = geomap.lazily(() => facilities.operator.map((operator) => operators.name[operator]));
  const kindNames = geomap.lazily(() => operators.id.map((id, row) => {
    const kind = geomap.operatorKind(row);
    return kind ? geomap.sentence(kind.name) : "Not known";
  }));

  /** People and hours of the rows that flows point to, for the pathway that is looked at. */
  function matched(column) {
    const [served, hours] = [new Map(), new Map()];
    for (const k of geomap.ofPathway([...column.keys()])) {
      served.set(column[k], (served.get(column[k]) || 0) + data.flows.places[k]);
      hours.set(column[k], (hours.get(column[k]) || 0) + data.flows.hours[k]);
    }
    return { served, hours };
  }

  const hoursOf = (served) => (value, row) => geomap.hoursOf(value, served.get(row) || 0);

  function pcnColumns(pathway) {
    const { demand, matched: given, unmet } = geomap.placesFor(pathway);
    const coverage = pathway < 0 ? pcns.coverage_share : demand.map((places, row) => (places > 0 ? given[row] / places : null));
    return [
      { name: "PCN", values: pcns.name },
      { name: "ICB", values: icbNames() },
      { name: "Patients", values: pcns.patients, show: people },
      { name: "Need", values: pcns.need_index, show: (value) => number(value, 2) },
      { name: "Could start", values: demand, show: people },
      { name: "Have a place", values: given, show: people },
      { name: "Left without", values: unmet, show: people },
      { name: "Coverage", values: coverage, show: percent },
    ];
  }

  function facilityColumns(pathway) {
    const { served, hours } = matched(data.flows.facility);
    return [
      { name: "Facility", values: facilities.name },
      { name: "Operator", values: operatorNames() },
      { name: geomap.ofAll("Pledged"), values: facilities.pledged_hours, show: whole },
      { name: geomap.ofAll("Could be used"), values: facilities.eligible_hours, show: whole },
      { name: "Matched", ...(pathway < 0 ? { values: facilities.matched_hours, show: whole }
        : { values: facilities.id.map((id, row) => hours.get(row) || 0), show: hoursOf(served) }) },
      { name: geomap.ofAll("Left"), values: facilities.unmatched_hours, show: whole },
      { name: "People", values: pathway < 0 ? facilities.people : facilities.id.map((id, row) => served.get(row) || 0), show: people },
    ];
  }

  function operatorColumns(pathway) {
    const { served, hours } = matched(data.flows.operator);
    const rows = operators.id.map((id, row) => row);
    const sum = (name) => rows.map((row) => geomap.facilitiesOf(row).reduce((total, k) => total + facilities[name][k], 0));
    const told = (name) => (operators[name] && !operators[name].includes(null) ? operators[name] : sum(name));
    return [
      { name: "Operator", values: operators.name },
      { name: "Kind", values: kindNames() },
      { name: "Facilities", values: rows.map((row) => geomap.facilitiesOf(row).length), show: whole },
      { name: geomap.ofAll("Pledged"), values: told("pledged_hours"), show: whole },
      { name: "Matched", ...(pathway < 0 ? { values: told("matched_hours"), show: whole }
        : { values: rows.map((row) => hours.get(row) || 0), show: hoursOf(served) }) },
      { name: geomap.ofAll("Left"), values: told("unmatched_hours"), show: whole },
      { name: "People", values: pathway < 0 ? told("people") : rows.map((row) => served.get(row) || 0), show: people },
    ];
  }

  const TABLES = {
    pcn: { name: "PCNs", one: "PCN", keys: pcns.code, columns: pcnColumns, hint: "Show PCNs whose name, code or ICB contains",
      all: () => pcns.code.map((code, row) => row), wide: "wide" },
    facility: { name: "Facilities", one: "facility", keys: facilities.id, columns: facilityColumns,
      hint: "Show facilities whose name, id or operator contains",
      all: (pathway) => facilities.id.map((id, row) => row).filter((row) => pathway < 0 || facilities.pathways[row].includes(pathway)) },
    operator: { name: "Operators", one: "operator", keys: operators.id, columns: operatorColumns,
      hint: "Show operators whose name, id or kind contains", all: () => operators.id.map((id, row) => row) },
  };

  let shown = { kind: "pcn", isAll: false };
  let columns = [];
  let sorted = { column: 0, isUp: true };
  let order = [];
  let wanted = [];
  let stale = true;
  const body = el("tbody", null);
  let headings = [];
  const many = (count, { one, name }) => number(count) + " " + (count === 1 ? one : one === "PCN" ? name : name.toLowerCase());

  /** Rows that what is chosen leaves, or null where it leaves all: a thing is not alone in the table of its own kind. */
  function rowsOfChoice() {
    const { choice } = geomap.view();
    if (!choice || choice.kind === shown.kind) return null;
    const told = geomap.kindOf(choice);
    return geomap.once(shown.kind === "pcn" ? told.pcns(choice.row) : givers(choice, told));
  }

  /** Facilities or operators of what is chosen: its own, or else those whose hours are matched to its PCNs. */
  function givers({ kind, row }, told) {
    const isFacility = shown.kind === "facility";
    if (["facility", "operator", "flow"].includes(kind)) {
      return told.facilities(row).map((facility) => (isFacility ? facility : facilities.operator[facility]));
    }
    const column = isFacility ? data.flows.facility : data.flows.operator;
    return geomap.ofPathway(told.pcns(row).flatMap(geomap.flowsOfPcn)).map((k) => column[k]).filter((giver) => giver >= 0);
  }

  function tellOnly(rows, all) {
    const only = byId("table-only");
    only.hidden = rows === null;
    if (rows === null) return;
    const press = () => {
      shown = { ...shown, isAll: !shown.isAll };
      fill();
      only.querySelector("button").focus();
    };
    const name = el("strong", null, geomap.nameOf(geomap.view().choice));
    const button = (text) => el("button", { type: "button", class: "link", click: press }, text);
    const { kind } = shown;
    only.replaceChildren(...(shown.isAll ? ["All are shown. ", button("Show only those of what is chosen")]
      : ["Only the " + many(rows.length, TABLES[kind]) + " of ", name, ". ", button("Show all " + number(all.length))]));
  }

  function cell(column, row) {
    if (column.show) return el("td", { class: "figure" }, column.show(column.values[row], row));
    return el("td", null, column.values[row]);
  }

  function rowOf(row) {
    const button = geomap.chooser(shown.kind, row, columns[0].values[row]);
    button.tabIndex = -1;
    const { choice } = geomap.view();
    const isChosen = choice !== null && choice.kind === shown.kind && choice.row === row;
    return el("tr", { class: isChosen ? "chosen" : null }, el("th", { scope: "row" }, button),
      ...columns.slice(1).map((column) => cell(column, row)));
  }

  /** Put the next rows on the page; the rest wait until they are scrolled or walked to. */
  function showMore() {
    const count = body.childElementCount;
    body.append(...wanted.slice(count, count + CHUNK).map(rowOf));
  }

  /** Start again from the first row, the one that can be reached with Tab; the arrow keys go on from there. */
  function refresh() {
    const sought = byId("filter").value.trim().toLocaleLowerCase("en-GB");
    const { keys } = TABLES[shown.kind];
    wanted = sought === "" ? order : order.filter((row) => [columns[0].values[row], keys[row], columns[1].values[row]].join(" ")
      .toLocaleLowerCase("en-GB").includes(sought));
    body.replaceChildren();
    showMore();
    if (body.firstChild) body.querySelector("button").tabIndex = 0;
    byId("table-frame").scrollTop = 0;
    byId("filter-count").textContent = wanted.length === 0 && sought !== ""
      ? "No " + TABLES[shown.kind].one + " matches '" + byId("filter").value.trim() + "'"
      : number(wanted.length) + " of " + many(order.length, TABLES[shown.kind]) + " found";
  }

  /** Missing values stay last whichever way the table is sorted; ties keep the order of the keys. */
  function sort(column, isUp) {
    sorted = { column, isUp };
    const { values, show } = columns[column];
    const compare = show ? (a, b) => a - b : compareText;
    order.sort((a, b) => {
      if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
      return (isUp ? 1 : -1) * compare(values[a], values[b]) || a - b;
    });
    headings.forEach((each, k) => {
      if (k === column) each.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      else each.removeAttribute("aria-sort");
    });
    refresh();
  }

  function headingOf(column, k) {
    const press = () => sort(k, sorted.column === k ? !sorted.isUp : !column.show);
    return el("th", { scope: "col", class: column.show ? "figure" : null },
      el("button", { type: "button", class: "sort", click: press }, column.name));
  }

  function moveByArrow(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step || event.target.tagName !== "BUTTON") return;
    const tr = event.target.closest("tr");
    if (!tr.nextElementSibling) showMore();
    const next = tr[step];
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    const button = next.querySelector("button");
    button.tabIndex = 0;
    button.focus();
  }

  /** Which rows there are, their figures and their order, for what is chosen and the pathway that is looked at. */
  function fill() {
    const { pathway } = geomap.view();
    const all = TABLES[shown.kind].all(pathway);
    const rows = rowsOfChoice();
    tellOnly(rows, all);
    byId("table-pathway").replaceChildren(...[geomap.pathwayNote()].filter(Boolean));
    columns = TABLES[shown.kind].columns(pathway);
    headings.forEach((each, k) => { each.firstChild.textContent = columns[k].name; });
    order = rows === null || shown.isAll ? all : rows;
    sort(sorted.column, sorted.isUp);
    stale = false;
  }

  function drawTable() {
    const { name, hint, wide, columns: make } = TABLES[shown.kind];
    columns = make(geomap.view().pathway);
    headings = columns.map(headingOf);
    sorted = { column: 0, isUp: true };
    if (wide) [headings[1].style.width, headings[6].style.width] = ["17.5%", "11.5%"]; // "Left without" needs the room
    const table = el("table", { class: "all " + (wide || "") }, el("caption", { class: "unseen" }, name + "; the headings sort"),
      el("thead", null, el("tr", null, ...headings)), body);
    byId("table-frame").replaceChildren(table);
    byId("table-frame").setAttribute("aria-label", "Table of " + (shown.kind === "pcn" ? name : name.toLowerCase()));
    byId("filter").value = "";
    byId("filter-label").textContent = hint;
    fill();
  }

  function drawSwitch() {
    byId("tables").append(...Object.entries(TABLES).map(([kind, { name }]) => {
      const radio = el("input", { type: "radio", name: "tables", value: kind, id: "table-" + kind });
      radio.checked = kind === shown.kind;
      radio.addEventListener("change", () => {
        shown = { kind, isAll: false };
        drawTable();
      });
      return el("label", { for: "table-" + kind }, radio, name);
    }));
  }

  /** Paper cannot be scrolled: every row that is wanted. */
  geomap.wholeTable = () => body.append(...wanted.slice(body.childElementCount).map(rowOf));

  geomap.drawTable = function () {
    byId("table-note").hidden = data.facts.internal;
    byId("table-note").textContent = data.facts.rounded_note;
    drawSwitch();
    body.addEventListener("keydown", moveByArrow);
    const frame = byId("table-frame");
    frame.addEventListener("scroll", () => {
      if (frame.scrollTop + frame.clientHeight > frame.scrollHeight - 600) showMore();
    });
    byId("filter").addEventListener("input", refresh);
    geomap.onChange((view, before) => {
      if (before && !geomap.isSame(before.choice, view.choice)) shown = { ...shown, isAll: false };
      stale = stale || !before || !geomap.isSame(before.choice, view.choice) || before.pathway !== view.pathway;
      if (view.tab !== "table" || !stale) return;
      if (headings.length === 0) drawTable();
      else fill();
    });
  };
})(window.geomap);
