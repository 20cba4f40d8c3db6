/* What lies below and around the PCNs, out of the outlines alone: land, coast and regions. */
(function (geomap) {
  "use strict";

  const { data, el, byId } = geomap;

  function pane(map, name, zIndex) {
    const made = map.createPane(name);
    made.style.zIndex = zIndex;
    made.style.pointerEvents = "none";
    return made;
  }

  /** What the lines are, in one row of the map key. */
  function drawKey(hasRegions, hasIcbs) {
    const line = (name, text) => el("li", null, el("span", { class: "border-line " + name }), text);
    byId("legend-extras").append(el("ul", { class: "borders" }, hasRegions ? line("of-regions", "Region") : null,
      hasIcbs ? line("of-icbs", "ICB") : null, line("of-land", "Coast or edge")));
  }

  function start() {
    const map = geomap.leaflet();
    const { icbs, land, regions } = data.basemap;
    if (land === "") return;
    pane(map, "land", 300);
    pane(map, "regions", 414);
    pane(map, "coast", 416);
    const shapes = geomap.readShapes(land);
    new geomap.Shapes(shapes, { pane: "land", className: "land" }).addTo(map);
    if (regions !== "") new geomap.Shapes(geomap.readShapes(regions), { pane: "regions", className: "region" }).addTo(map);
    new geomap.Shapes(shapes, { pane: "coast", className: "shore" }).addTo(map);
    new geomap.Shapes(shapes, { pane: "coast", className: "coast" }).addTo(map);
    drawKey(regions !== "", icbs > 1);
  }

  geomap.onChange((view, before) => {
    if (!before) start();
  });
})(window.geomap);
