"""Scenario files: what is shipped tells its source, what is written wins, and every fault is told at once, in words."""

from __future__ import annotations

import datetime as dt
import re
from importlib import resources
from pathlib import Path

import pytest
from pydantic import ValidationError

from geomap.config import (
    EligibleParams,
    LinkWorkerParams,
    MatchParams,
    NeedParams,
    PathwayParams,
    RoadParams,
    Scenario,
    TravelParams,
    default_pathways,
    load_default,
)
from geomap.errors import ConfigError

DEFAULTS = (
    "access", "activities", "match", "need", "own_sources", "pathways", "roads", "services", "sites", "sources",
    "travel",
)  # fmt: skip
PERIOD = "[period]\nstart = 2026-04-01\nend = 2027-03-31\nas_of = 2026-07-01\n"
PLACES = '[data]\nfolder = "official"\n[bank]\npath = "bank.xlsx"\n'
NAMED = 'name = "A run"\n'
TAI_CHI = """
[pathways.tai_chi]
name = "Tai chi"
weeks = 10
sessions_per_week = 1
session_hours = 1
venue_types = ["hall"]
eligible = { age_min = 55 }
referral_share = 0.01
uptake_share = 0.5
completion_share = 0.5
"""


def write(folder: Path, text: str = "", *, whole: bool = True, name: str = "scenario.toml") -> Path:
    path = folder / name
    path.write_text(NAMED + text + PERIOD + PLACES if whole else text, encoding="utf-8")
    return path


def refused(path: Path) -> list[str]:
    """The lines of the refusal: no traceback words, each with the file's name, each a sentence."""
    with pytest.raises(ConfigError) as error:
        Scenario.from_toml(path)
    assert error.value.exit_code == 2
    lines = str(error.value).splitlines()
    for line in lines:
        assert line.startswith(f"{path}: ") and line.endswith(".")
        assert "pydantic" not in line and "{'" not in line and "datetime.date" not in line
    return [line.removeprefix(f"{path}: ") for line in lines]


class TestShipped:
    def test_every_file_loads(self):
        shipped = {item.name.removesuffix(".toml") for item in resources.files("geomap").joinpath("defaults").iterdir()}
        assert shipped == set(DEFAULTS)
        NeedParams.model_validate(load_default("need")["need"])
        LinkWorkerParams.model_validate(load_default("need")["link_workers"])
        MatchParams.model_validate(load_default("match")["match"])
        TravelParams.model_validate(load_default("travel"))
        RoadParams.model_validate(load_default("roads"))
        assert len(default_pathways()) == 8

    def test_the_eight_pathways(self):
        found = {key: (p.weeks, p.sessions_per_week, p.session_hours) for key, p in default_pathways().items()}
        assert found == {
            "exercise_referral": (12, 2, 1), "cardiac_rehab": (8, 2, 1), "pulmonary_rehab": (8, 2, 2),
            "falls_prevention": (26, 2, 1), "prehabilitation": (4, 3, 1), "dance": (10, 1, 1.5),
            "gentle_activity": (12, 1, 1), "mental_wellbeing": (8, 1, 1),
        }  # fmt: skip

    def test_every_pathway_names_a_source_and_marks_its_shares(self):
        text = resources.files("geomap").joinpath("defaults/pathways.toml").read_text(encoding="utf-8")
        tables = re.split(r"^\[(\w+)\]$", text, flags=re.MULTILINE)[1:]
        assert tables[::2] == list(default_pathways())
        for name, table in zip(tables[::2], tables[1::2], strict=True):
            assert default_pathways()[name].source, name
            shares = re.findall(r"^(\w+_share) = [\d.]+ *(#.*)?$", table, flags=re.MULTILINE)
            assert [share for share, _ in shares] == ["referral_share", "uptake_share", "completion_share"], name
            assert all(comment.startswith("# †") for _, comment in shares), f"{name}: an assumption is marked †"

    @pytest.mark.parametrize("name", ["match", "need", "roads", "travel"])
    def test_every_other_figure_has_a_comment_beside_or_above_it(self, name):
        text = resources.files("geomap").joinpath(f"defaults/{name}.toml").read_text(encoding="utf-8")
        above = ""
        settings = 0
        for line in text.splitlines():
            if not line:
                above = ""
            elif line.startswith("#"):
                above = line
            elif not line.startswith("["):
                settings += 1
                assert "#" in line or above, f"{name}.toml: {line}"
        assert settings >= 3

    def test_the_defaults_fit_the_pledge_of_the_campaign(self):
        """2,642 full-time link workers × 225 people × a quarter × 0.67 who start: about 100,000 people."""
        workers = LinkWorkerParams.model_validate(load_default("need")["link_workers"])
        referrals = 2642 * workers.caseload * workers.caseload_share
        assert referrals * default_pathways()["exercise_referral"].uptake_share == pytest.approx(100_000, rel=0.01)

    def test_fifteen_minutes_by_car_are_five_kilometres(self):
        assert TravelParams.model_validate(load_default("travel")).max_m("drive") == pytest.approx(5000)

    def test_sources_tell_what_to_save_from_where(self):
        for key, source in load_default("sources").items():
            texts = {"title", "publisher", "page", "save_as", "gives", "without", "attribution", "licence"}
            ways = {"url", "links", "layer"} & set(source)
            more = {"vintage", "sha256", "by_hand"} | ({"where", "fields", "form"} if "layer" in source else set())
            assert len(ways) == 1 or (not ways and source["by_hand"]), key
            assert texts | {"patterns", "required", "most_mb"} | ways <= set(source), key
            assert set(source) <= texts | {"patterns", "required", "most_mb"} | ways | more, key
            assert all(source[name] for name in texts), key
            assert source["page"].startswith("https://"), key
            assert isinstance(source["required"], bool) and source["patterns"], key

    def test_a_default_is_parsed_once(self):
        assert load_default("travel") is load_default("travel")


class TestMerging:
    def test_an_empty_scenario_is_the_defaults(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path))
        assert scenario.pathways == default_pathways()
        assert scenario.need.weights.imd == 0.4
        assert scenario.link_workers.caseload == 225
        assert scenario.travel.modes == ("drive",)
        assert scenario.match.require_roles is True
        assert scenario.label == "" and scenario.area.icb_codes == () and scenario.bank.bad_rows == "stop"
        assert scenario.period.start == dt.date(2026, 4, 1)

    def test_one_figure_of_one_pathway(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path, "[pathways.dance]\nweeks = 8\n"))
        shipped = default_pathways()
        assert scenario.pathways["dance"] == shipped["dance"].model_copy(update={"weeks": 8.0})
        assert scenario.pathways["dance"].course_hours == 12
        assert {k: p for k, p in scenario.pathways.items() if k != "dance"} == {
            k: p for k, p in shipped.items() if k != "dance"
        }

    def test_a_pathway_is_added(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path, TAI_CHI))
        assert set(scenario.pathways) == {*default_pathways(), "tai_chi"}
        added = scenario.pathways["tai_chi"]
        assert (added.course_hours, added.roles, added.age_min, added.age_max) == (10, (), 0, 120)

    def test_eligible_is_replaced_whole(self, tmp_path):
        text = "[pathways.exercise_referral]\neligible = { inactive = true }\n"
        eligible = Scenario.from_toml(write(tmp_path, text)).pathways["exercise_referral"].eligible
        assert eligible == EligibleParams(inactive=True), "the registers of the default are gone"

    def test_a_list_is_replaced_whole(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path, '[need]\nconditions = ["DM"]\n'))
        assert scenario.need.conditions == ("DM",)
        assert scenario.need.weight_floor == 0.5

    def test_tables_within_tables(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path, "[need.weights]\nimd = 1\n[travel.speed_kmh]\ndrive = 30\n"))
        assert scenario.need.weights.model_dump() == {"imd": 1, "inactivity": 0.2, "long_term": 0.3, "aged_65": 0.1}
        assert scenario.travel.speed_kmh == {"walk": 4.83, "drive": 30, "transit": 14}

    def test_one_scenario_leaves_the_defaults_as_they_were(self, tmp_path):
        before = Scenario.from_toml(write(tmp_path))
        text = "[pathways.dance]\nweeks = 8\n[travel.detour]\ndrive = 2\n"
        assert Scenario.from_toml(write(tmp_path, text, name="other.toml")) != before
        assert Scenario.from_toml(write(tmp_path)) == before

    def test_the_demo_loads(self):
        scenario = Scenario.from_toml(Path(__file__).resolve().parents[1] / "data/demo/demo.toml")
        assert scenario.label == "Illustrative"
        assert scenario.data.folder.is_dir() and scenario.bank.path.exists()


class TestPaths:
    def test_they_are_relative_to_the_file(self, tmp_path, monkeypatch):
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        scenario = Scenario.from_toml(Path("..") / write(tmp_path).name)
        assert scenario.data.folder.resolve() == tmp_path / "official"
        assert scenario.bank.path.resolve() == tmp_path / "bank.xlsx"

    def test_an_absolute_path_stays(self, tmp_path):
        folder = (tmp_path / "a").as_posix()
        text = f'{NAMED}{PERIOD}[data]\nfolder = "{folder}"\n[bank]\npath = "b"\n'
        scenario = Scenario.from_toml(write(tmp_path, text, whole=False))
        assert scenario.data.folder == tmp_path / "a"

    def test_what_is_given_by_keyword_wins_and_is_not_moved(self, tmp_path):
        scenario = Scenario.from_toml(
            write(tmp_path, '[area]\nicb_codes = ["QAA"]\n'), data=Path("d"), bank=Path("b"), icb_codes=("QBB",)
        )
        assert (scenario.data.folder, scenario.bank.path) == (Path("d"), Path("b"))
        assert scenario.area.icb_codes == ("QBB",)

    def test_without_a_keyword_the_file_holds(self, tmp_path):
        assert Scenario.from_toml(write(tmp_path, '[area]\nicb_codes = ["QAA"]\n')).area.icb_codes == ("QAA",)

    def test_a_keyword_keeps_the_rest_of_its_table(self, tmp_path):
        text = f'{NAMED}{PERIOD}[data]\nfiles = {{ qof = "q.csv" }}\n[bank]\nbad_rows = "reject"\n'
        scenario = Scenario.from_toml(write(tmp_path, text, whole=False), data=Path("d"), bank=Path("b"))
        assert scenario.data.files == {"qof": "q.csv"} and scenario.bank.bad_rows == "reject"

    def test_both_may_come_from_outside_alone(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path, NAMED + PERIOD, whole=False), data=Path("d"), bank=Path("b"))
        assert (scenario.data.folder, scenario.bank.path) == (Path("d"), Path("b"))


class TestFaults:
    def test_all_at_once(self, tmp_path):
        text = (
            "[travel]\nmax_min = -5\nmax_minutes = 20\n[pathways.dance]\nweeks = \"ten\"\n"
            "[pathways.tai_chi]\nname = \"Tai chi\"\n[match]\nrequire_roles = 3\n"
            "[link_workers]\nnot_reported = \"mean\"\n"
        )  # fmt: skip
        lines = refused(write(tmp_path, text))
        begins = [
            "travel.max_min is -5: ", "travel.max_minutes is not a setting geomap knows; check the spelling.",
            "pathways.dance.weeks is 'ten': ", "pathways.tai_chi.weeks is missing; add it.",
            "pathways.tai_chi.eligible is missing; add it.", "match.require_roles is 3: ",
            "link_workers.not_reported is 'mean': Input should be 'median', 'zero' or 'exclude'.",
        ]  # fmt: skip
        for begin in begins:
            assert any(line.startswith(begin) for line in lines), begin

    def test_what_is_missing_and_how_to_give_it(self, tmp_path):
        lines = refused(write(tmp_path, "", whole=False))
        assert sorted(lines) == [
            "bank.path is missing; name the bank of hours under [bank], or give --bank.",
            "data.folder is missing; name the folder of official files under [data], or give --data.",
            "name is missing; add it.",
            "period is missing; add it.",
        ]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("tittle = 3\n", "tittle is not a setting geomap knows; check the spelling."),
            ("[need.weights]\nimd = nan\n", "need.weights.imd is nan: Input should be a finite number."),
            ("[travel]\nmodes = ['bike']\n", "travel.modes.0 is 'bike': Input should be 'walk', 'drive' or 'transit'."),
            (
                "[travel]\nmode = 'walk'\n",
                'travel: mode is no setting any more; write modes = ["walk"], a list of those allowed.',
            ),
            ("[travel]\nmodes = 'walk'\n", 'travel: modes is a list of those allowed; write modes = ["walk"].'),
            ("[travel]\nmax_min = { walk = 20 }\n", "travel: max_min.drive must be given."),
            ("[need]\nweight_floor = 0\n", "need.weight_floor is 0: Input should be greater than 0."),
            ("[match]\ngap_share = 1\n", "match.gap_share is 1: Input should be less than 1."),
        ],
    )  # fmt: skip
    def test_one_value(self, tmp_path, text, line):
        assert refused(write(tmp_path, text)) == [line]

    @pytest.mark.parametrize(("table", "settings"), [("pathways", 3), ("travel", '"far"'), ("need", "[1]")])
    def test_a_table_that_is_none(self, tmp_path, table, settings):
        (line,) = refused(write(tmp_path, f"{table} = {settings}\n"))
        assert line.startswith(f"{table} is ")

    @pytest.mark.parametrize("table", ["data", "bank"])
    def test_a_table_that_a_keyword_would_fill(self, tmp_path, table):
        rest = {"data": '[bank]\npath = "b"\n', "bank": '[data]\nfolder = "d"\n'}[table]
        (line,) = refused(write(tmp_path, f"{NAMED}{table} = 3\n{PERIOD}{rest}", whole=False))
        assert line.startswith(f"{table} is 3: ")

    def test_a_period_the_wrong_way_round(self, tmp_path):
        text = NAMED + PLACES + "[period]\nstart = 2027-04-01\nend = 2026-03-31\nas_of = 2026-07-01\n"
        (line,) = refused(write(tmp_path, text, whole=False))
        assert line == "period: end (2026-03-31) is before start (2027-04-01)."

    def test_a_period_of_one_day(self, tmp_path):
        text = NAMED + PLACES + "[period]\nstart = 2026-04-01\nend = 2026-04-01\nas_of = 2026-07-01\n"
        assert Scenario.from_toml(write(tmp_path, text, whole=False)).period.end == dt.date(2026, 4, 1)

    def test_weights_that_are_all_nothing(self, tmp_path):
        text = "[need.weights]\nimd = 0\ninactivity = 0\nlong_term = 0\naged_65 = 0\n"
        assert refused(write(tmp_path, text)) == ["need.weights: at least one weight must be above 0."]

    @pytest.mark.parametrize(
        "eligible",
        ['{ registers = ["CHD"], age_min = 60 }', "{ inactive = true, age_min = 60 }", "{}", "{ age_max = 9 }"],
    )
    def test_eligible_two_ways_or_none(self, tmp_path, eligible):
        (line,) = refused(write(tmp_path, f"[pathways.dance]\neligible = {eligible}\n"))
        assert line == "pathways.dance.eligible: eligible needs exactly one of registers, age_min, inactive."

    def test_an_upper_age_is_not_dropped_in_silence(self, tmp_path):
        (line,) = refused(write(tmp_path, '[pathways.dance]\neligible = { registers = ["CHD"], age_max = 60 }\n'))
        assert line.startswith("pathways.dance.eligible: age_max counts only with age_min")

    @pytest.mark.parametrize(
        ("text", "where"),
        [
            ("age_min = 70\nage_max = 60\n", "pathways.dance"),
            ("eligible = { age_min = 70, age_max = 60 }\n", "pathways.dance.eligible"),
        ],
    )
    def test_ages_the_wrong_way_round(self, tmp_path, text, where):
        (line,) = refused(write(tmp_path, f"[pathways.dance]\n{text}"))
        assert line == f"{where}: age_max (60) is below age_min (70)."

    def test_a_mode_misspelt_is_not_passed_over(self, tmp_path):
        (line,) = refused(write(tmp_path, "[travel.detour]\ndrvie = 1.5\n"))
        assert line.startswith("travel.detour.drvie") and "'walk', 'drive' or 'transit'" in line

    @pytest.mark.parametrize("value", ["0", "-1.3", "nan", "inf"])
    def test_a_speed_that_is_none(self, tmp_path, value):
        (line,) = refused(write(tmp_path, f"[travel.speed_kmh]\ndrive = {value}\n"))
        assert line.startswith("travel.speed_kmh.drive is ")

    def test_a_mode_without_its_speed(self):
        with pytest.raises(ValidationError, match=r"speed_kmh\.drive must be given"):
            TravelParams(modes=["drive"], max_min=15, outreach_km=5, detour={"drive": 1.3}, speed_kmh={"walk": 4.8})

    def test_a_venue_type_that_no_facility_can_have(self, tmp_path):
        (line,) = refused(write(tmp_path, '[pathways.dance]\nvenue_types = ["hall", "gmy"]\n'))
        assert line.startswith("pathways.dance.venue_types") and "'gmy'" in line and "'gym'" in line
        (line,) = refused(write(tmp_path, "[pathways.dance]\nvenue_types = []\n"))
        assert line.startswith("pathways.dance.venue_types is []: ")

    @pytest.mark.parametrize("name", ["Tai-Chi", "tai chi", '"a;b"', "TAI", '""'])
    def test_a_pathway_id_that_no_bank_of_hours_could_name(self, tmp_path, name):
        """The bank's words are read in small letters with `_` between, and `;` parts them."""
        quoted = name if name.startswith('"') else f'"{name}"'
        (line,) = refused(write(tmp_path, TAI_CHI.replace("tai_chi", quoted)))
        assert "small letters, digits and _" in line and line.startswith(f"pathways.{name.strip(chr(34))}")

    def test_a_role_that_no_pledge_could_name(self, tmp_path):
        (line,) = refused(write(tmp_path, '[pathways.dance]\nroles = ["Dance Leader"]\n'))
        assert line.startswith("pathways.dance.roles.0 is 'Dance Leader': ") and "small letters, digits and _" in line

    def test_no_such_file(self, tmp_path):
        assert "there is no such scenario file" in refused(tmp_path / "none.toml")[0]

    def test_a_folder_instead_of_a_file(self, tmp_path):
        assert "cannot be read" in refused(tmp_path)[0]

    def test_not_text(self, tmp_path):
        path = tmp_path / "scenario.toml"
        path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
        assert "cannot be read" in refused(path)[0]

    @pytest.mark.parametrize("text", ["name = A run\n", "[data\n", "name = 'a'\nname = 'b'\n"])
    def test_not_toml(self, tmp_path, text):
        assert "not a TOML file" in refused(write(tmp_path, text, whole=False))[0]

    def test_a_byte_order_mark_is_no_fault(self, tmp_path):
        path = write(tmp_path)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert Scenario.from_toml(path).name == "A run"


class TestFrozen:
    def test_nothing_can_be_set_afterwards(self, tmp_path):
        scenario = Scenario.from_toml(write(tmp_path))
        for model, field in (
            (scenario, "name"), (scenario.travel, "max_min"), (scenario.need.weights, "imd"),
            (scenario.pathways["dance"], "weeks"), (scenario.pathways["dance"].eligible, "inactive"),
            (scenario.period, "start"), (scenario.data, "folder"),
        ):  # fmt: skip
            with pytest.raises(ValidationError, match="frozen"):
                setattr(model, field, getattr(model, field))

    def test_models_compare_by_what_they_hold(self, tmp_path):
        assert Scenario.from_toml(write(tmp_path)) == Scenario.from_toml(write(tmp_path))
        assert isinstance(default_pathways()["dance"], PathwayParams)
