"""Places named by the addresses of practices, and leisure sites that are not the bank's: worked by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geomap import gazetteer
from geomap.load.active_places import load_venues
from geomap.load.addresses import load_towns
from geomap.load.postcodes import load_postcodes
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.places import place_practices
from geomap.render.gazetteer_data import places_data
from geomap.schema import (
    FacilityFrame,
    ListSizeFrame,
    MapTables,
    PlaceFrame,
    PopulationPointFrame,
    PracticeFrame,
    PracticePlaceFrame,
    TownFrame,
    VenueFrame,
)
from geomap.schema.words import CRS

# code, x and y in km, postcode, town, part of it, patients
PRACTICES = (
    ("A1", 400, 300, "AA1 1AA", "Ashford", None, 6_000),
    ("A2", 404, 300, "AA1 2AA", "Ashford", "Upper End", 2_000),
    ("A3", 408, 300, "AA2 1AA", "Ashford", "Upper End", 2_000),
    ("B1", 500, 300, "BB1 1AA", "Ashford", None, 5_000),
    ("B2", 500, 340, "BB9 1AA", "Ashford", None, 1_000),
    ("C1", 520, 300, "CC1 1AA", "Corby", "Only Here", 3_000),
    ("C2", 521, 300, "not known", "Corby", None, 0),
)


def tables() -> tuple[pd.DataFrame, gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Practices (only the columns that are read), their places, list sizes and towns."""
    code, x, y, postcode, town, part, patients = zip(*PRACTICES, strict=True)
    practices = pd.DataFrame({PracticeFrame.practice_code: code, PracticeFrame.postcode: postcode})
    points = gpd.points_from_xy(1000 * np.array(x), 1000 * np.array(y), crs=CRS)
    spots = gpd.GeoDataFrame({PracticePlaceFrame.practice_code: code}, geometry=points)
    sizes = pd.DataFrame({ListSizeFrame.practice_code: code, ListSizeFrame.patients: patients})
    towns = pd.DataFrame({TownFrame.practice_code: code, TownFrame.town: town, TownFrame.locality: part})
    return practices, spots, sizes, towns


def listed(places: gpd.GeoDataFrame, kind: str) -> dict[str, tuple[int, float]]:
    """Name → patients, and kilometres east."""
    chosen = places[places[PlaceFrame.place_kind] == kind]
    rows = zip(chosen[PlaceFrame.place_name], chosen[PlaceFrame.patients], chosen.geometry.x / 1000, strict=True)
    return {name: (patients, east) for name, patients, east in rows}


def test_towns_add_up_their_patients_and_stand_at_a_practice() -> None:
    practices, spots, sizes, towns = tables()
    places = gazetteer.build_places(practices, spots, sizes, towns=towns)
    assert listed(places, "town") == {
        # (400 × 6 + 404 × 2 + 408 × 2) ÷ 10 = 402.4, nearest to 404.
        "Ashford": (10_000, 404.0),
        # 100 km away is another town of the name; its own two are 40 km apart, but of one postcode area.
        "Ashford (BB)": (6_000, 500.0),
        "Corby": (3_000, 520.0),
        # Two practices name it; "Only Here" is named by one alone.
        "Upper End": (4_000, 404.0),
    }
    assert set(places.geometry.x / 1000) <= {x for _, x, *_ in PRACTICES}


def test_postcode_districts_are_the_part_before_the_space() -> None:
    practices, spots, sizes, towns = tables()
    places = gazetteer.build_places(practices, spots, sizes, towns=towns)
    assert listed(places, "postcode_district") == {
        "AA1": (8_000, 400.0), "AA2": (2_000, 408.0), "BB1": (5_000, 500.0), "BB9": (1_000, 500.0),
        "CC1": (3_000, 520.0),
    }  # fmt: skip


def test_authorities_are_named_only_where_there_are_no_addresses() -> None:
    practices, spots, sizes, towns = tables()
    authorities = pd.Series({"A1": "North", "A2": "North", "B1": "South", "C1": None})
    both = gazetteer.build_places(practices, spots, sizes, towns=towns, authorities=authorities)
    assert listed(both, "authority") == {}
    alone = gazetteer.build_places(practices, spots, sizes, authorities=authorities)
    assert listed(alone, "authority") == {"North": (8_000, 400.0), "South": (5_000, 500.0)}
    assert listed(alone, "town") == {}
    neither = gazetteer.build_places(practices, spots, sizes)
    assert set(neither[PlaceFrame.place_kind]) == {"postcode_district"}


def test_the_order_of_rows_changes_nothing() -> None:
    practices, spots, sizes, towns = tables()
    there = gazetteer.build_places(practices, spots, sizes, towns=towns)
    back = gazetteer.build_places(practices[::-1], spots[::-1], sizes[::-1], towns=towns[::-1])
    pd.testing.assert_frame_equal(pd.DataFrame(there), pd.DataFrame(back))


def test_names_that_would_run_stay_names() -> None:
    practices, spots, sizes, towns = tables()
    towns = towns.assign(**{TownFrame.town: "{{ 7*7 }}</script>"})
    assert "{{ 7*7 }}</script>" in listed(gazetteer.build_places(practices, spots, sizes, towns=towns), "town")


def venues(*rows: tuple[str, float, float]) -> pd.DataFrame:
    site, east, north = zip(*rows, strict=True)
    frame = {VenueFrame.site_id: site, VenueFrame.venue_types: "gym", VenueFrame.operator_name: None}
    return pd.DataFrame({**frame, VenueFrame.easting: east, VenueFrame.northing: north})


def points(*rows: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(*zip(*rows, strict=True)), crs=CRS)


def test_sites_of_the_bank_and_of_elsewhere_are_left_out() -> None:
    basis = ["coordinates", "site_id", "postcode"]
    bank = gpd.GeoDataFrame({FacilityFrame.location_basis: basis}, geometry=points((0, 0), (1000, 0), (2000, 0)))
    everyone = gpd.GeoDataFrame(geometry=points((0, 0), (9000, 0)))
    here = pd.Series([True, False])
    sites = venues(
        ("9", 51, 0), ("1", 49, 0), ("2", 1000, 0), ("3", 2199, 0), ("4", 2201, 0), ("5", 4000, 0), ("6", 8000, 0)
    )
    kept = gazetteer.find_other_facilities(sites, bank, everyone, here)
    assert kept[VenueFrame.site_id].tolist() == ["4", "5", "9"]
    everywhere = gazetteer.find_other_facilities(sites, bank, everyone, pd.Series([True, True]))
    assert everywhere[VenueFrame.site_id].tolist() == ["4", "5", "6", "9"]
    assert gazetteer.find_other_facilities(None, bank, everyone, here).empty
    assert PopulationPointFrame.geometry in everyone


def test_the_page_lists_towns_first_and_the_largest_first() -> None:
    practices, spots, sizes, towns = tables()
    places = gazetteer.build_places(practices, spots, sizes, towns=towns)
    told = places_data(dataclasses.replace(_no_tables(), places=places))
    assert told["kind"] == ["town"] * 4 + ["postcode_district"] * 5
    assert told["name"][:4] == ["Ashford", "Ashford (BB)", "Upper End", "Corby"]
    assert told["patients"][:4] == [10_000, 6_000, 4_000, 3_000]
    assert all(round(value, 3) == value for value in told["lat"] + told["lon"])
    assert len({len(column) for column in told.values()}) == 1


def _no_tables() -> MapTables:
    fields = dataclasses.fields(MapTables)
    return MapTables(**{field.name: None for field in fields if field.default_factory is dataclasses.MISSING})


@pytest.mark.national
def test_the_towns_of_england(real_data: Path) -> None:
    folder = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(folder / "gp-reg-pat-prac-map.zip").frame
    practices = practices[practices[PracticeFrame.pcn_code].notna()]
    sizes = load_list_sizes(folder / "gp-reg-pat-prac-quin-age.zip").frame
    postcodes = load_postcodes(None, practices[PracticeFrame.postcode]).frame
    spots, _ = place_practices(practices, sizes, postcodes)
    towns = load_towns(real_data / "nhs_ods" / "epraccur.csv").frame
    places = gazetteer.build_places(practices, spots, sizes, towns=towns)
    counts = places[PlaceFrame.place_kind].value_counts().to_dict()
    assert counts == {"postcode_district": 1_879, "town": 1_617}
    found = places[places[PlaceFrame.place_kind] == "town"].set_index(PlaceFrame.place_name)
    largest = found.sort_values(PlaceFrame.patients, ascending=False).index[:4].tolist()
    assert largest == ["London", "Birmingham", "Manchester", "Bristol"]
    # The middle of a town is where it is, to a few kilometres; the one of Kent is the larger Ashford.
    known = (("Leeds", 430, 433), ("Plymouth", 248, 55), ("Ashford", 601, 142), ("Ashford (TW)", 507, 171))
    for name, east, north in known:
        at = found.loc[name].geometry
        assert np.hypot(at.x / 1000 - east, at.y / 1000 - north) < 4, name
    districts = places[places[PlaceFrame.place_kind] == "postcode_district"]
    mine = sizes[sizes[ListSizeFrame.practice_code].isin(practices[PracticeFrame.practice_code])]
    assert districts[PlaceFrame.patients].sum() == mine[ListSizeFrame.patients].sum()


def test_the_sites_of_england(real_data: Path) -> None:
    sites = load_venues(real_data / "sport_england_active_places_2026-01" / "activeplacescsvs").frame
    at = gpd.points_from_xy(sites[VenueFrame.easting][::11], sites[VenueFrame.northing][::11], crs=CRS)
    bank = gpd.GeoDataFrame({FacilityFrame.location_basis: "site_id"}, index=range(len(at)), geometry=at)
    everyone = gpd.GeoDataFrame(geometry=at)
    kept = gazetteer.find_other_facilities(sites, bank, everyone, pd.Series(True, index=range(len(at))))
    assert len(sites) == 11_053 and not set(sites[VenueFrame.site_id][::11]) & set(kept[VenueFrame.site_id])
    # Some sites stand within 50 m of another, and go with it.
    assert len(sites) - len(at) - 60 < len(kept) < len(sites) - len(at)


def test_addresses_that_name_no_town_of_the_run_give_none() -> None:
    practices, spots, sizes, towns = tables()
    elsewhere = towns.assign(**{TownFrame.practice_code: "Z9"}).head(1)
    places = gazetteer.build_places(practices, spots, sizes, towns=elsewhere)
    assert listed(places, "town") == {}
    assert listed(places, "postcode_district") != {}


def test_a_town_stands_where_most_of_its_patients_are() -> None:
    practices, spots, sizes, towns = tables()
    many = sizes[ListSizeFrame.practice_code].eq("A3")
    sizes[ListSizeFrame.patients] = sizes[ListSizeFrame.patients].mask(many, 90_000)
    assert listed(gazetteer.build_places(practices, spots, sizes, towns=towns), "town")["Ashford"][1] == 408
