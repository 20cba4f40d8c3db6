"""From a file of registrations by LSOA to footprints and access by LSOA, on the official files of one ICB.

The real file of practice × LSOA is not among the others. One is written here in its layout: all practices of the ICB,
their real list sizes, and the real LSOAs within 5 km of each, the near ones with more of its patients.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bank_tables import write_folder
from scipy.spatial import cKDTree

from geomap.access import PER_PATIENTS
from geomap.config import Scenario
from geomap.load.boundaries import load_lsoa_points
from geomap.load.postcodes import load_postcodes
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.pipeline import load_inputs, plan_run
from geomap.pipeline._release import publish_tables
from geomap.pipeline._tables import build_tables
from geomap.schema import (
    AccessResultFrame,
    FootprintResultFrame,
    ListSizeFrame,
    LsoaPointFrame,
    PcnResultFrame,
    PostcodeFrame,
    PracticeFrame,
    ResultTables,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]

ICB = "QWO"
WITHIN_M = 5_000
FAR_OFF = "E01000001"
"""An LSOA of the City of London, where four patients of one practice live."""
A, F = AccessResultFrame, FootprintResultFrame
SCENARIO = f"""
name = "Homes by LSOA"
[area]
icb_codes = ["{ICB}"]
[period]
start = 2026-04-01
end = 2027-03-31
as_of = 2026-07-01
[match]
require_roles = false
levels = "completions"
[data.files]
"""


def place_practices(real_data: Path) -> pd.DataFrame:
    """The practices of the ICB's PCNs with their list sizes and the metres of their postcodes."""
    folder = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(folder / "gp-reg-pat-prac-map.zip").frame
    mine = practices[practices[PracticeFrame.icb_code].eq(ICB) & practices[PracticeFrame.pcn_code].notna()]
    sizes = load_list_sizes(folder / "gp-reg-pat-prac-quin-age.zip").frame
    sizes = sizes.groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
    spots = load_postcodes(None, mine[PracticeFrame.postcode]).frame.set_index(PostcodeFrame.postcode)
    key = mine[PracticeFrame.postcode].str.replace(" ", "")
    spots = spots.reindex(key)[[PostcodeFrame.easting, PostcodeFrame.northing]].set_axis(mine.index)
    placed = mine.join(spots).assign(patients=mine[PracticeFrame.practice_code].map(sizes))
    return placed.dropna(subset=[PostcodeFrame.easting, "patients"])


def write_registrations(path: Path, placed: pd.DataFrame, lsoas: pd.DataFrame) -> pd.DataFrame:
    """The file of practice × LSOA, both sexes apart, and what is in it; 3 patients of each practice live in Wales."""
    homes = lsoas[[LsoaPointFrame.easting, LsoaPointFrame.northing]].to_numpy()
    tree, codes, rows = cKDTree(homes), lsoas[LsoaPointFrame.lsoa_code].to_numpy(), []
    for one in placed.itertuples():
        near = np.array(tree.query_ball_point((one.easting, one.northing), WITHIN_M))
        pull = np.exp(-np.hypot(*(homes[near] - (one.easting, one.northing)).T) / 1_500)
        people = np.floor((one.patients - 3) * pull / pull.sum()).astype(int)
        people[pull.argmax()] += int(one.patients) - 3 - people.sum()
        rows += [(one.practice_code, code, count) for code, count in zip(codes[near], people, strict=True) if count]
        rows.append((one.practice_code, "W01000001", 3))
    rows.append((rows[0][0], FAR_OFF, 4))
    table = pd.DataFrame(rows, columns=["PRACTICE_CODE", "LSOA_CODE", "ALL"])
    women = table["ALL"] // 2
    sexes = pd.concat(
        [table.assign(SEX="FEMALE", patients=women), table.assign(SEX="MALE", patients=table["ALL"] - women)]
    )
    told = pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST", "EXTRACT_DATE": "01JUL2026", "PRACTICE_CODE": sexes["PRACTICE_CODE"],
            "PRACTICE_NAME": "A PRACTICE", "LSOA_CODE": sexes["LSOA_CODE"], "SEX": sexes["SEX"],
            "NUMBER_OF_PATIENTS": sexes["patients"],
        }
    )  # fmt: skip
    told[told["NUMBER_OF_PATIENTS"] > 0].to_csv(path, index=False)
    return table


def write_bank(folder: Path, placed: pd.DataFrame) -> Path:
    """Ten halls beside every thirtieth practice, with hours on site, and one pledge for all of the ICB online."""
    where = placed.iloc[::30].head(10)
    facilities = [
        [f"F{n}", "OP1", f"Hall {n}", "hall", "", str(int(row.easting)), str(int(row.northing))]
        for n, row in enumerate(where.itertuples())
    ]
    dates = ["2026-04-01", "2027-03-31"]
    pledges = [
        [f"P{n}", f"F{n}", "", "falls_prevention;gentle_activity", "3000", "participant", *dates, "on_site"]
        for n in range(len(where))
    ]
    pledges.append(["PD", "", "OP1", "mental_wellbeing", "900", "participant", *dates, "digital"])
    heads = ["pledge_id", "facility_id", "operator_id", "pathways", "hours", "hour_unit"]
    heads += ["start_date", "end_date", "delivery"]
    kinds = ["facility_id", "operator_id", "facility_name", "venue_type", "postcode", "easting", "northing"]
    return write_folder(
        folder,
        {
            "operators": [["operator_id", "operator_name", "operator_kind"], ["OP1", "Trust", "leisure_trust"]],
            "facilities": [kinds, *facilities],
            "pledges": [heads, *pledges],
            "links": [["operator_id", "facility_id", "organisation_code", "link_status"]],
        },
    )


@pytest.fixture(scope="module")
def whole(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultTables, ResultTables, pd.DataFrame]:
    """The tables of a run, exact and as published, and what is in the file of homes."""
    folder = tmp_path_factory.mktemp("homes")
    placed = place_practices(real_data)
    lsoa_file = real_data / "ons_boundaries" / "LSOA21_EN_representative_points.csv"
    homes = write_registrations(folder / "gp-reg-pat-prac-lsoa-all.csv", placed, load_lsoa_points(lsoa_file).frame)
    bank = write_bank(folder / "bank", placed)
    path = folder / "homes.toml"
    file = (folder / "gp-reg-pat-prac-lsoa-all.csv").as_posix()
    path.write_text(f'{SCENARIO}lsoa_lists = "{file}"\n', encoding="utf-8")
    scenario = Scenario.from_toml(path, data=real_data, bank=bank)
    inputs = load_inputs(scenario)
    finished = plan_run(inputs, scenario)
    return build_tables(*finished), publish_tables(*finished), homes


def test_access_adds_up_at_every_level_and_lsoas_are_those_of_the_file(whole) -> None:
    exact, _, homes = whole
    told = exact.access
    assert told.groupby(A.level)[A.method].nunique().to_dict() == {"imd_fifth": 4, "lsoa": 4, "pcn": 4}
    lsoas = told[told[A.level].eq("lsoa") & told[A.method].eq("e2sfca")].set_index(A.area_code)
    in_england = homes[homes["LSOA_CODE"].str.startswith("E")]
    assert set(lsoas.index) == set(in_england["LSOA_CODE"])
    # A practice's list is shared out as those of its patients are whose homes are in England.
    assert lsoas[A.patients].sum() == homes["ALL"].sum() - 4
    assert (lsoas[A.hours_in_reach] > 0).all(), "what is online reaches everybody"
    sums = (told[A.hours_in_reach] * told[A.patients]).groupby([told[A.level], told[A.method]]).sum() / PER_PATIENTS
    for level in ("pcn", "lsoa", "imd_fifth"):
        shared = [sums[level, method] for method in ("2sfca", "e2sfca", "3sfca")]
        # Few live in no LSOA of England: at their practice they have a part of the hours.
        assert shared == pytest.approx([exact.facts.eligible_hours] * 3, rel=0.002 if level != "pcn" else 1e-9)
    mine = told[told[A.level].eq("pcn") & told[A.method].eq("e2sfca")]
    assert mine[A.hours_in_reach].to_list() == pytest.approx(exact.pcns[PcnResultFrame.hours_in_reach].to_list())
    fifths = told[told[A.level].eq("imd_fifth") & told[A.method].eq("2sfca")]
    assert fifths[A.patients].min() > 50_000


def test_footprints_say_who_lives_inside(whole) -> None:
    exact, shown, _ = whole
    told = exact.footprints
    assert told[F.pcn_code].tolist() == exact.pcns[PcnResultFrame.pcn_code].tolist()
    assert told[F.basis].eq("practice_lsoa").all()
    # PCNs of one town share their streets: what is drawn is where each has more patients than any other.
    assert told[F.inside_share].between(0, 1).all() and 0.3 < told[F.inside_share].mean() < 0.8
    # A PCN that leads nowhere is drawn beside a point, and may have nobody inside.
    assert told[F.others_share].dropna().between(0, 1).all() and 0.2 < told[F.others_share].mean() < 0.8
    assert told[F.others_pcns].between(0, 30).all() and told[F.others_pcns].median() >= 3
    assert (told[F.area_km2] > 0.1).all()
    assert np.allclose(told[F.inside_share] * 100, (told[F.inside_share] * 100).round())
    note = next(note for note in exact.facts.notes if note.startswith("The areas drawn"))
    assert "live inside their own PCN's" in note
    pd.testing.assert_frame_equal(told, shown.footprints)


def test_what_is_published_rounds_people_and_hides_few(whole) -> None:
    exact, shown, _ = whole
    people = shown.access[A.patients]
    small = exact.access[A.patients].between(1, 7)
    assert small.any() and people[small].isna().all() and people[~small].notna().all()
    assert (people.dropna() % 5 == 0).all()
    assert shown.access[A.hours_in_reach].equals(exact.access[A.hours_in_reach])
    assert not shown.access[A.hours_left_in_reach].equals(exact.access[A.hours_left_in_reach])
    left = shown.ledger["unmatched_hours"].sum()
    mine = shown.access[shown.access[A.level].eq("pcn") & shown.access[A.method].eq("3sfca")]
    sizes = exact.access.loc[mine.index, A.patients]
    assert (mine[A.hours_left_in_reach] * sizes).sum() / PER_PATIENTS == pytest.approx(left, rel=1e-9)
