/* The "Table" tab: every PCN, sortable and filtered; made when it is first opened. */
(function (geomap) {
  "use strict";

  const { data, el, number, percent, byId } = geomap;
  const pcns = data.pcns;
  const icbs = pcns.icb.map((icb) => geomap.shortIcb(data.icbs.name[icb]));
  const COLUMNS = [
    { name: "PCN", values: pcns.name },
    { name: "ICB", values: icbs },
    { name: "Patients", values: pcns.patients, show: number },
    { name: "Need", values: pcns.need_index, show: (value) => number(value, 2) },
    { name: "Could start", values: pcns.demand_places, show: number },
    { name: "Matched", values: pcns.matched_places, show: number },
    { name: "Unmet", values: pcns.unmet_places, show: number },
    { name: "Coverage", values: pcns.coverage_share, show: percent },
  ];
  const compareText = new Intl.Collator("en-GB", { sensitivity: "base", numeric: true }).compare;
  const searched = pcns.name.map((name, row) =>
    [name, pcns.code[row], data.icbs.name[pcns.icb[row]]].join(" ").toLocaleLowerCase("en-GB"));
  const CHUNK = 150;
  let order = pcns.code.map((code, row) => row);
  let wanted = order;
  let sorted = { column: 0, isUp: true };
  let body = null;
  let headings = [];
  const tableRows = new Map();

  function cell(column, row) {
    if (column.show) return el("td", { class: "figure" }, column.show(column.values[row]));
    return el("td", null, column.values[row]);
  }

  function rowOf(row) {
    if (!tableRows.has(row)) {
      const button = geomap.chooser("pcn", row, pcns.name[row]);
      button.tabIndex = -1;
      const cells = COLUMNS.slice(1).map((column) => cell(column, row));
      tableRows.set(row, el("tr", null, el("th", { scope: "row" }, button), ...cells));
      mark(row, geomap.choice());
    }
    return tableRows.get(row);
  }

  /** Put the next rows on the page; the rest wait until they are scrolled or walked to. */
  function showMore() {
    const count = body.childElementCount;
    body.append(...wanted.slice(count, count + CHUNK).map(rowOf));
  }

  /** Start again from the first row, the one that can be reached with Tab; the arrow keys go on from there. */
  function refresh(text) {
    const sought = text.trim().toLocaleLowerCase("en-GB");
    wanted = order.filter((row) => searched[row].includes(sought));
    body.replaceChildren();
    showMore();
    tableRows.forEach((tr) => { tr.querySelector("button").tabIndex = -1; });
    if (body.firstChild) body.querySelector("button").tabIndex = 0;
    byId("table-frame").scrollTop = 0;
    byId("filter-count").textContent =
      number(wanted.length) + " of " + geomap.counted(pcns.code.length, "PCN", "PCNs") + " found";
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
    refresh(byId("filter").value);
  }

  function heading(column, k) {
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

  geomap.drawTable = function () {
    if (body) return;
    headings = COLUMNS.map(heading);
    body = el("tbody", null);
    body.addEventListener("keydown", moveByArrow);
    const table = el("table", { class: "all" }, el("caption", { class: "unseen" }, "PCNs; the headings sort"),
      el("thead", null, el("tr", null, ...headings)), body);
    const frame = byId("table-frame");
    frame.replaceChildren(table);
    frame.addEventListener("scroll", () => {
      if (frame.scrollTop + frame.clientHeight > frame.scrollHeight - 600) showMore();
    });
    byId("filter").addEventListener("input", (event) => refresh(event.target.value));
    sort(0, true);
  };

  function mark(row, choice) {
    tableRows.get(row).classList.toggle("chosen", choice !== null && choice.kind === "pcn" && choice.row === row);
  }

  geomap.markRow = function (choice) {
    for (const row of tableRows.keys()) mark(row, choice);
  };
})(window.geomap);
