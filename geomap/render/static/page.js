/* What is chosen, the tabs, the address and the keys; the start of everything. */
(function (geomap) {
  "use strict";

  const { data, byId } = geomap;
  const TABS = ["places", "table", "about"];
  const KEYS = { pcn: data.pcns.code, site: data.sites.id };
  let chosen = null;

  geomap.choice = () => chosen;

  function isSame(a, b) {
    return a === b || (a !== null && b !== null && a.kind === b.kind && a.row === b.row);
  }

  /** The address's fragment, "#pcn=U12345", as a choice; null where it names nothing known. */
  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const kind of Object.keys(KEYS)) {
      const row = wanted.has(kind) ? KEYS[kind].indexOf(wanted.get(kind)) : -1;
      if (row >= 0) return { kind, row };
    }
    return null;
  }

  function toAddress(choice) {
    const wanted = new URLSearchParams();
    if (choice) wanted.set(choice.kind, KEYS[choice.kind][choice.row]);
    const fragment = wanted.toString();
    if (location.hash.slice(1) !== fragment) history.pushState(null, "", "#" + fragment);
  }

  function fillPlaces(choice) {
    let content = geomap.overview;
    if (choice) content = choice.kind === "pcn" ? geomap.pcnDetails : geomap.siteDetails;
    const nodes = content(choice ? choice.row : undefined);
    byId("places").replaceChildren(...nodes.filter((node) => node !== null));
  }

  function show(choice, zoom) {
    chosen = choice;
    byId("places").scrollTop = 0; // before anything changes: later it would make the browser lay the page out once more
    const lit = new Set();
    if (choice && choice.kind === "pcn") lit.add(choice.row);
    if (choice && choice.kind === "site") geomap.flowsOfSite(choice.row).forEach((k) => lit.add(data.flows.pcn[k]));
    if (choice && zoom) geomap.fit(geomap.boundsOf(choice), 13);
    if (choice) geomap.drawFlows(choice);
    else geomap.clearFlows();
    geomap.light(choice, lit);
    fillPlaces(choice);
    geomap.markRow(choice);
  }

  /** Choose a PCN or a facility, here and in the address; null for nothing. */
  geomap.choose = function (choice, { zoom = true } = {}) {
    if (!isSame(chosen, choice)) {
      toAddress(choice);
      show(choice, zoom);
    }
    if (!choice) return;
    openTab("places", false);
    if (zoom) {
      byId("places").querySelector("h2").focus({ preventScroll: true });
      if (isNarrow()) byId("map").scrollIntoView();
    }
  };

  /** Little room for the map key: it lies below the map, and the facilities in it fold away. */
  const isTight = () => window.matchMedia("(max-width: 1100px), (max-height: 760px)").matches;

  const isNarrow = () => window.matchMedia("(max-width: 720px), (max-height: 480px)").matches;

  function clear() {
    geomap.leaflet().closePopup();
    geomap.choose(null);
    geomap.fitAll();
  }

  function openTab(name, hasFocus) {
    for (const each of TABS) {
      const tab = byId("tab-" + each);
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
      byId(each).hidden = each !== name;
      if (each === name && hasFocus) tab.focus();
    }
    if (name === "table") geomap.drawTable();
  }

  geomap.showAbout = function (target) {
    openTab("about", false);
    const section = byId(target);
    section.tabIndex = -1;
    section.scrollIntoView();
    section.focus({ preventScroll: true });
  };

  function moveTab(event) {
    const at = TABS.findIndex((name) => "tab-" + name === event.target.id);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    openTab(TABS[(to + TABS.length) % TABS.length], true);
  }

  /** Give paper its own map size: the browser lays the page out only after this. */
  function preparePrint(isPrinting) {
    document.body.classList.toggle("printing", isPrinting);
    geomap.leaflet().invalidateSize({ animate: false });
    if (isPrinting) byId("legend").open = byId("site-key").open = true;
    if (chosen) geomap.fit(geomap.boundsOf(chosen), 13);
    else geomap.fitAll();
  }

  function listen() {
    TABS.forEach((name) => byId("tab-" + name).addEventListener("click", () => openTab(name, false)));
    document.querySelector(".tabs").addEventListener("keydown", moveTab);
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.id === "filter" && event.target.value !== "";
      if (event.key === "Escape" && !isTyping) clear();
    });
    byId("reset").addEventListener("click", clear);
    byId("print").addEventListener("click", () => window.print());
    ["legend", "site-key"].forEach((id) => byId(id).addEventListener("toggle", () => geomap.leaflet().invalidateSize()));
    byId("show-sites").addEventListener("change", (event) => geomap.showSites(event.target.checked));
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      byId("panel").focus();
    });
    window.addEventListener("popstate", () => {
      const wanted = fromAddress();
      if (isSame(chosen, wanted)) return;
      show(wanted, true);
      openTab("places", false);
    });
    window.addEventListener("beforeprint", () => preparePrint(true));
    window.addEventListener("afterprint", () => preparePrint(false));
  }

  /** Called at the end of the script that folium wrote, with its layers. */
  geomap.start = function (layers) {
    if (isTight()) byId("site-key").open = false;
    geomap.drawHeader();
    geomap.drawThemes();
    geomap.startMap(layers);
    geomap.drawLegend();
    geomap.drawSiteKey();
    geomap.drawLedger();
    geomap.drawAbout();
    listen();
    layers.map.invalidateSize({ animate: false });
    geomap.fitAll();
    show(fromAddress(), true);
  };
})(window.geomap);
