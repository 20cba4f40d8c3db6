"""England on the real official files and an illustrative bank on real sites: the figures that must come out."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from geomap.config import Scenario
from geomap.outputs import verify_folder
from geomap.pipeline import load_inputs, map_results, solve
from geomap.pipeline._people import People
from geomap.schema import AccountingFrame, LedgerFrame, NeedFrame, PcnResultFrame

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = ROOT / "data" / "scenarios" / "national.toml"
MAKER = ROOT.parent / "shared" / "tools" / "make_pledges.py"
"""Writes the bank: real sites, invented operators and pledges. It is no part of the repository."""
IN_TWO_ICBS = "U41591"
MEGABYTE = 1_000_000
QUICKLY = "portfolios = 5\ntradeoff_points = 0\nexplain = false"
"""Of the choice of sites all but what takes minutes more."""

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def bank(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not MAKER.is_file():
        pytest.skip(f"{MAKER.name}, which writes the illustrative bank, does not lie beside the repository")
    folder = tmp_path_factory.mktemp("bank")
    made = subprocess.run([sys.executable, str(MAKER), str(real_data), str(folder)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@dataclass(frozen=True, kw_only=True)
class National:
    """A national run in a process of its own."""

    folder: Path
    said: str
    peak_bytes: int

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name, keep_default_na=False, na_values=[""], encoding="utf-8-sig")


@pytest.fixture(scope="module")
def national(real_data: Path, bank: Path, tmp_path_factory: pytest.TempPathFactory) -> National:
    if os.name == "nt":
        pytest.skip("Windows does not tell the memory a child process has used")
    folder = tmp_path_factory.mktemp("national") / "results"
    scenario = folder.with_name("national.toml")
    told = SCENARIO.read_text(encoding="utf-8").replace("count = 20", f"count = 20\n{QUICKLY}")
    scenario.write_text(f"{told}\n[robustness]\nfull_draws = 1\n", encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "geomap.cli", "sites", scenario, "--draws", "20", "--internal"]
    command += ["--data", real_data, "--bank", bank, "--out", folder]
    log = folder.with_name("log.txt")
    with log.open("w", encoding="utf-8") as stream:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(list(map(str, command)), env=environment, stdout=stream, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    said = log.read_text(encoding="utf-8")
    assert child.returncode == 0, said
    unit = 1 if sys.platform == "darwin" else 1024
    return National(folder=folder, said=said, peak_bytes=used.ru_maxrss * unit)


@pytest.mark.slow
@pytest.mark.national
class TestEngland:
    def test_pcns_patients_and_link_workers(self, national):
        f, pcns = PcnResultFrame, national.read("pcns.csv")
        assert len(pcns) == pcns[f.pcn_code].nunique() == 1298
        assert pcns[f.patients].sum() == 63_216_178
        reported = pcns[f.fte_basis].eq("reported")
        assert pcns.loc[reported, f.link_worker_fte].sum() == pytest.approx(2642.40, abs=0.005)
        assert (~reported).sum() == 234
        assert "U" not in set(pcns[f.pcn_code])

    def test_the_pcn_in_two_icbs_stands_once(self, national):
        pcns = national.read("pcns.csv")
        (row,) = pcns[pcns[PcnResultFrame.pcn_code].eq(IN_TWO_ICBS)].to_dict("records")
        codes = row[PcnResultFrame.icb_codes].split(";")
        assert len(codes) == 2 and codes[0] == row[PcnResultFrame.icb_code]

    def test_the_ledger_balances(self, national):
        f, ledger = LedgerFrame, national.read("ledger.csv")
        assert len(ledger) == 9975
        assert ledger[f.hours].sum() == 500_541
        allowed = 1e-9 * ledger[f.pledged_hours].clip(lower=1.0)
        for whole, one, other in (
            (f.pledged_hours, f.ineligible_hours, f.eligible_hours),
            (f.eligible_hours, f.matched_hours, f.unmatched_hours),
        ):
            assert ((ledger[whole] - ledger[one] - ledger[other]).abs() <= allowed).all()
        assert 0 < ledger[f.matched_hours].sum() < ledger[f.eligible_hours].sum()

    def test_the_set_is_whole(self, national):
        assert verify_folder(national.folder) == []
        names = {path.name for path in national.folder.iterdir()}
        assert {"map.html", "results.xlsx", "results.gpkg", "accounting.csv"} <= names
        assert "of 1,298 PCNs" in national.said

    def test_every_row_of_the_bank_has_its_fate(self, national, bank):
        f, rows = AccountingFrame, national.read("accounting.csv")
        for path in bank.iterdir():
            lines = path.read_text(encoding="utf-8").splitlines()
            assert rows[rows[f.source].eq(path.name)][f.row].tolist() == list(range(2, len(lines) + 1)), path.name

    def test_five_portfolios_of_twenty_sites_are_proven_and_keep_to_their_quotas(self, national):
        portfolios, sites = national.read("portfolios.csv"), national.read("chosen_sites.csv")
        assert len(portfolios) == 5 and (portfolios["gap_share"] <= 0.01).all()
        assert (portfolios["differs_by"] >= 2).all()
        for _, chosen in sites.groupby("portfolio"):
            assert len(chosen) == 20
            by_region = chosen["region_name"].value_counts()
            assert len(by_region) == 7 and (by_region >= 2).all()
            fifths = chosen["deprivation_fifth"].value_counts()
            assert fifths.get(1.0, 0) >= 8 and fifths.get(5.0, 0) <= 2
            assert chosen["rurality"].eq("rural").sum() >= 3
        draws = national.read("draws.csv")
        assert len(draws) == 21 and (1 - draws["value"] / draws["bound"] <= 0.01).all()

    def test_the_map_is_small_enough_to_send_and_is_drawn_again_alike(self, national):
        page = (national.folder / "map.html").read_bytes()
        assert len(page) <= 6 * MEGABYTE and len(gzip.compress(page, 6)) <= 1.5 * MEGABYTE
        drawn = map_results(national.folder, national.folder.with_name("pages"), by_icb=True)
        assert drawn.pages == 36 and drawn.largest_bytes <= 1.5 * MEGABYTE
        assert (drawn.folder / "map.html").read_bytes() == page

    def test_it_fits_a_small_machine(self, national):
        assert national.peak_bytes <= 4 * 1024**3


@pytest.mark.slow
def test_an_icb_is_planned_for_with_need_as_in_all_of_england(real_data, bank):
    scenario = Scenario.from_toml(SCENARIO, data=real_data, bank=bank, icb_codes=("QWO",))
    inputs = load_inputs(scenario)
    england = People.build(inputs, scenario.model_copy(update={"area": type(scenario.area)()}))
    tables = solve(inputs, scenario)
    assert (len(england.pcns), len(tables.pcns)) == (1298, 52)
    assert tables.facts.patients == tables.pcns[PcnResultFrame.patients].sum() == 2_655_857
    everywhere = england.need.set_index(NeedFrame.pcn_code)[NeedFrame.need_index]
    here = tables.pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.need_index]
    assert here.tolist() == everywhere[here.index].tolist()
    assert tables.pcns[PcnResultFrame.icb_codes].str.contains("QWO").all()
    assert 0 < tables.facts.people <= tables.facts.demand_places
    f = AccountingFrame
    rows = tables.accounting[tables.accounting[f.source].isin([f"{name}.csv" for name in inputs.bank.places])]
    assert len(rows) == sum(len(table) for table in (
        inputs.bank.operators, inputs.bank.facilities, inputs.bank.pledges, inputs.bank.links
    ))  # fmt: skip
    outside = rows[rows[f.status].eq("not_used")]
    assert set(outside[f.source]) >= {"facilities.csv", "pledges.csv", "operators.csv", "links.csv"}
    assert "outside the area of this run" in set(outside[f.reason])
    used = rows[rows[f.source].eq("pledges.csv") & rows[f.status].ne("not_used")]
    assert set(used[f.row_id]) == set(tables.ledger[LedgerFrame.pledge_id])
