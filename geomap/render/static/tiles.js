/* A background from the internet, only where the run named a server for it and only once the reader asks for it. */
(function (geomap) {
  "use strict";

  const { data, el, byId } = geomap;
  let layer = null;
  let note = null;

  /** Text at the edge of the map; Leaflet's own control would take it for markup. */
  const Attribution = L.Control.extend({
    options: { position: "bottomright" },
    onAdd: () => el("p", { class: "tiles-attribution" }, "Background: " + data.tiles.attribution),
  });

  function make() {
    const map = geomap.leaflet();
    map.createPane("tiles").style.zIndex = 250;
    const control = new Attribution();
    layer = L.tileLayer(data.tiles.url, { pane: "tiles", minZoom: 5, maxZoom: 16, updateWhenIdle: true,
      referrerPolicy: "no-referrer" });
    const dim = (isShown) => map.getContainer().classList.toggle("with-tiles", isShown);
    let isAnswered = false;
    layer.on("tileload", () => {
      isAnswered = true;
      note.textContent = "";
      dim(true);
    });
    layer.on("tileerror", () => {
      if (!isAnswered) note.textContent = data.tiles.host + " does not answer.";
    });
    layer.on("add", () => control.addTo(map));
    layer.on("remove", () => {
      control.remove();
      dim(false);
      isAnswered = false;
      note.textContent = "";
    });
  }

  function show(isShown) {
    if (!layer) make();
    if (isShown) geomap.leaflet().addLayer(layer);
    else geomap.leaflet().removeLayer(layer);
  }

  function start() {
    const box = el("input", { type: "checkbox", id: "show-tiles" });
    box.addEventListener("change", () => show(box.checked));
    note = el("p", { class: "small", id: "tiles-note", role: "status" });
    byId("legend-extras").append(el("div", { class: "extra" },
      el("label", { class: "check" }, box, " Background map from " + data.tiles.host + " (asks the internet)"), note));
  }

  geomap.onChange((view, before) => {
    if (!before && data.tiles) start();
  });
})(window.geomap);
