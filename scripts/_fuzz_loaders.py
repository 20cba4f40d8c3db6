"""Load a mutant as geomap would, and see whether what comes of it adds up."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from geomap.config import Scenario, default_pathways
from geomap.errors import DataError, GeomapError
from geomap.load import _bank_read, deprivation, ods
from geomap.load import _read as read
from geomap.load.active_places import load_venues
from geomap.load.addresses import load_towns
from geomap.load.bank import Bank, BankContext, load_bank
from geomap.load.boundaries import load_lsoa_points, load_outlines
from geomap.load.earlier import load_earlier
from geomap.load.inactivity import load_inactivity
from geomap.load.postcodes import load_postcodes
from geomap.load.published import load_map_params, load_published
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_lsoa_lists, load_practices
from geomap.load.results import load_results
from geomap.load.word import load_word_template
from geomap.load.workforce import load_workforce
from geomap.report.paper import check_template
from geomap.schema import AccountingFrame, PostcodeFrame
from geomap.validate import Loaded

WANTED = ("LS1 4AP", "LS1 4AQ", "LS1 4AR", "M1 1AA")
STATUSES = {"used", "not_used", "rejected"}
MOST_CHARACTERS = 20_000
"""Of a message; a longer one buries what it says."""


class AddingUpError(Exception):
    """What was loaded is not all of what was in the file, or holds what it must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of a mutant that was loaded: the tables, and the rows of the file with their account, if it has one."""

    frames: tuple[pd.DataFrame, ...] = ()
    rows: int | None = None
    account: pd.DataFrame | None = None


def _only(folder: Path) -> Path:
    """The one thing that lies in the folder."""
    (path,) = folder.iterdir()
    return path


def _count(path: Path) -> int:
    if path.is_dir():
        return sum(_count(file) for file in path.glob("*.csv"))
    if path.suffix.lower() != ".zip":
        return len(read.read_csv(path).frame)
    return sum(len(read.read_csv(path, member=name).frame) for name in read.list_members(path))


def _official(load: Callable[[Path], Loaded], count: Callable[[Path], int] = _count) -> Callable[[Path], Seen]:
    def see(folder: Path) -> Seen:
        loaded = load(_only(folder))
        _see_faults(loaded)
        return Seen(frames=(loaded.frame,), rows=count(_only(folder)), account=loaded.accounting)

    return see


def _see_faults(loaded: Loaded | Bank) -> None:
    for fault in loaded.faults:
        if not (fault.problem and fault.remedy and fault.source):
            raise AddingUpError(f"a fault says too little: {fault}")
    for note in loaded.notes:
        note.encode()


def _count_lsoas(path: Path) -> int:
    return len(deprivation._read_lsoas(path).frame)


def _count_report(sheet: str, order: tuple[str, ...]) -> Callable[[Path], int]:
    return lambda path: len(ods._read_report(path, sheet, order, "").frame)


def _count_venues(path: Path) -> int:
    """Rows of facilities, and those that name sites where that file can be read: it is passed over where it cannot."""
    from geomap.load import _site_names
    from geomap.load.active_places import _find_files

    rows = sum(len(read.read_csv(file, member=member).frame) for _, file, member in _find_files(path))
    for file, member in _site_names._find(path):
        with suppress(DataError):
            rows += len(read.read_csv(file, member=member, columns=_site_names.NAME_HEADINGS).frame)
    return rows


def _see_postcodes(folder: Path) -> Seen:
    loaded = load_postcodes(_only(folder), WANTED)
    if not set(loaded.frame[PostcodeFrame.postcode]) <= {code.replace(" ", "") for code in WANTED}:
        raise AddingUpError("postcodes that nobody asked for")
    _see_faults(loaded)
    return Seen(frames=(loaded.frame,))


@cache
def _context() -> BankContext:
    def locate(codes: object) -> pd.DataFrame:
        return _postcodes(tuple(sorted({code for code in codes if isinstance(code, str)})))

    pathways = tuple(default_pathways())
    return BankContext(pathway_ids=pathways, organisation_codes=(), locate_postcodes=locate, venues=None)


@cache
def _postcodes(codes: tuple[str, ...]) -> pd.DataFrame:
    return load_postcodes(None, codes).frame


def _see_bank(folder: Path) -> Seen:
    path = _only(folder)
    bank = load_bank(path, _context())
    _see_faults(bank)
    drafts = _bank_read.open_tables(path).drafts.values()
    account = pd.concat([bank.accounting, bank.rows], ignore_index=True)
    f = AccountingFrame
    if account.duplicated([f.source, f.sheet, f.row]).any():
        raise AddingUpError("a row has two fates")
    used = sum(len(table) for table in (bank.operators, bank.facilities, bank.pledges, bank.links))
    if used != bank.rows[f.rows].sum():
        raise AddingUpError(f"{used} rows are in the tables, {bank.rows[f.rows].sum()} are told to be")
    rows = sum(len(draft.text) for draft in drafts)
    return Seen(frames=(bank.operators, bank.facilities, bank.pledges, bank.links), rows=rows, account=account)


def _see_scenario(folder: Path) -> Seen:
    told = Scenario.from_toml(_only(folder)).model_dump_json()
    json.dumps(json.loads(told), allow_nan=False)
    return Seen()


def _see_template(folder: Path) -> Seen:
    check_template(load_word_template(_only(folder)))
    return Seen()


def _see_published(folder: Path) -> Seen:
    tables = load_published(_only(folder))
    load_map_params(_only(folder))
    return Seen(frames=tuple(part for part in (tables.pcns, tables.facilities, tables.ledger, tables.need)))


def _see_compared(folder: Path) -> Seen:
    (run,) = load_results(_only(folder))
    return Seen(frames=(run.ledger, run.pcns, run.facilities))


def _see_earlier(folder: Path) -> Seen:
    plan = load_earlier(_only(folder))
    if not all(math.isfinite(value) for value in (plan.objective, plan.best, plan.gap_share)):
        raise AddingUpError("a plan that is no number")
    return Seen()


LOADERS: dict[str, Callable[[Path], Seen]] = {
    "practice_map": _official(load_practices),
    "list_sizes": _official(load_list_sizes),
    "lsoa_lists": _official(load_lsoa_lists),
    "qof": _official(load_registers),
    "practice_imd": _official(deprivation.load_practice_deprivation),
    "lsoa_imd": _official(deprivation.load_lsoa_deprivation, _count_lsoas),
    "workforce": _official(load_workforce),
    "pcn_records": _official(ods.load_pcn_records, _count_report("PCNDetails", ods._RECORD_ORDER)),
    "memberships": _official(ods.load_memberships, _count_report("PCN Core Partner Details", ods._MEMBER_ORDER)),
    "practice_addresses": _official(load_towns, lambda path: None),
    "inactivity": _official(load_inactivity),
    "boundaries": _official(load_outlines, lambda path: len(read.read_geo(path))),
    "lsoa_points": _official(load_lsoa_points),
    "active_places": _official(load_venues, _count_venues),
    "postcodes": _see_postcodes,
    "bank": _see_bank,
    "scenario": _see_scenario,
    "template": _see_template,
    "published": _see_published,
    "compared": _see_compared,
    "earlier": _see_earlier,
}
"""What reads a golden file of that kind, from a folder that holds it and nothing else."""


def see(loader: str, folder: Path, rows: int | None) -> str:
    """
    Load a mutant and judge what comes of it.

    Parameters
    ----------
    loader
        Of `LOADERS`.
    folder
        Holds the mutant.
    rows
        Rows that the mutant has below its heading, counted without geomap; None where that is not known.

    Returns
    -------
    verdict
        `accepted` or `refused`.

    Raises
    ------
    AddingUpError
        Rows are lost or doubled, a number is infinite, or a refusal says nothing.
    Exception
        Whatever else the loader lets out; every such error is a finding.
    """
    try:
        seen = LOADERS[loader](folder)
    except GeomapError as error:
        _judge_message(str(error))
        return "refused"
    for frame in seen.frames:
        numbers = frame.select_dtypes("number")
        if np.isinf(numbers.to_numpy(dtype=float)).any():
            raise AddingUpError("an infinite number was let in")
    if seen.account is not None:
        _judge_account(seen, rows)
    return "accepted"


def _judge_message(text: str) -> None:
    text.encode()  # a message must be fit to be written somewhere
    if not text.strip() or "Traceback" in text or len(text) > MOST_CHARACTERS or " object at 0x" in text:
        raise AddingUpError(f"a message that no planner can use, of {len(text):,} characters: {text[:200]}")


def _judge_account(seen: Seen, rows: int | None) -> None:
    f, account = AccountingFrame, seen.account
    told = int(account[f.rows].sum())
    for name, counted in (("the loader's own reading", seen.rows), ("a count without geomap", rows)):
        if counted is not None and told != counted:
            raise AddingUpError(f"{told} rows are accounted for; by {name} there are {counted}")
    if not set(account[f.status]) <= STATUSES or (account[f.rows] <= 0).any():
        raise AddingUpError("the account has a line that says nothing")
    left = account[account[f.status].ne("used")]
    if left[f.reason].fillna("").eq("").any():
        raise AddingUpError("a row is left out without a reason")
