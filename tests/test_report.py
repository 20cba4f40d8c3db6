"""The published files: nothing live, nothing lost, read back by programs that did not write them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import textwrap
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import made_up_fairness, made_up_levels, made_up_prices, made_up_tables
from made_up_choice import MODELS, made_up_choice
from shapely.geometry import MultiPolygon, Point, box

from geomap.board import build_figures
from geomap.config import HealthBudgetParams
from geomap.errors import OutputError
from geomap.phrases import (
    AIMS,
    INTERNAL_MARK,
    MEASURES,
    PRICES,
    TOPICS,
    UNITS,
    finding,
    hours_worth,
    link_worker_fairness,
    plan_fairness,
)
from geomap.phrases_choice import FIGURES, LEVERS, VERDICTS
from geomap.report._columns import BOARD_SHEETS, CHOICE_SHEETS, COLUMNS, FILES, PLAN_SHEETS, SHEETS, TABLES
from geomap.report.facts import write_facts
from geomap.report.files import (
    LIVE_START,
    NUMBER,
    _rounded,
    as_published,
    harmless_text,
    published_tables,
    sheet_tables,
    tables_as_published,
    write_tables,
)
from geomap.report.summary import describe, describe_sites
from geomap.report.workbook import write_workbook
from geomap.schema import (
    AccessResultFrame,
    AccountingFrame,
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    FigureFrame,
    FootprintResultFrame,
    GapFrame,
    HealthBudgetFrame,
    IndicatorFrame,
    LedgerFrame,
    LevelFrame,
    LinkFrame,
    NeedFrame,
    OperatorResultFrame,
    OpportunityFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    PlaceFrame,
    PlanFacts,
    PledgeResultFrame,
    PracticeResultFrame,
    PriceFrame,
    ProvisionFrame,
    ReachableFrame,
    RepairFrame,
    ResultTables,
    SectorFrame,
    SiteTables,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
    VenueFrame,
)
from geomap.schema.published import GEOJSON_LAYERS, LAYERS, PARQUET_LAYERS, PUBLISHED
from geomap.schema.words import CRS, SECTOR_NAMES, UNMATCHED_REASONS, UNMET_REASONS

HOSTILE = [
    "=1+1",
    "+SUM(A1)",
    "-2+3",
    "@cmd",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "http://example.org/",
]  # noqa: RUF001
"""Names that a spreadsheet would run, and one that it would make a link."""

FACTS = PlanFacts(
    name="A small place",
    label="Illustrative",
    period_start="2026-10-01",
    period_end="2027-03-31",
    as_of="2026-07-01",
    stated_hours=250.0,
    pledged_hours=1000.0,
    ineligible_hours=200.0,
    eligible_hours=800.0,
    matched_hours=480.0,
    unmatched_hours=320.0,
    people=20,
    completions=11.6,
    pcns=3,
    pcns_covered=2,
    patients=120_000,
    demand_places=90,
    unmet_places=70,
    link_worker_fte=5.4,
    pcns_fte_not_reported=1,
    fte_policy="median",
    status="within gap",
    objective=11.0,
    bound=11.2,
    gap_share=(11.2 - 11.0) / 11.2,
    pledges_read=13,
    pledges_rejected=1,
    notes=("Straight lines stand in for journeys.",),
    sources=(("Practices", "map.zip, July 2026", "Contains information from NHS England."),),
)


def fill(model: type, rows: list[dict], **columns) -> pd.DataFrame:
    """A table of the model from rows; columns not given hold one harmless value of their kind."""
    frame = pd.DataFrame(rows).assign(**columns)
    for name, column in model.to_schema().columns.items():
        kind = str(column.dtype)
        kind = kind if kind in ("int64", "float64", "bool", "geometry") else "str"
        if name not in frame:
            frame[name] = {"int64": 1, "float64": 0.5, "bool": True, "str": f"some {name}", "geometry": None}[kind]
        if kind != "geometry":
            frame[name] = frame[name].astype(kind)
    return frame[list(model.to_schema().columns)]


def make_tables() -> ResultTables:
    """Three PCNs and a site for each hostile name; valid against the schema."""
    codes = ["U10001", "U10002", "U10003"]
    ids = [f"P{n:02}" for n in range(len(HOSTILE))]
    sites = fill(
        FacilityResultFrame,
        [{"facility_id": f"F{i}", "facility_name": name} for i, name in zip(ids, HOSTILE, strict=True)],
        operator_kind="charity",
        venue_type="gym",
        pathways="falls;swimming",
    ).drop(columns="geometry")
    places = [Point(530_000.4 + n, 180_000.6) for n in range(len(ids))]
    pcns = fill(
        PcnResultFrame,
        [{"pcn_code": code} for code in codes],
        fte_basis=["reported", "reported", "median"],
        deprivation_fifth=[1.0, 5.0, None],
        demand_places=[40, 30, 20],
        matched_places=[15, 5, 0],
        unmet_places=[25, 25, 20],
        coverage_share=[15 / 40, 5 / 30, 0.0],
        main_unmet_reason=["hours_used_up", "link_worker_ceiling", "none_within_reach"],
    ).drop(columns="geometry")
    footprints = [MultiPolygon([box(n, 0, n + 1, 1)]) for n in range(3)]
    unmet = pd.DataFrame({"pcn_code": codes, "demand_places": [40, 30, 20], "matched_places": [15, 5, 0]})
    unmet["unmet_places"] = unmet["demand_places"] - unmet["matched_places"]
    words = [(code, "unmatched") for code in UNMATCHED_REASONS][:6] + [("outside_period", "ineligible")]
    outlines = pd.DataFrame({"area_code": ["QXX"], "area_name": ["An ICB"], "level": ["icb"]}).astype("str")
    return ResultTables(
        facts=FACTS,
        pcns=gpd.GeoDataFrame(pcns, geometry=footprints, crs=CRS),
        facilities=gpd.GeoDataFrame(sites, geometry=places, crs=CRS),
        allocation=fill(
            AllocationResultFrame, [{"pledge_id": "P00", "facility_name": name} for name in HOSTILE], pathway_id="falls"
        ),
        unmet=fill(UnmetFrame, unmet.to_dict("records"), reason=["hours_used_up", "link_worker_ceiling", None]),
        unmatched=fill(
            UnmatchedHoursFrame,
            [{"reason": r, "stage": s, "hours": float(70 - 10 * n)} for n, (r, s) in enumerate(words)],
        ),
        ledger=fill(
            LedgerFrame, [{"pledge_id": i, "pledged_hours": 1234.5, "hours": -1.0} for i in ids], hour_unit="class"
        ),
        pathways=fill(PathwayFrame, [{"pathway_id": "falls", "pathway_name": "Falls prevention", "group_size": 12.0}]),
        need=fill(NeedFrame, [{"pcn_code": code} for code in codes], core20_basis="unknown", deprivation_fifth=1.0),
        prevalence=pd.DataFrame(),
        demand=pd.DataFrame(),
        links=fill(LinkFrame, [{"link_status": "formal", "note": name} for name in HOSTILE]),
        accounting=fill(
            AccountingFrame,
            [{"value": name, "status": "rejected"} for name in HOSTILE] + [{"value": "-12", "status": "used"}],
        ),
        repairs=fill(RepairFrame, [{"value": name} for name in HOSTILE], row=7),
        levels=made_up_levels(),
        fairness=made_up_fairness(),
        prices=made_up_prices(HOSTILE),
        differences=fill(
            DifferenceFrame,
            [{"pledge_id": i, "places_before": n, "places_after": n + 1} for n, i in enumerate(ids)],
            pathway_id="falls",
        ),
        outlines=gpd.GeoDataFrame(outlines, geometry=[box(0, 0, 3, 1)], crs=CRS),
        figures=build_figures(FACTS, fill(HealthBudgetFrame, []), HealthBudgetParams(hour_cost=5.0, total=0.0)),
        provision=fill(ProvisionFrame, [{"role": name} for name in HOSTILE], pathway_id="falls", link_status="none"),
        gaps=fill(
            GapFrame,
            [{"pathway_id": "falls", "pathway_name": "Falls prevention", "demand_places": 90, "matched_places": 20,
              "unmet_places": 70}],
            main_reason="hours_used_up",
        ),
        sectors=fill(SectorFrame, [{"sector": sector} for sector in SECTOR_NAMES]),
        health_budgets=fill(HealthBudgetFrame, [{"pathway_id": i, "pathway_name": i} for i in HOSTILE]),
        **make_backing(codes, ids),
    )  # fmt: skip


def make_backing(codes: list[str], ids: list[str]) -> dict[str, pd.DataFrame]:
    """Organisations with a hostile name each; of a list of attention one line of each topic."""
    pledges = [
        {"pledge_id": i, "facility_id": f"F{i}", "start_date": "2026-04-01", "source": name, "roles": name}
        for i, name in zip(ids, HOSTILE, strict=True)
    ]
    pledges[0] |= {"roles": None, "start_date": None, "facility_id": None}
    places = fill(PlaceFrame, [{"place_name": name} for name in HOSTILE], place_kind="town").drop(columns="geometry")
    return {
        "operators": fill(
            OperatorResultFrame,
            [{"operator_id": f"OP{i}", "operator_name": name} for i, name in zip(ids, HOSTILE, strict=True)],
            operator_kind="arts",
        ),
        "pledges": fill(PledgeResultFrame, pledges, delivery="on_site"),
        "practices": fill(
            PracticeResultFrame,
            [{"practice_code": f"A{i}", "practice_name": name} for i, name in zip(ids, HOSTILE, strict=True)],
        ),
        "reachable": fill(ReachableFrame, [{"facility_id": f"F{i}", "pcn_code": codes[0]} for i in ids]),
        "ties": fill(TieFrame, [{"operator_id": f"OP{i}", "told": i != "P00"} for i in ids], link_status="unknown"),
        "attention": fill(
            AttentionFrame,
            [
                {"topic": "pcn_without_link", "pcn_code": codes[0]},
                {"topic": "operator_without_link", "operator_id": "OPP00"},
                {"topic": "one_facility", "pcn_code": codes[1], "operator_id": "OPP01", "facility_id": "FP01"},
                {"topic": "unknown_link", "pcn_code": "U9", "operator_id": "OPP02"},
            ],
            hours=[4.0, 3.0, 2.0, 1.0],
        ),
        "places": gpd.GeoDataFrame(places, geometry=[Point(n, n) for n in range(len(places))], crs=CRS),
        "other_facilities": fill(VenueFrame, [{"site_id": i, "operator_name": i * (i != "P00") or None} for i in ids]),
        **make_beside(codes, ids),
    }


def make_beside(codes: list[str], ids: list[str]) -> dict[str, pd.DataFrame]:
    """What stands beside the bank, with hostile names and addresses, and what is not known of some of it."""
    found = [
        {"opportunity_id": f"A{i}", "opportunity_name": name, "operator_name": name, "url": name, "pathways": "falls",
         "easting": 530_000.25, "northing": 180_000.0, "age_min": 18.0}
        for i, name in zip(ids, HOSTILE, strict=True)
    ]  # fmt: skip
    found[0] |= {"easting": None, "northing": None, "age_min": None, "pathways": None, "url": None}
    asked = [
        {"ask_id": f"A{i}", "ask_name": name, "operator_name": name, "offers": name, "url": name, "rank": n}
        for n, (i, name) in enumerate(zip(ids, HOSTILE, strict=True), start=1)
    ]
    asked[1] |= {"ask_name": None, "operator_name": None, "offers": None, "url": None}
    own = [{"pcn_code": code, "indicator": name} for code, name in zip(codes, HOSTILE[:3], strict=True)]
    return {
        "indicators": fill(IndicatorFrame, own, value=[1.5, None, -2.0], higher_is="more need"),
        "opportunities": fill(OpportunityFrame, found, source="openactive"),
        "asks": fill(AskFrame, asked, pcn_code=codes[0], pathway_id="falls", source="open_referral"),
        "access": fill(
            AccessResultFrame,
            [{"area_code": code, "area_name": name} for code, name in zip(codes, HOSTILE[:3], strict=True)],
            level=["pcn", "lsoa", "imd_fifth"],
            method=["2sfca", "e2sfca", "nearest"],
            nearest_min=[4.5, None, 0.0],
        ),
        "footprints": fill(
            FootprintResultFrame,
            [{"pcn_code": code} for code in codes],
            basis="practice_lsoa",
            others_share=[0.5, None, 0.0],
        ),
    }


def make_choice() -> SiteTables:
    """A choice of sites, each of which has a hostile name."""
    made = made_up_choice(len(HOSTILE), 4)
    names = dict(zip(made.candidates["site_name"], HOSTILE, strict=True))
    told = {}
    for name in MODELS:
        frame = getattr(made, name)
        columns = [c for c in ("site_name", "pcn_name", "comparator_name") if c in frame]
        told[name] = frame.assign(**{column: frame[column].map(names) for column in columns})
    told["reasons"] = told["reasons"].assign(sentence=[HOSTILE[n % 12] for n in range(len(told["reasons"]))])
    return dataclasses.replace(made, conditions=tuple(HOSTILE), notes=tuple(HOSTILE), **told)


@pytest.fixture(scope="module")
def plain() -> ResultTables:
    return make_tables()


@pytest.fixture(scope="module", params=["plan", "choice"])
def tables(plain: ResultTables, request: pytest.FixtureRequest) -> ResultTables:
    """A run that chose no sites, and one that did."""
    return plain if request.param == "plan" else dataclasses.replace(plain, choice=make_choice())


@pytest.fixture(scope="module")
def folder(tables: ResultTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    write_tables(path, tables)
    write_workbook(path / "results.xlsx", tables)
    return path


def test_the_made_up_tables_hold_against_the_schema(tables: ResultTables) -> None:
    models = {
        PcnResultFrame: tables.pcns, FacilityResultFrame: tables.facilities, AllocationResultFrame: tables.allocation,
        UnmetFrame: tables.unmet, UnmatchedHoursFrame: tables.unmatched, LedgerFrame: tables.ledger,
        PathwayFrame: tables.pathways, LinkFrame: tables.links, AccountingFrame: tables.accounting,
        LevelFrame: tables.levels, FairnessFrame: tables.fairness, PriceFrame: tables.prices,
        DifferenceFrame: tables.differences, OutlineFrame: tables.outlines, FigureFrame: tables.figures,
        ProvisionFrame: tables.provision, GapFrame: tables.gaps, SectorFrame: tables.sectors,
        HealthBudgetFrame: tables.health_budgets, NeedFrame: tables.need, OperatorResultFrame: tables.operators,
        PledgeResultFrame: tables.pledges, PracticeResultFrame: tables.practices, ReachableFrame: tables.reachable,
        TieFrame: tables.ties, AttentionFrame: tables.attention, PlaceFrame: tables.places,
        VenueFrame: tables.other_facilities, OpportunityFrame: tables.opportunities, AskFrame: tables.asks,
        AccessResultFrame: tables.access, FootprintResultFrame: tables.footprints, IndicatorFrame: tables.indicators,
    }  # fmt: skip
    for model, frame in models.items():
        model.validate(frame, lazy=True)
    if tables.choice is not None:
        for name, model in MODELS.items():
            model.validate(getattr(tables.choice, name), lazy=True)


def test_csv_files_give_back_every_hour_and_text(folder: Path, tables: ResultTables) -> None:
    for name, frame in published_tables(tables).items():
        raw = (folder / f"{name}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        text = dict.fromkeys(frame.select_dtypes("str").columns, "str")
        back = pd.read_csv(io.BytesIO(raw), dtype=text, keep_default_na=False, na_values=[""])
        back[list(text)] = back[list(text)].map(lambda cell: cell.removeprefix("'"), na_action="ignore")
        fractions = [c for c in frame.select_dtypes("float").columns if not c.endswith("hours")]
        exact = frame.reset_index(drop=True).drop(columns=fractions)
        exact[list(text)] = exact[list(text)].replace("", pd.NA).astype("str")  # a list without items
        exact[list(text)] = exact[list(text)].replace("\r", "\n", regex=True)
        pd.testing.assert_frame_equal(back.drop(columns=fractions), exact, check_exact=True)
        pd.testing.assert_frame_equal(back[fractions], frame[fractions].reset_index(drop=True), rtol=5e-6, atol=0)


def read_back(path: Path, name: str) -> pd.DataFrame:
    """A published CSV as one reads it who knows its table: kinds, what may be missing, and text made harmless."""
    columns = PUBLISHED[name].to_schema().columns
    kinds = {column: str(known.dtype) for column, known in columns.items()}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    for column in header:
        kind = kinds.get(column, "int64")
        if kind == "bool":
            frame[column] = frame[column].map({"True": True, "False": False})
        elif kind in ("int64", "float64"):
            frame[column] = frame[column].replace("", "nan").astype(kind)
        else:
            frame[column] = frame[column].str.replace(r"^'(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])", "", regex=True)
            if columns[column].nullable:
                frame[column] = frame[column].replace("", pd.NA)
    return frame


def test_every_file_gives_back_what_is_published(folder: Path, tables: ResultTables) -> None:
    """To the last digit: a map that is drawn from the files is the one that was drawn from the run."""
    shown = published_tables(tables_as_published(tables))
    assert set(shown) == {path.stem for path in folder.glob("*.csv")}
    for name, frame in shown.items():
        pd.testing.assert_frame_equal(read_back(folder / f"{name}.csv", name), frame, check_exact=True)
        pd.testing.assert_frame_equal(as_published(frame), frame, check_exact=True)


@pytest.mark.parametrize("choice", [False, True])
def test_a_made_up_run_is_given_back_too(choice: bool, tmp_path: Path) -> None:
    made = made_up_tables(16, 30, hostile=True, choice=choice)
    write_tables(tmp_path, made)
    published = tables_as_published(made)
    for name, frame in published_tables(published).items():
        pd.testing.assert_frame_equal(read_back(tmp_path / f"{name}.csv", name), frame, check_exact=True)
    for layer, frame in (("pcns", published.pcns), ("places", published.places), ("icbs", published.outlines)):
        shapes = gpd.read_file(tmp_path / "results.gpkg", layer=layer).geometry
        assert list(shapes.to_wkb()) == list(frame.geometry.to_wkb())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_rounded_stays(value: float) -> None:
    once = _rounded(value)
    assert _rounded(once) == once == float(str(once))
    assert abs(once - value) <= max(abs(value) * 5e-6, 0.0)


@given(st.text(alphabet="'=+-@\t\r\n\uff1d0129.,eE ax\"", max_size=6))
def test_text_made_harmless_is_read_back(text: str) -> None:
    written = harmless_text(text)
    assert not LIVE_START.match(written) or NUMBER.fullmatch(written) or written.startswith("'")
    back = written[1:] if written.startswith("'") and LIVE_START.match(written[1:]) else written
    assert back == text


def test_facts_are_told_in_full(tables: ResultTables, tmp_path: Path) -> None:
    path = write_facts(tmp_path, tables)
    told = json.loads(path.read_text(encoding="utf-8"))
    facts = {name: tuple(map(tuple, value)) if name == "sources" else tuple(value) if isinstance(value, list) else value
             for name, value in told["facts"].items()}  # fmt: skip
    assert PlanFacts(**facts) == tables.facts
    if tables.choice is None:
        assert told["sites"] is None
    else:
        assert told["sites"]["conditions"] == told["sites"]["notes"] == HOSTILE
        assert (told["sites"]["unit"], told["sites"]["count"]) == (tables.choice.unit, tables.choice.count)
    assert write_facts(tmp_path, tables).read_bytes() == path.read_bytes()


def test_what_to_act_on_is_named_in_the_workbook(folder: Path, plain: ResultTables) -> None:
    rows = list(openpyxl.load_workbook(folder / "results.xlsx")["Attention"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == list(TOPICS.values())
    name = plain.pcns[PcnResultFrame.pcn_name].iloc[0]
    assert rows[0][1:4] == (f"{name} (U10001)", None, None)
    assert rows[2][1:4] == (f"{name} (U10002)", "+SUM(A1) (OPP01)", "+SUM(A1) (FP01)")
    # A PCN without a name is still told.
    assert rows[3][1:3] == ("U9", "-2+3 (OPP02)")


def test_csv_fractions_have_six_figures_and_hours_all(plain: ResultTables, tmp_path: Path) -> None:
    third = 1 / 3
    scores = {PcnResultFrame.need_index: third, PcnResultFrame.imd_score: [20 + third, None, 0.0]}
    finer = dataclasses.replace(
        plain,
        pcns=plain.pcns.assign(**scores),
        ledger=plain.ledger.assign(**{LedgerFrame.matched_hours: 1000 * third}),
    )
    write_tables(tmp_path, finer)
    pcns = pd.read_csv(tmp_path / "pcns.csv", dtype="str", keep_default_na=False)
    assert list(pcns[PcnResultFrame.need_index]) == ["0.333333"] * 3
    assert list(pcns[PcnResultFrame.imd_score]) == ["20.3333", "", "0.0"]
    assert _rounded(12_345_678.0) == 12_345_678 and _rounded(-123_456.789) == -123_456.79 and _rounded(0.0) == 0
    assert set(pd.read_csv(tmp_path / "ledger.csv")[LedgerFrame.matched_hours]) == {1000 * third}


def test_missing_cells_are_empty_everywhere(tables: ResultTables, tmp_path: Path) -> None:
    """A reader that knows no missing values sees an empty cell: never nan, None or <NA>."""
    nobody = pd.Series([None] * len(HOSTILE), dtype="str").to_numpy()
    sites = tables.facilities.assign(**{FacilityResultFrame.operator_name: nobody})
    gaps = dataclasses.replace(tables, facilities=sites)
    write_tables(tmp_path, gaps)
    write_workbook(tmp_path / "results.xlsx", gaps)
    assert set(pd.read_csv(tmp_path / "facilities.csv", dtype="str", keep_default_na=False)["operator_name"]) == {""}
    lines = [line for path in tmp_path.glob("*.csv") for line in csv.reader(io.StringIO(path.read_text("utf-8-sig")))]
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    nothing = {"nan", "None", "<NA>", "NaT", "inf"}
    assert not {cell for line in lines for cell in line} & nothing
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    cells = {str(cell) for row in rows for cell in row if cell is not None}
    assert not cells & (nothing | {"True", "False"})


def test_no_cell_of_a_csv_is_live_and_numbers_are_untouched(folder: Path) -> None:
    names = pd.read_csv(folder / "facilities.csv")["facility_name"]
    told = [name.replace("\r", "\n") for name in HOSTILE]  # lines in a cell end alike
    assert list(names) == [f"'{name}" for name in told[:-1]] + [told[-1]]
    assert list(pd.read_csv(folder / "accounting.csv", dtype="str")["value"])[-1] == "-12"
    assert set(pd.read_csv(folder / "ledger.csv")["hours"]) == {-1.0}


def test_sites_keep_their_place_to_the_metre(folder: Path) -> None:
    sites = pd.read_csv(folder / "facilities.csv")
    assert (sites["easting_m"].iloc[0], sites["northing_m"].iloc[0]) == (530_000, 180_001)


def test_geopackage_layers_crs_and_rows_as_gdal_reads_them(folder: Path, plain: ResultTables) -> None:
    path = folder / "results.gpkg"
    layers = {"facilities": plain.facilities, "icbs": plain.outlines, "pcns": plain.pcns, "places": plain.places}
    assert set(pyogrio.list_layers(path)[:, 0]) - {"layer_styles"} == set(layers) == set(LAYERS)
    for layer, frame in layers.items():
        back = gpd.read_file(path, layer=layer)
        assert back.crs.to_epsg() == 27700
        assert list(back.columns) == list(frame.columns)
        assert back.geometry.geom_equals(frame.geometry).all()
    names = [name.replace("\r", "\n") for name in HOSTILE]  # as in the CSV files
    assert list(gpd.read_file(path, layer="facilities")["facility_name"]) == names
    assert list(gpd.read_file(path, layer="places")["place_name"]) == names


def test_a_layer_without_a_row_is_not_there(plain: ResultTables, tmp_path: Path) -> None:
    write_tables(tmp_path, dataclasses.replace(plain, outlines=plain.outlines.iloc[:0], places=PlaceFrame.no_shapes()))
    assert set(pyogrio.list_layers(tmp_path / "results.gpkg")[:, 0]) == {"facilities", "layer_styles", "pcns"}
    assert not (tmp_path / "icbs.parquet").exists()


def test_the_same_run_gives_the_same_bytes(
    folder: Path, tables: ResultTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    again = make_tables() if tables.choice is None else dataclasses.replace(make_tables(), choice=make_choice())
    write_tables(tmp_path, again)
    write_workbook(tmp_path / "results.xlsx", again)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    shapes = 1 + len(PARQUET_LAYERS) + len(GEOJSON_LAYERS)
    assert len(names) == len(sheets_of(tables)) + len(FILES) + shapes + 1
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_target_that_cannot_be_written_is_told_in_a_sentence(plain: ResultTables, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"results\.xlsx could not be written"):
        write_workbook(tmp_path / "absent" / "results.xlsx", plain)


def sheets_of(tables: ResultTables) -> dict[str, tuple[str, str]]:
    """The tables that such a run publishes."""
    return BOARD_SHEETS | (CHOICE_SHEETS if tables.choice is not None else {}) | PLAN_SHEETS


def pages_of(tables: ResultTables) -> list[str]:
    return ["Summary", *(["Sites"] if tables.choice is not None else []), "Read me"]


def test_every_column_of_every_sheet_is_explained(tables: ResultTables) -> None:
    published = published_tables(tables)
    assert list(published) == [*sheets_of(tables), *FILES]
    assert list(COLUMNS) == list(TABLES) == list(PUBLISHED)
    assert {name: list(frame.columns) for name, frame in published.items()} == {
        name: list(COLUMNS[name]) for name in published
    }
    for columns in COLUMNS.values():
        headings = [heading for heading, _ in columns.values()]
        assert len(set(headings)) == len(headings)
        assert all(meaning.endswith(".") for _, meaning in columns.values())


def test_read_me_lists_each_column_under_its_sheet(folder: Path, tables: ResultTables) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")
    listed: dict[str, list[str]] = {}
    for sheet, heading, *_ in book["Read me"].iter_rows(min_row=2, values_only=True):
        if sheet:
            current = listed.setdefault(sheet, [])
        else:
            current.append(heading)
    pages = pages_of(tables)
    assert book.sheetnames == [*pages, *(title for title, _ in sheets_of(tables).values())]
    for title in book.sheetnames[len(pages) :]:
        assert [cell.value for cell in book[title][1]] == listed[title]
    for name, (title, _) in FILES.items():
        assert listed[title] == [heading for heading, _ in COLUMNS[name].values()]
    told = {row[2]: row[3] for row in book["Read me"].iter_rows(min_row=2, values_only=True) if row[0]}
    alone = {name for name, meaning in told.items() if name and meaning.endswith("Not a sheet: in its file alone.")}
    assert alone == {f"{name}.csv" for name in FILES}
    assert listed["Pathways"] == ["falls"]


def test_workbook_sheets_hold_the_tables_with_nothing_live(folder: Path, tables: ResultTables) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")
    for name, frame in sheet_tables(tables).items():
        sheet = book[SHEETS[name][0]]
        assert sheet.max_row == len(frame) + 1
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
    for sheet in book:
        for cells in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)
    names = [cell.value for cell in book["Facilities"]["B"]][1:]
    # Reading XML makes a line feed of a carriage return; xlsxwriter writes `_x000D_`-style escapes for neither.
    assert [name.replace("_x000D_", "\r").replace("\r", "\n") for name in names] == [
        name.replace("\r", "\n") for name in HOSTILE
    ]
    with zipfile.ZipFile(folder / "results.xlsx") as archive:
        for part in archive.namelist():
            assert b"<f>" not in archive.read(part)
            assert b"<hyperlink" not in archive.read(part)


def test_workbook_numbers_are_numbers_and_codes_are_words(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")
    hours = book["Ledger"]["F2"]
    assert (hours.value, hours.number_format) == (1234.5, "#,##0.0")
    assert [cell.value for cell in book["Unmet demand"]["F"]] == [
        "Reason",
        UNMET_REASONS["hours_used_up"],
        UNMET_REASONS["link_worker_ceiling"],
        None,
    ]
    assert [cell.value for cell in book["PCNs"]["P"]] == ["Deprivation fifth", 1, 5, None]
    assert {cell.value for cell in book["Facilities"]["E"][1:]} == {"charity"}
    assert {cell.value for cell in book["Links"]["D"][1:]} == {"formal agreement"}
    assert {cell.value for cell in book["Ledger"]["E"][1:]} == {UNITS["class"]}
    assert {cell.value for cell in book["Allocation"]["F"][1:]} == {"Falls prevention"}
    assert {cell.value for cell in book["Facilities"]["H"][1:]} == {"Falls prevention; swimming"}
    figures = {cells[0].value: (cells[1].value, cells[1].number_format) for cells in book["Key figures"].iter_rows()}
    assert set(figures) == {"Figure", *FIGURES.values()}
    assert figures[FIGURES["people"]] == (20, "#,##0")
    assert figures[FIGURES["coverage_share"]] == (20 / 90, "0.0%")
    assert book["Gaps"]["G2"].value == UNMET_REASONS["hours_used_up"]
    assert [cell.value for cell in book["Sectors"]["A"][1:]] == ["public sector", "private sector", "voluntary sector"]
    if "Sites" in book.sheetnames:
        assert {cell.value for cell in book["Robustness"]["C"][1:]} == {"yes", "no"}
        assert {cell.value for cell in book["Robustness"]["F"][1:]} <= set(VERDICTS.values())
        assert {cell.value for cell in book["Changes"]["D"][1:]} == set(LEVERS.values())
        assert {cell.value for cell in book["Score parts"]["D"][1:]} == {"referral", "walking"}


def test_rows_of_a_sheet_are_shown_each_in_its_own_unit(folder: Path, tables: ResultTables) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")

    def shown(sheet: str, told: str, figure: str) -> dict[str, tuple[float, str]]:
        return {
            key.value: (cell.value, cell.number_format)
            for key, cell in zip(book[sheet][told][1:], book[sheet][figure][1:], strict=True)
        }

    levels = shown("Levels", "B", "C")
    assert levels[AIMS["completions"]] == (99, "#,##0.00")
    assert levels[AIMS["core20"]] == (0.0125, "#,##0.0")  # completions, which were shown as a percentage
    assert levels[AIMS["travel"]] == (12_345.6, "#,##0")
    assert {cell.number_format for cell in book["Levels"]["E"][1:]} == {"0.0%"}
    fairness = shown("Fairness", "C", "E")
    assert fairness["PCNs"] == (11, "#,##0")
    assert {cell.number_format for cell in book["Fairness"]["E"][1:8] if cell.value is not None} == {"0.0%"}
    assert fairness["0 even to 1 uneven"] == (0.275, "0.000")
    assert {cell.value for cell in book["Fairness"]["A"][1:]} == set(MEASURES.values())
    prices = shown("Prices", "A", "D")
    assert prices[PRICES["fte"]] == (31.4, "#,##0.00")
    assert prices[PRICES["hour"]][1] == "0.0000"
    assert {cell.value for cell in book["Differences"]["B"][1:]} == {"Falls prevention"}
    assert [cell.value for cell in book["Differences"]["E"][1:]] == list(tables.differences["places_after"])


def test_a_run_that_did_not_start_from_a_plan_has_headings_and_no_differences(
    plain: ResultTables, tmp_path: Path
) -> None:
    fresh = dataclasses.replace(plain, differences=plain.differences.iloc[:0])
    write_tables(tmp_path, fresh)
    write_workbook(tmp_path / "results.xlsx", fresh)
    assert pd.read_csv(tmp_path / "differences.csv").shape == (0, len(DifferenceFrame.to_schema().columns))
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx")["Differences"]
    assert sheet.max_row == 1 and sheet["A1"].value == "Pledge"


def test_every_sheet_prints_on_one_page_across_with_its_heading_repeated(folder: Path, tables: ResultTables) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_area.replace("$", "").endswith(sheet.dimensions.split(":")[-1]), sheet.title
        assert sheet.freeze_panes in ("A2", "A3", "B2")
        if sheet.title not in ("Summary", "Sites"):
            assert sheet.print_title_rows == "$1:$1"
            assert sheet.auto_filter.ref


def test_workbook_headings_fit_in_three_lines(folder: Path, tables: ResultTables) -> None:
    book = openpyxl.load_workbook(folder / "results.xlsx")
    for sheet in book.worksheets[len(pages_of(tables)) :]:
        groups = sheet.column_dimensions.values()
        widths = {n: group.width for group in groups for n in range(group.min, group.max + 1)}
        for cell in sheet[1]:
            lines = textwrap.wrap(cell.value, int(widths[cell.column]) - 3)  # the filter's button takes three letters
            assert len(lines) <= 3, (sheet.title, cell.value)
            assert max(map(len, re.split(r"[\s-]", cell.value))) <= widths[cell.column] - 3, (sheet.title, cell.value)


def test_summary_sheet_reads_like_a_page(folder: Path, tables: ResultTables) -> None:
    sheet = openpyxl.load_workbook(folder / "results.xlsx")["Summary"]
    cells = [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
    assert cells[:4] == [INTERNAL_MARK, f"{finding(FACTS)}.", "Illustrative", f"{hours_worth(FACTS)}."]
    assert cells[4] == "A small place. Plan for 1 October 2026 to 31 March 2027; data as of 1 July 2026."
    first = {row[0]: row[1:] for row in sheet.iter_rows(values_only=True) if row[0]}
    assert first["People served"][:2] == (20, "people")
    assert first["Pledged"][:2] == (1000, 1)
    assert first["Matched"][:2] == (480, 0.48)
    assert first["1, the most deprived"] == (0.5, 0.52, "15 of 40 places wanted are given")
    assert first["2"] == (0.46, 0.48, "0 of 0 places wanted are given")
    assert first["Falls prevention"][:2] == (20, 70)
    recommended = [cell for cell in cells if str(cell).endswith("The sheet Sites says why.")]
    assert len(recommended) == (tables.choice is not None)
    assert any("Contains information from NHS England." in str(cell) for cell in cells)
    told = [*plan_fairness(made_up_fairness()), link_worker_fairness(made_up_fairness())]
    start = cells.index("Fairness") + 1
    assert cells[start : start + 5] == [f"• {sentence}" for sentence in told]
    assert len(sheet._charts) == 4


def test_summary_in_the_terminal_fits_one_screen(plain: ResultTables) -> None:
    lines = describe(plain).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100
    figures = {line[:14].strip() for line in lines if re.match(r" +[\d,.]+  \S", line)}
    assert {"1,000", "800", "480", "20", "5.40"} <= figures
    assert lines[1:3] == [f"{finding(FACTS)}.", f"{hours_worth(FACTS)}."]
    assert {line.index(line.strip().split("  ")[0][-1]) for line in lines if line.startswith("   ")} <= set(range(14))
    assert "12 input rows were rejected, 1 of 13 pledges among them; accounting.csv names each." in lines
    assert "Hours nobody could use: 280" in lines
    at = lines.index(plan_fairness(plain.fairness)[0])
    assert lines[at : at + 4] == plan_fairness(plain.fairness)
    assert f"{70:>14}  {UNMATCHED_REASONS['nobody_in_reach']}" in lines
    assert "not_placed" not in describe(plain)
    assert lines[-1] == f"{INTERNAL_MARK}."


@pytest.mark.parametrize("sites", [1, 4, 20])
def test_the_sites_are_told_in_a_terminal(sites: int) -> None:
    choice = made_up_choice(40, sites, hostile=True)
    lines = describe_sites(choice).splitlines()
    assert len(lines) <= 15 and max(map(len, lines)) <= 100
    first = choice.chosen[choice.chosen["portfolio"] == 1].sort_values("site_rank")
    told = [line for line in lines if "people: U" in line]
    assert len(told) == min(sites, 8) and first["site_id"].iloc[0] in told[0]
    assert ("more; chosen_sites.csv" in lines[-1]) == (sites == 20)
