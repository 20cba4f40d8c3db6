"""The whole way through on the demo: every table holds, everything adds up, nothing of the input is lost."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import ConfigError
from geomap.outputs import verify_folder
from geomap.pipeline import Inputs, load_inputs, map_results, run, solve
from geomap.report.summary import describe
from geomap.schema import (
    AccessResultFrame,
    AccountingFrame,
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    CeilingFrame,
    DemandFrame,
    DifferenceFrame,
    FacilityFrame,
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
    PledgeFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    PrevalenceFrame,
    PriceFrame,
    ProvisionFrame,
    ReachableFrame,
    RepairFrame,
    ResultTables,
    SectorFrame,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
    VenueFrame,
)
from geomap.schema.words import CRS

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
TWO_SUB_ICBS = "U99026"

MODELS = {
    "pcns": PcnResultFrame, "facilities": FacilityResultFrame, "allocation": AllocationResultFrame, "unmet": UnmetFrame,
    "unmatched": UnmatchedHoursFrame, "ledger": LedgerFrame, "pathways": PathwayFrame, "need": NeedFrame,
    "prevalence": PrevalenceFrame, "demand": DemandFrame, "links": LinkFrame, "accounting": AccountingFrame,
    "levels": LevelFrame, "fairness": FairnessFrame, "prices": PriceFrame, "differences": DifferenceFrame,
    "outlines": OutlineFrame, "figures": FigureFrame, "gaps": GapFrame, "provision": ProvisionFrame,
    "sectors": SectorFrame, "health_budgets": HealthBudgetFrame, "operators": OperatorResultFrame,
    "pledges": PledgeResultFrame, "practices": PracticeResultFrame, "reachable": ReachableFrame, "ties": TieFrame,
    "attention": AttentionFrame, "places": PlaceFrame, "other_facilities": VenueFrame,
    "opportunities": OpportunityFrame, "asks": AskFrame, "access": AccessResultFrame,
    "footprints": FootprintResultFrame,
    "repairs": RepairFrame, "indicators": IndicatorFrame,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The demo, run once."""

    scenario: Scenario
    inputs: Inputs
    tables: ResultTables
    folder: Path

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name, dtype="str", keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "results"
    scenario = Scenario.from_toml(demo_scenario())
    tables = run(scenario, folder, internal=True)
    return Demo(scenario=scenario, inputs=load_inputs(scenario), tables=tables, folder=folder)


def planned(demo: Demo, section: str, **changes: object) -> ResultTables:
    """The demo planned again with other settings in one section of its scenario."""
    told = getattr(demo.scenario, section).model_copy(update=changes)
    return solve(demo.inputs, demo.scenario.model_copy(update={section: told}))


def assert_balanced(ledger: pd.DataFrame) -> None:
    """pledged = ineligible + eligible, eligible = matched + unmatched: by pledge, by operator, in all."""
    f = LedgerFrame
    for sums in (ledger, ledger.groupby(f.operator_id).sum(numeric_only=True), ledger.sum(numeric_only=True)):
        allowed = 1e-9 * sums[f.pledged_hours]
        assert ((sums[f.pledged_hours] - sums[f.ineligible_hours] - sums[f.eligible_hours]).__abs__() <= allowed).all()
        assert ((sums[f.eligible_hours] - sums[f.matched_hours] - sums[f.unmatched_hours]).__abs__() <= allowed).all()


class TestTables:
    @pytest.mark.parametrize("name", MODELS)
    def test_each_holds_its_model(self, demo, name):
        frame, model = getattr(demo.tables, name), MODELS[name]
        assert list(frame.columns) == list(model.to_schema().columns)
        model.validate(pd.DataFrame(frame), lazy=True)
        assert (len(frame) == 0) == (name in ("differences", "indicators", "repairs"))  # nothing earlier, own or mended
        if isinstance(frame, gpd.GeoDataFrame):
            assert frame.crs == CRS
            assert frame.geometry.is_valid.all() and not frame.geometry.is_empty.any()

    def test_the_map_drawn_again_from_the_folder_has_the_same_bytes(self, demo, tmp_path):
        map_results(demo.folder, tmp_path / "map")
        assert (tmp_path / "map" / "map.html").read_bytes() == (demo.folder / "map.html").read_bytes()
        assert verify_folder(demo.folder) == []

    def test_every_table_is_looked_at(self):
        assert set(MODELS) == set(ResultTables.__dataclass_fields__) - {"facts", "record", "choice", "bank"}

    @pytest.mark.slow
    def test_the_same_inputs_give_the_same_tables_and_are_left_alone(self, demo):
        """The first plan was made from another reading of the same files."""
        again = solve(demo.inputs, demo.scenario)
        for name in MODELS:
            pd.testing.assert_frame_equal(pd.DataFrame(getattr(again, name)), pd.DataFrame(getattr(demo.tables, name)))
        assert again.facts == demo.tables.facts


class TestSums:
    def test_the_ledger_balances(self, demo):
        assert_balanced(demo.tables.ledger)

    def test_reasons_add_up_to_the_ledger_for_every_pledge(self, demo):
        f, ledger = UnmatchedHoursFrame, demo.tables.ledger.set_index(LedgerFrame.pledge_id)
        told = demo.tables.unmatched.pivot_table(index=f.pledge_id, columns=f.stage, values=f.hours, aggfunc="sum")
        told = told.reindex(ledger.index).fillna(0.0)
        for stage, column in (("ineligible", LedgerFrame.ineligible_hours), ("unmatched", LedgerFrame.unmatched_hours)):
            assert told[stage].to_numpy() == pytest.approx(ledger[column].to_numpy(), rel=1e-9, abs=1e-9)

    def test_places_are_the_same_wherever_they_are_counted(self, demo):
        tables = demo.tables
        places = int(tables.allocation[AllocationResultFrame.places].sum())
        assert 0 < places == tables.facts.people
        assert tables.pcns[PcnResultFrame.matched_places].sum() == places
        assert tables.unmet[UnmetFrame.matched_places].sum() == places
        by_pcn = tables.allocation.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.places].sum()
        pcns = tables.pcns.set_index(PcnResultFrame.pcn_code)
        assert by_pcn.reindex(pcns.index).fillna(0).tolist() == pcns[PcnResultFrame.matched_places].tolist()
        wanted, met, unmet = (UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places)
        assert (tables.unmet[wanted] == tables.unmet[met] + tables.unmet[unmet]).all()
        assert tables.facts.unmet_places == tables.facts.demand_places - places

    def test_hours_are_the_same_wherever_they_are_counted(self, demo):
        tables, hours = demo.tables, LedgerFrame.matched_hours
        matched = tables.ledger[hours].sum()
        assert tables.facts.matched_hours == pytest.approx(matched)
        assert tables.allocation[hours].sum() == pytest.approx(matched)
        assert tables.pcns[hours].sum() == pytest.approx(matched)

    def test_hours_and_people_are_the_same_by_operator_and_by_tie(self, demo):
        tables, facts, o, t = demo.tables, demo.tables.facts, OperatorResultFrame, TieFrame
        sums = tables.operators.sum(numeric_only=True)
        for name in (o.pledged_hours, o.eligible_hours, o.matched_hours, o.unmatched_hours):
            assert sums[name] == pytest.approx(getattr(facts, name), rel=1e-9)
        assert sums[o.people] == tables.ties[t.people].sum() == facts.people
        assert sums[o.pledges] == len(tables.pledges) == len(tables.ledger)
        assert sums[o.facilities] == len(tables.facilities)
        assert sums[o.pcns_in_reach] == tables.ties[t.in_reach].sum()
        given = tables.allocation.groupby([t.operator_id, t.pcn_code])[AllocationResultFrame.matched_hours].sum()
        ties = tables.ties.set_index([t.operator_id, t.pcn_code])
        assert ties[t.matched_hours].reindex(given.index).tolist() == pytest.approx(given.tolist())
        assert ties[t.matched_hours].sum() == pytest.approx(given.sum())
        # What is matched is in reach.
        assert ties.loc[ties[t.people] > 0, t.in_reach].all()

    def test_a_pcn_is_its_practices_and_what_it_can_reach(self, demo):
        tables, f = demo.tables, PcnResultFrame
        pcns = tables.pcns.set_index(f.pcn_code)
        practices = tables.practices.groupby(PracticeResultFrame.pcn_code)
        assert practices.size().equals(pcns[f.practices])
        assert practices[PracticeResultFrame.patients].sum().to_dict() == pcns[f.patients].to_dict()
        near = tables.reachable.groupby(ReachableFrame.pcn_code).size()
        assert near.reindex(pcns.index).fillna(0).tolist() == pcns[f.facilities_in_reach].tolist()

    def test_hours_in_reach_are_the_hours_that_reach_anybody(self, demo):
        tables, f = demo.tables, PcnResultFrame
        nobody = tables.unmatched[tables.unmatched[UnmatchedHoursFrame.reason].eq("nobody_in_reach")]
        lost = nobody[UnmatchedHoursFrame.hours].sum()
        assert lost > 0
        people = tables.pcns[f.patients] / 1000
        every, left = (people * tables.pcns[name] for name in (f.hours_in_reach, f.hours_left_in_reach))
        assert every.sum() == pytest.approx(tables.facts.eligible_hours - lost, rel=1e-9)
        assert left.sum() == pytest.approx(tables.facts.unmatched_hours - lost, rel=1e-9)
        assert (left <= every + 1e-9).all()

    def test_coverage_at_first_is_that_of_the_plan_before_the_fairness_levels(self, demo):
        f, record = PcnResultFrame, demo.tables.record
        first = record.first_allocation.groupby(f.pcn_code)["places"].sum()
        pcns = demo.tables.pcns.set_index(f.pcn_code)
        told = (pcns[f.first_coverage_share] * pcns[f.demand_places]).round().astype(int)
        assert told.to_dict() == first.reindex(pcns.index).fillna(0).astype(int).to_dict()
        assert not pcns[f.first_coverage_share].equals(pcns[f.coverage_share])

    def test_a_pledge_names_the_row_it_was_read_from(self, demo):
        f = PledgeResultFrame
        with (DEMO / "bank" / "pledges.csv").open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream))
        column = lines[0].index("pledge_id")
        assert set(demo.tables.pledges[f.source]) == {"pledges.csv"}
        read = [lines[row - 1][column] for row in demo.tables.pledges[f.row]]
        assert read == demo.tables.pledges[f.pledge_id].tolist()

    def test_sites_are_the_ledger_by_facility(self, demo):
        sites = demo.tables.facilities.set_index(FacilityResultFrame.facility_id)
        ledger = demo.tables.ledger.dropna(subset=LedgerFrame.facility_id).groupby(LedgerFrame.facility_id)
        f = FacilityResultFrame
        for column in (f.pledged_hours, f.eligible_hours, f.matched_hours):
            pd.testing.assert_series_equal(sites[column], ledger[column].sum(), check_names=False)
        assert sites[FacilityResultFrame.pledges].tolist() == ledger.size().tolist()
        at_sites = demo.tables.allocation[AllocationResultFrame.facility_id].notna()
        people = demo.tables.allocation.loc[at_sites, AllocationResultFrame.places].sum()
        assert sites[FacilityResultFrame.people].sum() == people

    def test_pledges_of_no_facility_take_part(self, demo):
        """Digital and operator-wide pledges stand in the ledger, and some of them serve somebody."""
        pledges = demo.inputs.bank.pledges
        wide = set(pledges.loc[pledges[PledgeFrame.facility_id].isna(), PledgeFrame.pledge_id])
        assert len(wide) == 12
        assert wide <= set(demo.tables.ledger[LedgerFrame.pledge_id])
        given = demo.tables.allocation
        served = given[given[AllocationResultFrame.facility_id].isna()]
        assert len(served) > 0 and set(served[AllocationResultFrame.pledge_id]) <= wide
        assert served[AllocationResultFrame.facility_name].isna().all()
        digital = set(pledges.loc[pledges[PledgeFrame.delivery].eq("digital"), PledgeFrame.pledge_id])
        assert digital & set(given[AllocationResultFrame.pledge_id])


HEADLESS = ("epraccur.csv",)
"""Official files that come without a heading."""


LISTS_IN = {".geojson": ("features",), ".json": ("items", "contents")}
"""Ending of a JSON file → what its list of records is called."""


def records_in(path: Path) -> int:
    """Records of an official file, counted without the program."""
    if path.suffix in LISTS_IN:
        told = json.loads(path.read_text(encoding="utf-8"))
        return len(next(told[name] for name in LISTS_IN[path.suffix] if name in told))
    texts = [path.read_bytes()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            texts = [archive.read(member) for member in archive.namelist() if member.endswith(".csv")]
    rows = [row for text in texts for row in csv.reader(io.StringIO(text.decode("utf-8-sig"))) if any(row)]
    return len(rows) - len(texts) * (path.name not in HEADLESS)


class TestAccounting:
    @pytest.mark.parametrize("path", sorted((DEMO / "official").iterdir()), ids=lambda path: path.name)
    def test_rows_of_an_official_file_add_up_to_the_file(self, demo, path):
        accounting = demo.tables.accounting
        mine = accounting[accounting[AccountingFrame.source].str.split("/").str[0].eq(path.name)]
        assert mine[AccountingFrame.rows].sum() == records_in(path) > 0

    @pytest.mark.parametrize("path", sorted((DEMO / "bank").iterdir()), ids=lambda path: path.name)
    def test_every_row_of_the_bank_stands_once_with_its_fate(self, demo, path):
        f = AccountingFrame
        mine = demo.tables.accounting[demo.tables.accounting[f.source].eq(path.name)]
        assert mine[f.row].tolist() == list(range(2, records_in(path) + 2))
        assert mine[f.rows].eq(1).all()
        fates = {"matched", "part-matched", "unmatched"} if path.name == "pledges.csv" else {"used"}
        assert set(mine[f.status]) - {"rejected"} == fates
        assert mine.loc[~mine[f.status].isin(["matched", "used"]), f.reason].ne("").all()
        assert mine.loc[mine[f.status].isin(["matched", "used"]), f.reason].eq("").all()

    def test_the_fate_of_a_pledge_is_that_of_its_hours(self, demo):
        f = AccountingFrame
        rows = demo.tables.accounting
        pledges = rows[rows[f.source].eq("pledges.csv") & rows[f.status].ne("rejected")].set_index(f.row_id)
        ledger = demo.tables.ledger.set_index(LedgerFrame.pledge_id)
        assert set(pledges.index) == set(ledger.index)
        matched = ledger[LedgerFrame.matched_hours]
        whole = matched.gt(0) & (matched - ledger[LedgerFrame.pledged_hours]).abs().lt(1e-6)
        assert set(pledges.index[pledges[f.status].eq("matched")]) == set(ledger.index[whole])
        assert set(pledges.index[pledges[f.status].eq("unmatched")]) == set(ledger.index[matched.eq(0)])

    def test_the_bad_rows_are_rejected_and_nothing_else(self, demo, monkeypatch):
        monkeypatch.syspath_prepend(ROOT / "scripts")
        import make_demo

        f = AccountingFrame
        rejected = demo.tables.accounting[demo.tables.accounting[f.status].eq("rejected")]
        assert sorted(map(tuple, rejected[[f.source, f.row_id, f.column, f.value]].to_numpy())) == sorted(
            (f"{bad.file}.csv", bad.row_id, bad.column, bad.value) for bad in make_demo.BAD_ROWS
        )
        assert rejected[f.reason].ne("").all()
        facts = demo.tables.facts
        assert (facts.pledges_read, facts.pledges_rejected) == (408, 8)
        assert len(demo.inputs.faults) == len(make_demo.BAD_ROWS) == 9

    def test_every_file_read_is_in_the_manifest(self, demo):
        manifest = json.loads((demo.folder / "manifest.json").read_text(encoding="utf-8"))
        read = {path.name for folder in ("official", "bank") for path in (DEMO / folder).iterdir()}
        assert {source["name"] for source in manifest["inputs"]} == read
        assert manifest["settings"]["bank"] == {"bad_rows": "reject", "repairs": "report"}
        assert str(ROOT) not in json.dumps(manifest)


class TestPcns:
    def test_a_pcn_in_two_sub_icbs_stands_once(self, demo):
        rows = (DEMO / "official" / "gp-reg-pat-prac-map.csv").read_text(encoding="utf-8-sig").splitlines()
        practices = [row for row in csv.DictReader(rows) if row["PCN_CODE"] == TWO_SUB_ICBS]
        assert len({row["SUB_ICB_LOCATION_CODE"] for row in practices}) == 2
        pcns = demo.tables.pcns[demo.tables.pcns[PcnResultFrame.pcn_code].eq(TWO_SUB_ICBS)]
        assert pcns[PcnResultFrame.practices].tolist() == [len(practices)]

    def test_unallocated_practices_are_no_pcn_in_any_file(self, demo):
        codes = set(demo.tables.pcns[PcnResultFrame.pcn_code])
        assert len(codes) == 45 and "U" not in codes
        told = 0
        for path in demo.folder.glob("*.csv"):
            frame = demo.read(path.name)
            if PcnResultFrame.pcn_code in frame:
                told += 1
                assert set(frame[PcnResultFrame.pcn_code]) <= codes, path.name
        assert told >= 3
        assert set(gpd.read_file(demo.folder / "results.gpkg", layer="pcns")[PcnResultFrame.pcn_code]) == codes
        book = openpyxl.load_workbook(demo.folder / "results.xlsx", read_only=True)
        assert "U" not in {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
        book.close()
        page = (demo.folder / "map.html").read_text(encoding="utf-8")
        assert all(f'"{code}"' in page for code in codes) and '"U"' not in page


class TestFiles:
    def test_the_set_is_whole(self, demo):
        assert verify_folder(demo.folder) == []
        written = {path.name for path in demo.folder.iterdir()}
        tables = {"accounting", "allocation", "ledger", "links", "pcns", "unmatched_hours", "unmet_demand"}
        tables |= {"figures", "gaps", "provision", "sectors", "health_budgets", "pathways"}
        tables |= {"facilities", "levels", "fairness", "prices", "differences", "operators", "attention"}
        tables |= {"pledges", "practices", "reachable", "ties", "need", "indicators", "other_facilities", "repairs"}
        tables |= {"could_be_asked", "opportunities", "access", "footprints"}
        assert written == {f"{name}.csv" for name in tables} | {
            "manifest.json", "facts.json", "map.html", "open_referral.json", "plan.json", "report.docx", "results.gpkg",
            "results.xlsx", "datapackage.json", "facilities.geojson", "facilities.parquet", "icbs.parquet",
            "pcns.geojson", "pcns.parquet",
        }  # fmt: skip

    def test_the_workbook_opens_and_says_that_it_is_illustrative(self, demo):
        book = openpyxl.load_workbook(demo.folder / "results.xlsx", read_only=True)
        texts = {sheet.title: [cell for row in sheet.iter_rows(values_only=True) for cell in row] for sheet in book}
        book.close()
        assert all(any(cell is not None for cell in cells) for cells in texts.values())
        assert any("Illustrative" in str(cell) for cell in texts[next(iter(texts))])

    def test_the_geopackage_opens(self, demo):
        layers = set(pyogrio.list_layers(demo.folder / "results.gpkg")[:, 0])
        counts = {name: len(gpd.read_file(demo.folder / "results.gpkg", layer=name)) for name in layers}
        assert (counts["pcns"], counts["facilities"]) == (45, 150)
        assert counts["places"] == len(demo.tables.places) > 0

    def test_map_and_summary_say_that_it_is_illustrative(self, demo):
        assert "Illustrative" in (demo.folder / "map.html").read_text(encoding="utf-8")
        assert "Illustrative" in describe(demo.tables).splitlines()[0]

    def test_csvs_are_the_tables(self, demo):
        assert len(demo.read("ledger.csv")) == len(demo.tables.ledger) == 400
        assert len(demo.read("allocation.csv")) == len(demo.tables.allocation)
        assert len(demo.read("accounting.csv")) == len(demo.tables.accounting)


class TestSettings:
    @pytest.mark.thorough
    def test_excluded_pcns_ask_for_nothing_and_get_nothing(self, demo):
        tables = planned(demo, "link_workers", not_reported="exclude")
        out = tables.pcns[tables.pcns[PcnResultFrame.fte_basis].eq("excluded")]
        assert len(out) == 8 and len(tables.pcns) == 45
        assert (out[[PcnResultFrame.demand_places, PcnResultFrame.matched_places]] == 0).all(axis=None)
        assert out[PcnResultFrame.coverage_share].isna().all()
        assert tables.facts.demand_places < demo.tables.facts.demand_places
        assert_balanced(tables.ledger)

    @pytest.mark.slow
    def test_pcns_without_link_workers_ask_but_cannot_refer(self, demo):
        tables = planned(demo, "link_workers", not_reported="zero")
        out = tables.pcns[tables.pcns[PcnResultFrame.fte_basis].eq("zero")]
        assert len(out) == 8
        assert (out[[CeilingFrame.ceiling_referrals, PcnResultFrame.matched_places]] == 0).all(axis=None)
        assert out[PcnResultFrame.demand_places].gt(0).all()
        assert tables.facts.demand_places == demo.tables.facts.demand_places
        assert_balanced(tables.ledger)

    def test_no_time_at_all_still_gives_a_plan_that_holds(self, demo):
        """The independent check has passed, or `solve` would have raised."""
        tables = planned(demo, "match", time_limit_s=0)
        facts = tables.facts
        assert facts.status in ("stopped", "within gap", "optimal")
        assert 0 < facts.objective <= facts.bound and math.isfinite(facts.bound)
        assert 0 < facts.people <= facts.demand_places
        assert_balanced(tables.ledger)

    def test_an_area_that_is_not_there(self, demo):
        with pytest.raises(ConfigError, match="No PCN of the practice map is in ICB QQQ. ICBs it has: QX9."):
            planned(demo, "area", icb_codes=("QQQ",))

    @pytest.mark.thorough
    def test_a_facility_nobody_pledges_for_is_not_used(self, demo):
        bank = demo.inputs.bank
        first = bank.facilities[FacilityFrame.facility_id].iloc[0]
        kept = bank.pledges[bank.pledges[PledgeFrame.facility_id].ne(first)].reset_index(drop=True)
        gone = bank.rows[AccountingFrame.source].eq("pledges.csv") & ~bank.rows[AccountingFrame.row_id].isin(
            kept[PledgeFrame.pledge_id]
        )
        smaller = _replaced(bank, pledges=kept, rows=bank.rows[~gone].reset_index(drop=True))
        tables = solve(_replaced(demo.inputs, bank=smaller), demo.scenario)
        rows = tables.accounting[tables.accounting[AccountingFrame.source].eq("facilities.csv")]
        told = rows.set_index(AccountingFrame.row_id).loc[first]
        assert (told[AccountingFrame.status], told[AccountingFrame.reason]) == ("not_used", "no pledge names it")
        assert first not in set(tables.facilities[FacilityResultFrame.facility_id])


def _replaced(item, **changes):
    return type(item)(**{name: changes.get(name, getattr(item, name)) for name in item.__dataclass_fields__})
