"""Begin: look at the official files and the bank of hours, and write a scenario that runs as it is."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from ..config import default_pathways
from ..errors import ConfigError, DataError, OutputError, tell_faults
from ..fetch.outcome import tell_absent
from ..fetch.sources import read_sources
from ..load.bank import Bank, BankContext, load_bank
from ..load.child import read_apart
from ..load.find import find_sources
from ..load.gather import locate
from ..load.trial import read_source
from ..report.scenario_file import ScenarioFacts, write_scenario_text
from ..schema import PledgeFrame, PracticeFrame
from ..validate import Loaded

_LONGEST_DAYS = 1_100
"""A plan of more than three years is not what the dates of a bank mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was found, in lines, and what to do next."""

    found: tuple[str, ...]
    next_step: str


def start(folder: Path, bank_path: Path, out: Path, progress: Callable[[str], None], today: dt.date) -> Started:
    """
    Write a scenario for the files that are there.

    Parameters
    ----------
    folder
        Of official files; it need not be there yet.
    bank_path
        The bank of hours; it need not be there yet.
    out
        The scenario to write; never replaced.
    progress
        Called with a short sentence as files are read.
    today
        Decides the financial year where the bank gives no dates.

    Raises
    ------
    ConfigError
        The name of the scenario does not end in .toml.
    OutputError
        It is there already, or cannot be written.
    DataError
        The bank of hours is there and cannot be read; all its faults are told, and nothing is written.
    """
    if out.suffix.lower() != ".toml":
        raise ConfigError(f"{out}: a scenario is a TOML file; give a name that ends in .toml.")
    if os.path.lexists(out):
        raise OutputError(f"{out} is there already, and is not written over. Give another name with --out.")
    sources = read_sources()
    found = find_sources(folder, {})[0] if folder.is_dir() else {}
    found = {key: path for key, path in found.items() if key in sources}
    practices = _attempt("practice_map", found, progress)
    bank = _read_bank(bank_path, found, progress)
    absent = tell_absent(sources, found)
    period = _choose_period(None if bank is None else bank.pledges, today)
    as_of, as_of_remark = _choose_day(practices, today)
    there = f"{len(found)} of {len(sources)} sources are there"
    held = "not there yet" if bank is None else _describe(bank)
    facts = ScenarioFacts(
        written=today,
        folder=_relative(folder, out),
        folder_remark=f"official files: {there}",
        bank=_relative(bank_path, out),
        bank_remark=held,
        **period,
        as_of=as_of,
        as_of_remark=as_of_remark,
        absent=tuple(absent),
        icbs=_list_icbs(practices),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(write_scenario_text(facts), encoding="utf-8", newline="\n")
    except UnicodeEncodeError:
        out.unlink(missing_ok=True)
        said = "holds bytes that are no text; rename it"
        raise ConfigError(f"The name of {bank_path} or of {folder}, or that of a folder above, {said}.") from None
    except OSError as caught:
        said = caught.strerror or caught
        raise OutputError(f"{out} cannot be written ({said}). Choose a folder you may write to.") from None
    told = [f"{folder}: {there}.", *absent, f"{bank_path}: {held}."]
    if bank is not None:
        told += tell_faults(bank.faults)
    chosen = f"{facts.start.isoformat()} ({facts.start_remark}) to {facts.end.isoformat()} ({facts.end_remark})"
    told += [f"Period: {chosen}.", f"Wrote {out}; every choice stands in it."]
    return Started(found=tuple(told), next_step=_next_step(folder, bank_path, out, (found, bank)))


def _next_step(folder: Path, bank_path: Path, out: Path, there: tuple[dict[str, Path], Bank | None]) -> str:
    found, bank = there
    if any(source.required and key not in found for key, source in read_sources().items()):
        return f"geomap fetch --data {folder}"
    if bank is None:
        return f"geomap template {bank_path}" if bank_path.suffix.lower() == ".xlsx" else f"put the bank at {bank_path}"
    if bank.faults:
        return f"geomap check {out} --problems problems.xlsx"
    return f"geomap run {out} --icb CODE, with the code of your ICB, or without --icb for all of England"


def _attempt(source_id: str, found: dict[str, Path], progress: Callable[[str], None]) -> Loaded | None:
    """A file that is of help here; where it cannot be read, the run will tell."""
    if source_id not in found:
        return None
    progress(f"reading {found[source_id].name}")
    try:
        return read_source(source_id, found[source_id])
    except DataError:
        return None


def _read_bank(path: Path, found: dict[str, Path], progress: Callable[[str], None]) -> Bank | None:
    if not path.exists():
        return None
    venues = _attempt("active_places", found, progress)
    context = BankContext(
        pathway_ids=tuple(default_pathways()),
        organisation_codes=(),
        locate_postcodes=partial(locate, found.get("postcodes")),
        venues=None if venues is None else venues.frame,
    )
    progress(f"reading {path.name}")
    return read_apart(path.name, load_bank, path, context)


def _describe(bank: Bank) -> str:
    counts = ((bank.pledges, "pledge"), (bank.operators, "operator"), (bank.facilities, "facility"))
    several = {"facility": "facilities"}
    told = [f"{len(frame):,} {one if len(frame) == 1 else several.get(one, f'{one}s')}" for frame, one in counts]
    bad = f"; {len(bank.faults):,} faults" if bank.faults else ""
    return f"bank of hours: {', '.join(told)}{bad}"


def _choose_period(pledges: pd.DataFrame | None, today: dt.date) -> dict[str, object]:
    """First and last day of the plan: of the pledges, where they have dates; otherwise of the financial year."""
    year = today.year - (today.month < 4)
    start, end = dt.date(year, 4, 1), dt.date(year + 1, 3, 31)
    remarks = ["first day of the financial year", "last day of the financial year, itself included"]
    if pledges is not None:
        first, last = pledges[PledgeFrame.start_date].min(), pledges[PledgeFrame.end_date].max()
        if not pd.isna(first):
            start, remarks[0] = first.date(), "the earliest start of a pledge"
            if pd.isna(last):
                end, remarks[1] = _year_after(start), "a year, as no pledge tells its end"
        if not pd.isna(last):
            end, remarks[1] = last.date(), "the latest end of a pledge, itself included"
            if pd.isna(first) and start > end:
                start, remarks[0] = dt.date(end.year - (end.month < 4), 4, 1), "first day of that financial year"
        if not start <= end <= start + dt.timedelta(days=_LONGEST_DAYS):
            end, remarks[1] = _year_after(start), "a year: the pledges' own dates span too much to be one plan"
    return {"start": start, "start_remark": remarks[0], "end": end, "end_remark": remarks[1]}


def _year_after(start: dt.date) -> dt.date:
    """The last day of a year that begins on a day."""
    return start + dt.timedelta(days=364)


def _choose_day(practices: Loaded | None, today: dt.date) -> tuple[dt.date, str]:
    """The day that the practice map is of."""
    told = "" if practices is None else practices.vintage
    for form in ("%d %B %Y", "%B %Y"):
        try:
            return dt.datetime.strptime(told, form).date(), "the day of the practice map"
        except ValueError:
            continue
    return today, "today, as the practice map does not tell its day" if practices else "today, until there are files"


def _list_icbs(practices: Loaded | None) -> dict[str, str]:
    if practices is None:
        return {}
    pairs = practices.frame[[PracticeFrame.icb_code, PracticeFrame.icb_name]].drop_duplicates(PracticeFrame.icb_code)
    return dict(sorted(zip(pairs[PracticeFrame.icb_code], pairs[PracticeFrame.icb_name], strict=True)))


def _relative(path: Path, out: Path) -> str:
    """A path as the scenario names it: from its own folder, unless it lies on another drive."""
    try:
        return Path(os.path.relpath(path, out.parent)).as_posix()
    except ValueError:
        return path.absolute().as_posix()
