"""From an empty folder to a map: the scenario that `geomap start` writes, and three commands against a local server."""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_server import LocalServer, page, serve
from official_files import OFFICIAL
from typer.testing import CliRunner

from geomap import cli
from geomap.config import Scenario
from geomap.errors import ConfigError, DataError, OutputError
from geomap.fetch.sources import read_sources
from geomap.load.find import find_sources
from geomap.load.trial import read_source
from geomap.pipeline import _fetch, _start
from geomap.report.scenario_file import ScenarioFacts, write_scenario_text
from geomap.schema import PledgeFrame

pytestmark = pytest.mark.slow

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"
TODAY = dt.date(2026, 11, 22)
FACTS = ScenarioFacts(
    written=TODAY, folder="official", folder_remark="files", bank="hours.xlsx", bank_remark="hours",
    start=dt.date(2026, 4, 1), start_remark="a", end=dt.date(2027, 3, 31), end_remark="b",
    as_of=dt.date(2026, 7, 1), as_of_remark="c", absent=("qof gives registers.",), icbs={"QWO": "NHS West Yorkshire"},
)  # fmt: skip


def geomap(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def started(folder: Path, bank: Path, out: Path) -> _start.Started:
    return _start.start(folder, bank, out, lambda text: None, TODAY)


class TestText:
    def test_the_defaults_that_it_shows_are_those_that_ship(self, tmp_path):
        """With every `#` before a setting taken off, the scenario is the same."""
        shown = write_scenario_text(FACTS)
        told = re.sub(r"^#(?=[^ \n#])", "", shown, flags=re.MULTILINE)
        told = re.sub(r"^label = .*\n", "", told, flags=re.MULTILINE)
        assert told.count("\n[") > shown.count("\n[")
        for name, text in (("plain.toml", shown), ("all.toml", told)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        assert Scenario.from_toml(tmp_path / "plain.toml") == Scenario.from_toml(tmp_path / "all.toml")
        assert {"travel", "need", "link_workers", "match"} <= set(tomllib.loads(told))

    @given(st.text(max_size=80), st.text(max_size=80))
    def test_no_text_of_a_file_becomes_a_setting(self, name, path):
        text = write_scenario_text(replace(FACTS, icbs={"QWO": name}, bank=path, bank_remark=name, absent=(name,)))
        told = tomllib.loads(text)
        assert set(told) == {"name", "data", "bank", "period", "area"}
        assert set(told["bank"]) == {"path", "bad_rows", "repairs"} and told["bank"]["path"] == path
        assert told["area"] == {"icb_codes": []}


class TestPeriod:
    def choose(self, first: str | None, last: str | None, today: dt.date = TODAY) -> tuple[str, str]:
        dates = {PledgeFrame.start_date: [first, None], PledgeFrame.end_date: [None, last]}
        told = _start._choose_period(pd.DataFrame(dates).astype("datetime64[us]"), today)
        return str(told["start"]), str(told["end"])

    @pytest.mark.parametrize(
        ("first", "last", "start", "end"),
        [
            ("2026-09-01", "2027-07-31", "2026-09-01", "2027-07-31"),
            (None, None, "2026-04-01", "2027-03-31"),
            ("2026-09-01", None, "2026-09-01", "2027-08-31"),
            (None, "2027-01-31", "2026-04-01", "2027-01-31"),
            (None, "2025-12-31", "2025-04-01", "2025-12-31"),
            ("2020-01-01", "2099-12-31", "2020-01-01", "2020-12-30"),
            ("2027-09-01", "2026-01-31", "2027-09-01", "2028-08-30"),
        ],
    )
    def test_it_is_that_of_the_bank_where_it_can_be(self, first, last, start, end):
        assert self.choose(first, last) == (start, end)

    @pytest.mark.parametrize(("today", "start"), [("2026-03-31", "2025-04-01"), ("2026-04-01", "2026-04-01")])
    def test_the_financial_year_begins_in_april(self, today, start):
        assert self.choose(None, None, dt.date.fromisoformat(today))[0] == start


class TestStart:
    def test_with_everything_at_hand(self, tmp_path):
        out = tmp_path / "new" / "scenario.toml"
        done = started(DEMO / "official", DEMO / "bank", out)
        scenario = Scenario.from_toml(out)
        assert scenario.bank.path.resolve() == DEMO / "bank"
        assert scenario.data.folder.resolve() == DEMO / "official"
        assert scenario.period.as_of == dt.date(2026, 7, 1)
        said = "\n".join(done.found)
        assert "400 pledges" in said and "P0402" in said
        assert "lsoa_lists gives where patients live." in said and "taken to live at their practice" in said
        assert done.next_step == f"geomap check {out} --problems problems.xlsx"
        assert re.search(r"^#   Q\w+ +\w+", out.read_text(encoding="utf-8"), flags=re.MULTILINE)

    def test_with_nothing_at_hand_it_says_what_to_do_first(self, tmp_path):
        out = tmp_path / "scenario.toml"
        done = started(tmp_path / "official", tmp_path / "bank-of-hours.xlsx", out)
        assert done.next_step == f"geomap fetch --data {tmp_path / 'official'}"
        scenario = Scenario.from_toml(out)
        assert scenario.bank.path == tmp_path / "bank-of-hours.xlsx"
        assert (scenario.period.start, scenario.period.end) == (dt.date(2026, 4, 1), dt.date(2027, 3, 31))

    def test_files_without_a_bank(self, tmp_path):
        done = started(DEMO / "official", tmp_path / "hours.xlsx", tmp_path / "scenario.toml")
        assert done.next_step == f"geomap template {tmp_path / 'hours.xlsx'}"
        assert f"{tmp_path / 'hours.xlsx'}: not there yet." in done.found

    def test_a_scenario_that_is_there_is_never_written_over(self, tmp_path):
        out = tmp_path / "scenario.toml"
        out.write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match="is there already"):
            started(DEMO / "official", DEMO / "bank", out)
        assert out.read_text(encoding="utf-8") == "mine"
        with pytest.raises(ConfigError, match="ends in .toml"):
            started(DEMO / "official", DEMO / "bank", tmp_path / "scenario.txt")

    def test_a_bank_that_cannot_be_read_is_told_and_nothing_is_written(self, tmp_path):
        (tmp_path / "hours.xlsx").write_text("<html>", encoding="utf-8")
        with pytest.raises(DataError):
            started(DEMO / "official", tmp_path / "hours.xlsx", tmp_path / "scenario.toml")
        assert not (tmp_path / "scenario.toml").exists()

    def test_the_command(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        shutil.copytree(DEMO, tmp_path, dirs_exist_ok=True)
        code, said, _ = geomap("start", "--bank", "bank")
        assert code == 0 and "Wrote scenario.toml" in said and "Next: geomap check scenario.toml" in said
        assert 'folder = "official"' in (tmp_path / "scenario.toml").read_text(encoding="utf-8")
        assert geomap("start", "--bank", "bank")[0] == OutputError.exit_code

    def test_a_name_that_is_no_text(self, tmp_path):
        with pytest.raises(ConfigError, match="no text"):
            started(DEMO / "official", tmp_path / "hours\udcff.xlsx", tmp_path / "scenario.toml")
        assert not (tmp_path / "scenario.toml").exists()


def test_a_relative_path_begins_where_the_caller_is_now(tmp_path, monkeypatch):
    """The process that reads files began elsewhere: a notebook that changed its folder was told nothing is there."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        OFFICIAL["inactivity"].write(tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        assert len(read_source("inactivity", Path(OFFICIAL["inactivity"].name)).frame) == 3
        (tmp_path / name / OFFICIAL["inactivity"].name).unlink()


def leeds_bank(real: Path, folder: Path) -> Path:
    """A bank of hours at real public gyms and pools of Leeds, by the file of Active Places; hours are invented."""
    sites = []
    for name in ("healthandfitnessgym", "swimmingpools"):
        path = next(real.glob(f"sport_england_active_places_2026-01/activeplacescsvs/{name}.csv"))
        frame = pd.read_csv(path, dtype="str", encoding="utf-8-sig")
        east, north = (frame[axis].astype(float) for axis in ("Easting", "Northing"))
        near = ((east - 430_000) ** 2 + (north - 433_500) ** 2) ** 0.5 < 8_000
        public = frame["Accessibility Type Group (Text)"].eq("Public Access") & frame["Operational Status"].eq("3")
        sites += frame.loc[near & public, "Site ID"].tolist()
    chosen = sorted(set(sites))[:8]
    assert len(chosen) == 8
    folder.mkdir()
    tables = {
        "operators": [["operator_id", "operator_name", "operator_kind"], ["OP1", "Leeds leisure", "local_authority"]],
        "facilities": [
            ["facility_id", "operator_id", "facility_name", "venue_type", "site_id"],
            *([f"F{n}", "OP1", f"Centre {n}", "gym", site] for n, site in enumerate(chosen, 1)),
        ],
        "pledges": [
            ["pledge_id", "operator_id", "facility_id", "pathways", "hours", "hour_unit", "roles", "start_date",
             "end_date"],
            *([f"P{n}", "OP1", f"F{n}", "exercise_referral", "2400", "participant", "exercise_referral_instructor",
               "2026-09-01", "2027-08-31"] for n in range(1, 9)),
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return folder


@pytest.fixture
def publishers(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """The real files behind pages and addresses of a local server; what is not at hand is not found there."""
    found, _ = find_sources(real_data, {})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with LocalServer() as server:
        offered = {}
        for key, source in read_sources().items():
            at = f"/files/{key}/{found[key].name if key in found else source.save_as}".replace(" ", "_")
            offered[key] = replace(source, url=server.url(at), layer="", page=server.url(f"/{key}"), links=())
            if not source.first_address:
                offered[key] = replace(offered[key], url="")
            if key not in found or not source.first_address:
                continue
            path = found[key]
            if path.is_dir():
                path = Path(shutil.make_archive(str(tmp_path / "activeplacescsvs"), "zip", path.parent, path.name))
                offered[key] = replace(offered[key], url=f"{server.url(at)}.zip")
                at = f"{at}.zip"
            server.answers[at] = serve(path.read_bytes())
            if source.links:
                server.answers[f"/{key}"] = page(f"/{key}/june-2026", f"/{key}/july-2026", f"/{key}/august-2026")
                server.answers[f"/{key}/august-2026"] = page("/help")
                server.answers[f"/{key}/july-2026"] = page(server.url(at))
                steps = (rf'(/{key}/[a-z]+-20\d\d)"', rf'(http://127[^"]*/files/{key}/[^"]*)"')
                offered[key] = replace(offered[key], url="", links=steps)
        monkeypatch.setattr(_fetch, "read_sources", lambda: offered)
        yield server


@pytest.mark.real
@pytest.mark.slow
def test_from_an_empty_folder_to_a_map_of_one_icb(publishers, real_data, tmp_path, monkeypatch):
    """The four commands of the README but the first, which installs."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    leeds_bank(real_data, home / "hours")
    code, said, wrong = geomap("fetch")
    assert code == 0, wrong
    assert "practice_map: fetched gp-reg-pat-prac-map_2026-07.zip, 1 July 2026" in said
    assert "lsoa_lists: could not be had." in wrong and "404" in wrong
    assert "lsoa_lists gives where patients live.\n    Without it: patients are taken to live at" in said
    code, said, wrong = geomap("start", "--bank", "hours")
    assert code == 0, wrong
    assert "8 pledges, 1 operator, 8 facilities" in said and "Next: geomap run scenario.toml --icb" in said
    assert "Period: 2026-09-01" in said and "to 2027-08-31" in said
    code, said, wrong = geomap("run", "scenario.toml", "--icb", "QWO")
    assert code == 0, wrong
    results = home / "results"
    assert (results / "map.html").stat().st_size > 100_000
    assert "people could get a place, in" in said
    pcns = pd.read_csv(results / "pcns.csv", dtype="str", encoding="utf-8-sig")
    assert 40 < len(pcns) < 80 and pcns["icb_codes"].str.contains("QWO").all()
    notes = (results / "facts.json").read_text(encoding="utf-8")
    assert "LSOA of residence: not given; patients are taken to live at their practice." in notes
