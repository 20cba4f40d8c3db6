"""Patients Registered at a GP Practice (NHS England): the practice map, list sizes by age, lists by LSOA."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import Fault
from ..schema import ListSizeFrame, LsoaListFrame, PracticeFrame
from ..schema.words import UNALLOCATED_PCN
from ..validate import Loaded, check_frame
from ._raw import RawTable, refuse
from ._read import list_members, normal_heading, read_csv
from ._table import (
    cell_faults,
    code_faults,
    conclude,
    finish,
    no_reason,
    part_doubles,
    part_withheld,
    pick,
    read_codes,
    read_numbers,
    say_vintage,
    sound_rows,
)
from ._text import census_of_lsoas, tell_strange_letters

_PRACTICE = {
    PracticeFrame.practice_code: "PRACTICE_CODE",
    PracticeFrame.practice_name: "PRACTICE_NAME",
    PracticeFrame.postcode: "PRACTICE_POSTCODE",
    PracticeFrame.pcn_code: "PCN_CODE",
    PracticeFrame.pcn_name: "PCN_NAME",
    PracticeFrame.sub_icb_code: "SUB_ICB_LOCATION_CODE",
    PracticeFrame.sub_icb_name: "SUB_ICB_LOCATION_NAME",
    PracticeFrame.icb_code: "ICB_CODE",
    PracticeFrame.icb_name: "ICB_NAME",
    PracticeFrame.region_code: "COMM_REGION_CODE",
    PracticeFrame.region_name: "COMM_REGION_NAME",
}
_WANTED_MAP = "Give gp-reg-pat-prac-map (zip or csv) of Patients Registered at a GP Practice, 2023 or later."
_WANTED_AGES = "Give gp-reg-pat-prac-quin-age (zip or csv) of Patients Registered at a GP Practice, 2023 or later."
_WANTED_LSOA = "Give gp-reg-pat-prac-lsoa-all (zip or csv) of Patients Registered at a GP Practice."
_EXTRACT_DATE = "EXTRACT_DATE"
_LEVEL, _SEX, _AGE, _PATIENTS, _DATE = "level", "sex", "age", "patients", "extract_date"
_AGES = {
    ListSizeFrame.practice_code: "ORG_CODE",
    _LEVEL: "ORG_TYPE",
    _SEX: "SEX",
    _AGE: "AGE_GROUP_5",
    _PATIENTS: "NUMBER_OF_PATIENTS",
    _DATE: _EXTRACT_DATE,
}
_LSOA = {
    LsoaListFrame.practice_code: "PRACTICE_CODE",
    LsoaListFrame.lsoa_code: ("LSOA_CODE", "LSOA11CD", "LSOA21CD"),
    _SEX: "SEX",
    _PATIENTS: ("NUMBER_OF_PATIENTS", "Number of Patients"),
    _DATE: _EXTRACT_DATE,
}
_TOTAL = "ALL"
_SEXES = ("FEMALE", "MALE")
_OLDEST = 120
_OLD_HEADINGS = ("CCG_CODE", "ONS_CCG_CODE")
_PRACTICE_CODE = ListSizeFrame.practice_code
_IN_WALES, _NO_LSOA = "the area is in Wales", "no LSOA of England is given"


def _refuse_other_layouts(raw: RawTable, wanted: str) -> None:
    """Say in one sentence which file is wanted when a sister file or the layout of the CCG years was given."""
    headings = {normal_heading(heading) for heading in raw.frame.columns}
    if headings & {normal_heading(old) for old in _OLD_HEADINGS}:
        raise refuse(raw.source, "this is the layout of the CCG years (to 2022), which has no PCNs or bands", wanted)


def load_practices(path: Path) -> Loaded:
    """
    Load the practice map: practice → PCN → sub-ICB → ICB → region.

    Parameters
    ----------
    path
        `gp-reg-pat-prac-map`, zip or csv.

    Returns
    -------
    loaded
        `PracticeFrame`; `pcn_code` is missing where the map says `U`, Unallocated.

    Raises
    ------
    DataError
        The file is missing, broken, or another file of the publication.
    """
    raw = read_csv(path, member="gp-reg-pat-prac-map*.csv")
    _refuse_other_layouts(raw, _WANTED_MAP)
    frame = pick(raw, {**_PRACTICE, _DATE: _EXTRACT_DATE}, _WANTED_MAP)
    vintage = say_vintage(frame.pop(_DATE))
    frame, notes = read_codes(raw, frame, [name for name in frame.columns if name.endswith("_code")])
    frame = frame.apply(lambda column: column.str.strip())
    unallocated = frame[PracticeFrame.pcn_code].isna() | (frame[PracticeFrame.pcn_code] == UNALLOCATED_PCN)
    for column in (PracticeFrame.pcn_code, PracticeFrame.pcn_name):
        frame[column] = frame[column].mask(unallocated)
    unused, faults = part_doubles(raw, frame, [PracticeFrame.practice_code], no_reason(frame))
    if unallocated.any():
        notes.append(
            f"Practices in no PCN ({UNALLOCATED_PCN}, Unallocated, in the practice map): {unallocated.sum():,}; "
            "they and their patients count in no PCN's figures."
        )
    return finish(
        raw, frame, PracticeFrame, headings=_PRACTICE, unused=unused, faults=faults, vintage=vintage, notes=notes
    )


def load_list_sizes(path: Path) -> Loaded:
    """
    Load registered patients by practice and five-year age band, both sexes together.

    The file holds every patient at five levels and again in rows of totals; only rows of a practice, a sex and an
    age band are summed, and the sum is held against the practice's own total row.

    Parameters
    ----------
    path
        `gp-reg-pat-prac-quin-age`, zip or csv.

    Returns
    -------
    loaded
        `ListSizeFrame`, sorted by practice and age; practices whose bands do not add up are left out as faults.

    Raises
    ------
    DataError
        The file is missing, broken, or another file of the publication.
    """
    raw = read_csv(path, member="gp-reg-pat-prac-quin-age*.csv", columns=[*_AGES.values(), *_OLD_HEADINGS])
    _refuse_other_layouts(raw, _WANTED_AGES)
    frame = pick(raw, _AGES, _WANTED_AGES)
    vintage = say_vintage(frame.pop(_DATE))
    levels = frame[_LEVEL].str.strip()
    unused = ("another level: " + levels).mask(levels == "GP", "")
    frame, notes = read_codes(raw, frame[unused == ""].drop(columns=_LEVEL), [_PRACTICE_CODE, _SEX, _AGE])
    frame, faults = read_numbers(raw, frame, {_PATIENTS: _AGES[_PATIENTS]}, whole=True, row_id=_PRACTICE_CODE)
    frame, odd = _read_bands(raw, frame)
    doubles, clashes = part_doubles(raw, frame, [_PRACTICE_CODE, _SEX, _AGE], no_reason(frame))
    faults += odd + clashes + code_faults(raw, frame, {_PRACTICE_CODE: _AGES[_PRACTICE_CODE]})
    sound = sound_rows(frame, doubles, faults)
    bands = sound[sound[_AGE] != _TOTAL]
    wrong, unequal = _hold_against_totals(raw, bands, sound[(sound[_SEX] == _TOTAL) & (sound[_AGE] == _TOTAL)])
    left_out = bands.index[bands[_PRACTICE_CODE].isin(wrong)]
    unused.update(doubles)
    unused[sound.index[sound[_AGE] == _TOTAL]] = "a total over ages or sexes"
    unused[left_out] = "the practice's rows do not add up to its total"
    sizes = _sum_bands(bands.drop(index=left_out))
    good, _ = check_frame(sizes, ListSizeFrame, source=raw.source)
    patients, practices = good[ListSizeFrame.patients].sum(), good[ListSizeFrame.practice_code].nunique()
    notes.append(f"{patients:,} patients at {practices:,} practices, whose age bands add up to their own totals.")
    return conclude(raw, good, unused=unused, faults=faults + unequal, vintage=vintage, notes=notes)


def _read_bands(raw: RawTable, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Ages of a band from its code (`0_4`, `95+`, `ALL`) and a fault for a code or a sex that is not one of them."""
    codes = pd.Series(frame[_AGE].dropna().unique(), dtype="str")
    found = codes.str.extract(r"^([0-9]{1,3})(?:_([0-9]{1,3})|\+)$")
    ages = found.set_index(codes).apply(pd.to_numeric).astype("float64")
    low = frame[_AGE].map(ages[0])
    frame = frame.assign(
        **{ListSizeFrame.age_from: low, ListSizeFrame.age_to: frame[_AGE].map(ages[1].fillna(_OLDEST))}
    )
    odd_age = low.isna() & (frame[_AGE] != _TOTAL)
    odd_sex = ~frame[_SEX].isin([*_SEXES, _TOTAL])
    faults = []
    for mask, column, problem in (
        (odd_age, _AGE, "the age band is not one of 0_4 to 90_94, 95+ and ALL"),
        (odd_sex, _SEX, "the sex is not one of FEMALE, MALE and ALL"),
    ):
        cells, ids = frame.loc[mask, column], frame.loc[mask, _PRACTICE_CODE]
        faults += cell_faults(raw, cells, ids, column=_AGES[column], problem=problem, remedy=_WANTED_AGES)
    return frame, faults


def _hold_against_totals(
    raw: RawTable, bands: pd.DataFrame, totals: pd.DataFrame
) -> tuple[list[str], list[Fault]]:
    """Practices whose bands of both sexes do not add up to their ALL row, or that have none; one fault each."""
    practice = _PRACTICE_CODE
    summed = bands.groupby(practice)[_PATIENTS].sum()
    first_row = bands.reset_index(names="row").groupby(practice)["row"].first()
    stated = totals.assign(row=totals.index).drop_duplicates(practice).set_index(practice)
    stated = stated.reindex(stated.index.union(summed.index))
    summed = summed.reindex(stated.index).fillna(0)
    wrong = stated[_PATIENTS].ne(summed)
    rows = stated["row"].fillna(first_row)
    faults = [
        Fault(
            source=raw.source,
            row=int(rows[code]),
            row_id=str(code),
            column=_AGES[_PATIENTS],
            value="" if pd.isna(stated.at[code, _PATIENTS]) else f"{stated.at[code, _PATIENTS]:.0f}",
            problem=f"the practice's age bands add up to {summed[code]:,.0f}, not to its row of totals",
            remedy="Download the file again; the practice is left out of this run.",
        )
        for code in wrong.index[wrong]
    ]
    return [fault.row_id for fault in faults], faults


def _sum_bands(bands: pd.DataFrame) -> pd.DataFrame:
    keys = [ListSizeFrame.practice_code, ListSizeFrame.age_from, ListSizeFrame.age_to]
    return bands.groupby(keys, as_index=False)[_PATIENTS].sum().astype(dict.fromkeys([*keys[1:], _PATIENTS], "int64"))


def load_lsoa_lists(path: Path) -> Loaded:
    """
    Load registered patients by practice and LSOA of residence, both sexes together.

    Parameters
    ----------
    path
        `gp-reg-pat-prac-lsoa-all`, csv, or a zip that holds it.

    Returns
    -------
    loaded
        `LsoaListFrame`, sorted by practice and LSOA; rows of Wales and of no LSOA are accounted for as not used.

    Raises
    ------
    DataError
        The file is missing, broken, of one sex only, or another file of the publication.
    """
    path = Path(path)
    members = list_members(path) if path.suffix.lower() == ".zip" else []
    member = "*lsoa*all*.csv" if any("all" in name.lower() for name in members) else "*lsoa*.csv"
    headings = [h for spellings in _LSOA.values() for h in ([spellings] if isinstance(spellings, str) else spellings)]
    raw = read_csv(path, member=member, columns=[*headings, *_OLD_HEADINGS])
    _refuse_other_layouts(raw, _WANTED_LSOA)
    frame = pick(raw, _LSOA, _WANTED_LSOA)
    vintage = say_vintage(frame.pop(_DATE))
    frame, notes = read_codes(raw, frame, [LsoaListFrame.practice_code, LsoaListFrame.lsoa_code, _SEX])
    unused = _other_sexes(raw, frame[_SEX])
    area = frame[LsoaListFrame.lsoa_code].fillna("")
    unused = unused.mask((unused == "") & area.str.startswith("W"), _IN_WALES)
    unused = unused.mask((unused == "") & ~area.str.fullmatch("E01[0-9]{6}"), _NO_LSOA)
    heading = next(h for h in _LSOA[_PATIENTS] if normal_heading(h) in map(normal_heading, raw.frame.columns))
    odd = frame[unused.eq(_NO_LSOA) & area.map(tell_strange_letters).ne("")]
    wanted, withheld, said = part_withheld(frame[unused == ""], [_PATIENTS])
    unused.update(withheld)
    notes += said
    wanted = wanted[withheld == ""]
    wanted, faults = read_numbers(raw, wanted, {_PATIENTS: heading}, whole=True, row_id=LsoaListFrame.practice_code)
    keys = [LsoaListFrame.practice_code, LsoaListFrame.lsoa_code]
    doubles, clashes = part_doubles(raw, wanted, [*keys, _SEX], no_reason(wanted))
    faults += clashes + code_faults(raw, wanted, {_PRACTICE_CODE: "PRACTICE_CODE"})
    faults += code_faults(raw, odd, {LsoaListFrame.lsoa_code: raw.picked[LsoaListFrame.lsoa_code]})
    unused.update(doubles)
    lists = sound_rows(wanted, doubles, faults).groupby(keys, as_index=False)[_PATIENTS].sum()
    good, _ = check_frame(lists.astype({_PATIENTS: "int64"}), LsoaListFrame, source=raw.source)
    notes.append(f"{good[LsoaListFrame.patients].sum():,} patients are placed in an LSOA of England.")
    elsewhere = int(unused.isin([_IN_WALES, _NO_LSOA]).sum())
    if elsewhere:
        notes.append(f"{elsewhere:,} rows name no LSOA of England (Wales, closed or no fixed area) and place nobody.")
    census = census_of_lsoas(good[LsoaListFrame.lsoa_code])
    vintage += f", LSOAs of {census}" if census else ""
    return conclude(raw, good, unused=unused, faults=faults, vintage=vintage, notes=notes)


def _other_sexes(raw: RawTable, sex: pd.Series) -> pd.Series:
    """Why rows are not used for their sex: none where there are both sexes and no total, the parts where there is."""
    unused = pd.Series("", index=sex.index, dtype="str")
    if (sex == _TOTAL).any():
        return unused.mask(sex != _TOTAL, "counted in the rows of both sexes")
    if len(sex) and not set(_SEXES) <= set(sex):
        only = ", ".join(sorted(sex.dropna().unique())) or "no sex"
        raise refuse(raw.source, f"the file holds one sex only ({only})", _WANTED_LSOA)
    return unused
