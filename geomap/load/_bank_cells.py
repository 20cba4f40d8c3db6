"""Cells of the bank, column by column: words, lists, numbers, shares, dates, keys."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ._bank_draft import Draft, join_list, split_list
from ._read import text_to_date, text_to_number
from ._text import guess_code, tell_strange_letters, write_latin

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}")
RESPELT = "the word was read in its usual spelling"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be; `above` means that `low` itself is too low."""

    low: float
    high: float = math.inf
    above: bool = False

    def __str__(self) -> str:
        lower = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        return lower if math.isinf(self.high) else f"{lower} and at most {self.high:,.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The ids another table may point at: `spelling` of the good rows, and the rows that were `left_out`."""

    table: str
    spelling: Mapping[str, str]
    left_out: Mapping[str, int]


def fold_key(text: str) -> str:
    """An id without regard to case, runs of spaces or full-width letters."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def plain_word(text: str) -> str:
    """A word of a vocabulary: lower case, `_` for spaces and hyphens."""
    return re.sub(r"[\s_\u2010-\u2015-]+", "_", text.casefold().strip())


def blank_as_missing(series: pd.Series) -> pd.Series:
    """Text with blanks as missing values."""
    return series.where(series != "")


def read_words(draft: Draft, column: str, allowed: Collection[str]) -> pd.Series:
    """A column of one word each out of `allowed`; blank is a fault."""
    text = draft.text[column]
    words = text.map({value: plain_word(value) for value in text.unique()}).astype("str")
    draft.fault_empty(draft.rows(text == ""), column, allowed)
    for row in draft.rows((text != "") & ~words.isin(list(allowed))):
        draft.fault([row], column, f"unknown {column}", suggest([words[row]], allowed))
    draft.mend(draft.rows(words != text), column, RESPELT, words)
    return words


def suggest(unknown: Collection[str], allowed: Collection[str]) -> str:
    """The nearest known words, and the whole list."""
    near = [match for word in unknown for match in difflib.get_close_matches(word, sorted(allowed), n=1)]
    meant = f"Did you mean {', '.join(near)}? " if near else ""
    return f"{meant}Use {'one' if len(unknown) == 1 else 'some'} of: {', '.join(sorted(allowed))}."


def read_list(draft: Draft, column: str, allowed: Collection[str] = ()) -> pd.Series:
    """A column of lists of words, joined again by `;` in order; words outside `allowed` (if any) are faults."""
    text = draft.text[column]
    items = {value: [plain_word(item) for item in split_list(value)] for value in text.unique()}
    known = set(allowed)
    for value, words in items.items():
        unknown = [word for word in dict.fromkeys(words) if word not in known] if known else []
        if unknown:
            problem = f"unknown {column}: {', '.join(unknown)}"
            draft.fault(draft.rows(text == value), column, problem, suggest(unknown, known))
    read = text.map({value: join_list(words) for value, words in items.items()}).astype("str")
    _tell_list(draft, column, items, read)
    return read


def _tell_letters(code: str) -> str:
    strange = tell_strange_letters(code)
    return f"{code} ({strange})" if strange else code


def _meant(codes: Iterable[str], known: Collection[str]) -> str:
    """Known codes that look the same as these, as a question: what is meant is for the operator to say."""
    near = [guess for code in codes if (guess := guess_code(code, known))]
    return f"Did you mean {', '.join(near)}? " if near else ""


def _tell_list(draft: Draft, column: str, items: Mapping[str, list[str]], read: pd.Series) -> None:
    """Tell of other marks between items than `;`, and of items in another spelling; their order is free."""
    text = draft.text[column]
    draft.repair(text.str.contains(r"[,|\n]", regex=True), column, "commas between items were read as ;", read)
    respelt = [value for value, words in items.items() if words != split_list(value)]
    draft.mend(draft.rows(text.isin(respelt)), column, RESPELT, read)


def read_codes(draft: Draft, column: str, known: Collection[str], kind: str = "a PCN, practice or ICB") -> pd.Series:
    """A column of lists of organisation codes, in capitals; codes outside `known` (if any are given) are faults."""
    text = draft.text[column]
    items = {value: [re.sub(r"\s+", "", item).upper() for item in split_list(value)] for value in text.unique()}
    for value, codes in items.items():
        unknown = [code for code in dict.fromkeys(codes) if code not in known] if known else []
        if unknown:
            draft.fault(
                draft.rows(text == value),
                column,
                f"no such organisation: {', '.join(map(_tell_letters, unknown))}",
                f"{_meant(unknown, known)}Use the ODS code of {kind} in the practice map of this run.",
            )
    read = text.map({value: join_list(codes) for value, codes in items.items()}).astype("str")
    _tell_list(draft, column, items, read)
    return read


def read_number(draft: Draft, column: str, limits: Limits) -> pd.Series:
    """A column of numbers within limits; blank is missing."""
    text = draft.text[column]
    numbers, bad = text_to_number(text)
    endless = text.str.fullmatch(r"(?i)[+-]?(inf|infinity|1e\d{3,})")
    draft.fault(draft.rows(bad & endless), column, "the number is infinite", f"Give a number, {limits}.")
    draft.fault(draft.rows(bad), column, "this is not a number", "Give figures only, without words or units.")
    too_low = numbers <= limits.low if limits.above else numbers < limits.low
    wrong = too_low | (numbers > limits.high)
    draft.fault(draft.rows(wrong), column, "the number is out of range", f"Give a number, {limits}.")
    grouped = text.str.contains(",") & ~bad
    draft.repair(grouped, column, "numbers with commas were read as thousands", text.str.replace(",", ""))
    return numbers.where(~wrong)


def read_share(draft: Draft, column: str) -> pd.Series:
    """A column of shares above 0 and at most 1; `80%` and 80 are read as 0.8, with a note."""
    text = draft.text[column]
    percent = text.str.endswith("%")
    numbers, bad = text_to_number(text.str.removesuffix("%"))
    # From 5 upwards nothing but a percentage makes sense; 1.2 may be a slip for 0.12 or 1, so it is a fault.
    percent |= (numbers >= 5) & (numbers <= 100)
    shares = numbers.where(~percent, numbers / 100)
    remedy = "Give a share above 0 and at most 1, such as 0.8, or a percentage, such as 80%."
    draft.fault(draft.rows(bad), column, "this is not a number", remedy)
    wrong = (shares <= 0) | (shares > 1)
    draft.fault(draft.rows(wrong), column, "the share is out of range", remedy)
    plain = shares.map("{:.10g}".format).astype("str")
    draft.repair(percent & ~bad & ~wrong, column, "percentages were read as shares", plain)
    return shares.where(~wrong)


def read_date(draft: Draft, column: str) -> pd.Series:
    """A column of dates; blank is missing."""
    dates, bad = text_to_date(draft.text[column])
    remedy = "Give a date there is, such as 2026-04-01 or 01/04/2026 (day first)."
    unsure = _tell_order(draft, column)
    draft.fault(draft.rows(bad), column, "this is not a date", remedy)
    draft.repair(unsure & ~bad, column, "the day was read before the month", dates.dt.strftime("%Y-%m-%d"))
    far = (dates.dt.year < _FIRST_YEAR) | (dates.dt.year > _LAST_YEAR)
    draft.fault(draft.rows(far), column, f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}", remedy)
    return dates


def _tell_order(draft: Draft, column: str) -> pd.Series:
    """
    Which dates would be another day if the month stood first; where another of the column can be read in no other
    way, such a date is a fault, since the writer may well have put the month first throughout.
    """
    text = draft.text[column]
    found = {value: _SLASHED.fullmatch(value) for value in text.unique()}
    pairs = {value: (int(match[1]), int(match[2])) for value, match in found.items() if match}
    month_first = text.isin([value for value, (first, second) in pairs.items() if first <= 12 < second <= 31])
    unsure = text.isin([value for value, (day, month) in pairs.items() if day != month and max(day, month) <= 12])
    if month_first.any():
        shown = name_some(draft.rows(month_first))
        problem = f"the day or the month may stand first, as the month first stands in row {shown}"
        draft.fault(draft.rows(unsure), column, problem, "Write the dates of the column as 2026-04-01.")
    return unsure


def read_ids(draft: Draft, column: str) -> pd.Series:
    """A column of ids, each once; where two rows share one, neither is kept, since none can say which is meant."""
    text = draft.text[column]
    draft.fault_empty(draft.rows(text == ""), column)
    # An id with a Cyrillic or Greek letter in it would double the row of the one it looks like.
    folded = text.map(write_latin).map(fold_key)
    twice = folded.duplicated(keep=False) & (text != "")
    for _, rows in text[twice].groupby(folded[twice], sort=False):
        letters = ", ".join(filter(None, (tell_strange_letters(value) for value in rows)))
        told = f"; {letters}" if letters else ""
        draft.fault(
            map(int, rows.index),
            column,
            f"the same {column} stands in rows {name_some(rows.index)}{told}",
            "Give each row its own id, or delete the rows that are not meant; none of them is used.",
        )
    return text


def name_some(rows: Sequence[int]) -> str:
    """The first six row numbers, and how many more there are."""
    more = f" and {len(rows) - 6} more" if len(rows) > 6 else ""
    return ", ".join(str(row) for row in rows[:6]) + more


def read_name(draft: Draft, column: str, ids: pd.Series) -> pd.Series:
    """A column of names; where one is blank the id stands in for it, with a note."""
    names = draft.text[column]
    draft.repair((names == "") & (ids != ""), column, "blank names were replaced by the id", ids)
    return names.where(names != "", ids)


def keys_of(draft: Draft, good: pd.DataFrame) -> Keys | None:
    """What other tables may point at in this one; None where its ids cannot be read."""
    column = draft.spec.id_columns[0]
    if not draft.has(column):
        return None
    left_out = draft.text.loc[~draft.text.index.isin(good.index), column]
    return Keys(
        table=draft.place,
        spelling={fold_key(value): value for value in good[column]},
        left_out={fold_key(value): int(row) for row, value in left_out[::-1].items() if value},
    )


def read_link(draft: Draft, column: str, keys: Keys | None) -> pd.Series:
    """
    A column that points at another table, in that table's spelling; blank is missing.

    An id matches without regard to case and spaces, with a note. `keys` is None where the other table could not be
    read at all: then nothing is said here.
    """
    text = draft.text[column]
    if keys is None:
        return blank_as_missing(text)
    folded = {value: fold_key(value) for value in text.unique() if value}
    found = text.map({value: keys.spelling.get(key) for value, key in folded.items()}).astype("str")
    for row in draft.rows((text != "") & found.isna()):
        own_row = keys.left_out.get(folded[text[row]])
        if own_row is None:
            meant = _meant([text[row]], keys.spelling.values())
            remedy = f"{meant}Correct the id, or add a row for it to {keys.table}."
            strange = tell_strange_letters(text[row])
            problem = f"this {column} is not in {keys.table}{f'; {strange}' if strange else ''}"
            draft.fault([row], column, problem, remedy)
        else:
            problem = f"the row of this {column} in {keys.table} was left out"
            draft.fault([row], column, problem, f"Correct row {own_row} there first.", follows=True)
    respelt = found.notna() & (found != text)
    draft.repair(respelt, column, f"ids were matched to {keys.table} without regard to case and spaces", found)
    return found


def fault_unordered(draft: Draft, frame: pd.DataFrame, columns: tuple[str, str], problem: str) -> None:
    """Fault rows where the first column is beyond the second."""
    low, high = columns
    remedy = f"Correct {draft.heading(low)} or {draft.heading(high)}."
    draft.fault(draft.rows(frame[low] > frame[high]), high, problem, remedy)
