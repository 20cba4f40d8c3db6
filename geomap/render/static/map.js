/* The map: colours of the PCNs, what is chosen, where the map looks. */
(function (geomap) {
  "use strict";

  const { data, el, byId } = geomap;
  const FAR_ZOOM = 7.5;
  const ROUNDING_PX = 3;
  const OUTLINED = new Set(["pcn", "site"]);
  let map = null;
  let pcns = null;
  let lit = null;
  let everything = null;
  let atRest = null;
  let key = null;

  geomap.leaflet = () => map;
  /** Whether the map shows so much that marks must be small. */
  geomap.isFar = () => map.getZoom() < FAR_ZOOM;

  function fillOf(theme, row) {
    const cls = geomap.classOf(theme, row);
    return cls < 0 ? "url(#hatch)" : theme.fills[cls];
  }

  function paint() {
    const theme = geomap.theme();
    pcns.paths.forEach((path, row) => path.setAttribute("fill", fillOf(theme, row)));
    lit.paths.forEach((path, row) => path.setAttribute("fill", fillOf(theme, row)));
  }

  /** Lay a veil over all PCNs and draw those of the choice again above it: far quicker than to dim each of the others. */
  function light(choice) {
    map.getContainer().classList.toggle("has-choice", choice !== null);
    const rows = choice ? [...new Set(geomap.kindOf(choice).pcns(choice.row))] : [];
    lit.show(rows);
    lit.svg.toggleAttribute("hidden", choice === null);
    const theme = geomap.theme();
    lit.paths.forEach((path, row) => {
      path.setAttribute("fill", fillOf(theme, row));
      path.classList.toggle("chosen", OUTLINED.has(choice.kind));
    });
  }

  geomap.footprintBounds = (row) => (pcns.shapes.has(row) ? geomap.boundsOfShape(pcns.shapes.get(row)) : null);

  /** Measured when the key or the map changes its size, not at a choice: there it would make the browser lay out twice. */
  function measureKey() {
    const legend = byId("legend");
    const isOver = getComputedStyle(legend).position === "absolute";
    const { left, top, width, height } = legend.getBoundingClientRect();
    const frame = map.getContainer().getBoundingClientRect();
    key = isOver ? { left: left - frame.left, top: top - frame.top, width, height, isOpen: legend.open } : null;
  }

  geomap.measureKey = measureKey;

  /** The part of the map that its key lies over, [left, top, right, bottom] in pixels; null where it lies beside it. */
  geomap.keyBox = () => key && [key.left, key.top, key.left + key.width, key.top + key.height];

  /** Room on the left for the map key where it lies over the map, and on top for the key of the lines. */
  geomap.fit = function (bounds, maxZoom) {
    if (!bounds || !bounds.isValid()) return;
    const left = key && key.isOpen ? key.width + 16 : 16;
    const top = geomap.view().choice ? 96 : 24;
    map.fitBounds(bounds, { paddingTopLeft: [left, top], paddingBottomRight: [28, 40], maxZoom, animate: false });
  };

  geomap.fitAll = function () {
    geomap.fit(everything, 12);
    atRest = { center: map.getCenter(), zoom: map.getZoom() };
  };

  /** How far the map was moved since it showed everything; a new size alone rounds its middle to whole pixels. */
  const movedPx = () => map.project(map.getCenter()).distanceTo(map.project(atRest.center));

  /** The room for the map changes with the window and with the key below it: what showed everything still does. */
  function followRoom() {
    measureKey();
    const wasAtRest = atRest !== null && map.getZoom() === atRest.zoom && movedPx() < ROUNDING_PX;
    map.invalidateSize({ animate: false, pan: !wasAtRest });
    if (wasAtRest && !geomap.view().choice) geomap.fitAll();
  }

  /** Go to what is chosen, or show everything. */
  geomap.fitView = function () {
    const { choice } = geomap.view();
    if (choice) geomap.fit(geomap.kindOf(choice).bounds(choice.row), 13);
    else geomap.fitAll();
  };

  function pcnWords(row, isPopup) {
    const name = data.pcns.name[row];
    const box = el("div", { class: "words" }, el("strong", { class: geomap.caps(name) }, name));
    const shown = isPopup ? data.themes.filter((theme) => theme.in_popup).map((theme) => theme.key) : [geomap.view().theme];
    for (const theme of shown.map(geomap.theme)) {
      box.append(el("span", null, theme.short + ": " + geomap.themeText(theme, row)));
    }
    if (isPopup) {
      const { demand, matched } = geomap.placesOf(row);
      box.append(el("span", null, geomap.people(matched) + " of " + geomap.countedPeople(demand) +
        " who could start have a place"));
    }
    return box;
  }

  /** One hover text and one popup for all PCNs: the element below the pointer says which. */
  function listenToPcns() {
    const hint = L.tooltip({ sticky: true, direction: "auto", opacity: 0.95 });
    let hinted = -1;
    const hide = () => {
      hinted = -1;
      hint.close();
    };
    map.on("mousemove", (event) => {
      const row = geomap.rowOfPath(event.originalEvent.target);
      if (row === undefined) {
        hide();
        return;
      }
      if (row !== hinted) hint.setContent(pcnWords(row, false));
      hint.setLatLng(event.latlng);
      if (hinted < 0) hint.openOn(map);
      hinted = row;
    });
    map.on("mouseout", hide);
    map.on("click", (event) => {
      const row = geomap.rowOfPath(event.originalEvent.target);
      if (row === undefined) return;
      hide();
      L.popup({ minWidth: 220, maxWidth: 260 }).setLatLng(event.latlng).setContent(pcnWords(row, true)).openOn(map);
      geomap.choose({ kind: "pcn", row }, { zoom: false });
    });
  }

  geomap.onChange((view, before) => {
    const isOther = !before || !geomap.isSame(before.choice, view.choice) || before.pathway !== view.pathway;
    if (!before || before.theme !== view.theme || before.pathway !== view.pathway) {
      paint();
      geomap.drawLegend();
    }
    if (!isOther) return;
    if (view.choice && geomap.isZooming) geomap.fitView();
    light(view.choice);
  });

  function makePanes() {
    for (const [name, zIndex] of [["lit", 405], ["sites", 420], ["flows", 450], ["picked", 630], ["figures", 640]]) {
      const pane = map.createPane(name);
      pane.style.zIndex = zIndex;
      if (name !== "picked") pane.style.pointerEvents = "none";
    }
  }

  /** Take over the layers that folium made: they are added once the map knows where to look, so as to draw them once. */
  geomap.startMap = function (layers) {
    map = layers.map;
    pcns = layers.pcns;
    everything = L.latLngBounds([]);
    pcns.shapes.forEach((shape) => everything.extend(geomap.boundsOfShape(shape)));
    layers.facilities.places.forEach((place) => everything.extend(place));
    makePanes();
    lit = new geomap.Shapes(pcns.shapes, { pane: "lit", isVeiled: true });
    map.attributionControl = null;
    L.control.scale({ position: "bottomright" }).addTo(map);
    map.zoomControl.setPosition("topright");
    map.on("zoomend", () => map.getContainer().classList.toggle("far", geomap.isFar()));
    map.invalidateSize({ animate: false });
    measureKey();
    geomap.fitAll();
    for (const layer of [pcns, lit, layers.outlines]) map.addLayer(layer);
    lit.show([]);
    geomap.startFacilities(layers.facilities);
    geomap.startSites();
    listenToPcns();
    new ResizeObserver(followRoom).observe(map.getContainer());
    new ResizeObserver(measureKey).observe(byId("legend"));
  };
})(window.geomap);
