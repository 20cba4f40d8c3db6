"""Two runs side by side: the sums hold, nothing is told that does not differ, and everything that does is."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from finished_runs import SETTINGS, write_finished
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import made_up_tables
from typer.testing import CliRunner

from geomap import cli, pipeline
from geomap.comparison import compare_files, compare_runs, compare_settings, compare_shares
from geomap.difference import compare_plans
from geomap.errors import DataError, OutputError
from geomap.load.results import load_results
from geomap.outputs import verify_folder
from geomap.phrases import INTERNAL_MARK
from geomap.report._comparison_columns import CODES, COLUMNS, FIGURE_NAMES, KIND_NAMES, SHEETS, TABLE_NAMES
from geomap.report.comparison import FIGURES_TOLD, LETTERS, describe_comparison, next_step, nothing_differs
from geomap.report.comparison_files import comparison_tables, write_comparison
from geomap.schema import AccountingFrame, AllocationResultFrame, ChosenSiteFrame, DifferenceFrame, LedgerFrame
from geomap.schema.comparison import (
    FIGURES,
    INPUT_TABLES,
    SHIFT_KINDS,
    Comparison,
    FileChangeFrame,
    FinishedRun,
    InputChangeFrame,
    RunFileFrame,
    RunSettingFrame,
    SettingChangeFrame,
    ShiftFrame,
    SiteShiftFrame,
    TotalFrame,
)

A, F, L, S = AllocationResultFrame, InputChangeFrame, LedgerFrame, ShiftFrame
MODELS = {
    "totals": TotalFrame, "winners_and_losers": ShiftFrame, "sites": SiteShiftFrame, "settings": SettingChangeFrame,
    "input_files": FileChangeFrame, "input_rows": InputChangeFrame, "plan": DifferenceFrame,
}  # fmt: skip
HOURS = [S.before_hours, S.after_hours, S.change_hours]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run without sites, and another, of hostile names, with."""
    home = tmp_path_factory.mktemp("compared")
    plain = write_finished(home / "plain", made_up_tables(40), pledges="a", practices="b")
    other = write_finished(
        home / "other", made_up_tables(40, seed=2, hostile=True, choice=True), pledges="c", lsoas="d"
    )
    return plain, other


@pytest.fixture(scope="module")
def run(folders: tuple[Path, Path]) -> FinishedRun:
    return load_results(folders[0])[0]


@pytest.fixture(scope="module")
def other(folders: tuple[Path, Path]) -> FinishedRun:
    return load_results(folders[1])[0]


def compared(before: FinishedRun, after: FinishedRun) -> Comparison:
    """The comparison, after a look at whether its tables are what they are declared to be."""
    comparison = compare_runs(before, after, compare_plans(before.allocation, after.allocation))
    for name, frame in comparison_tables(comparison).items():
        MODELS[name].validate(frame, lazy=True)
    return comparison


def edited(run: FinishedRun, table: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> FinishedRun:
    return dataclasses.replace(run, **{table: edit(getattr(run, table).copy())})


def set_to(run: FinishedRun, **changes: str) -> FinishedRun:
    """The run with other settings; `__` stands for the dot."""
    told = run.settings.set_index(RunSettingFrame.setting)[RunSettingFrame.value].to_dict()
    told |= {name.replace("__", "."): value for name, value in changes.items()}
    return dataclasses.replace(run, settings=pd.DataFrame(told.items(), columns=run.settings.columns, dtype="str"))


def put(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    frame.loc[row, column] = value
    return frame


def test_a_run_does_not_differ_from_itself(run: FinishedRun, other: FinishedRun) -> None:
    for one in (run, other):
        same = compared(one, one)
        assert nothing_differs(same) and not same.notes
        assert all(frame.empty for frame in (same.settings, same.files, same.inputs, same.plan))
        assert same.totals[TotalFrame.change].eq(0).all() and same.shifts[S.change_hours].eq(0).all()
        assert describe_comparison(same).splitlines()[2:] == [
            "Nothing differs: the same inputs and settings, and the same plan.",
            f"{INTERNAL_MARK}.",
        ]
    assert not nothing_differs(compared(run, other))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kept_share=st.floats(0, 1), factor=st.floats(0.01, 50), turned=st.booleans())
def test_what_is_won_and_lost_adds_up_to_the_change(
    run: FinishedRun, other: FinishedRun, seed: int, kept_share: float, factor: float, turned: bool
) -> None:
    def part(frame: pd.DataFrame) -> pd.DataFrame:
        kept = frame.sample(frac=kept_share, random_state=seed)
        return kept.assign(**{A.matched_hours: kept[A.matched_hours] * factor}).reset_index(drop=True)

    before, after = run, edited(other if seed % 2 else run, "allocation", part)
    before, after = (after, before) if turned else (before, after)
    shifts = compare_shares(before, after)
    change = after.allocation[A.matched_hours].sum() - before.allocation[A.matched_hours].sum()
    places = after.allocation[A.places].sum() - before.allocation[A.places].sum()
    assert set(shifts[S.kind]) == set(SHIFT_KINDS)
    back = compare_shares(after, before).set_index([S.kind, S.id])[S.change_hours]
    there = shifts.set_index([S.kind, S.id])[S.change_hours]
    pd.testing.assert_series_equal(back.sort_index(), -there.sort_index(), atol=1e-9)
    for _, rows in shifts.groupby(S.kind):
        won, lost = (rows[S.change_hours].clip(lower=0), rows[S.change_hours].clip(upper=0))
        assert won.sum() + lost.sum() == pytest.approx(change, abs=1e-6)
        assert rows[S.after_hours].sum() - rows[S.before_hours].sum() == pytest.approx(change, abs=1e-6)
        assert rows[S.change_places].sum() == places
        assert not rows[S.id].duplicated().any() and rows[S.change_hours].is_monotonic_decreasing


def test_hours_given_elsewhere_are_won_and_lost(run: FinishedRun) -> None:
    row = run.allocation.iloc[0]
    code = next(code for code in run.pcns.iloc[:, 0] if code not in set(run.allocation[A.pcn_code]))
    moved = edited(run, "allocation", lambda plan: put(plan, 0, A.pcn_code, code))
    told = compared(run, moved)
    pcns = told.shifts[told.shifts[S.kind].eq("pcn")]
    hours = row[A.matched_hours]
    assert pcns.iloc[0][[S.id, *HOURS]].tolist() == [code, 0.0, hours, hours]
    loser = pcns.iloc[-1]
    assert (loser[S.id], loser[S.change_hours]) == (row[A.pcn_code], -hours)
    assert pcns[S.change_hours].ne(0).sum() == 2
    assert told.shifts.loc[told.shifts[S.kind].isin(["operator", "pathway"]), S.change_hours].eq(0).all()
    assert len(told.plan) == 2 and told.inputs.empty
    lines = describe_comparison(told).splitlines()
    assert lines[2].startswith("As many participant-hours are matched")
    assert f"PCNs: 1 wins {hours:,.0f} hours, 1 loses {hours:,.0f} hours, 38 as before." in lines
    assert "Operators: none wins or loses hours." in lines


def test_a_dropped_operator_is_told_by_its_pledges(run: FinishedRun) -> None:
    gone = run.ledger[L.operator_id].iat[0]
    pledges = run.ledger[run.ledger[L.operator_id].eq(gone)]
    fewer = run
    for table in ("ledger", "allocation", "facilities", "links"):
        fewer = edited(fewer, table, lambda frame: frame[frame[L.operator_id].ne(gone)].reset_index(drop=True))
    told = compared(run, fewer)
    (row,) = told.shifts[told.shifts[S.kind].eq("operator") & told.shifts[S.found_in].ne("both")].itertuples()
    lost = run.allocation.loc[run.allocation[A.operator_id].eq(gone), A.matched_hours].sum()
    assert (row.id, row.found_in) == (gone, "before") and row.change_hours == pytest.approx(-lost)
    # Its facilities and links are not known to be gone: results tell of them only while they hold a pledge.
    assert set(told.inputs[F.table]) == {"pledges"} and set(told.inputs[F.change]) == {"removed"}
    assert set(told.inputs[F.key]) == set(pledges[L.pledge_id])
    assert f"{len(pledges):>12}  pledges: {len(pledges)} gone" in describe_comparison(told)
    assert told.totals.set_index(TotalFrame.figure).at["operators", TotalFrame.change] == -1


def test_a_changed_pledge_is_told_cell_by_cell(run: FinishedRun) -> None:
    double = edited(run, "ledger", lambda ledger: put(ledger, 3, L.hours, 2 * ledger.at[3, L.hours]))
    double = edited(double, "ledger", lambda ledger: put(ledger, 3, L.pledged_hours, 1234.5))
    rows = compared(run, double).inputs
    old = run.ledger.loc[3, [L.hours, L.pledged_hours]].tolist()
    assert rows[[F.column, F.before, F.after]].to_numpy().tolist() == [
        ["hours", f"{old[0]:.15g}", f"{2 * old[0]:.15g}"], ["pledged_hours", f"{old[1]:.15g}", "1234.5"],
    ]  # fmt: skip
    assert set(rows[F.key]) == {run.ledger.at[3, L.pledge_id]} and set(rows[F.change]) == {"changed"}
    # Under other rules a pledge gives other hours though nobody wrote it otherwise.
    ruled = compared(run, set_to(double, pathways__referral__weeks="10"))
    assert ruled.inputs[F.column].tolist() == ["hours"]


def test_what_follows_from_a_setting_is_no_input(run: FinishedRun) -> None:
    reported = run.pcns["fte_basis"].eq("reported")
    assumed = edited(
        run, "pcns", lambda pcns: pcns.assign(link_worker_fte=pcns["link_worker_fte"].where(reported, 0.0))
    )
    assert compared(run, assumed).inputs.empty
    more = edited(run, "pcns", lambda pcns: put(pcns, int(reported.idxmax()), "link_worker_fte", 9.25))
    (row,) = compared(run, more).inputs.itertuples()
    assert (row.table, row.column, row.after, row.name) == (
        "pcns", "link_worker_fte", "9.25", run.pcns.at[reported.idxmax(), "pcn_name"],
    )  # fmt: skip


def test_runs_of_different_areas_do_not_tell_of_rows_left_out(run: FinishedRun) -> None:
    local = set_to(edited(run, "pcns", lambda pcns: pcns.iloc[:5]), area__icb_codes="Q00")
    local = edited(local, "allocation", lambda plan: plan[plan[A.pcn_code].isin(local.pcns[A.pcn_code])])
    local = edited(local, "ledger", lambda ledger: put(ledger.iloc[:7].copy(), 0, L.hours, 1.0))
    told = compared(run, local)
    assert told.inputs[[F.table, F.column, F.change]].to_numpy().tolist() == [["pledges", "hours", "changed"]]
    assert any("different areas" in note for note in told.notes)
    assert told.shifts[told.shifts[S.found_in].eq("before")][S.kind].eq("pcn").sum() == 35
    nation = compared(run, edited(run, "ledger", lambda ledger: ledger.iloc[:7]))
    assert nation.inputs[F.key].nunique() == len(run.ledger) - 7 and not nation.notes[1:]


def test_a_rejected_row_is_known_by_its_id_and_not_by_its_number(run: FinishedRun) -> None:
    def account(*rows: tuple[int, str, str, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
        columns = [AccountingFrame.row, AccountingFrame.row_id, AccountingFrame.value, AccountingFrame.reason]
        frame = pd.DataFrame(rows, columns=columns).assign(source="pledges.csv", sheet="", rows=1, column="hours")
        return lambda _: frame.assign(status="rejected", reason_code="hours")[list(AccountingFrame.to_schema().columns)]

    before = edited(run, "accounting", account((7, "P9", "x", "stands in rows 7, 8"), (9, "P10", "-1", "below 0")))
    after = edited(run, "accounting", account((9, "P9", "x", "stands in rows 9, 10"), (12, "", "y", "no number")))
    rows = compared(before, after).inputs
    assert set(rows[F.table]) == {"rejected_rows"}
    assert rows[[F.key, F.change]].drop_duplicates().to_numpy().tolist() == [
        ["pledges.csv; P10", "removed"], ["pledges.csv; row 12", "added"],
    ]  # fmt: skip


def test_links_of_the_same_two_ends_are_each_compared(run: FinishedRun) -> None:
    twice = edited(run, "links", lambda links: pd.concat([links, links.iloc[[0]]], ignore_index=True))
    changed = edited(twice, "links", lambda links: put(links, len(links) - 1, "link_status", "unknown"))
    (row,) = compared(twice, changed).inputs.itertuples()
    assert row.key.endswith("(2)") and (row.column, row.before, row.after) == ("link_status", "formal", "unknown")


def test_runs_without_links_can_be_compared(run: FinishedRun) -> None:
    none = edited(run, "links", lambda links: links.iloc[:0])
    assert compared(none, none).inputs.empty
    assert set(compared(none, run).inputs[F.change]) == {"added"}


def rows_of(pairs: list[tuple[str, str]], model: type) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=list(model.to_schema().columns), dtype="str")


def test_settings_are_compared_by_name_and_lists_by_what_they_hold() -> None:
    before = [("travel.max_min", "30"), ("need.only", "a"), ("wishes.lock", "P1"), ("wishes.lock", "P2"), ("same", "1")]
    after = [
        ("travel.max_min", "45"),
        ("same", "1"),
        ("wishes.lock", "P2"),
        ("wishes.lock", "P2"),
        ("wishes.ban", "P7"),
    ]
    told = compare_settings(rows_of(before, RunSettingFrame), rows_of(after, RunSettingFrame))
    assert told.astype(object).where(told.notna(), None).to_numpy().tolist() == [
        ["need.only", "a", None],
        ["travel.max_min", "30", "45"],
        ["wishes.ban", None, "P7"],
        ["wishes.lock", "P1", "P2"],
    ]


def test_files_are_compared_by_what_they_hold() -> None:
    before = [("a.csv", "1"), ("b.csv", "2"), ("c.csv", "3"), ("d.csv", "4"), ("d.csv", "5")]
    after = [("b.csv", "2"), ("c.csv", "33"), ("d.csv", "5"), ("d.csv", "44"), ("e.csv", "6")]
    told = compare_files(rows_of(before, RunFileFrame), rows_of(after, RunFileFrame))
    assert told.iloc[:, :2].to_numpy().tolist() == [
        ["a.csv", "removed"], ["c.csv", "changed"], ["d.csv", "changed"], ["e.csv", "added"],
    ]  # fmt: skip
    assert told.iloc[2, 2:].tolist() == ["4", "44"]


def test_sites_that_come_and_go(other: FinishedRun) -> None:
    chosen = other.chosen
    first = chosen[chosen[ChosenSiteFrame.portfolio].eq(1)]
    second = chosen[chosen[ChosenSiteFrame.portfolio].eq(2)]
    swapped = edited(other, "chosen", lambda sites: pd.concat([second.assign(portfolio=1), first.assign(portfolio=2)]))
    told = compared(other, swapped)
    ids = {side: set(part[ChosenSiteFrame.site_id]) for side, part in (("before", first), ("after", second))}
    found = told.sites.groupby(SiteShiftFrame.found_in)[SiteShiftFrame.site_id].agg(set)
    assert found["both"] == ids["before"] & ids["after"]
    assert found["before"] == ids["before"] - ids["after"] and found["after"] == ids["after"] - ids["before"]
    came = told.sites[told.sites[SiteShiftFrame.found_in].eq("after")]
    assert came[SiteShiftFrame.before_hours].isna().all() and came[SiteShiftFrame.after_rank].notna().all()
    change = told.sites[SiteShiftFrame.after_places].sum() - told.sites[SiteShiftFrame.before_places].sum()
    assert told.totals.set_index(TotalFrame.figure).at["site_people", TotalFrame.change] == change
    assert f"Sites: {len(found['after'])} in, {len(found['before'])} out, {len(found['both'])} stay." in (
        describe_comparison(told)
    )
    assert not nothing_differs(told)


def test_sites_of_one_run_only_are_not_called_new(run: FinishedRun, other: FinishedRun) -> None:
    told = compared(run, other)
    assert told.sites.empty and "sites" not in set(told.totals[TotalFrame.figure])
    assert any(note.startswith("Sites were chosen only in the run after") for note in told.notes)
    assert set(compared(other, other).totals[TotalFrame.figure]) == set(FIGURES)


def test_the_terminal_gets_one_screen_of_short_lines(run: FinishedRun, other: FinishedRun) -> None:
    told = compared(run, set_to(other, **{f"travel__setting_{n}": "x" * 200 for n in range(12)}))
    lines = describe_comparison(told).split("\n")
    assert len(lines) <= 48 and max(map(len, lines)) <= LETTERS
    figures = [line for line in lines if any(re.match(rf"{name} +[\d,]+ ", line) for name in FIGURE_NAMES.values())]
    assert len(figures) == len(FIGURES_TOLD) and len({len(line) for line in figures}) == 1
    assert "    and 7 more" in lines
    assert lines[-1] == f"{INTERNAL_MARK}."
    assert next_step(told, Path("here")).startswith("open here")
    assert "--out" in next_step(told, None) and "--out" not in next_step(compared(run, run), None)


def test_the_same_plan_of_other_inputs_is_called_the_same(run: FinishedRun) -> None:
    told = compared(run, set_to(run, travel__modes="drive"))
    lines = describe_comparison(told).splitlines()
    assert lines[2] == "The plan is the same: nobody wins or loses an hour."
    assert "    travel.modes: before walk, after drive" in lines


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        ("runs/july", "runs/august", ["july", "august"]),
        ("july/results", "august/results", ["july/results", "august/results"]),
        ("runs/july", "runs/july", ["july", "july"]),
        (".", "july", [".", "july"]),
    ],
)
def test_folders_are_told_apart_without_the_rest_of_their_path(
    run: FinishedRun, one: str, two: str, told: list[str]
) -> None:
    runs = [dataclasses.replace(run, folder=folder) for folder in (one, two)]
    comparison = compared(*runs)
    assert [comparison.before, comparison.after] == [f"{folder} ({run.name})" for folder in told]


def test_every_table_column_and_code_has_words() -> None:
    assert list(SHEETS) == list(COLUMNS) == list(MODELS)
    for name, model in MODELS.items():
        assert list(COLUMNS[name]) == list(model.to_schema().columns)
        titles = [title for title, _ in COLUMNS[name].values()]
        assert len(set(titles)) == len(titles) and all(told.endswith(".") for _, told in COLUMNS[name].values())
        assert set(CODES.get(name, {})) <= set(COLUMNS[name])
    assert list(FIGURE_NAMES) == list(FIGURES) and set(KIND_NAMES) == set(SHIFT_KINDS)
    assert tuple(TABLE_NAMES) == INPUT_TABLES


def test_files_hold_every_row_and_nothing_live(run: FinishedRun, other: FinishedRun, tmp_path: Path) -> None:
    told = compared(run, other)
    paths = write_comparison(tmp_path, told)
    assert sorted(path.name for path in paths) == sorted([*(f"{name}.csv" for name in MODELS), "comparison.xlsx"])
    book = openpyxl.load_workbook(tmp_path / "comparison.xlsx")
    assert book.sheetnames == ["Summary", "Read me", *(title for title, _ in SHEETS.values())]
    assert all(INTERNAL_MARK in sheet.oddHeader.center.text for sheet in book)
    assert book["Summary"]["A1"].value == INTERNAL_MARK
    for name, frame in comparison_tables(told).items():
        raw = (tmp_path / f"{name}.csv").read_bytes()
        text = dict.fromkeys(frame.select_dtypes("str"), "str")
        back = pd.read_csv(io.BytesIO(raw), dtype=text, keep_default_na=False, na_values=[""])
        assert len(back) == len(frame) and list(back.columns) == list(frame.columns)
        for column in frame.select_dtypes("number"):
            np.testing.assert_allclose(back[column].to_numpy(float), frame[column].to_numpy(float), atol=1e-8)
        sheet = book[SHEETS[name][0]]
        assert sheet.max_row - 1 == len(frame) or (frame.empty and sheet.max_row == 1)
        assert sheet.freeze_panes and sheet.auto_filter.ref
    with zipfile.ZipFile(tmp_path / "comparison.xlsx") as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == len(MODELS) + 2
    assert not any(re.search(r"<f[ >]|<hyperlink", text) for text in sheets)


def test_compare_writes_a_whole_folder_and_the_same_bytes_again(folders: tuple[Path, Path], tmp_path: Path) -> None:
    told = pipeline.compare(*folders, tmp_path / "one")
    assert verify_folder(tmp_path / "one") == []
    pipeline.compare(*folders, tmp_path / "two")
    names = sorted(path.name for path in (tmp_path / "one").iterdir() if path.is_file())
    assert "manifest.json" in names and len(names) == len(MODELS) + 2
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert not nothing_differs(told)


def test_compare_replaces_a_comparison_and_never_results(folders: tuple[Path, Path], tmp_path: Path) -> None:
    pipeline.compare(folders[0], folders[0], tmp_path / "out")
    pipeline.compare(*folders, tmp_path / "out")
    with pytest.raises(OutputError, match="holds the results of a run"):
        pipeline.compare(*folders, folders[0])
    assert verify_folder(folders[0]) == []
    with pytest.raises(DataError, match="not the results of a run"):
        pipeline.compare(folders[0], tmp_path / "out")


@pytest.mark.slow
def test_the_command_tells_what_differs_and_what_to_do(folders: tuple[Path, Path], tmp_path: Path) -> None:
    def geomap(*arguments: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli.app, ["compare", *map(str, arguments)])
        return done.exit_code, done.stdout, done.stderr

    code, said, _ = geomap(*folders)
    assert code == 0 and said.splitlines()[-1].startswith("Next: ") and "\u202e" not in said
    code, said, _ = geomap(*folders, "--out", tmp_path / "out")
    assert code == 0 and "comparison.xlsx" in said.splitlines()[-1]
    code, said, wrong = geomap(tmp_path / "nowhere", tmp_path)
    assert (code, said) == (3, "")
    assert "nowhere: there is no such folder." in wrong and f"{tmp_path}: the folder holds no manifest.json" in wrong
    code, said, wrong = geomap(*folders, "--out", folders[1])
    assert (code, said) == (5, "") and "Choose another folder" in wrong
    assert SETTINGS["name"] in geomap(folders[0], folders[0])[1]
