"""Roads: who may use which way, journeys by hand, against a second program, and on a real extract."""

from __future__ import annotations

import math
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from osm_files import write_extract

from geomap.config import RoadParams, load_default
from geomap.errors import DataError
from geomap.load.child import read_apart, read_roads_apart
from geomap.load.roads import load_roads
from geomap.roads import time_journeys
from geomap.roads.graph import build_graph
from geomap.schema import FacilityFrame, JourneyFrame, PopulationPointFrame, RoadFrame
from geomap.schema.words import CRS

SHIPPED = RoadParams.model_validate(load_default("roads"))
EVEN = SHIPPED.model_copy(update={"walk_kmh": 6.0, "drive_kmh": {"residential": 60.0}})
"""100 m a minute on foot, 1,000 m a minute by car."""
X, Y = 430_000.0, 434_000.0


def roads(*ways: tuple) -> gpd.GeoDataFrame:
    """From (corners in metres, drives, walks); a single corner is a barrier."""
    f = RoadFrame
    rows = [(corners, *(told or ()), *("both",) * (2 - len(told))) for corners, *told in ways]
    shapes = [
        shapely.Point(X + c[0][0], Y + c[0][1]) if len(c) == 1 else shapely.LineString([(X + x, Y + y) for x, y in c])
        for c, _, _ in rows
    ]
    kind = ["barrier" if len(c) == 1 else "residential" for c, _, _ in rows]
    told = {f.way_id: [str(n) for n in range(len(rows))], f.highway: kind, f.walks: [r[2] for r in rows]}
    told |= {f.drives: [r[1] for r in rows], f.limit_kmh: np.nan}
    return gpd.GeoDataFrame(told, geometry=shapes, crs=CRS)


def places(column: str, spots: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    ids = [f"{column[0].upper()}{n}" for n in range(len(spots))]
    return gpd.GeoDataFrame(
        {column: ids}, geometry=[shapely.Point(X + x, Y + y) for x, y in spots], crs=CRS
    ).astype({column: "str"})


def sites(*spots: tuple[float, float]) -> gpd.GeoDataFrame:
    return places(FacilityFrame.facility_id, list(spots))


def homes(*spots: tuple[float, float]) -> gpd.GeoDataFrame:
    return places(PopulationPointFrame.point_id, list(spots))


def minutes(ways: gpd.GeoDataFrame, here, there, mode: str = "drive", params: RoadParams = EVEN, limit: float = 1e6):
    """(facility, point) → minutes by one mode."""
    (times,) = time_journeys(ways, here, there, params, {mode: limit})
    frame = JourneyFrame.validate(times.minutes)
    keys = frame[[JourneyFrame.facility_id, JourneyFrame.point_id]].itertuples(index=False, name=None)
    return dict(zip(keys, frame[JourneyFrame.minutes_min], strict=True))


class TestByHand:
    def test_along_the_road_and_not_across_the_field(self):
        bent = roads(([(0, 0), (0, 1000), (1000, 1000)],))
        assert minutes(bent, sites((0, 0)), homes((1000, 1000))) == {("F0", "P0"): pytest.approx(2)}
        assert minutes(bent, sites((0, 0)), homes((1000, 1000)), "walk") == {("F0", "P0"): pytest.approx(20)}

    def test_the_way_from_the_door_to_the_road_is_walked(self):
        road = roads(([(0, 0), (2000, 0)],))
        # 50 m and 100 m on foot at 100 m a minute, 1,000 m by car in a minute.
        found = minutes(road, sites((500, 50)), homes((1500, -100)))
        assert found == {("F0", "P0"): pytest.approx(0.5 + 1 + 1)}

    def test_two_places_on_one_edge_do_not_go_by_its_ends(self):
        road = roads(([(0, 0), (10_000, 0)],))
        assert minutes(road, sites((4000, 0)), homes((4100, 0), (4000, 0))) == {
            ("F0", "P0"): pytest.approx(0.1), ("F0", "P1"): 0,
        }  # fmt: skip

    def test_patients_travel_to_the_facility_against_no_one_way_street(self):
        # Round a square of 1,000 m a side, one way: 0,0 → 1000,0 → 1000,1000 → 0,1000 → 0,0.
        ring = roads(([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)], "forward"))
        assert minutes(ring, sites((1000, 0)), homes((0, 0))) == {("F0", "P0"): pytest.approx(1)}
        assert minutes(ring, sites((0, 0)), homes((1000, 0))) == {("F0", "P0"): pytest.approx(3)}
        assert minutes(ring, sites((0, 0)), homes((1000, 0)), "walk") == {("F0", "P0"): pytest.approx(10)}
        turned = roads(([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)], "backward"))
        assert minutes(turned, sites((0, 0)), homes((1000, 0))) == {("F0", "P0"): pytest.approx(1)}

    def test_ways_cross_only_where_they_share_a_point(self):
        """A bridge over a road has no point in common with it."""
        bridge = roads(([(0, 0), (2000, 0)],), ([(1000, -1000), (1000, 1000)],), ([(2000, 0), (1000, 1000)],))
        detour = minutes(bridge, sites((900, 0)), homes((1000, -1000)))
        assert detour == {("F0", "P0"): pytest.approx(1.1 + math.sqrt(2) + 2)}
        joined = roads(([(0, 0), (1000, 0), (2000, 0)],), ([(1000, -1000), (1000, 0), (1000, 1000)],))
        assert minutes(joined, sites((900, 0)), homes((1000, -1000))) == {("F0", "P0"): pytest.approx(1.1)}

    @pytest.mark.parametrize("spot", [(0, 0), (500, 0), (1000, 0)])
    def test_next_door_in_a_one_way_street_is_not_round_the_block(self, spot):
        ring = roads(([(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)], "forward"))
        assert set(minutes(ring, sites(spot, spot), homes(spot, spot)).values()) == {0}

    def test_a_bollard_stops_cars_and_nobody_on_foot(self):
        shut = roads(
            ([(0, 0), (500, 0), (1000, 0)],), ([(0, 0), (0, 1000), (1000, 1000), (1000, 0)],), ([(500, 0)], "no")
        )
        assert minutes(shut, sites((100, 0)), homes((900, 0))) == {("F0", "P0"): pytest.approx(0.1 + 3 + 0.1)}
        assert minutes(shut, sites((100, 0)), homes((900, 0)), "walk") == {("F0", "P0"): pytest.approx(8)}

    def test_a_road_that_joins_no_other_is_left_out_and_told(self):
        apart = roads(([(0, 0), (1000, 0)],), ([(1000, 0), (2000, 0)],), ([(0, 500), (700, 500)],))
        (times,) = time_journeys(apart, sites((0, 0)), homes((300, 510)), EVEN, {"drive": 1e6})
        assert "0.7 km that are not joined with the others are left out" in times.note
        # The home walks to the road that is joined: 510 m.
        assert times.minutes[JourneyFrame.minutes_min].tolist() == [pytest.approx(5.1 + 0.3)]

    def test_what_is_far_from_any_road_is_not_known(self):
        road = roads(([(0, 0), (1000, 0)],))
        (times,) = time_journeys(road, sites((0, 0), (0, 1001)), homes((0, 1000), (0, 1001)), EVEN, {"walk": 1e6})
        assert times.facilities == {"F0"} and times.points == {"P0"}

    def test_the_limit_is_within(self):
        road = roads(([(0, 0), (4096, 0)],))
        assert len(minutes(road, sites((0, 0)), homes((1024, 0), (1025, 0)), limit=1.024)) == 1

    def test_a_sign_holds_where_it_is_slower(self):
        road = roads(([(0, 0), (1000, 0)],)).assign(limit_kmh=30.0)
        assert minutes(road, sites((0, 0)), homes((1000, 0))) == {("F0", "P0"): pytest.approx(2)}
        road = road.assign(limit_kmh=113.0)
        assert minutes(road, sites((0, 0)), homes((1000, 0))) == {("F0", "P0"): pytest.approx(1)}

    def test_no_roads_for_a_mode_reach_nobody(self):
        paths = roads(([(0, 0), (1000, 0)], "no"))
        (times,) = time_journeys(paths, sites((0, 0)), homes((1000, 0)), EVEN, {"drive": 1e6})
        assert times.minutes.empty and not times.facilities


def brute(ways: gpd.GeoDataFrame, params: RoadParams, mode: str) -> nx.MultiDiGraph:
    """Every vertex a crossing, every step of a way an arc: the same roads, made another way."""
    graph = nx.MultiDiGraph()
    column = RoadFrame.walks if mode == "walk" else RoadFrame.drives
    shut = {way.geometry.coords[0] for way in ways.itertuples() if way.geometry.geom_type == "Point"}
    shut = {p for p in shut if ways[ways.geometry.eq(shapely.Point(p))][column].eq("no").any()}
    for way in ways.itertuples():
        use = getattr(way, column)
        kmh = params.walk_kmh if mode == "walk" else params.drive_kmh.get(way.highway)
        if way.geometry.geom_type == "Point" or use == "no" or not kmh:
            continue
        kmh = kmh if mode == "walk" else np.fmin(kmh, way.limit_kmh)
        for n, (here, there) in enumerate(zip(way.geometry.coords, way.geometry.coords[1:], strict=False)):
            # An end that is shut is one of its own, so that nobody goes through it.
            one = (here, way.Index, n) if here in shut else here
            two = (there, way.Index, -n - 1) if there in shut else there
            took = math.dist(here, there) * 0.06 / kmh
            if use != "backward":
                graph.add_edge(one, two, minutes=took)
            if use != "forward":
                graph.add_edge(two, one, minutes=took)
    return graph


CORNERS = st.integers(0, 11).map(lambda n: (n * 100.0, n * n * 40.0))
"""No three lie on one line, so that no way passes through a corner that is not its own."""
NETWORKS = st.lists(
    st.tuples(
        st.lists(CORNERS, min_size=2, max_size=5).filter(lambda c: all(a != b for a, b in zip(c, c[1:], strict=False))),
        st.sampled_from(["both", "both", "forward", "backward"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(NETWORKS, st.sampled_from(["walk", "drive"]))
def test_any_network_agrees_with_networkx(ways, mode):
    network = roads(*ways)
    graph = build_graph(network, EVEN, mode)
    whole = brute(network, EVEN, mode)
    inside = {tuple(spot) for line in graph.lines for spot in (line.coords[0], line.coords[-1])}
    corners = sorted(inside)[:6]
    if not corners:
        return
    spots = [(x - X, y - Y) for x, y in corners]
    found = minutes(network, sites(*spots), homes(*spots), mode)
    for i, there in enumerate(corners):
        lengths = nx.single_source_dijkstra_path_length(whole.reverse(), there, weight="minutes")
        for j, here in enumerate(corners):
            assert found[f"F{i}", f"P{j}"] == pytest.approx(lengths[here], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(NETWORKS, st.lists(CORNERS, min_size=3, max_size=3), st.sampled_from(["walk", "drive"]))
def test_no_way_round_is_shorter(ways, spots, mode):
    """The triangle inequality, once the walk to and from the road in the middle is taken off."""
    here, there = sites(*spots), homes(*spots)
    found = minutes(roads(*ways), here, there, mode)
    (times,) = time_journeys(roads(*ways), here, there, EVEN, {mode: 1e6})
    for a in range(3):
        for b in range(3):
            for c in range(3):
                legs = [found.get((f"F{z}", f"P{y}")) for y, z in ((a, b), (b, c), (a, c))]
                if None not in legs:
                    assert legs[2] <= legs[0] + legs[1] + 1e-9


class TestExtract:
    def write(self, folder: Path, **tags: dict[str, str]) -> pd.DataFrame:
        """One way for each set of tags, from Leeds; its rows by name."""
        nodes = {n: (-1.55 + n / 10_000, 53.8, {}) for n in range(1, len(tags) + 2)}
        ways = {n: ([n, n + 1], {"highway": "residential"} | told) for n, told in enumerate(tags.values(), 1)}
        path = write_extract(folder / "roads.osm.pbf", nodes, ways)
        frame = load_roads(path).frame.set_index(RoadFrame.way_id)
        return frame.rename(index={str(n): name for n, name in enumerate(tags, 1)})

    def test_who_may_use_which_way(self, tmp_path):
        found = self.write(
            tmp_path, street={}, lane={"oneway": "yes"}, back={"oneway": "-1"}, circle={"junction": "roundabout"},
            motorway={"highway": "motorway"}, footway={"highway": "footway"}, drive={"access": "private"},
            walk={"access": "private", "foot": "yes"}, square={"motor_vehicle": "no"},
            bus={"access": "no", "motor_vehicle": "destination", "foot": "yes"}, works={"highway": "construction"},
        )  # fmt: skip
        told = found[[RoadFrame.walks, RoadFrame.drives]].agg(" ".join, axis=1).to_dict()
        assert told == {
            "street": "both both", "lane": "both forward", "back": "both backward", "circle": "both forward",
            "motorway": "no forward", "footway": "both both", "walk": "both no", "square": "both no",
            "bus": "both both",
        }  # fmt: skip

    def test_a_footway_has_no_speed_and_is_not_driven(self, tmp_path):
        found = self.write(tmp_path, footway={"highway": "footway"}, street={}, more={}).reset_index()
        network = gpd.GeoDataFrame(found, geometry="geometry", crs=CRS)
        assert len(build_graph(network, SHIPPED, "walk").tail) == 3
        assert len(build_graph(network, SHIPPED, "drive").tail) == 2

    def test_signs(self, tmp_path):
        found = self.write(
            tmp_path, mph={"maxspeed": "30 mph"}, kmh={"maxspeed": "20"}, national={"maxspeed": "GB:nsl_single"},
            none={"maxspeed": "signals"},
        )  # fmt: skip
        assert found[RoadFrame.limit_kmh].tolist() == pytest.approx([48.28032, 20, 96.56064, np.nan], nan_ok=True)

    def test_barriers(self, tmp_path):
        kinds = [{"barrier": "bollard"}, {"barrier": "gate"}, {"barrier": "gate", "access": "private"}]
        kinds += [{"barrier": "bollard", "motor_vehicle": "yes"}, {"barrier": "gate", "access": "no", "foot": "yes"}]
        nodes = {n: (-1.55 + n / 10_000, 53.8, tags) for n, tags in enumerate(kinds, 1)}
        path = write_extract(tmp_path / "roads.osm.pbf", nodes, {1: ([1, 2, 3, 4, 5], {"highway": "service"})})
        found = load_roads(path).frame
        found = found[found[RoadFrame.highway].eq("barrier")].sort_values(RoadFrame.way_id)
        told = list(zip(found[RoadFrame.walks], found[RoadFrame.drives], strict=True))
        assert told == [("both", "no"), ("both", "both"), ("no", "no"), ("both", "both"), ("both", "no")]

    def test_a_closed_street_is_a_line_and_not_an_area(self, tmp_path):
        nodes = {n: (-1.55 + x / 1000, 53.8 + y / 1000, {}) for n, (x, y) in enumerate([(0, 0), (1, 0), (1, 1)], 1)}
        ways = {1: ([1, 2, 3, 1], {"highway": "pedestrian", "area": "yes"})}
        found = load_roads(write_extract(tmp_path / "roads.osm.pbf", nodes, ways)).frame
        assert found.geometry.geom_type.tolist() == ["LineString"]

    @pytest.mark.parametrize("data", [b"PK\x03\x04 a zip file", b"", b"\x00\x00\x00\x0d\x0a\x09OSMHeader and no more"])
    def test_what_is_no_extract_is_refused(self, tmp_path, data):
        path = tmp_path / "roads.osm.pbf"
        path.write_bytes(data)
        with pytest.raises(DataError) as caught:
            load_roads(path)
        assert "Download the extract again" in str(caught.value) and str(tmp_path) not in str(caught.value)

    def test_another_country_is_refused(self, tmp_path):
        nodes = {1: (13.4, 52.5, {}), 2: (13.5, 52.5, {})}
        path = write_extract(tmp_path / "roads.osm.pbf", nodes, {1: ([1, 2], {"highway": "primary"})})
        with pytest.raises(DataError, match="no roads of Great Britain"):
            load_roads(path)

    @pytest.mark.slow
    def test_only_the_reader_of_roads_has_the_driver(self, tmp_path):
        path = write_extract(
            tmp_path / "roads.osm.pbf", {1: (-1.5, 53.8, {}), 2: (-1.6, 53.8, {})}, {1: ([1, 2], {"highway": "road"})}
        )
        assert len(read_roads_apart(path.name, load_roads, path).frame) == 1
        with pytest.raises(DataError, match="the roads cannot be read"):
            read_apart(path.name, load_roads, path)


@pytest.fixture
def leeds(real_data: Path) -> gpd.GeoDataFrame:
    path = real_data / "osm_leeds_extract/its-example.osm.pbf"
    loaded = read_roads_apart(path.name, load_roads, path)
    assert loaded.notes == ("its-example.osm.pbf: 184 ways of 12 km and 19 barriers.",)
    return loaded.frame


class TestRealExtract:
    def test_its_ways(self, leeds):
        kinds = leeds[RoadFrame.highway].value_counts()
        assert (kinds["footway"], kinds["service"], kinds["residential"], kinds["barrier"]) == (70, 49, 21, 19)
        assert leeds[RoadFrame.drives].eq("forward").sum() == 13
        assert leeds[RoadFrame.limit_kmh].dropna().unique() == pytest.approx([48.28032])

    @pytest.mark.parametrize("mode", ["walk", "drive"])
    def test_distances_are_those_of_networkx(self, leeds, mode):
        graph = build_graph(leeds, SHIPPED, mode)
        whole = brute(leeds, SHIPPED, mode)
        corners = sorted({tuple(line.coords[0]) for line in graph.lines} & set(whole.nodes))[::3]
        assert len(corners) > 10
        spots = [(x - X, y - Y) for x, y in corners]
        found = minutes(leeds, sites(*spots), homes(*spots), mode, SHIPPED)
        for i, there in enumerate(corners):
            lengths = nx.single_source_dijkstra_path_length(whole.reverse(), there, weight="minutes")
            for j, here in enumerate(corners):
                assert found[f"F{i}", f"P{j}"] == pytest.approx(lengths[here], abs=1e-9)


def test_a_made_city_of_200_000_edges_is_quick():
    """317 streets each way: 400 journeys of 15 minutes by car in a few seconds."""
    n, step = 317, 100.0
    along = [[(i * step, j * step) for i in range(n)] for j in range(n)]
    city = roads(*(((row),) for row in along), *((([(y, x) for x, y in row]),) for row in along))
    graph = build_graph(city, SHIPPED, "drive")
    assert len(graph.tail) == 2 * n * (n - 1) and graph.left_out_km == 0
    began = time.process_time()
    found = minutes(city, sites(*((i * 1500.0, i * 1500.0) for i in range(20))), homes((0, 0), (3000, 0)), limit=15)
    assert time.process_time() - began < 30
    assert found["F0", "P1"] == pytest.approx(3)
