"""Read every input of a scenario in one pass, and tell every fault of every file before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..config import Scenario, load_default
from ..errors import DataError, Fault
from ..schema import OutlineFrame, PcnRecordFrame, PostcodeFrame, PracticeFrame
from ..validate import Loaded
from .active_places import load_venues
from .bank import Bank, BankContext, load_bank
from .boundaries import load_lsoa_points, load_outlines
from .deprivation import load_lsoa_deprivation, load_practice_deprivation
from .find import find_sources
from .inactivity import load_inactivity
from .ods import load_pcn_records
from .postcodes import load_postcodes
from .qof import load_registers
from .registrations import load_list_sizes, load_lsoa_lists, load_practices
from .workforce import load_workforce

_LOADERS: dict[str, Callable[[Path], Loaded]] = {
    "practice_map": load_practices,
    "list_sizes": load_list_sizes,
    "lsoa_lists": load_lsoa_lists,
    "qof": load_registers,
    "practice_imd": load_practice_deprivation,
    "lsoa_imd": load_lsoa_deprivation,
    "workforce": load_workforce,
    "pcn_records": load_pcn_records,
    "inactivity": load_inactivity,
    "boundaries": load_outlines,
    "land": load_outlines,
    "lsoa_points": load_lsoa_points,
    "active_places": load_venues,
}
_ONLY_WITH_LSOA_LISTS = ("lsoa_imd", "lsoa_points")
"""Large files that say nothing without registrations by LSOA; then they are not opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a run is computed from."""

    tables: dict[str, pd.DataFrame]
    """Source id of `defaults/sources.toml` → its table; a source that was not given is absent."""
    postcodes: pd.DataFrame
    """`PostcodeFrame` of the practices' postcodes."""
    bank: Bank
    paths: tuple[Path, ...]
    """Every file read, for the manifest."""
    faults: tuple[Fault, ...]
    """Rows left out, where the scenario asks to go on without them."""
    accounting: tuple[pd.DataFrame, ...]
    notes: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    """(what, file and data date, attribution)."""


class _Pass:
    """What one pass over the files has found so far."""

    def __init__(self) -> None:
        self.tables: dict[str, pd.DataFrame] = {}
        self.faults: list[Fault] = []
        self.stops: list[Fault] = []
        self.accounting: list[pd.DataFrame] = []
        self.notes: list[str] = []
        self.sources: list[tuple[str, str, str]] = []

    def attempt(self, name: str, load: Callable[[], Loaded]) -> pd.DataFrame | None:
        """Load one source; what stops the load is kept for later, so that the other files are still read."""
        try:
            loaded = load()
        except DataError as caught:
            self.stops += caught.faults or [Fault(source=name, problem=str(caught), remedy="Correct the file.")]
            return None
        self.faults += loaded.faults
        self.accounting.append(loaded.accounting)
        self.notes += loaded.notes
        about = load_default("sources")[name]
        date = f"{loaded.source}, {loaded.vintage}" if loaded.vintage else loaded.source
        self.sources.append((f"{about['title']} ({about['publisher']})", date, about["attribution"]))
        return loaded.frame


def load_inputs(scenario: Scenario, progress: Callable[[str], None] = lambda text: None) -> Inputs:
    """
    Read the official files and the bank of hours.

    Parameters
    ----------
    scenario
        Names the folder of official files, the bank, and what to do with rows that have a fault.
    progress
        Called with a short sentence as each file is read.

    Returns
    -------
    inputs
        Tables that hold their models.

    Raises
    ------
    DataError
        Carries every fault of every file: always when a file or a column is missing or wrong; for single rows
        unless the scenario says `bad_rows = "reject"`.
    """
    done = _Pass()
    try:
        found, missing = find_sources(scenario.data.folder, scenario.data.files)
    except DataError as caught:
        found, missing = {}, list(caught.faults)
        if not missing:
            raise
    done.stops += missing
    for name, load in _LOADERS.items():
        if name not in found or (name in _ONLY_WITH_LSOA_LISTS and "lsoa_lists" not in found):
            continue
        progress(f"reading {found[name].name}")
        table = done.attempt(name, lambda load=load, name=name: load(found[name]))
        if table is not None:
            done.tables[name] = table
    practices = done.tables.get("practice_map")
    wanted = [] if practices is None else practices[PracticeFrame.postcode]
    progress("finding postcodes")
    postcodes = done.attempt("postcodes", lambda: load_postcodes(found.get("postcodes"), wanted))
    progress(f"reading {scenario.bank.path.name}")
    bank = _attempt_bank(scenario, done, found.get("postcodes"))
    if done.stops or (done.faults and scenario.bank.bad_rows == "stop"):
        raise DataError(faults=[*done.stops, *done.faults])
    return Inputs(
        tables=done.tables,
        postcodes=postcodes,
        bank=bank,
        paths=tuple(_files_read(found, done, scenario.bank.path)),
        faults=tuple(done.faults),
        accounting=tuple(done.accounting),
        notes=tuple(done.notes),
        sources=tuple(done.sources),
    )


def _attempt_bank(scenario: Scenario, done: _Pass, postcode_file: Path | None) -> Bank | None:
    def locate(postcodes: Iterable[str]) -> pd.DataFrame:
        try:
            return load_postcodes(postcode_file, postcodes).frame
        except DataError:  # the file itself is at fault, which is told already
            return load_postcodes(None, postcodes).frame

    context = BankContext(
        pathway_ids=tuple(scenario.pathways),
        organisation_codes=_organisation_codes(done.tables),
        locate_postcodes=locate,
        venues=done.tables.get("active_places"),
    )
    try:
        bank = load_bank(scenario.bank.path, context)
    except DataError as caught:
        done.stops += caught.faults or [
            Fault(source=scenario.bank.path.name, problem=str(caught), remedy="Correct the bank of hours.")
        ]
        return None
    done.faults += bank.faults
    done.accounting.append(bank.accounting)
    done.notes += bank.notes
    done.sources.append(("Operators' bank of hours", scenario.bank.path.name, ""))
    return bank


def _organisation_codes(tables: dict[str, pd.DataFrame]) -> frozenset[str]:
    """Codes a link or a limit may name: practices, PCNs, sub-ICBs and ICBs of today, and PCNs that have closed."""
    if "practice_map" not in tables:
        return frozenset()
    practices = tables["practice_map"]
    columns = (PracticeFrame.practice_code, PracticeFrame.pcn_code, PracticeFrame.sub_icb_code, PracticeFrame.icb_code)
    codes = {code for column in columns for code in practices[column].dropna()}
    if "pcn_records" in tables:
        codes |= set(tables["pcn_records"][PcnRecordFrame.pcn_code])
    return frozenset(codes)


def _files_read(found: dict[str, Path], done: _Pass, bank: Path) -> list[Path]:
    """The files behind the tables, folders opened out; in a stable order."""
    opened = [path for name, path in found.items() if name in done.tables or name == "postcodes"]
    files = [p for path in [*opened, bank] for p in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    return sorted(set(files))


def clip_land(outlines: pd.DataFrame | None) -> pd.DataFrame | None:
    """Outlines fit to stand for the land: districts or regions, which end at the coast."""
    if outlines is None or not outlines[OutlineFrame.level].isin(("lad", "region", "icb", "sub_icb")).all():
        return None
    return outlines


def lads_of_practices(practices: pd.DataFrame, postcodes: pd.DataFrame) -> pd.DataFrame:
    """`practice_code`, `lad_code`: the local authority that each practice's postcode lies in, where known."""
    keyed = practices.assign(key=practices[PracticeFrame.postcode].str.replace(r"\s", "", regex=True).str.upper())
    joined = keyed.merge(
        postcodes, left_on="key", right_on=PostcodeFrame.postcode, how="left", suffixes=("", "_at"), validate="many_to_one"
    )
    return joined[[PracticeFrame.practice_code, PostcodeFrame.lad_code]]
