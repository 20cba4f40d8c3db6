/* The "Organisations" tab: a switch between its views, each made when it is first looked at. */
(function (geomap) {
  "use strict";

  const { data, el } = geomap;
  const { pcns } = data;
  const NARROW_PX = 500;
  const views = [];
  let shown = null;
  let last = null;
  let sheet = null;
  let head = null;

  /**
   * Tell the tab of a view: { key, name, draw, show }.
   *   draw (host)         fill its own part of the sheet, once
   *   show (view, isNew)  show what is chosen; isNew when it came into sight or the room for it changed
   *   ofAll               its figures are of all pathways, whichever is looked at
   */
  geomap.addOrganisationView = (told) => views.push({ ...told, host: null, at: null });

  /** "leisure trusts", "charities": the kinds of operator, where there are several. */
  geomap.kindName = (row) => (data.kinds[row] ? data.kinds[row].name : "kind not known");
  geomap.kindNames = (row) => (data.kinds[row] ? data.kinds[row].name.replace(/y$/, "ie") + "s" : "operators of a kind not known");
  geomap.kindRow = (operator) => (data.operators.kind[operator] < 0 ? data.kinds.length : data.operators.kind[operator]);

  const FLOWS_OF = { facility: geomap.flowsOfFacility, operator: geomap.flowsOfOperator, flow: geomap.flowsOfPair };

  /** Rows of the flows that belong to a choice, of all pathways. */
  geomap.flowsOfChoice = function (choice) {
    if (FLOWS_OF[choice.kind]) return FLOWS_OF[choice.kind](choice.row);
    return geomap.once(geomap.kindOf(choice).pcns(choice.row)).flatMap(geomap.flowsOfPcn);
  };

  /** The PCNs that a choice is about; null where it is not about places of the NHS. */
  geomap.pcnsOfChoice = function (choice) {
    if (!choice || choice.kind === "operator" || choice.kind === "facility") return null;
    return new Set(geomap.kindOf(choice).pcns(choice.row));
  };

  /** The operator that a choice is about, or -1. */
  geomap.operatorOfChoice = function (choice) {
    if (choice && choice.kind === "operator") return choice.row;
    return choice && choice.kind === "facility" ? data.facilities.operator[choice.row] : -1;
  };

  geomap.icbName = (row) => geomap.shortIcb(data.icbs.name[row]);
  geomap.icbOf = (pcn) => pcns.icb[pcn];

  /** A button whose words change as it is pressed: `toggle (isOpen)` is called with each press; `close ()` without a word. */
  geomap.opener = function (words, toggle) {
    const button = el("button", { type: "button", class: "opener" });
    let isOpen = false;
    const set = (now) => {
      isOpen = now;
      button.textContent = words[Number(isOpen)];
    };
    button.addEventListener("click", () => {
      set(!isOpen);
      toggle(isOpen);
    });
    button.close = () => set(false);
    set(false);
    return button;
  };

  /** A table too wide for the sheet, in a frame of its own that scrolls. */
  geomap.framed = (name, table) => el("div", { class: "org-frame", role: "region", "aria-label": name, tabindex: "0" }, table);

  function showHead({ choice, pathway }) {
    const parts = [];
    if (choice) {
      parts.push("Chosen: ", el("strong", null, geomap.nameOf(choice)), " ",
        el("button", { type: "button", class: "link", click: () => geomap.openTab("places", true) }, "see its details"));
    }
    if (pathway >= 0) {
      parts.push(choice ? ". " : "", "Only: ", el("strong", null, data.pathways.name[pathway]), " ",
        el("button", { type: "button", class: "link", click: () => geomap.change({ pathway: -1 }) }, "show all pathways"));
      if (shown.ofAll) parts.push(". The figures below are of all pathways.");
    }
    head.hidden = parts.length === 0;
    head.replaceChildren(...parts);
  }

  const isSameView = (a, b) => a && b && geomap.isSame(a.choice, b.choice) && a.pathway === b.pathway;

  /** Show the view that is switched on, if it does not show this already. */
  function refresh(isNew) {
    const now = geomap.view();
    if (isNew || !isSameView(last, now)) showHead(now);
    last = now;
    if (!shown.host) {
      shown.host = el("div", { class: "org-view" }, el("h2", { class: "unseen" }, shown.name));
      sheet.append(shown.host);
      shown.draw(shown.host);
    }
    for (const each of views) if (each.host) each.host.hidden = each !== shown;
    if (isNew) sheet.classList.toggle("is-narrow", sheet.clientWidth < NARROW_PX);
    if (isNew || !isSameView(shown.at, now)) shown.show(now, isNew);
    shown.at = now;
  }

  /** Switch to one of the views. */
  geomap.showOrganisations = function (key) {
    shown = views.find((view) => view.key === key);
    sheet.querySelector("input[value=" + key + "]").checked = true;
    refresh(true);
  };

  function draw() {
    sheet = geomap.byId("organisations");
    head = el("p", { class: "org-choice", hidden: "" });
    const choices = views.map((view, k) => {
      const input = el("input", { type: "radio", name: "organisation-view", value: view.key, checked: k === 0 ? "" : null });
      input.addEventListener("change", () => geomap.showOrganisations(view.key));
      return el("label", null, input, el("span", null, view.name));
    });
    sheet.replaceChildren(el("fieldset", { class: "org-switch" }, el("legend", { class: "unseen" }, "Show"), ...choices), head);
    shown = views[0];
    window.addEventListener("resize", () => sheet.hidden || refresh(true));
  }

  geomap.onChange((view, before) => {
    if (view.tab !== "organisations") return;
    if (!sheet) draw();
    sheet.hidden = false; // or nothing in it could be measured
    refresh(!before || before.tab !== view.tab);
  });
})(window.geomap);
