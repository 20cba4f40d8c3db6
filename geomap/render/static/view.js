/* What the reader looks at: the choice, the pathway, the theme and the tab; the address keeps all four. */
(function (geomap) {
  "use strict";

  const { data } = geomap;
  geomap.TABS = ["places", "organisations", "table", "about"];
  geomap.TABS_OF_CHOICE = ["places", "organisations"];
  const NOTHING = { choice: null, pathway: -1, theme: data.themes[0].key, tab: "places" };
  const UNTOLD = { pcns: () => [], facilities: () => [], bounds: () => null, lines: () => [], numbered: false };
  const kinds = new Map();
  const listeners = [];
  let view = { ...NOTHING };

  /** Now: { choice: { kind, row } or null, pathway: row or -1 for all, theme: key, tab: name }. Never changed in place. */
  geomap.view = () => view;

  /**
   * Tell the page of a kind of thing that can be chosen. `told` has
   *   keys      the ids that stand in the address, by row
   *   name      (row) its name
   *   pcns      (row) rows of the PCNs that stay lit
   *   facilities (row) rows of the facilities that stay lit
   *   bounds    (row) where the map goes, or null to stay
   *   lines     (row) flows to draw: [{ facility, pcn, hours, places }], most hours first
   *   numbered  whether the places of its lines are numbered as in the details
   *   details   (row) nodes of the panel, the first heading an h2 with tabindex -1
   */
  geomap.addKind = (kind, told) => kinds.set(kind, Object.setPrototypeOf(told, UNTOLD));
  geomap.kinds = () => [...kinds.keys()];
  geomap.kindOf = (choice) => kinds.get(choice.kind);
  geomap.nameOf = (choice) => kinds.get(choice.kind).name(choice.row);

  /** Be told of every change: called with the view and the one before it, null at the start. */
  geomap.onChange = (listener) => listeners.push(listener);

  geomap.isSame = (a, b) => a === b || (a !== null && b !== null && a.kind === b.kind && a.row === b.row);

  /** What the address names and the map does not have; null where there is nothing. */
  function lostInAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const lost = [...kinds].filter(([kind, told]) => wanted.has(kind) && !told.keys.includes(wanted.get(kind))).map(([kind]) => wanted.get(kind));
    if (wanted.has("only") && !data.pathways.id.includes(wanted.get("only"))) lost.push(wanted.get("only"));
    return lost.length ? lost.map((each) => each.slice(0, 60)).join(", ") : null;
  }

  /** The address's fragment, "#pcn=U12345&only=falls", as a view; what it does not name, or wrongly, is as at rest. */
  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const found = { ...NOTHING };
    for (const [kind, told] of kinds) {
      const row = wanted.has(kind) ? told.keys.indexOf(wanted.get(kind)) : -1;
      if (row >= 0) found.choice = { kind, row };
    }
    if (wanted.has("only")) found.pathway = data.pathways.id.indexOf(wanted.get("only"));
    if (data.themes.some((theme) => theme.key === wanted.get("theme"))) found.theme = wanted.get("theme");
    if (geomap.TABS.includes(wanted.get("tab"))) found.tab = wanted.get("tab");
    return found;
  }

  function toAddress() {
    const wanted = new URLSearchParams();
    if (view.choice) wanted.set(view.choice.kind, geomap.kindOf(view.choice).keys[view.choice.row]);
    if (view.pathway >= 0) wanted.set("only", data.pathways.id[view.pathway]);
    if (view.theme !== NOTHING.theme) wanted.set("theme", view.theme);
    if (view.tab !== NOTHING.tab) wanted.set("tab", view.tab);
    // In a frame of a notebook a bare "#" would be taken for the notebook's own address.
    return location.href.split("#")[0] + "#" + wanted.toString();
  }

  /** How many steps Back can undo. */
  geomap.steps = () => (history.state && history.state.step) || 0;

  function tell(before) {
    listeners.forEach((listener) => listener(view, before));
  }

  /** Change part of the view. A new choice or pathway is a step that Back undoes; a theme or a tab is not. */
  geomap.change = function (part) {
    const before = view;
    view = { ...view, ...part };
    const isStep = !geomap.isSame(before.choice, view.choice) || before.pathway !== view.pathway;
    if (!isStep && before.theme === view.theme && before.tab === view.tab) return;
    const step = geomap.steps() + (isStep ? 1 : 0);
    history[isStep ? "pushState" : "replaceState"]({ step }, "", toAddress());
    tell(before);
  };

  /** Choose a thing; null for nothing. The panel shows it, unless a tab is open that shows it too. */
  geomap.choose = function (choice, { zoom = true } = {}) {
    geomap.isZooming = zoom;
    const stays = choice === null || geomap.TABS_OF_CHOICE.includes(view.tab);
    geomap.change({ choice, tab: stays ? view.tab : "places" });
    geomap.isZooming = true;
  };

  geomap.readAddress = function (isFirst) {
    const before = isFirst ? null : view;
    const lost = lostInAddress();
    view = fromAddress();
    geomap.isZooming = true;
    tell(before);
    if (lost === null) return;
    history.replaceState(history.state, "", toAddress());
    geomap.byId("said").textContent = lost + " is not in this map.";
  };
})(window.geomap);
