"""Make the demo: one invented ICB on real postcodes, in the official file layouts, with a bank of donated hours.

    python scripts/make_demo.py [--out data/demo] [--seed 1]

All but the postcodes and the local authorities' codes and names is invented. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from _demo_bank import make_bank
from _demo_beside import write_feeds
from _demo_named import write_addresses, write_leisure_sites
from _demo_official import write_official
from _demo_places import make_outlines, make_practices, read_postcodes

SCENARIO = """\
# The demo: an invented integrated care board on real postcodes. Copy this file to start a scenario of your own.
name = "Demo: one invented ICB"  # the title of the map and of the tables
label = "Illustrative"           # shown wherever results show; leave it out when the data are real

[data]
folder = "official"              # the folder of official files, from where this file lies; all are invented here

[bank]
path = "bank"                    # the operators' hours: a workbook, or a folder with the four CSVs
bad_rows = "reject"              # a row with a fault is left out and reported; "stop" ends the run instead

[period]
start = 2026-04-01               # first day of the plan
end = 2027-03-31                 # last day of the plan, itself included
as_of = 2026-07-01               # the day at which practices and PCNs are taken

[sites]
count = 4                        # test-and-learn sites, for 'geomap sites'

[[sites.quota]]                  # two of the four in the most deprived fifth
by = "deprivation_fifth"
value = "1"
at_least = 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row put into the bank with one thing wrong: the file, the row's id, the column at fault and what it says."""

    file: str
    row_id: str
    column: str
    value: str
    also: dict[str, str] = field(default_factory=dict)


SOUND_PLEDGE = {
    "facility_id": "F001",
    "pathways": "exercise_referral",
    "hours": "48",
    "hour_unit": "participant",
    "start_date": "2026-04-01",
    "end_date": "2027-03-31",
    "delivery": "on_site",
    "times": "weekday_day",
    "roles": "exercise_referral_instructor",
    "updated": "2026-06-30",
}
SOUND_FACILITY = {"operator_id": "OP01", "facility_name": "Example Nowhere Gym", "venue_type": "gym"}

BAD_ROWS = (
    BadRow(file="facilities", row_id="F151", column="postcode", value="PR99 9ZZ"),
    BadRow(file="pledges", row_id="P0401", column="hour_unit", value=""),
    BadRow(file="pledges", row_id="P0402", column="pathways", value="underwater_hockey"),
    BadRow(file="pledges", row_id="P0403", column="facility_id", value="F999"),
    BadRow(file="pledges", row_id="P0404", column="hours", value="-40"),
    BadRow(file="pledges", row_id="P0405", column="pledge_id", value="P0405"),
    BadRow(file="pledges", row_id="P0405", column="pledge_id", value="P0405", also={"hours": "24"}),
    BadRow(file="pledges", row_id="P0406", column="end_date", value="2026-05-31", also={"start_date": "2026-09-01"}),
    BadRow(file="pledges", row_id="P0407", column="hours", value="about 40"),
)
"""Every faulty row of the demo, in file order; a run must report all of them and use none."""


def add_bad_rows(bank: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The bank with `BAD_ROWS` at the end of their files."""
    sound = {"pledges": ("pledge_id", SOUND_PLEDGE), "facilities": ("facility_id", SOUND_FACILITY)}
    tables = dict(bank)
    for bad in BAD_ROWS:
        key, rest = sound[bad.file]
        row = pd.DataFrame([{**rest, key: bad.row_id, **bad.also, bad.column: bad.value}])
        tables[bad.file] = pd.concat([tables[bad.file].astype(object), row], ignore_index=True).fillna("")
    return tables


def write_demo(out: Path, seed: int = 1) -> None:
    """Write the whole demo into `out`: `demo.toml`, `official/` and `bank/`."""
    postcodes = read_postcodes()
    # A stream each, so that a change to one part of the demo leaves the others as they are.
    streams = (np.random.default_rng([seed, part]) for part in range(5))
    for_places, for_official, for_bank, for_sites, for_feeds = streams
    practices = make_practices(postcodes, for_places)
    write_official(out / "official", practices, make_outlines(postcodes), for_official)
    folder = out / "bank"
    folder.mkdir(parents=True, exist_ok=True)
    bank = make_bank(postcodes, practices, for_bank)
    write_addresses(out / "official" / "epraccur.csv", practices)
    write_leisure_sites(out / "official" / "activeplacescsvs.zip", postcodes, bank["facilities"], for_sites)
    write_feeds(out / "official", postcodes, for_feeds)
    for name, table in add_bad_rows(bank).items():
        (folder / f"{name}.csv").write_bytes(table.to_csv(index=False, lineterminator="\n").encode())
    (out / "demo.toml").write_bytes(SCENARIO.encode())


def main() -> None:
    """Read the command line and write the demo."""
    parser = argparse.ArgumentParser(description="Make the illustrative demo of geomap.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "data" / "demo")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write_demo(given.out, given.seed)
    size = sum(path.stat().st_size for path in given.out.rglob("*") if path.is_file())
    print(f"{given.out}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
