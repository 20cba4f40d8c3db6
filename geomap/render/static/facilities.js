/* Facilities on the map: circles, clusters that say how many hours stand there, and which of them are shown. */
(function (geomap) {
  "use strict";

  const { data, el, number, counted } = geomap;
  const facilities = data.facilities;
  const largestHours = Math.max(1, ...facilities.pledged_hours);
  const LARGEST_PX = 44;
  const SMALLEST_PX = 16;
  const TOGETHER_PX = 64;
  const MARGIN_PX = 60;
  const CELLS_DOWN = 2 ** 20;
  const NEIGHBOURS = [-1, 0, 1].flatMap((across) => [-1, 0, 1].map((down) => across * CELLS_DOWN + down));
  const LONGEST_LIST = 12;
  const filter = { hiddenKinds: new Set(), onlyLeft: false };
  let layer = null;

  geomap.hasHoursLeft = (row) => facilities.unmatched_hours[row] >= 1;
  geomap.facilityPlace = (row) => layer.places.get(row) || null;
  /** The hours a circle and a cluster stand for. */
  const hoursOf = (row) => (filter.onlyLeft ? facilities.unmatched_hours : facilities.pledged_hours)[row];

  geomap.isFacilityShown = function (row) {
    const { pathway } = geomap.view();
    return !filter.hiddenKinds.has(data.operators.kind[facilities.operator[row]]) &&
      (!filter.onlyLeft || geomap.hasHoursLeft(row)) &&
      (pathway < 0 || facilities.pathways[row].includes(pathway));
  };

  /** Change which facilities are shown: { hiddenKinds: rows of `data.kinds`, onlyLeft }. */
  geomap.filterFacilities = function (part) {
    Object.assign(filter, part);
    layer.refresh();
    geomap.drawFacilityKey();
  };
  geomap.facilityFilter = () => filter;

  /** Width in pixels of the circle of a facility: its area grows with the hours. */
  geomap.circlePx = (hours) => Math.max(SMALLEST_PX, LARGEST_PX * Math.sqrt(hours / largestHours));

  /** Two round numbers of hours for the key: the largest circle or a little less, and about an eighth of it. */
  geomap.keyHours = function () {
    const round = (hours) => {
      const ten = 10 ** Math.floor(Math.log10(hours));
      return [5, 2, 1].find((times) => times * ten <= hours) * ten;
    };
    return [...new Set([round(Math.max(1, largestHours / 8)), round(largestHours)])];
  };

  geomap.circle = function (kind, px, hasHoursLeft) {
    const disc = el("span", { class: "disc" + (hasHoursLeft ? " ring" : "") }, el("b", null, kind ? kind.letter : "?"));
    disc.style.width = disc.style.height = px + "px";
    disc.style.fontSize = Math.max(10, Math.min(15, px * 0.5)) + "px";
    disc.style.backgroundColor = kind ? kind.colour : "#425563";
    return disc;
  };

  /** Icon made when it is first shown; its content is nodes, so a name in it can only be text. */
  const FacilityIcon = L.DivIcon.extend({
    createIcon(old) {
      const div = L.DivIcon.prototype.createIcon.call(this, old);
      const { row, px, rank } = this.options;
      const name = facilities.name[row] + ", " + counted(facilities.pledged_hours[row], "hour", "hours") + " pledged";
      div.append(geomap.circle(geomap.facilityKind(row), px, geomap.hasHoursLeft(row)));
      if (rank) div.append(el("span", { class: "rank", "aria-hidden": "true" }, number(rank)));
      div.append(el("span", { class: "unseen" }, name));
      return div;
    },
  });

  /** Do it at a click, and at Enter, which Leaflet takes for no click. */
  geomap.onPress = (marker, act) => marker.on("click", act).on("keypress", (event) => {
    if (event.originalEvent.key === "Enter") act();
  });

  function facilityWords(row, isPopup) {
    const box = el("div", { class: "words" }, el("strong", { class: geomap.caps(facilities.name[row]) }, facilities.name[row]));
    box.append(el("span", null, data.operators.name[facilities.operator[row]]));
    box.append(el("span", null, number(facilities.pledged_hours[row]) + " hours pledged, " +
      number(facilities.matched_hours[row]) + " matched, " + number(facilities.unmatched_hours[row]) + " left"));
    if (isPopup) {
      box.append(el("span", null, "Serves " + geomap.countedPeople(facilities.people[row]) + " in " +
        counted(facilities.pcns_served[row], "PCN", "PCNs")));
    }
    return box;
  }

  function facilityMarker(row, { pane = "markerPane", className = "facility", rank = 0 } = {}) {
    const px = geomap.circlePx(hoursOf(row));
    const icon = new FacilityIcon({ row, px, rank, html: false, className, iconSize: [px, px] });
    // Numbered ones may lie over one another; a keyboard reaches them in the list that they are numbered as.
    const marker = L.marker(layer.places.get(row), { icon, row, pane, riseOnHover: true, keyboard: rank === 0 });
    marker.bindTooltip(() => facilityWords(row, false), { direction: "top", offset: [0, -8] });
    marker.bindPopup(() => facilityWords(row, true), { minWidth: 220, maxWidth: 260 });
    return geomap.onPress(marker, () => geomap.choose({ kind: "facility", row }, { zoom: false }));
  }

  /** A facility of the choice, above the clusters, numbered as in the list (0: no number). */
  geomap.pickedMarker = (row, rank) => facilityMarker(row, { pane: "picked", className: "facility picked", rank });

  function groupWords(rows) {
    const shown = rows.slice(0, LONGEST_LIST).map((row) => el("li", null, geomap.chooser("facility", row, facilities.name[row])));
    const left = rows.length - shown.length;
    return el("div", { class: "words" }, el("strong", null, counted(rows.length, "facility", "facilities") + " at one place"),
      el("ul", { class: "plain" }, ...shown), left > 0 ? el("span", null, "and " + number(left) + " more") : null);
  }

  /** Go nearer until the facilities of a cluster part; those at one place are listed. */
  function openGroup({ rows }, marker) {
    const map = geomap.leaflet();
    const bounds = L.latLngBounds(rows.map((row) => layer.places.get(row)));
    if (map.getZoom() < map.getMaxZoom() && !bounds.getNorthEast().equals(bounds.getSouthWest())) {
      geomap.fit(bounds, map.getMaxZoom());
      map.getContainer().focus({ preventScroll: true });
      return;
    }
    marker.unbindPopup().bindPopup(() => groupWords(rows), { minWidth: 220, maxWidth: 260 }).openPopup();
  }

  function groupMarker(group) {
    const disc = el("span", { class: "cluster" }, el("b", { "aria-hidden": "true" }, geomap.brief(group.hours)));
    disc.append(el("span", { class: "unseen" }, number(group.rows.length) + " facilities, " + number(group.hours) +
      (filter.onlyLeft ? " hours left" : " hours")));
    const icon = L.divIcon({ html: disc, className: "cluster-icon", iconSize: [0, 0] });
    const map = geomap.leaflet();
    const marker = L.marker(map.unproject([group.x, group.y], map.getZoom()), { icon });
    return geomap.onPress(marker, () => openGroup(group, marker));
  }

  /** A layer of places by facility row; near one another they become a cluster, about the one with most hours. */
  geomap.Facilities = L.Layer.extend({
    initialize(places) {
      this.places = places;
      this.x = new Float64Array(facilities.id.length);
      this.y = new Float64Array(facilities.id.length);
      places.forEach((place, row) => {
        const point = L.CRS.EPSG3857.latLngToPoint(place, 0);
        [this.x[row], this.y[row]] = [point.x, point.y];
      });
      this.only = null;
      this.groups = new Map();
      this.drawn = new Map();
    },

    onAdd(map) {
      this.map = map;
      this.draw();
    },

    onRemove() {
      this.clear();
      this.map = null;
    },

    getEvents() {
      return { moveend: this.draw };
    },

    clear() {
      this.drawn.forEach((marker) => marker.remove());
      this.drawn.clear();
    },

    /** Other facilities are shown than before. */
    refresh() {
      this.groups.clear();
      this.rows = null;
      this.clear();
      this.draw();
    },

    /** All clusters at a zoom, those of one facility too: [{ rows, hours, x, y }], in pixels of the world. */
    groupsAt(zoom) {
      if (!this.groups.has(zoom)) this.groups.set(zoom, this.group(2 ** zoom));
      return this.groups.get(zoom);
    },

    /** Most hours first, each facility joins the nearest cluster whose first facility is close, or begins one. */
    group(scale) {
      const { x, y } = this;
      const groups = [];
      const cells = new Map(); // of TOGETHER_PX each way: the last group that began there, which leads to the one before
      for (const row of this.shown()) {
        const [px, py] = [x[row] * scale, y[row] * scale];
        const cell = Math.floor(px / TOGETHER_PX) * CELLS_DOWN + Math.floor(py / TOGETHER_PX);
        let nearest = null;
        let least = TOGETHER_PX ** 2;
        for (const near of NEIGHBOURS) {
          for (let group = cells.get(cell + near); group; group = group.before) {
            const away = (group.x - px) ** 2 + (group.y - py) ** 2;
            if (away < least) [nearest, least] = [group, away];
          }
        }
        if (nearest) nearest.rows.push(row);
        else {
          const group = { rows: [row], x: px, y: py, before: cells.get(cell) };
          groups.push(group);
          cells.set(cell, group);
        }
      }
      return groups.map(({ rows }) => this.summed(rows, scale));
    },

    /** Show only these rows, clustered, though something is chosen; null for all. */
    restrict(rows) {
      if (rows === this.only) return;
      this.only = rows;
      geomap.leaflet().getContainer().classList.toggle("has-many", rows !== null);
      this.refresh();
    },

    /** Rows of the facilities that are shown, most hours first. */
    shown() {
      if (!this.rows) {
        const rows = this.only || [...this.places.keys()];
        this.rows = rows.filter((row) => this.places.has(row) && geomap.isFacilityShown(row))
          .sort((a, b) => hoursOf(b) - hoursOf(a) || a - b);
      }
      return this.rows;
    },

    /** A cluster stands where its hours are: at their mean. */
    summed(rows, scale) {
      let [x, y, hours] = [0, 0, 0];
      for (const row of rows) {
        const weight = hoursOf(row) || 1e-9;
        x += this.x[row] * weight;
        y += this.y[row] * weight;
        hours += weight;
      }
      return { rows, hours, x: x / hours * scale, y: y / hours * scale };
    },

    /** Put on the map what is in view; what stands there already is left. While something is chosen, no clusters. */
    draw() {
      const { map } = this;
      if (!map) return;
      const { min, max } = map.getPixelBounds();
      const zoom = map.getZoom();
      const isFaded = geomap.view().choice !== null && this.only === null;
      const wanted = new Map();
      for (const group of this.groupsAt(zoom)) {
        const isSeen = group.x > min.x - MARGIN_PX && group.x < max.x + MARGIN_PX && group.y > min.y - MARGIN_PX && group.y < max.y + MARGIN_PX;
        if (!isSeen || (isFaded && group.rows.length > 1)) continue;
        wanted.set((group.rows.length > 1 ? zoom + ":" + group.rows.length : "one") + ":" + group.rows[0], group);
      }
      for (const [key, marker] of this.drawn) {
        if (wanted.has(key)) continue;
        marker.remove();
        this.drawn.delete(key);
      }
      for (const [key, group] of wanted) {
        if (this.drawn.has(key)) continue;
        const marker = group.rows.length > 1 ? groupMarker(group) : facilityMarker(group.rows[0]);
        this.drawn.set(key, marker.addTo(map));
      }
    },
  });

  geomap.showFacilities = function (isShown) {
    if (isShown) geomap.leaflet().addLayer(layer);
    else geomap.leaflet().removeLayer(layer);
  };

  /** Of a choice with many facilities, show these in clusters and no others; null for a choice with few, or none. */
  geomap.restrictFacilities = (rows) => layer.restrict(rows);

  /** Boxes in pixels of the clusters' figures, over which nothing should stand; on the far map they are raised on a stem. */
  geomap.clusterBoxes = (toPixels) => [...layer.drawn.values()].filter((marker) => marker.options.row === undefined)
    .map((marker) => toPixels(marker.getLatLng()))
    .map(({ x, y }) => (geomap.isFar() ? [x - 17, y - 36, x + 17, y - 16] : [x - 22, y - 12, x + 22, y + 12]));

  geomap.startFacilities = function (given) {
    layer = given;
    geomap.showFacilities(true);
  };

  geomap.onChange((view, before) => {
    const isOtherPathway = before ? before.pathway !== view.pathway : view.pathway >= 0;
    if (isOtherPathway) geomap.filterFacilities({});
    else layer.draw();
  });
})(window.geomap);
