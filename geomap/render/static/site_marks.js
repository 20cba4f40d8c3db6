/* Test-and-learn sites on the map: an outline and the rank of each, and a dashed outline around what it is compared with. */
(function (geomap) {
  "use strict";

  const { data, el, number, byId } = geomap;
  const sites = data.sites;
  /** Where a number may stand if its own place is taken: steps of its size, nearest first. */
  const PLACES = [[0, 0], [1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1], [2, 0], [-2, 0], [0, -2], [0, 2],
    [2, -1], [-2, -1], [2, 1], [-2, 1], [1, -2], [-1, -2], [1, 2], [-1, 2], [3, 0], [-3, 0], [0, 3], [0, -3]];
  let places = null;
  let casing = null;
  let chosen = null;
  let comparators = null;
  let chips = null;
  let stems = null;
  let markers = null;

  const isComparator = (row) => row >= sites.id.length;

  function makeChip(row) {
    const mark = el("span", { class: "mark site-mark" }, el("b", { "aria-hidden": "true" }, number(sites.rank[row])),
      el("span", { class: "unseen" }, "Test-and-learn site " + number(sites.rank[row]) + ": " + sites.name[row]));
    const icon = L.divIcon({ html: mark, className: "site-chip", iconSize: [0, 0] });
    const marker = L.marker(places.get(row), { icon, pane: "chips", riseOnHover: true });
    marker.bindTooltip(() => el("span", null, number(sites.rank[row]) + ". " + sites.name[row]), { direction: "top", offset: [0, -12] });
    return geomap.onPress(marker, () => geomap.choose({ kind: "site", row }));
  }

  /** Put the numbers where there is room, the first ranks first; one that had to move keeps a line to its place. */
  function placeChips() {
    if (geomap.view().choice) return; // they are hidden then
    const map = geomap.leaflet();
    const view = map.getBounds();
    const [width, height] = geomap.isFar() ? [19, 17] : [25, 23];
    const taken = geomap.clusterBoxes((place) => map.latLngToContainerPoint(place));
    if (geomap.keyBox()) taken.push(geomap.keyBox());
    stems.clearLayers();
    for (const [row, marker] of markers) {
      const isSeen = view.contains(places.get(row));
      if (isSeen !== chips.hasLayer(marker)) chips[isSeen ? "addLayer" : "removeLayer"](marker);
      if (!isSeen) continue;
      const from = map.latLngToContainerPoint(places.get(row));
      const spots = PLACES.map(([dx, dy]) => from.add([dx * width, dy * height]))
        .map((to) => ({ to, box: [to.x - width / 2, to.y - height / 2, to.x + width / 2, to.y + height / 2] }));
      const isFree = ({ box }) => taken.every((t) => box[2] <= t[0] || box[0] >= t[2] || box[3] <= t[1] || box[1] >= t[3]);
      const { to, box } = spots.find(isFree) || spots[0];
      taken.push(box);
      const ends = [places.get(row), map.containerPointToLatLng(to)];
      marker.setLatLng(ends[1]);
      if (!from.equals(to)) L.polyline(ends, { pane: "chips", color: "#212b32", weight: 1.5, interactive: false }).addTo(stems);
    }
  }

  geomap.showSites = function (isShown) {
    const map = geomap.leaflet();
    for (const layer of [casing, comparators, chosen, stems, chips]) {
      if (isShown) map.addLayer(layer);
      else map.removeLayer(layer);
    }
    map[isShown ? "on" : "off"]("moveend", placeChips);
    if (isShown) placeChips();
  };

  geomap.onChange((view, before) => {
    if (chips && before && before.choice && !view.choice) placeChips();
  });

  geomap.startSites = function () {
    byId("site-key").hidden = sites.id.length === 0;
    if (sites.id.length === 0) return;
    const map = geomap.leaflet();
    map.createPane("chips").style.zIndex = 620;
    const shapes = geomap.readShapes(sites.shapes);
    places = geomap.readPlaces(sites.places);
    casing = new geomap.Shapes(shapes, { pane: "sites", className: "site-casing" });
    chosen = new geomap.Shapes(shapes, { pane: "sites", className: "site-outline" });
    comparators = new geomap.Shapes(shapes, { pane: "sites", className: "comparator-outline" });
    chosen.rows = [...shapes.keys()].filter((row) => !isComparator(row));
    comparators.rows = [...shapes.keys()].filter(isComparator);
    [chips, stems] = [L.layerGroup(), L.layerGroup()];
    markers = new Map([...places.keys()].filter((row) => !isComparator(row)).map((row) => [row, makeChip(row)]));
    geomap.showSites(true);
    byId("show-sites").addEventListener("change", (event) => geomap.showSites(event.target.checked));
  };
})(window.geomap);
