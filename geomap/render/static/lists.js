/* What a planner acts on: four lists, each with what to do and what it does not say. */
(function (geomap) {
  "use strict";

  const { data, el, number, counted } = geomap;
  const { attention, operators, pcns, facilities } = data;
  const CHUNK = 25;
  const lists = data.attention_lists.map((told) => ({ ...told, rows: [], shown: CHUNK, section: null, count: null }));
  attention.topic.forEach((topic, k) => lists[topic].rows.push(k));

  /** PCNs that an operator or a facility can have to do with. */
  const pcnsNear = ({ kind, row }) => new Set(kind === "facility" ? geomap.reachedFrom(row).map(({ pcn }) => pcn)
    : geomap.tiesOfOperator(row).map((k) => data.ties.pcn[k]));

  /** The rows of a list that belong to what is chosen: a PCN alone stands for all who are near it. */
  function within({ rows }, { choice }) {
    if (!choice) return rows;
    const operator = geomap.operatorOfChoice(choice);
    if (operator >= 0) {
      const near = pcnsNear(choice);
      return rows.filter((k) => {
        if (attention.operator[k] >= 0) return attention.operator[k] === operator;
        const facility = attention.facility[k];
        if (facility < 0) return near.has(attention.pcn[k]);
        return choice.kind === "facility" ? facility === choice.row : facilities.operator[facility] === operator;
      });
    }
    const inside = geomap.pcnsOfChoice(choice);
    const near = new Set([...inside].flatMap(geomap.tiesOfPcn).map((k) => data.ties.operator[k]));
    return rows.filter((k) => (attention.pcn[k] >= 0 ? inside.has(attention.pcn[k]) : near.has(attention.operator[k])));
  }

  const operatorButton = (row) => geomap.chooser("operator", row, operators.name[row]);

  function cells(k) {
    const pcn = attention.pcn[k];
    const operator = attention.operator[k];
    const facility = attention.facility[k];
    const figures = [geomap.people(attention.people[k]), number(attention.hours[k])];
    if (pcn < 0) return [geomap.noted(operatorButton(operator), geomap.kindName(geomap.kindRow(operator))), ...figures];
    const name = geomap.chooser("pcn", pcn, pcns.name[pcn]);
    const other = facility >= 0 ? el("span", null, "all at ", geomap.chooser("facility", facility, facilities.name[facility]))
      : operator >= 0 ? el("span", null, "with ", operatorButton(operator)) : pcns.icb[pcn] < 0 ? "" : geomap.icbName(pcns.icb[pcn]);
    return [geomap.noted(name, other), ...figures];
  }

  const sum = (rows, column) => rows.reduce((total, k) => total + attention[column][k], 0);

  function fill(list, view) {
    const rows = within(list, view);
    const isLeft = list === lists[1];
    list.count.textContent = number(rows.length);
    list.jump.querySelector("strong").textContent = number(rows.length);
    list.advice.hidden = rows.length === 0;
    const hangs = geomap.countedPeople(sum(rows, "people")) + (isLeft ? " served, " : " with a place, ") +
      counted(sum(rows, "hours"), "hour", "hours") + (isLeft ? " left" : " matched");
    list.hangs.textContent = rows.length ? hangs + ". " : "";
    const first = attention.pcn[rows[0]] >= 0 ? "PCN" : "Operator";
    const table = rows.length === 0 ? el("p", null, view.choice ? "Nothing of what is chosen is on this list." : "Nothing is on this list.")
      : geomap.table("Most hours first", [[first], ["People", "figure"], [isLeft ? "Hours left" : "Hours", "figure"]],
        rows.slice(0, list.shown).map(cells));
    const left = rows.length - list.shown;
    const more = el("button", { type: "button", class: "opener", click: () => {
      const start = list.shown;
      list.shown += CHUNK;
      fill(list, view);
      list.body.querySelectorAll("tbody tr")[start].querySelector("button").focus();
    } }, "Show " + number(Math.min(CHUNK, left)) + " more of " + number(rows.length));
    list.body.replaceChildren(table, ...(left > 0 ? [more] : []));
  }

  function show(view) {
    lists.forEach((list) => {
      list.shown = CHUNK;
      fill(list, view);
    });
  }

  function jump(list) {
    list.section.scrollIntoView({ block: "start" });
    list.title.focus({ preventScroll: true });
  }

  function draw(host) {
    for (const list of lists) {
      list.count = el("span", { class: "count" });
      list.hangs = el("strong", null);
      list.body = el("div");
      list.title = el("h3", { tabindex: "-1" }, geomap.sentence(list.name) + ": ", list.count);
      list.advice = el("div", null, el("p", null, list.hangs, list.to_do), el("p", { class: "small" }, list.not_said));
      list.section = el("section", { class: "to-act" }, list.title, list.advice, list.body);
      list.jump = el("li", null, el("button", { type: "button", click: () => jump(list) }, el("strong", null), el("span", null, geomap.sentence(list.name))));
    }
    host.append(el("ul", { class: "to-act-all" }, ...lists.map((list) => list.jump)), ...lists.map((list) => list.section));
  }

  geomap.addOrganisationView({ key: "act", name: "To act on", draw, show, ofAll: true });
})(window.geomap);
