"""The demo: the script writes what the repository holds, and it holds what it promises."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import pandas as pd
import pytest

from geomap.config import Scenario, default_pathways
from geomap.ledger import people_per_hour
from geomap.load.active_places import load_venues
from geomap.load.addresses import load_towns
from geomap.load.bank import Bank, BankContext, load_bank
from geomap.load.boundaries import load_outlines
from geomap.load.deprivation import load_practice_deprivation
from geomap.load.find import find_sources
from geomap.load.inactivity import load_inactivity
from geomap.load.open_referral import load_services
from geomap.load.openactive import load_openactive
from geomap.load.postcodes import load_postcodes, normal_postcode
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.load.workforce import load_workforce
from geomap.schema import (
    FacilityFrame,
    LinkFrame,
    ListSizeFrame,
    OperatorFrame,
    PledgeFrame,
    PostcodeFrame,
    PracticeFrame,
)
from geomap.schema.words import DELIVERIES, HOUR_UNITS, LINK_STATUSES, OPERATOR_KINDS, VENUE_TYPES

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
OFFICIAL = DEMO / "official"
QUIN_AGE = OFFICIAL / "gp-reg-pat-prac-quin-age.zip"
WORKFORCE = OFFICIAL / "PCNWFIndividualCSV.062026.zip"
LINK_WORKER = "Social Prescribing Link Worker"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """`scripts/make_demo.py` as a module; its helpers lie beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        import make_demo
    return make_demo


@pytest.fixture(scope="module")
def bank() -> Bank:
    """The demo's bank as a run reads it."""
    return _read_bank(DEMO)


def _read_bank(folder: Path) -> Bank:
    practices = load_practices(folder / "official" / "gp-reg-pat-prac-map.csv").frame
    columns = (PracticeFrame.practice_code, PracticeFrame.pcn_code, PracticeFrame.icb_code)
    context = BankContext(
        pathway_ids=set(default_pathways()),
        organisation_codes={code for column in columns for code in practices[column].dropna()},
        locate_postcodes=lambda wanted: load_postcodes(None, wanted).frame,
        venues=None,
    )
    return load_bank(folder / "bank", context)


def _content(path: Path) -> object:
    """The bytes of a file; for a zip its members, since how tightly they are packed depends on the zlib at hand."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, info.date_time, archive.read(info)) for info in archive.infolist()]


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _raw(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")


def _points(practices: pd.DataFrame) -> gpd.GeoSeries:
    """Where the practices are, in their order."""
    codes = practices[PracticeFrame.postcode].map(normal_postcode)
    places = load_postcodes(None, codes).frame.set_index(PostcodeFrame.postcode).loc[codes].reset_index()
    return gpd.GeoSeries.from_xy(places[PostcodeFrame.easting], places[PostcodeFrame.northing], crs="EPSG:27700")


@pytest.mark.slow
def test_the_script_writes_what_the_repository_holds(script: ModuleType, tmp_path: Path):
    script.write_demo(tmp_path)
    made, kept = _files(tmp_path), _files(DEMO)
    assert made.keys() == kept.keys()
    differing = [name for name in kept if _content(made[name]) != _content(kept[name])]
    assert not differing, "run: python scripts/make_demo.py"


@pytest.mark.slow
def test_another_seed_gives_another_demo_that_is_as_sound(script: ModuleType, tmp_path: Path):
    script.write_demo(tmp_path, seed=2)
    assert (tmp_path / "bank" / "pledges.csv").read_bytes() != (DEMO / "bank" / "pledges.csv").read_bytes()
    other = _read_bank(tmp_path)
    assert (len(other.facilities), len(other.pledges), len(other.faults)) == (150, 400, len(script.BAD_ROWS))


def test_it_is_small():
    assert sum(path.stat().st_size for path in _files(DEMO).values()) < 2_000_000


def test_the_scenario_finds_its_files():
    scenario = Scenario.from_toml(DEMO / "demo.toml")
    assert scenario.label == "Illustrative"
    assert scenario.bank.bad_rows == "reject"
    assert scenario.data.folder.is_dir() and scenario.bank.path.is_dir()
    assert [str(day) for day in (scenario.period.start, scenario.period.end, scenario.period.as_of)] == [
        "2026-04-01", "2027-03-31", "2026-07-01",
    ]  # fmt: skip


def test_every_official_file_is_found_and_loads_without_a_fault():
    rows = {
        "practice_map": (load_practices, 220),
        "list_sizes": (load_list_sizes, 220 * 20),
        "qof": (load_registers, 220 * 21),
        "practice_imd": (load_practice_deprivation, 220),
        "workforce": (load_workforce, 37),
        "practice_addresses": (load_towns, 220),
        "active_places": (load_venues, 453),
        "inactivity": (load_inactivity, 14),
        "boundaries": (load_outlines, 2),
        "land": (load_outlines, 14),
        "openactive": (load_openactive, 90),
        "open_referral": (load_services, 57),
    }
    found, faults = find_sources(OFFICIAL, {})
    assert not faults
    assert found.keys() == rows.keys()
    for source, (load, count) in rows.items():
        loaded = load(found[source])
        assert (source, loaded.faults, len(loaded.frame)) == (source, (), count)


def test_practices_and_pcns():
    practices = load_practices(OFFICIAL / "gp-reg-pat-prac-map.csv").frame
    assert (len(practices), practices[PracticeFrame.pcn_code].nunique()) == (220, 45)
    assert practices[PracticeFrame.pcn_code].isna().sum() == 2
    assert set(practices[PracticeFrame.icb_code]) == {"QX9"}
    spread = practices.groupby(PracticeFrame.pcn_code)[PracticeFrame.sub_icb_code].nunique()
    assert spread.value_counts().to_dict() == {1: 44, 2: 1}
    wanted = set(practices[PracticeFrame.postcode].map(normal_postcode))
    assert "BB11BE" in wanted
    assert len(load_postcodes(None, wanted).frame) == len(wanted)


def test_each_level_of_the_list_sizes_adds_up_to_the_same_patients():
    frame = pd.read_csv(QUIN_AGE)
    total = frame[(frame["SEX"] == "ALL")].groupby("ORG_TYPE")["NUMBER_OF_PATIENTS"].sum()
    bands = frame[frame["AGE_GROUP_5"] != "ALL"].groupby("ORG_TYPE")["NUMBER_OF_PATIENTS"].sum()
    sexes = frame[frame["SEX"].ne("ALL") & frame["AGE_GROUP_5"].eq("ALL")]
    sexes = sexes.groupby("ORG_TYPE")["NUMBER_OF_PATIENTS"].sum()
    assert set(total.index) == {"Comm Region", "ICB", "SUB_ICB_LOCATION_CODE", "PCN", "GP"}
    assert total.nunique() == 1
    assert total.equals(bands) and total.equals(sexes)
    pcns = frame[(frame["ORG_TYPE"] == "PCN") & (frame["SEX"] == "ALL")].set_index("ORG_CODE")["NUMBER_OF_PATIENTS"]
    assert len(pcns) == 46
    assert pcns.drop("U").between(25_000, 70_000).all()
    assert load_list_sizes(QUIN_AGE).frame[ListSizeFrame.patients].sum() == total["GP"]


def test_registers_have_their_own_denominators():
    frame = pd.read_csv(OFFICIAL / "PREVALENCE_2425.csv")
    types = frame.groupby("GROUP_CODE")["PATIENT_LIST_TYPE"].unique().map(list).to_dict()
    own = {"AST": "06OV", "RA": "16OV", "DM": "17OV", "OST": "50OV"}
    own |= dict.fromkeys(("CKD", "DEP", "EP", "NDH", "OB"), "18OV")
    assert len(types) == 21
    assert types == {group: [own.get(group, "TOTAL")] for group in types}
    assert (frame["REGISTER"] < frame["PRACTICE_LIST_SIZE"]).all()
    mapped = set(_raw(OFFICIAL / "gp-reg-pat-prac-map.csv")["PRACTICE_CODE"])
    assert set(frame["PRACTICE_CODE"]) - mapped == {"Z99900"}
    assert len(mapped - set(frame["PRACTICE_CODE"])) == 1


def test_some_pcns_report_no_link_worker():
    frame = pd.read_csv(WORKFORCE)
    workers = frame[frame["DETAILED_STAFF_ROLE"] == LINK_WORKER].groupby("PCN_CODE")["FTE"].sum()
    assert len(workers) == 45 - 8
    assert frame["PCN_CODE"].nunique() == 45 - 3
    assert workers.min() == pytest.approx(0.2)
    assert frame["DETAILED_STAFF_ROLE"].nunique() >= 4
    assert frame["UNIQUE_IDENTIFIER"].dropna().is_unique


def test_outlines_are_valid_and_hold_the_practices():
    practices = load_practices(OFFICIAL / "gp-reg-pat-prac-map.csv").frame
    points = _points(practices)
    for name, level, count in (("SICBL_2026_ILLUSTRATIVE", "SICBL26", 2), ("LAD_2026_APPROXIMATE", "LAD26", 14)):
        areas = gpd.read_file(OFFICIAL / f"{name}.geojson")
        assert list(areas.columns) == [f"{level}CD", f"{level}NM", "geometry"]
        assert areas.crs == "EPSG:27700"
        assert len(areas) == count and areas.is_valid.all()
        assert areas.area.sum() == pytest.approx(areas.union_all().area, rel=1e-4)
        assert points.within(areas.union_all()).mean() > 0.99


def test_the_bank_has_every_kind_of_thing(bank: Bank):
    assert (len(bank.operators), len(bank.facilities), len(bank.pledges)) == (22, 150, 400)
    assert set(bank.pledges[PledgeFrame.hour_unit]) == set(HOUR_UNITS)
    assert set(bank.pledges[PledgeFrame.delivery]) == set(DELIVERIES)
    assert set(bank.facilities[FacilityFrame.venue_type]) == set(VENUE_TYPES)
    assert set(bank.operators[OperatorFrame.operator_kind]) == set(OPERATOR_KINDS)
    assert set(bank.links[LinkFrame.link_status]) == set(LINK_STATUSES)
    assert set(bank.pledges[PledgeFrame.pathways].str.split(";").explode()) == set(default_pathways())
    assert set(bank.facilities[FacilityFrame.location_basis]) == {"coordinates", "postcode"}
    names = [*bank.operators[OperatorFrame.operator_name], *bank.facilities[FacilityFrame.facility_name]]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("Illustrative ", "Example ")) for name in names)
    hours = bank.pledges[PledgeFrame.hours] * people_per_hour(bank.pledges)
    assert hours.sum() == pytest.approx(60_000, rel=0.05)


def test_some_pcns_have_no_facility_near(bank: Bank):
    practices = load_practices(OFFICIAL / "gp-reg-pat-prac-map.csv").frame
    near = _points(practices).distance(bank.facilities.union_all())
    nearest = near.groupby(practices[PracticeFrame.pcn_code].to_numpy()).min()
    assert 1 <= (nearest > 5_000).sum() <= 5
    assert near.median() < 2_000


def test_pledges_are_offered_where_the_catalogue_allows(script: ModuleType):
    from _demo_bank import PATHWAYS

    catalogue = default_pathways()
    assert set(PATHWAYS) == set(catalogue)
    for name, (venues, roles, course_hours, *_) in PATHWAYS.items():
        assert course_hours == catalogue[name].course_hours
        assert set(venues.split()) <= set(catalogue[name].venue_types)
        assert not catalogue[name].roles or set(roles.split()) <= set(catalogue[name].roles)


def test_every_bad_row_is_reported_and_nothing_else(script: ModuleType, bank: Bank):
    told = [(fault.source, fault.row_id, fault.column, fault.value) for fault in bank.faults]
    assert told == [(f"{bad.file}.csv", bad.row_id, bad.column, bad.value) for bad in script.BAD_ROWS]
    assert 6 <= len(script.BAD_ROWS) <= 10
    left_out = {bad.row_id for bad in script.BAD_ROWS}
    assert left_out.isdisjoint(bank.pledges[PledgeFrame.pledge_id])
    assert left_out.isdisjoint(bank.facilities[FacilityFrame.facility_id])


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("gp-reg-pat-prac-map.csv", "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip"),
        ("gp-reg-pat-prac-quin-age.zip", "nhs_gp_registrations_2026-07/gp-reg-pat-prac-quin-age.zip"),
        ("PREVALENCE_2425.csv", "nhs_qof_2024-25/PREVALENCE_2425.csv"),
        ("fingertips-imd-2025-gp-practice.csv", "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv"),
        ("inactive_adults.csv", "fingertips_local_authority/inactive_adults.csv"),
        ("PCNWFIndividualCSV.062026.zip", "nhs_pcn_workforce_2026-06/PCNWFIndividualCSV.062026.zip"),
    ],
)
def test_layouts_are_those_of_the_real_files(real_data: Path, name: str, real: str):
    ours, theirs = _first_csv(OFFICIAL / name), _first_csv(real_data / real)
    assert ours[0] == theirs[0]
    assert ours[1].split(b"\n", 1)[0] == theirs[1].split(b"\n", 1)[0], "headings, byte-order mark and line ends"
    frames = [pd.read_csv(io.BytesIO(content), low_memory=False) for _, content in (ours, theirs)]
    kinds = [{column: frame[column].dtype.kind for column in frame} for frame in frames]
    assert kinds[0] == kinds[1]


def _first_csv(path: Path) -> tuple[str, bytes]:
    """Name and content of the csv, or of the csv in the zip."""
    if path.suffix == ".csv":
        return path.name, path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".csv"))
        return member, archive.read(member)


@pytest.mark.real
def test_postcodes_are_in_use_but_for_one(script: ModuleType, real_data: Path):
    from _demo_postcodes import LIVE_POSTCODES, TERMINATED_POSTCODE

    path = real_data / "os_codepoint_open_2025-05" / "codepo_gb.zip"
    found = load_postcodes(path, {*LIVE_POSTCODES, TERMINATED_POSTCODE})
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(("/bb.csv", "/fy.csv", "/pr.csv"))]
        listed = pd.concat([pd.read_csv(archive.open(name), header=None)[0] for name in names]).str.replace(" ", "")
    assert len(found.frame) == len(LIVE_POSTCODES) + 1
    assert set(LIVE_POSTCODES) <= set(listed)
    assert TERMINATED_POSTCODE not in set(listed)


@pytest.mark.real
def test_invented_codes_are_nobody_elses(real_data: Path):
    real = _raw(real_data / "nhs_gp_registrations_2026-07" / "gp-reg-pat-prac-map.zip")
    ours = _raw(OFFICIAL / "gp-reg-pat-prac-map.csv")
    for column in [name for name in ours if name.endswith("_CODE")]:
        assert set(ours[column]) & set(real[column]) <= {"U"}, column
