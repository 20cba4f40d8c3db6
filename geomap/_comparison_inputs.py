"""Which rows of the inputs differ between two finished runs, as far as their results tell."""

from __future__ import annotations

import pandas as pd

from .schema import AccountingFrame, LedgerFrame, LinkFrame
from .schema.comparison import INPUT_TABLES, FacilityRowFrame, FinishedRun, InputChangeFrame, PcnRowFrame
from .schema.words import LIST_SEPARATOR

REPORTED = "reported"
"""The basis of link workers that a PCN reported itself; others follow from a setting."""

_PLEDGE = [LedgerFrame.operator_id, LedgerFrame.facility_id, LedgerFrame.hours, LedgerFrame.hour_unit]
_PLEDGE_FOLLOWS = [LedgerFrame.pledged_hours, LedgerFrame.eligible_hours]
_FACILITY = [
    FacilityRowFrame.facility_name, FacilityRowFrame.operator_id, FacilityRowFrame.operator_name,
    FacilityRowFrame.operator_kind, FacilityRowFrame.venue_type, FacilityRowFrame.easting_m,
    FacilityRowFrame.northing_m,
]  # fmt: skip
_FACILITY_FOLLOWS = [FacilityRowFrame.pathways]
_LINK = [LinkFrame.link_status, LinkFrame.since, LinkFrame.note]
_PCN = [
    PcnRowFrame.pcn_name, PcnRowFrame.icb_codes, PcnRowFrame.region_code, PcnRowFrame.practices, PcnRowFrame.patients,
    PcnRowFrame.imd_score, PcnRowFrame.inactive_share, PcnRowFrame.long_term_ratio, PcnRowFrame.aged_65_share,
    PcnRowFrame.core20_share, PcnRowFrame.link_worker_fte,
]  # fmt: skip
_REJECTED = [AccountingFrame.column, AccountingFrame.value, AccountingFrame.reason]


def compare_rows(before: FinishedRun, after: FinishedRun, *, whole_rows: bool, same_rules: bool) -> pd.DataFrame:
    """
    Cells of the inputs that differ.

    Parameters
    ----------
    before, after
        The runs.
    whole_rows
        Tell of rows in one run only; not where the runs are of different areas, and had to leave out different rows.
    same_rules
        Both runs had the same period and pathways, so that a pledge which gives other hours or pathways was itself
        written otherwise, in columns that results do not show.

    Returns
    -------
    changes
        `InputChangeFrame`, in the order of `INPUT_TABLES`, by key.
    """
    first, second = _tables(before, after, same_rules), _tables(after, before, same_rules)
    parts = [_differing(table, first[table], second[table]) for table in INPUT_TABLES]
    f = InputChangeFrame
    frame = pd.concat(parts, ignore_index=True).astype("str")[list(f.to_schema().columns)]
    changed, rejected = frame[f.change].eq("changed"), frame[f.table].eq("rejected_rows")
    # A reason may name other rows by their numbers, which say nothing once a row was put in above.
    renumbered = changed & rejected & frame[f.column].eq(AccountingFrame.reason)
    # A rejected row is told of in the account of the files, whatever the area.
    kept = ~renumbered & (changed | rejected | whole_rows)
    return frame[kept].reset_index(drop=True)


def _tables(run: FinishedRun, other: FinishedRun, same_rules: bool) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    """
    By table: its cells as text, by key and in the columns to compare, and the name of each row.

    Results tell of a facility only while it holds a pledge, and of a link only while its operator or facility does:
    where the pledges are gone they say so, and nothing is known of the rest.
    """
    pledges, facilities, links, pcns = run.ledger, run.facilities, run.links, run.pcns
    place, operator = FacilityRowFrame.facility_id, LedgerFrame.operator_id
    facilities = facilities[facilities[place].isin(other.facilities[place])]
    operators = set(pledges[operator]) & set(other.ledger[operator])
    links = links[links[LinkFrame.operator_id].isin(operators) | links[LinkFrame.facility_id].isin(facilities[place])]
    rejected = run.accounting[run.accounting[AccountingFrame.status].eq("rejected")]
    # Where no FTE was reported, the figure is the scenario's and not the PCN's.
    fte = pcns[PcnRowFrame.link_worker_fte].where(pcns[PcnRowFrame.fte_basis].eq(REPORTED))
    pcns = pcns.assign(**{PcnRowFrame.link_worker_fte: fte})
    follows = (_PLEDGE_FOLLOWS, _FACILITY_FOLLOWS) if same_rules else ([], [])
    unnamed = pd.Series(pd.NA, index=pledges.index, dtype="str")
    return {
        "pledges": _keyed(pledges[LedgerFrame.pledge_id], pledges[_PLEDGE + follows[0]], unnamed),
        "facilities": _keyed(
            facilities[FacilityRowFrame.facility_id],
            facilities[_FACILITY + follows[1]],
            facilities[FacilityRowFrame.facility_name],
        ),
        "links": _keyed(_link_keys(links), links[_LINK], unnamed.reindex(links.index)),
        "pcns": _keyed(pcns[PcnRowFrame.pcn_code], pcns[_PCN], pcns[PcnRowFrame.pcn_name]),
        "rejected_rows": _keyed(_row_keys(rejected), rejected[_REJECTED], unnamed.reindex(rejected.index)),
    }


def _link_keys(links: pd.DataFrame) -> pd.Series:
    """Operator or facility, and the NHS organisation."""
    ends = links[LinkFrame.operator_id].fillna("") + " " + links[LinkFrame.facility_id].fillna("")
    return ends.str.strip() + f"{LIST_SEPARATOR} " + links[LinkFrame.organisation_code]


def _row_keys(rejected: pd.DataFrame) -> pd.Series:
    """File, sheet, and the row's own id: its number says nothing once a row was put in above. Else its number."""
    a = AccountingFrame
    number = "row " + rejected[a.row].astype("str")
    row = rejected[a.row_id].where(rejected[a.row_id].ne(""), number)
    sheet = rejected[a.sheet].where(rejected[a.sheet].eq(""), ", " + rejected[a.sheet])
    return rejected[a.source] + sheet + f"{LIST_SEPARATOR} " + row


def _keyed(keys: pd.Series, cells: pd.DataFrame, names: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Cells and names by key; rows of one key are numbered in the order in which they stand."""
    times = keys.groupby(keys).cumcount()
    index = pd.Index(keys.where(times.eq(0), keys + " (" + (times + 1).astype("str") + ")").astype("str"))
    text = cells.apply(lambda column: column.map(_text, na_action="ignore")).astype("str")
    return text.set_axis(index), names.set_axis(index)


def _text(value: object) -> str:
    """A cell as a planner writes it."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _differing(
    table: str, before: tuple[pd.DataFrame, pd.Series], after: tuple[pd.DataFrame, pd.Series]
) -> pd.DataFrame:
    """The cells of one table that differ; what is empty in both does not."""
    f = InputChangeFrame
    (first, first_names), (second, second_names) = before, after
    columns, keys = list(first.columns), first.index.union(second.index)
    old, new = (frame.reindex(keys).fillna("") for frame in (first, second))
    row, column = (old != new).to_numpy().nonzero()
    key = keys[row]
    change = pd.Series("changed", index=range(len(key)), dtype="str")
    change[~key.isin(first.index)] = "added"
    change[~key.isin(second.index)] = "removed"
    old_cells, new_cells = (pd.Series(frame.to_numpy()[row, column], dtype="str") for frame in (old, new))
    return pd.DataFrame(
        {
            f.table: pd.Series(table, index=change.index, dtype="str"),
            f.key: pd.Series(key, dtype="str"),
            f.name: second_names.reindex(key).fillna(first_names.reindex(key)).reset_index(drop=True),
            f.change: change,
            f.column: pd.Series([columns[number] for number in column], dtype="str"),
            f.before: old_cells.where(old_cells != ""),
            f.after: new_cells.where(new_cells != ""),
        }
    )
