"""Read every input of a scenario in one pass, and tell every fault of every file before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from ..config import Scenario, load_default
from ..errors import DataError, Fault, Repair, RowError
from ..schema import ListSizeFrame, OutlineFrame, PcnRecordFrame, PostcodeFrame, PracticeFrame
from ..validate import Loaded
from ._inputs import Inputs
from ._opportunities import OpportunityContext
from ._travel_files import list_travel_files, list_travel_loads
from ._vintages import compare_districts, compare_tables, tell_closed_links
from .active_places import load_venues
from .addresses import load_towns
from .bank import Bank, BankContext, load_bank
from .boundaries import load_lsoa_points, load_outlines
from .child import read_apart, start_reader
from .deprivation import load_lsoa_deprivation, load_practice_deprivation
from .find import find_sources, known_sources
from .inactivity import load_inactivity
from .libraries import load_libraries
from .ods import load_pcn_records
from .open_referral import load_services
from .openactive import load_openactive
from .own_indicators import load_own_indicators
from .postcodes import load_postcodes
from .qof import load_registers
from .registrations import load_list_sizes, load_lsoa_lists, load_practices
from .workforce import load_workforce

LOADERS: dict[str, Callable[[Path], Loaded]] = {
    "practice_map": load_practices,
    "list_sizes": load_list_sizes,
    "lsoa_lists": load_lsoa_lists,
    "qof": load_registers,
    "practice_imd": load_practice_deprivation,
    "lsoa_imd": load_lsoa_deprivation,
    "workforce": load_workforce,
    "pcn_records": load_pcn_records,
    "practice_addresses": load_towns,
    "inactivity": load_inactivity,
    "boundaries": load_outlines,
    "land": load_outlines,
    "lsoa_points": load_lsoa_points,
    "active_places": load_venues,
    "own_indicators": load_own_indicators,
    "open_referral": load_services,
    "openactive": load_openactive,
    "libraries": load_libraries,
}
_ONLY_WITH_LSOA_LISTS = ("lsoa_imd", "lsoa_points")
"""Large files that say nothing without registrations by LSOA; then they are not opened."""


MOST_UNLIKE_SHARE = 0.02
"""Patients, or practices, that only one of the practice map and the list sizes may have."""


class _Pass:
    """What one pass over the files has found so far: `faults` of single rows, and the `stops` of whole files."""

    def __init__(self) -> None:
        self.tables: dict[str, pd.DataFrame] = {}
        self.faults: list[Fault] = []
        self.repairs: list[Repair] = []
        self.stops: list[Fault] = []
        self.accounting: list[pd.DataFrame] = []
        self.notes: list[str] = []
        self.sources: list[tuple[str, str, str]] = []

    def attempt(self, name: str, load: Callable[[], Loaded]) -> None:
        """Load one source; what stops the load is kept for later, so that the other files are still read."""
        try:
            loaded = load()
        except DataError as caught:
            self.stops += caught.faults
            self.repairs += caught.repairs
            return
        self.tables[name] = _in_order(loaded.frame)
        self.faults += loaded.faults
        self.repairs += loaded.repairs
        self.accounting.append(loaded.accounting)
        self.notes += loaded.notes
        about = known_sources()[name]
        date = f"{loaded.source}, {loaded.vintage}" if loaded.vintage else loaded.source
        self.sources.append((f"{about['title']} ({about['publisher']})", date, about["attribution"]))

    def settle(self, scenario: Scenario) -> None:
        """
        Raise, with all that was found, where the run cannot go on as the scenario wants it.

        Raises
        ------
        DataError, RowError
            See `load_inputs`.
        """
        refused = scenario.bank.repairs == "refuse" and bool(self.repairs)
        mended = [repair.as_fault() for repair in self.repairs] if refused else []
        if self.stops or refused:
            message = "Nothing may be repaired in this run; correct the cells named, or run without --strict."
            raise DataError(message if refused else "", [*self.stops, *self.faults, *mended], self.repairs)
        if self.faults and scenario.bank.bad_rows == "stop":
            raise RowError(faults=self.faults, repairs=self.repairs)
        if self.repairs:
            cells = sum(repair.cells for repair in self.repairs)
            said = "1 cell was" if cells == 1 else f"{cells:,} cells were"
            self.notes.append(f"{said} read otherwise than written; repairs.csv tells each.")


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows by what they hold: sums differ in the last digit with the order in which they are added up."""
    columns = [column for column in frame.columns if column != OutlineFrame.geometry]
    return frame.sort_values(columns, kind="stable", ignore_index=True) if columns else frame


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
        `tables`: one a source, as its model in `geomap.schema` declares it (see docs/inputs.md); `bank`: the
        operators' tables; `postcodes`, `accounting` (what became of every row), `repairs`, `notes`, `sources`.
        Coordinates are metres (EPSG:27700), shares 0 to 1, hours as they were pledged.

    Raises
    ------
    RowError
        Single rows have faults, unless the scenario says `bad_rows = "reject"`.
    DataError
        A file or a column is missing or wrong, or a cell would have to be repaired where the scenario says
        `repairs = "refuse"`. Either error carries every fault of every file, and every repair.

    Examples
    --------
    >>> inputs = geomap.load_inputs(scenario)  # doctest: +SKIP
    >>> inputs.tables["practice_map"].shape  # doctest: +SKIP
    (240, 9)
    """
    start_reader()
    done = _Pass()
    found = _find(scenario, done)
    done.notes += _tell_absent(found)
    for name, load in LOADERS.items():
        if name in found and (name not in _ONLY_WITH_LSOA_LISTS or "lsoa_lists" in found):
            progress(f"reading {found[name].name}")
            asked = (_opportunities(scenario, found),) if name == "openactive" else ()
            done.attempt(name, partial(read_apart, found[name].name, load, found[name], *asked))
    _compare_practices(found, done)
    notes, stops = compare_tables(done.tables, {name: path.name for name, path in found.items()})
    done.notes += notes
    done.stops += stops
    progress("finding postcodes")
    practices = done.tables.get("practice_map")
    wanted = [] if practices is None else practices[PracticeFrame.postcode]
    postcode_file = found.get("postcodes")
    source = postcode_file.name if postcode_file else "the package of postcodes"
    done.attempt("postcodes", partial(read_apart, source, load_postcodes, postcode_file, wanted))
    if {"practice_map", "inactivity", "postcodes"} <= set(done.tables):
        done.notes += compare_districts(
            done.tables["inactivity"], lads_of_practices(practices, done.tables["postcodes"])
        )
    progress(f"reading {scenario.bank.path.name}")
    bank = _attempt_bank(scenario, done, postcode_file)
    if bank is not None and "practice_map" in done.tables:
        for name, load in list_travel_loads(found, scenario.travel, done.tables, bank.facilities).items():
            progress(f"reading {found[name].name}")
            done.attempt(name, load)
    done.settle(scenario)
    used = set(done.tables)
    return Inputs(
        postcodes=done.tables.pop("postcodes"),
        tables=done.tables,
        bank=bank,
        paths=_files_read(_official(found, used), scenario.bank.path, bank),
        faults=tuple(done.faults),
        repairs=tuple(done.repairs),
        accounting=tuple(done.accounting),
        notes=tuple(done.notes),
        sources=tuple(done.sources),
    )


def _find(scenario: Scenario, done: _Pass) -> dict[str, Path]:
    """The official files; where their folder is not there, the bank is still looked at."""
    try:
        found, missing = find_sources(scenario.data.folder, scenario.data.files)
    except DataError as caught:
        if not caught.faults:
            raise
        found, missing = {}, caught.faults
    done.stops += missing
    return found


def _tell_absent(found: Collection[str]) -> list[str]:
    """What the run assumes for each source that it lacks, or has and cannot use."""
    notes = []
    for source_id, source in load_default("sources").items():
        if source["required"]:
            continue
        if source_id not in found:
            notes.append(f"{source['title']}: not given; {source['without']}.")
        elif source_id in _ONLY_WITH_LSOA_LISTS and "lsoa_lists" not in found:
            notes.append(f"{source['title']}: not used, as it says something only with the registrations by LSOA.")
    return notes


def _compare_practices(found: dict[str, Path], done: _Pass) -> None:
    """
    Stop where the practice map and the list sizes are of different practices: one is cut short, or of another year.

    Between one month and the next a practice or two in a thousand opens or closes; that is left to the notes.
    """
    if not {"practice_map", "list_sizes"} <= set(done.tables):
        return
    lists = done.tables["list_sizes"].groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
    mapped = done.tables["practice_map"][PracticeFrame.practice_code]
    unmapped, unlisted = lists[~lists.index.isin(mapped)], mapped[~mapped.isin(lists.index)]
    remedy = "Give the practice map and the list sizes of one month, both whole."
    if unmapped.sum() > MOST_UNLIKE_SHARE * lists.sum():
        problem = f"it leaves out {len(unmapped):,} practices, with {unmapped.sum():,} patients, of the list sizes"
        done.stops.append(Fault(source=found["practice_map"].name, problem=problem, remedy=remedy))
    if len(unlisted) > MOST_UNLIKE_SHARE * len(mapped):
        problem = f"it leaves out {len(unlisted):,} of the {len(mapped):,} practices of the practice map"
        done.stops.append(Fault(source=found["list_sizes"].name, problem=problem, remedy=remedy))


def _attempt_bank(scenario: Scenario, done: _Pass, postcode_file: Path | None) -> Bank | None:
    """The bank, or `None` where it cannot be used, which is then among the stops."""
    context = BankContext(
        pathway_ids=tuple(scenario.pathways),
        organisation_codes=_organisation_codes(done.tables),
        icb_codes=_icb_codes(done.tables),
        locate_postcodes=partial(locate, postcode_file),
        venues=done.tables.get("active_places"),
    )
    try:
        bank = read_apart(scenario.bank.path.name, load_bank, scenario.bank.path, context)
    except DataError as caught:
        done.stops += caught.faults
        done.repairs += caught.repairs
        return None
    if bank.pledges.empty:
        source, sheet = bank.places["pledges"]
        problem, remedy = "every pledge has a fault, so there is nothing to plan with", "Correct the rows named."
        done.stops.append(Fault(source=source, sheet=sheet, problem=problem, remedy=remedy))
    done.faults += bank.faults
    done.repairs += bank.repairs
    done.accounting.append(bank.accounting)
    done.notes += bank.notes
    done.notes += tell_closed_links(bank.links, done.tables, bank.places["links"][0])
    done.sources.append(("Operators' bank of hours", scenario.bank.path.name, ""))
    return bank


def _opportunities(scenario: Scenario, found: Mapping[str, Path]) -> OpportunityContext:
    """What the run asks of others' activities: its day, its pathways, and where postcodes are."""
    venues = {name: pathway.venue_types for name, pathway in scenario.pathways.items()}
    where = partial(locate, found.get("postcodes"))
    return OpportunityContext.of(venues, scenario.opportunities.activities, scenario.period.as_of, where)


def locate(postcode_file: Path | None, postcodes: Iterable[str]) -> pd.DataFrame:
    """`PostcodeFrame` of those that exist."""
    try:
        return load_postcodes(postcode_file, postcodes).frame
    except DataError:  # the file itself is at fault, which is told already
        return load_postcodes(None, postcodes).frame


def _icb_codes(tables: dict[str, pd.DataFrame]) -> frozenset[str]:
    practices = tables.get("practice_map")
    return frozenset() if practices is None else frozenset(practices[PracticeFrame.icb_code])


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


def _official(found: Mapping[str, Path], used: Collection[str]) -> list[Path]:
    """Every file of the sources that were used."""
    files = [path for name, path in found.items() if name in used and name != "travel_times"]
    return files + (list_travel_files(found["travel_times"]) if "travel_times" in used else [])


def _files_read(official: Iterable[Path], bank_path: Path, bank: Bank) -> tuple[Path, ...]:
    """The files behind the tables, folders opened out, in a stable order."""
    files = {file for path in official for file in (_opened(path) if path.is_dir() else (path,))}
    files |= {bank_path / name for name, _ in bank.places.values()} if bank_path.is_dir() else {bank_path}
    return tuple(sorted(file for file in files if file.is_file()))


def _opened(folder: Path) -> list[Path]:
    """The files of a folder that is a source: Active Places' CSVs, or the pages of a feed."""
    return [file for file in folder.iterdir() if file.suffix.lower() in (".csv", ".json")]


def clip_land(outlines: pd.DataFrame | None) -> pd.DataFrame | None:
    """Outlines fit to stand for the land: districts or regions, which end at the coast."""
    if outlines is None or not outlines[OutlineFrame.level].isin(("lad", "region", "icb", "sub_icb")).all():
        return None
    return outlines


def lads_of_practices(practices: pd.DataFrame, postcodes: pd.DataFrame) -> pd.DataFrame:
    """`practice_code`, `lad_code`: the local authority that each practice's postcode lies in, where known."""
    keyed = practices.assign(key=practices[PracticeFrame.postcode].str.replace(r"\s", "", regex=True).str.upper())
    known = postcodes.rename(columns={PostcodeFrame.postcode: "key"})
    joined = keyed.merge(known, on="key", how="left", validate="many_to_one")
    return joined[[PracticeFrame.practice_code, PostcodeFrame.lad_code]]
