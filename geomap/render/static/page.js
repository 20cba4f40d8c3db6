/* The tabs, the keys and the paper; the start of everything. */
(function (geomap) {
  "use strict";

  const { byId, TABS } = geomap;

  /** Little room for the map key: it lies below the map, and the facilities in it fold away. */
  const isTight = () => window.matchMedia("(max-width: 1100px), (max-height: 760px)").matches;

  const isNarrow = () => window.matchMedia("(max-width: 720px), (max-height: 480px)").matches;

  function fillPlaces({ choice, pathway }, before) {
    if (before && geomap.isSame(before.choice, choice) && before.pathway === pathway) return;
    byId("places").scrollTop = 0; // before anything changes: later it would make the browser lay the page out once more
    const nodes = choice ? geomap.kindOf(choice).details(choice.row) : geomap.overview();
    byId("places").replaceChildren(...nodes.filter((node) => node !== null && node !== undefined));
  }

  function showTab({ tab }, before) {
    if (before && before.tab === tab) return;
    for (const each of TABS) {
      const button = byId("tab-" + each);
      button.setAttribute("aria-selected", String(each === tab));
      button.tabIndex = each === tab ? 0 : -1;
      byId(each).hidden = each !== tab;
    }
  }

  /** After a choice that moves the map, the reader is put where it is told. */
  function followChoice({ choice, tab }, before) {
    if (!before || !choice || geomap.isSame(before.choice, choice) || !geomap.isZooming) return;
    const heading = tab === "places" ? byId("places").querySelector("h2") : null;
    if (heading) heading.focus({ preventScroll: true });
    if (isNarrow() && tab !== "organisations") byId("panel").scrollIntoView();
  }

  geomap.openTab = function (tab, hasFocus = false) {
    geomap.change({ tab });
    if (hasFocus) byId("tab-" + tab).focus();
  };

  /** Show everything: nothing chosen, all pathways, the whole map. */
  geomap.clear = function () {
    geomap.leaflet().closePopup();
    geomap.change({ choice: null, pathway: -1 });
    geomap.fitAll();
  };

  /** Escape lets go of the choice, and pressed again of the pathway. */
  function letGo() {
    const { choice } = geomap.view();
    geomap.leaflet().closePopup();
    if (!choice) geomap.clear();
    else geomap.change({ choice: null });
    geomap.fitAll();
  }

  geomap.showAbout = function (target) {
    geomap.openTab("about");
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
    geomap.openTab(TABS[(to + TABS.length) % TABS.length], true);
  }

  /** Give paper its own map size: the browser lays the page out only after this. */
  function preparePrint(isPrinting) {
    byId("places").querySelectorAll("details").forEach((each) => { each.open = isPrinting; });
    document.body.classList.toggle("printing", isPrinting);
    document.body.classList.toggle("of-choice", isPrinting && geomap.view().choice !== null);
    document.body.classList.toggle("of-table", isPrinting && geomap.view().tab === "table");
    if (isPrinting && geomap.view().tab === "table") geomap.wholeTable();
    geomap.leaflet().invalidateSize({ animate: false });
    if (isPrinting) byId("legend").open = byId("facility-key").open = true;
    geomap.measureKey();
    geomap.fitView();
  }

  function listen() {
    TABS.forEach((name) => byId("tab-" + name).addEventListener("click", () => geomap.openTab(name)));
    document.querySelector(".tabs").addEventListener("keydown", moveTab);
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.matches("input[type=search], input[type=text]") && event.target.value !== "";
      if (event.key === "Escape" && !isTyping && !event.target.matches("select")) letGo();
    });
    ["legend", "facility-key"].forEach((id) =>
      byId(id).addEventListener("toggle", () => geomap.leaflet().invalidateSize()));
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      byId("panel").focus();
    });
    window.addEventListener("popstate", () => geomap.readAddress(false));
    window.addEventListener("beforeprint", () => preparePrint(true));
    window.addEventListener("afterprint", () => preparePrint(false));
  }

  /** Called at the end of the script that folium wrote, with its layers. */
  geomap.start = function (layers) {
    if (isTight()) byId("facility-key").open = false;
    geomap.drawHeader();
    geomap.drawTools();
    geomap.drawSearch();
    geomap.drawTable();
    geomap.drawThemes();
    geomap.startMap(layers);
    geomap.drawFacilityKey();
    geomap.drawLedger();
    geomap.drawAbout();
    listen();
    layers.map.invalidateSize({ animate: false });
    geomap.fitAll();
    geomap.onChange(fillPlaces);
    geomap.onChange(showTab);
    geomap.onChange(followChoice);
    geomap.readAddress(true);
  };
})(window.geomap);
