"""The bank of hours given back: the operator's own rows at their own numbers, every problem marked, and read again."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from bank_tables import CONTEXT, TABLES, changed, write_book, write_folder
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from geomap.cli import app
from geomap.errors import DataError, Fault, OutputError, Repair
from geomap.load.bank import Bank, load_bank
from geomap.load.sent import read_sent
from geomap.report.problems import write_problems
from geomap.schema.words import REMARKS

NHS_NUMBER = "943 476 5919"
BAD_HOURS = changed("pledges", 2, hours="forty", start_date="01/04/2026")


def give_back(path: Path, bank: Path) -> Bank | None:
    """Write the problems of a bank; the bank, or None where its load stopped."""
    try:
        read = load_bank(bank, CONTEXT)
    except DataError as caught:
        write_problems(path, read_sent(bank), caught.faults, caught.repairs)
        return None
    write_problems(path, read_sent(bank), read.faults, read.repairs)
    return read


def listed(path: Path) -> list[dict[str, object]]:
    """The lines of the first sheet, by heading."""
    rows = list(openpyxl.load_workbook(path)["Problems"].iter_rows(values_only=True))
    top = next(number for number, row in enumerate(rows) if row[0] == "To do")
    return [dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 :] if row[0]]


def column_of(sheet: Worksheet, heading: str, row: int = 1) -> int:
    return next(cell.column for cell in sheet[row] if cell.value == heading)


def cell_at(sheet: Worksheet, row: int, heading: str):
    return sheet.cell(row, column_of(sheet, heading))


@pytest.mark.parametrize("form", ["folder", "book"])
class TestMarks:
    @pytest.fixture
    def book(self, tmp_path: Path, form: str) -> openpyxl.Workbook:
        write = write_folder if form == "folder" else write_book
        sent = write(tmp_path / ("bank" if form == "folder" else "bank.xlsx"), BAD_HOURS)
        give_back(tmp_path / "problems.xlsx", sent)
        return openpyxl.load_workbook(tmp_path / "problems.xlsx")

    def test_the_sheets_are_those_sent_row_for_row(self, book: openpyxl.Workbook):
        assert book.sheetnames == ["Problems", *TABLES]
        for name, rows in BAD_HOURS.items():
            sheet = book[name]
            assert sheet.max_row == len(rows)
            for number, row in enumerate(rows, 1):
                shown = ["" if sheet.cell(number, place).value is None else str(sheet.cell(number, place).value)
                         for place in range(1, len(row) + 1)]  # fmt: skip
                assert shown == row

    def test_a_bad_cell_is_marked_by_more_than_colour(self, book: openpyxl.Workbook):
        sheet = book["pledges"]
        bad, plain = cell_at(sheet, 2, "hours"), cell_at(sheet, 3, "hours")
        assert bad.fill.fgColor.rgb != plain.fill.fgColor.rgb and bad.font.bold and bad.border.left.style == "medium"
        assert bad.comment.text.startswith("Correct hours: this is not a number. Give figures only")
        assert plain.comment is None and not plain.font.bold

    def test_a_repaired_cell_is_marked_otherwise(self, book: openpyxl.Workbook):
        sheet = book["pledges"]
        mended, bad = cell_at(sheet, 2, "start_date"), cell_at(sheet, 2, "hours")
        assert mended.value == "01/04/2026", "as it was written"
        assert mended.fill.fgColor.rgb not in (bad.fill.fgColor.rgb, cell_at(sheet, 3, "hours").fill.fgColor.rgb)
        assert mended.font.italic and not mended.font.bold and mended.border.left.style == "dashed"
        assert mended.comment.text.startswith("Check start_date: the day was read before the month. Write 2026-04-01")

    def test_every_sentence_of_a_row_stands_beside_it(self, book: openpyxl.Workbook):
        sheet = book["pledges"]
        assert sheet.cell(1, sheet.max_column).value == REMARKS
        told = cell_at(sheet, 2, REMARKS).value.splitlines()
        assert [line.split(":")[0] for line in told] == ["Correct hours", "Check start_date"]
        assert cell_at(sheet, 4, REMARKS).value is None

    def test_the_list_leads_to_each_cell(self, book: openpyxl.Workbook, tmp_path: Path):
        (line,) = [line for line in listed(tmp_path / "problems.xlsx") if line["To do"] == "Correct"]
        assert (line["Row"], line["Column"], line["Id"], line["What stands there"]) == (2, "hours", "P1", "forty")
        assert line["Problem"] == "This is not a number." and line["Remedy"].startswith("Give figures")
        links = {link.location.replace("'", "") for row in book["Problems"] for cell in row if (link := cell.hyperlink)}
        spot = cell_at(book["pledges"], 2, "hours").coordinate
        assert f"pledges!{spot}" in links and len(links) == len(listed(tmp_path / "problems.xlsx"))
        assert all(cell.hyperlink.target is None for row in book["Problems"] for cell in row if cell.hyperlink)

    def test_headings_are_frozen_and_can_be_filtered(self, book: openpyxl.Workbook):
        for sheet in book:
            assert sheet.freeze_panes and sheet.auto_filter.ref
        assert book["pledges"].freeze_panes == "B2"


@pytest.mark.parametrize("write", [write_folder, write_book])
def test_mended_in_that_very_workbook_it_is_a_bank_again(tmp_path: Path, write) -> None:
    tables = changed("pledges", 3, hours="1,200", hour_unit="")
    tables["facilities"][2][4] = "LS1 9ZZ"
    tables["operators"][1][0] = " OP1"
    sent = write(tmp_path / ("bank" if write is write_folder else "bank.xlsx"), tables)
    given = tmp_path / "problems.xlsx"
    assert len(give_back(given, sent).faults) == 4 and load_bank(given, CONTEXT).faults, "not yet mended"
    book = openpyxl.load_workbook(given)
    cell_at(book["pledges"], 3, "hour_unit").value = "class"
    cell_at(book["pledges"], 3, "hours").value = 1200
    cell_at(book["facilities"], 3, "postcode").value = "LS1 3AD"
    book.save(given)
    back = load_bank(given, CONTEXT)
    assert back.faults == () and len(back.pledges) == 3 and len(back.facilities) == 2
    assert {repair.column for repair in back.repairs} == {"operator_id", "operator_kind", "roles", "organisation_code"}
    assert not [note for note in back.notes if "not used" in note], "the remarks are passed over in silence"
    again = tmp_path / "again.xlsx"
    write_problems(again, read_sent(given), back.faults, back.repairs)
    heads = [cell.value for cell in openpyxl.load_workbook(again)["pledges"][1]]
    assert heads.count(REMARKS) == 1 and heads[-1] == REMARKS


def test_rows_keep_their_numbers_below_titles_and_blank_rows(tmp_path: Path) -> None:
    sent = tmp_path / "bank.xlsx"
    with xlsxwriter.Workbook(sent) as book:
        for name, rows in BAD_HOURS.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Our bank of hours"])
            for number, row in enumerate(rows):
                sheet.write_row(3 + number + (number > 1), 0, row)
        book.add_worksheet("Staff").write_row(0, 0, ["private", "sheet"])
    read = give_back(tmp_path / "problems.xlsx", sent)
    assert [fault.row for fault in read.faults] == [5]
    book = openpyxl.load_workbook(tmp_path / "problems.xlsx")
    assert book["pledges"]["A1"].value == "Our bank of hours" and book["pledges"]["A5"].value == "P1"
    assert book["pledges"].cell(5, column_of(book["pledges"], "hours", 4)).comment is not None
    assert "Staff" not in book.sheetnames, "what is no table of the bank is not passed on"


@pytest.mark.parametrize(("heading", "kept"), [("NHS number", ""), ("ref", NHS_NUMBER[:3])])
def test_columns_about_people_are_not_repeated(tmp_path: Path, heading: str, kept: str) -> None:
    tables = changed("pledges", 2, **{heading: NHS_NUMBER}, hours="forty")
    assert give_back(tmp_path / "problems.xlsx", write_folder(tmp_path / "bank", tables)) is None
    sheet = openpyxl.load_workbook(tmp_path / "problems.xlsx")["pledges"]
    assert cell_at(sheet, 2, heading).value is None and cell_at(sheet, 1, heading).comment is not None
    with zipfile.ZipFile(tmp_path / "problems.xlsx") as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert NHS_NUMBER.encode() not in text and NHS_NUMBER.replace(" ", "").encode() not in text
    assert "nothing about patients" in listed(tmp_path / "problems.xlsx")[0]["Remedy"]


@pytest.mark.parametrize("gone", ["table", "column", "file"])
def test_what_stops_the_load_is_listed_too(tmp_path: Path, gone: str) -> None:
    tables = {name: [list(row) for row in rows] for name, rows in TABLES.items()}
    if gone == "table":
        del tables["facilities"]
    elif gone == "column":
        tables["pledges"][0][5] = "nothing"
    bank = write_folder(tmp_path / "bank", tables) if gone != "file" else tmp_path / "none.xlsx"
    assert give_back(tmp_path / "problems.xlsx", bank) is None
    first = listed(tmp_path / "problems.xlsx")[0]
    assert "missing" in first["Problem"] or "no such file" in first["Problem"]
    given = openpyxl.load_workbook(tmp_path / "problems.xlsx").sheetnames
    assert given == ["Problems", *({} if gone == "file" else tables)]


def test_what_is_wrong_with_other_files_is_listed_alone(tmp_path: Path) -> None:
    fault = Fault(source="practices.csv", row=9, column="PCN_CODE", problem="the cell is empty", remedy="Fill it in.")
    write_problems(tmp_path / "p.xlsx", read_sent(write_folder(tmp_path / "bank", TABLES)), [fault])
    assert [line["File"] for line in listed(tmp_path / "p.xlsx")] == ["practices.csv"]
    assert not [cell for sheet in openpyxl.load_workbook(tmp_path / "p.xlsx") for row in sheet for cell in row
                if cell.comment]  # fmt: skip


HOSTILE = ("=HYPERLINK(\"http://x\")", "+1+1", "@SUM(A1)", "http://example.org", "internal:Sheet!A1", "{{7*7}}",
           "<script>", "_x0041_", "\x1b[31m", "mailto:a@b.c", "=1+1|cmd", "{=1}")  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_an_operator_is_live(tmp_path: Path, text: str) -> None:
    tables = changed("pledges", 2, hours=text)
    tables["operators"][1][1] = text
    tables["pledges"][0][13] = "roles"
    give_back(tmp_path / "p.xlsx", write_folder(tmp_path / "bank", tables))
    with zipfile.ZipFile(tmp_path / "p.xlsx") as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f" not in re.sub(rb"<f[a-z]", b"", archive.read(name))
            if name.endswith(".rels"):
                assert b"External" not in archive.read(name)
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx")["operators"]
    assert cell_at(sheet, 2, "operator_name").data_type == "s"
    assert load_bank(tmp_path / "p.xlsx", CONTEXT).faults[0].row == 2


def test_cells_that_look_like_numbers_come_back_as_written(tmp_path: Path) -> None:
    texts = ["007", "1,200", "1E5", "12.50", "-0", "40", "12.5", "1e3", "12345678901234567890", "13/04/2026", " 40"]
    tables = changed("operators", 2)
    tables["operators"][2:] = [[f"X{i}", text, "arts"] for i, text in enumerate(texts)]
    tables = {"operators": tables["operators"], "pledges": TABLES["pledges"], "facilities": TABLES["facilities"]}
    write_problems(tmp_path / "p.xlsx", read_sent(write_folder(tmp_path / "bank", tables)))
    (sent, *_) = read_sent(tmp_path / "p.xlsx")
    shown = [row[1] for row in sent.rows[2:]]
    assert [value for value in shown if not isinstance(value, str)] == [40, 12.5]
    assert [str(int(v)) if v == 40 else str(v) for v in shown] == texts


def test_dates_and_truths_of_a_workbook_stay_what_they_are(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "bank.xlsx") as book:
        for name, rows in TABLES.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        book.get_worksheet_by_name("pledges").write_datetime(1, 9, dt.datetime(2026, 5, 4), day)
        book.get_worksheet_by_name("pledges").write_boolean(1, 13, True)
    read = give_back(tmp_path / "p.xlsx", tmp_path / "bank.xlsx")
    row = openpyxl.load_workbook(tmp_path / "p.xlsx")["pledges"][2]
    assert row[9].value == dt.datetime(2026, 5, 4) and row[13].value is True
    assert load_bank(tmp_path / "p.xlsx", CONTEXT).pledges.equals(read.pledges)


def test_the_same_bank_gives_the_same_bytes(tmp_path: Path) -> None:
    bank = write_folder(tmp_path / "bank", BAD_HOURS)
    give_back(tmp_path / "one.xlsx", bank)
    give_back(tmp_path / "two.xlsx", bank)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        write_problems(tmp_path / "p.xlsx", ())
    assert list(tmp_path.iterdir()) == []


def test_a_long_cell_and_an_odd_name_are_no_obstacle(tmp_path: Path) -> None:
    tables = changed("operators", 2, operator_name="x" * 40_000)
    bank = write_folder(tmp_path / "bank", tables)
    (bank / "pledges.csv").rename(bank / "pledges [v2].csv")
    sheets = read_sent(bank)
    assert [sheet.name for sheet in sheets] == list(TABLES)
    mended = Repair(source="operators.csv", row=2, column="no such column", reason="a guess", taken="y")
    write_problems(tmp_path / "p.xlsx", sheets, (), [mended])
    assert len(cell_at(openpyxl.load_workbook(tmp_path / "p.xlsx")["operators"], 2, "operator_name").value) == 32_000


DEMO = Path(__file__).resolve().parents[1] / "data" / "demo" / "demo.toml"


def geomap(*asked: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(part) for part in asked])
    return result.exit_code, result.output


class TestCommand:
    """`geomap check … --problems`, on the demo, whose bank has 9 rows at fault that the scenario leaves out."""

    @pytest.mark.slow
    def test_it_lists_what_check_tells(self, tmp_path: Path):
        code, told = geomap("check", DEMO, "--problems", tmp_path / "p.xlsx")
        assert code == 0 and f"Wrote {tmp_path / 'p.xlsx'}" in told
        assert sum(line["To do"] != "Check" for line in listed(tmp_path / "p.xlsx")) == 9
        text = openpyxl.load_workbook(tmp_path / "p.xlsx")["Problems"]["A2"].value
        assert text == "8 problems must be corrected; 1 sound row waits for another." or text.startswith("9 problems")

    def test_a_workbook_that_is_there_is_never_replaced(self, tmp_path: Path):
        (tmp_path / "p.xlsx").write_text("mine")
        code, told = geomap("check", DEMO, "--problems", tmp_path / "p.xlsx")
        assert code == 5 and "is there already" in told and (tmp_path / "p.xlsx").read_text() == "mine"
        assert geomap("check", DEMO, "--problems", tmp_path / "p.csv")[0] == 2

    @pytest.mark.slow
    def test_where_the_check_ends_with_faults_the_workbook_is_written_first(self, tmp_path: Path):
        bank = write_folder(tmp_path / "bank", changed("pledges", 2, hours="forty"))
        scenario = tmp_path / "stop.toml"
        scenario.write_text(DEMO.read_text(encoding="utf-8").replace('"reject"', '"stop"'), encoding="utf-8")
        asked = ("check", scenario, "--data", DEMO.with_name("official"), "--bank", bank)
        code, told = geomap(*asked)
        assert code == 3 and f"--bank {bank} --problems problems.xlsx" in told
        code, told = geomap(*asked, "--problems", tmp_path / "p.xlsx")
        assert code == 3 and f"Wrote {tmp_path / 'p.xlsx'}" in told
        assert openpyxl.load_workbook(tmp_path / "p.xlsx")["pledges"]["E2"].comment is not None

    def test_without_a_problem_it_says_so(self, tmp_path: Path):
        write_problems(tmp_path / "p.xlsx", read_sent(write_folder(tmp_path / "bank", TABLES)))
        sheet = openpyxl.load_workbook(tmp_path / "p.xlsx")["Problems"]
        assert sheet["A2"].value == "Nothing to correct: every cell was read as it stands."
        assert load_bank(tmp_path / "p.xlsx", CONTEXT).faults == ()
