"""What each table and column of a comparison is called and means, and the words for its codes."""

from __future__ import annotations

from ..phrases import PARTICIPANT_HOUR
from ..schema import DifferenceFrame
from ..schema.comparison import (
    FileChangeFrame,
    InputChangeFrame,
    SettingChangeFrame,
    ShiftFrame,
    SiteShiftFrame,
    TotalFrame,
)

FIGURE_NAMES = {
    "pledged_hours": "Hours pledged",
    "eligible_hours": "Hours eligible",
    "matched_hours": "Hours matched",
    "people": "People served",
    "completions": "Expected to complete",
    "demand_places": "People who could start",
    "pcns": "PCNs",
    "pcns_served": "PCNs served",
    "operators": "Operators with a pledge",
    "pledges": "Pledges",
    "link_worker_fte": "Link workers reported",
    "sites": "Sites chosen",
    "site_hours": "Hours at the sites",
    "site_people": "People served at the sites",
    "site_completions": "Expected to complete at the sites",
    "site_cost": "Cost to set up the sites",
}
KIND_NAMES = {"pcn": "PCN", "icb": "ICB", "operator": "operator", "pathway": "pathway"}
FOUND_WORDS = {"both": "both", "before": "only before", "after": "only after"}
CHANGE_WORDS = {"changed": "changed", "added": "new", "removed": "gone"}
TABLE_NAMES = {
    "pledges": ("pledge", "pledges"),
    "facilities": ("facility", "facilities"),
    "links": ("link with the NHS", "links with the NHS"),
    "pcns": ("PCN", "PCNs"),
    "rejected_rows": ("rejected row", "rejected rows"),
}
"""Table of inputs → one of its rows, and several."""

CODES = {
    "totals": {TotalFrame.figure: FIGURE_NAMES},
    "winners_and_losers": {ShiftFrame.kind: KIND_NAMES, ShiftFrame.found_in: FOUND_WORDS},
    "sites": {SiteShiftFrame.found_in: FOUND_WORDS},
    "input_rows": {
        InputChangeFrame.table: {code: several for code, (_, several) in TABLE_NAMES.items()},
        InputChangeFrame.change: CHANGE_WORDS,
    },
    "input_files": {FileChangeFrame.change: CHANGE_WORDS},
}
"""Table → column of codes → what they say: told in words in the workbook; the CSV files keep the codes."""

SHEETS = {
    "totals": ("Totals", "The two runs as a whole."),
    "winners_and_losers": ("Winners and losers", "Of each PCN, ICB, operator and pathway, what the plan gives it."),
    "sites": ("Sites", "Test-and-learn sites of the first portfolio of each run."),
    "settings": ("Settings", "Settings of the scenario that differ, and packages of another version."),
    "input_files": ("Input files", "Files that differ, by their sha256, or that one run did not read."),
    "input_rows": ("Input rows", "Cells of the inputs that differ, as far as results show them."),
    "plan": ("Plan", "Rows of the plan that differ."),
}
"""Table → name of its sheet, and what it holds."""

_FOUND = ("Found in", "Both runs, only the one before or only the one after.")
_HOURS = f"Participant-hours that the plan gives; one is {PARTICIPANT_HOUR}."
_PLACES = "Course places in the plan: people who start the course."
_COMPLETIONS = "People expected to complete."
_LESS = "After less before."

COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "totals": {
        TotalFrame.figure: ("Figure", "What is told; people and hours at the sites are part of those above them."),
        TotalFrame.unit: ("Unit", "What the figures are in."),
        TotalFrame.before: ("Before", "In the folder named first."),
        TotalFrame.after: ("After", "In the folder named second."),
        TotalFrame.change: ("Change", _LESS),
    },
    "winners_and_losers": {
        ShiftFrame.kind: ("Kind", "PCN, ICB, operator or pathway: over each the changes add up to that of the plan."),
        ShiftFrame.id: ("Code", "ODS code of the PCN or ICB, or the operator's or pathway's id."),
        ShiftFrame.name: ("Name", "As it was after, or before where it is gone."),
        ShiftFrame.found_in: _FOUND,
        ShiftFrame.before_hours: ("Before (participant-hours)", _HOURS),
        ShiftFrame.after_hours: ("After (participant-hours)", _HOURS),
        ShiftFrame.change_hours: ("Change (participant-hours)", _LESS),
        ShiftFrame.before_places: ("Before (places)", _PLACES),
        ShiftFrame.after_places: ("After (places)", _PLACES),
        ShiftFrame.change_places: ("Change (places)", _LESS),
        ShiftFrame.before_completions: ("Before (completions)", _COMPLETIONS),
        ShiftFrame.after_completions: ("After (completions)", _COMPLETIONS),
        ShiftFrame.change_completions: ("Change (completions)", _LESS),
    },
    "sites": {
        SiteShiftFrame.site_id: ("Site", "Code of the PCN or ICB, or the name of the group of PCNs."),
        SiteShiftFrame.site_name: ("Name", "Of the site."),
        SiteShiftFrame.found_in: ("Chosen in", "Both runs, only the one before or only the one after."),
        SiteShiftFrame.before_rank: ("Before (rank)", "1 is the site with the most need-weighted completions."),
        SiteShiftFrame.after_rank: ("After (rank)", "Empty where the run did not choose the site."),
        SiteShiftFrame.before_hours: ("Before (participant-hours)", "Matched where the chosen sites alone are served."),
        SiteShiftFrame.after_hours: ("After (participant-hours)", "Matched where the chosen sites alone are served."),
        SiteShiftFrame.before_places: ("Before (places)", _PLACES),
        SiteShiftFrame.after_places: ("After (places)", _PLACES),
        SiteShiftFrame.before_completions: ("Before (completions)", _COMPLETIONS),
        SiteShiftFrame.after_completions: ("After (completions)", _COMPLETIONS),
    },
    "settings": {
        SettingChangeFrame.setting: ("Setting", "Table and name in the scenario; versions are those of the packages."),
        SettingChangeFrame.before: ("Before", "Empty where it is not set."),
        SettingChangeFrame.after: ("After", "Empty where it is not set."),
    },
    "input_files": {
        FileChangeFrame.file: ("File", "Its name."),
        FileChangeFrame.change: ("What became of it", "Changed, new after, or gone."),
        FileChangeFrame.before_sha256: ("Before (sha256)", "Files with the same one are the same."),
        FileChangeFrame.after_sha256: ("After (sha256)", "Files with the same one are the same."),
    },
    "input_rows": {
        InputChangeFrame.table: ("Input", "Pledges, facilities, links, PCNs, or rows that could not be used."),
        InputChangeFrame.key: ("Row", "Its id; of a link its two ends; of a rejected row its file and id."),
        InputChangeFrame.name: ("Name", "Of a facility or PCN."),
        InputChangeFrame.change: ("What became of it", "Changed, new after, or gone."),
        InputChangeFrame.column: ("Column", "As it is called in the results of a run."),
        InputChangeFrame.before: ("Before", "Empty where the cell is empty, or the row is not there."),
        InputChangeFrame.after: ("After", "Empty where the cell is empty, or the row is not there."),
    },
    "plan": {
        DifferenceFrame.pledge_id: ("Pledge", "The pledge's id in the bank of hours."),
        DifferenceFrame.pathway_id: ("Pathway", "The kind of course, by its id in the catalogue of pathways."),
        DifferenceFrame.pcn_code: ("PCN", "The Primary Care Network's ODS code."),
        DifferenceFrame.places_before: ("Before (places)", _PLACES),
        DifferenceFrame.places_after: ("After (places)", _PLACES),
    },
}
"""Table → column → its heading in the workbook, and what it means."""
