"""Text to values: what is no number or date is marked bad, never guessed."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from geomap.load._text import (
    cell_text,
    normal_heading,
    say_date,
    text_to_code,
    text_to_date,
    text_to_number,
)


@pytest.mark.parametrize(
    ("heading", "normal"),
    [
        ("Partner\nOrganisation\nCode", "partnerorganisationcode"),
        ("Hours (h)", "hours"),
        ("NUMBER_OF_PATIENTS", "numberofpatients"),
        ("Number of Patients ", "numberofpatients"),
        ("LSOA code (2021)", "lsoacode"),
    ],
)
def test_headings_are_mended(heading, normal):
    assert normal_heading(heading) == normal


def test_numbers_are_read_or_marked():
    text = pd.Series(["1,200", "113.0", "", " 7 ", "-3", "1e5", "inf", "nan", "12%", "1,20", "0x10", "1_000", "."])
    numbers, bad = text_to_number(text.set_axis(range(5, 18)))
    assert numbers.index.tolist() == list(range(5, 18))
    assert numbers[:6].fillna(-99).tolist() == [1200, 113, -99, 7, -3, 100_000]
    assert bad.tolist() == [False] * 6 + [True] * 7
    assert numbers[bad].isna().all()


def test_dates_are_read_or_marked():
    good = ["2026-07-01", "01/07/2026", "20260701", "01Jul2026", "1JUL2026", "2026-07-01 00:00:00"]
    wrong = ["31/02/2026", "13/13/2026", "07-01-2026", "2026-07-01 10:30:00", "1/7/26", "20201399", "NaT"]
    dates, bad = text_to_date(pd.Series([*good, "", *wrong]))
    assert dates.dtype == "datetime64[us]"
    assert (dates[: len(good)] == pd.Timestamp("2026-07-01")).all()
    assert dates[len(good) :].isna().all()
    assert bad.tolist() == [False] * (len(good) + 1) + [True] * len(wrong)
    assert text_to_date(pd.Series(["", ""]))[0].dtype == "datetime64[us]"


def test_codes_are_mended():
    codes, repaired = text_to_code(pd.Series(["A81001", " a81002", "A810\u00a003", "\ufeffU1", ""]))
    assert codes.tolist() == ["A81001", "A81002", "A81003", "U1", ""]
    assert repaired == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (12.0, "12"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (True, "TRUE"),
        (dt.date(2026, 7, 1), "2026-07-01"),
        (dt.datetime(2026, 7, 1), "2026-07-01"),
        (dt.datetime(2026, 7, 1, 9, 30), "2026-07-01 09:30:00"),
        ("007", "007"),
    ],
)
def test_a_cell_reads_as_it_shows(value, text):
    assert cell_text(value) == text


def test_a_date_in_words():
    assert say_date(dt.date(2026, 7, 1)) == "1 July 2026"
