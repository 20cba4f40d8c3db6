"""Whether the files of one run fit one another: practices, PCNs and areas that one has and another has not.

Files of other months and years join in part, and what does not join would be left out in silence. Nothing is guessed
here: there is no table of who follows whom, so what is missing is counted and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from ..errors import Fault
from ..schema import (
    InactivityFrame,
    LinkFrame,
    LsoaDeprivationFrame,
    LsoaListFrame,
    LsoaPointFrame,
    PcnRecordFrame,
    PostcodeFrame,
    PracticeFrame,
    WorkforceFrame,
)
from ._text import census_of_lsoas, guess_code, say_date

LEAST_JOINED_SHARE = 0.5
"""Of a file, or of the patients it is about: with less in common it is of another place or time, and is refused."""
_BY_PRACTICE = {
    "qof": "QOF registers",
    "practice_imd": "Deprivation scores of practices",
    "practice_addresses": "Addresses of practices",
}
_PRACTICE, _PCN = PracticeFrame.practice_code, PracticeFrame.pcn_code
_SHOWN = 10


def compare_tables(tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> tuple[list[str], list[Fault]]:
    """
    Hold the official files against the practice map, and those about LSOAs against one another.

    Parameters
    ----------
    tables
        Source id → table; the practice map may be missing, and then nothing is compared.
    names
        Source id → the file's name, for faults.

    Returns
    -------
    notes, stops
        What does not join, counted; and one fault for each file of which most does not.
    """
    notes: list[str] = []
    stops: list[Fault] = []
    if "practice_map" not in tables:
        return notes, stops
    practices = tables["practice_map"]
    for source, about in _BY_PRACTICE.items():
        if source in tables:
            said, missing_share = _compare_codes(practices[_PRACTICE], tables[source][_PRACTICE], about, "practices")
            notes += said
            stops += _stop(names[source], "practices of the practice map", missing_share)
    if "list_sizes" in tables:
        unlisted = practices[_PRACTICE][~practices[_PRACTICE].isin(tables["list_sizes"][_PRACTICE])]
        if len(unlisted):
            notes.append(f"Practices of the map without a list size, which count for nobody: {name_few(unlisted)}.")
    notes += _compare_pcns(tables)
    if "workforce" in tables and len(tables["workforce"]):
        strange = ~tables["workforce"][WorkforceFrame.pcn_code].isin(practices[_PCN])
        stops += _stop(names["workforce"], "PCNs it names, which the practice map lacks,", float(strange.mean()))
    if "lsoa_lists" in tables:
        for source in ("lsoa_points", "lsoa_imd"):
            if source in tables:
                said, missing_share = _compare_lsoas(tables, source, names)
                notes += said
                stops += _stop(names[source], "patients registered by LSOA", missing_share)
    return notes, stops


def _stop(name: str, what: str, missing_share: float) -> list[Fault]:
    if missing_share <= 1 - LEAST_JOINED_SHARE:
        return []
    problem = f"it does not fit the other files: of the {what} {missing_share:.0%} are missing"
    remedy = "Give files of the same area and of about the same time."
    return [Fault(source=name, problem=problem, remedy=remedy)]


def _compare_codes(mapped: pd.Series, given: pd.Series, about: str, kind: str) -> tuple[list[str], float]:
    """What to say of codes that only one side has, and the share of the map's that is missing."""
    lacking = mapped[~mapped.isin(given)]
    strange = given[~given.isin(mapped)].drop_duplicates()
    notes = []
    wanted = set(lacking)
    alike = [f"{code} looks like {look}" for code in strange if (look := guess_code(code, wanted))]
    if alike:
        notes.append(f"{about}: a code that may be a slip of the pen: {'; '.join(alike[:_SHOWN])}.")
    if len(lacking) or len(strange):
        notes.append(
            f"{about}: {len(lacking):,} of the {len(mapped):,} {kind} of the practice map are not in the file, and "
            f"{len(strange):,} of the file's are not in the map (closed, new, or of another time); neither is guessed."
        )
    return notes, len(lacking) / max(len(mapped), 1)


def _compare_pcns(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """PCNs that the practice map does not have, or that the ODS has closed."""
    mapped = tables["practice_map"][_PCN].dropna().drop_duplicates()
    notes = []
    if "workforce" in tables:
        workforce = tables["workforce"]
        strange = workforce[~workforce[WorkforceFrame.pcn_code].isin(mapped)]
        if len(strange):
            fte = strange[WorkforceFrame.link_worker_fte].sum()
            notes.append(
                f"Link workers of PCNs that are not in the practice map, closed or of another time: {fte:,.2f} FTE in "
                f"{name_few(strange[WorkforceFrame.pcn_code])}; they are counted nowhere."
            )
    if "pcn_records" in tables:
        records = tables["pcn_records"].set_index(PcnRecordFrame.pcn_code)[PcnRecordFrame.close_date]
        unknown = mapped[~mapped.isin(records.index)]
        closed = mapped[mapped.map(records).notna()]
        if len(unknown):
            notes.append(f"PCNs of the practice map that the ODS records do not have: {name_few(unknown)}.")
        if len(closed):
            notes.append(f"PCNs of the practice map that the ODS records say have closed: {name_few(closed)}.")
    return notes


def _compare_lsoas(
    tables: Mapping[str, pd.DataFrame], source: str, names: Mapping[str, str]
) -> tuple[list[str], float]:
    """The censuses of two files where they differ, and the share of patients whose LSOA the second does not have."""
    lists = tables["lsoa_lists"]
    key = {"lsoa_points": LsoaPointFrame.lsoa_code, "lsoa_imd": LsoaDeprivationFrame.lsoa_code}[source]
    there = tables[source][key]
    patients = lists[LsoaListFrame.patients]
    missing = patients[~lists[LsoaListFrame.lsoa_code].isin(there)].sum() / max(patients.sum(), 1)
    ours, theirs = census_of_lsoas(lists[LsoaListFrame.lsoa_code]), census_of_lsoas(there)
    notes = []
    if ours and theirs and ours != theirs:
        notes.append(
            f"{names['lsoa_lists']} has LSOAs of {ours} and {names[source]} of {theirs}: {missing:.1%} of the patients "
            "live in areas whose codes the two do not share."
        )
    return notes, float(missing)


def compare_districts(inactivity: pd.DataFrame, practice_lads: pd.DataFrame) -> list[str]:
    """Local authorities of practices that the file of inactivity has no figure for, most often for a change of code."""
    lads = practice_lads[PostcodeFrame.lad_code].dropna()
    lacking = lads[~lads.isin(inactivity[InactivityFrame.lad_code])]
    if lacking.empty:
        return []
    return [
        f"Inactivity: {lacking.nunique():,} local authorities, with {len(lacking):,} practices, have no figure in the "
        f"file: {name_few(lacking)}. Codes change when authorities merge; successors are not guessed."
    ]


def tell_closed_links(links: pd.DataFrame, tables: Mapping[str, pd.DataFrame], place: str) -> list[str]:
    """Links that name a PCN which is in the ODS records but in no row of the practice map."""
    if not {"practice_map", "pcn_records"} <= set(tables):
        return []
    closing = tables["pcn_records"].set_index(PcnRecordFrame.pcn_code)[PcnRecordFrame.close_date]
    codes = links[LinkFrame.organisation_code]
    gone = codes[codes.isin(closing.index) & ~codes.isin(tables["practice_map"][_PCN])]
    if gone.empty:
        return []
    told = [f"{code} ({_say_closing(closing[code])})" for code in sorted(gone.unique())]
    shown = ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN:,} more" if len(told) > _SHOWN else "")
    return [f"{place}: links that name a PCN without a practice in the map, and tie nobody: {len(gone):,}; {shown}."]


def _say_closing(date: pd.Timestamp) -> str:
    return "no close date" if pd.isna(date) else f"closed {say_date(date)}"


def name_few(codes: Iterable[str]) -> str:
    """The first codes in order, and how many more there are."""
    names = sorted(set(codes))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
