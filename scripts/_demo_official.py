"""The demo's official files: the layouts in which they are published, filled with invented figures."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from _demo_places import AUTHORITIES, spaced

ICB_CODE, ICB_ONS = "QX9", "E54999001"
ICB_NAME = "NHS Illustrative Coast and Vale Integrated Care Board"
ICB_SHORT = "NHS Illustrative Coast and Vale ICB"
SUB_ICB_ONS = {"X9A": "E38999001", "X9B": "E38999002"}
REGION_CODE, REGION_ONS, REGION_NAME = "Y99", "E40999001", "Illustrative region"
CLOSED_PRACTICE = "Z99900"
"""In the registers of last year and the deprivation file, but no longer on the practice map."""
PERIODS = ("2023/24", "2024/25")
ZIP_DATE = (2026, 7, 3, 8, 0, 0)

BANDS = [*(f"{age}_{age + 4}" for age in range(0, 95, 5)), "95+"]
BAND_WEIGHTS = (45, 53, 59, 60, 60, 69, 73, 75, 70, 64, 61, 64, 61, 51, 42, 40, 27, 15, 7, 2)
"""Patients a thousand in each five-year band: about England's shape, as a start for each practice."""
WOMEN_SHARES = (*[0.49] * 12, 0.5, 0.51, 0.52, 0.53, 0.55, 0.59, 0.64, 0.72)

# QOF group → prevalence (about England's), list type, pull of age, pull of deprivation.
REGISTERS = {
    "AF": (0.0224, "TOTAL", 1.2, 0.0), "AST": (0.0656, "06OV", 0.0, 0.1), "CAN": (0.0380, "TOTAL", 0.8, -0.1),
    "CHD": (0.0298, "TOTAL", 0.9, 0.3), "CKD": (0.0464, "18OV", 1.0, 0.1), "COPD": (0.0189, "TOTAL", 0.7, 0.7),
    "DEM": (0.0078, "TOTAL", 1.2, 0.1), "DEP": (0.1427, "18OV", -0.1, 0.3), "DM": (0.0789, "17OV", 0.4, 0.4),
    "EP": (0.0080, "18OV", 0.1, 0.3), "HF": (0.0110, "TOTAL", 1.0, 0.3), "HYP": (0.1523, "TOTAL", 0.7, 0.1),
    "LD": (0.0059, "TOTAL", 0.0, 0.4), "MH": (0.0102, "TOTAL", -0.1, 0.5), "NDH": (0.0919, "18OV", 0.4, 0.1),
    "OB": (0.1388, "18OV", 0.1, 0.4), "OST": (0.0120, "50OV", 0.5, 0.0), "PAD": (0.0056, "TOTAL", 0.8, 0.5),
    "PC": (0.0056, "TOTAL", 0.3, 0.2), "RA": (0.0079, "16OV", 0.5, 0.1), "STIA": (0.0189, "TOTAL", 0.9, 0.2),
}  # fmt: skip
# Staff group, staff role, detailed role as the workforce file words them, and how many a PCN has on average.
OTHER_STAFF = (
    ("Other Direct Patient Care staff", "Care Coordinators", "Care Coordinator", 2.0),
    ("Other Direct Patient Care staff", "Health and Wellbeing Coaches", "Health and Wellbeing Coach", 0.8),
    ("Other Direct Patient Care staff", "Pharmacists", "Pharmacist", 2.5),
    ("Other Admin/Non-clinical staff", "Managers", "Manager", 0.6),
)
LINK_WORKER = ("Other Direct Patient Care staff", "Social Prescribing Link Workers", "Social Prescribing Link Worker")
NO_LINK_WORKER, NO_ROW_AT_ALL = 5, 3
"""PCNs that reported other staff only, and PCNs that reported nobody: in both, link workers are not reported."""


def write_official(folder: Path, practices: pd.DataFrame, outlines: gpd.GeoDataFrame, rng: np.random.Generator) -> None:
    """Write every official file of the demo into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    ages = _ages(practices)
    (folder / "gp-reg-pat-prac-map.csv").write_bytes(_csv(_practice_map(practices), "\r\n"))
    quin_age = _csv(_quin_age(practices, ages), "\r\n")
    _write_zip(folder / "gp-reg-pat-prac-quin-age.zip", "gp-reg-pat-prac-quin-age.csv", quin_age)
    (folder / "PREVALENCE_2425.csv").write_bytes(_csv(_registers(practices, ages, rng), "\n"))
    (folder / "fingertips-imd-2025-gp-practice.csv").write_bytes(_csv(_practice_imd(practices), "\n"))
    (folder / "inactive_adults.csv").write_bytes(_csv(_inactive_adults(practices), "\n"))
    member = "1.Primary Care Networks - June 2026 Individual Level.csv"
    workforce = b"\xef\xbb\xbf" + _csv(_workforce(practices, rng), "\r\n")
    _write_zip(folder / "PCNWFIndividualCSV.062026.zip", member, workforce)
    _write_outlines(folder, outlines)


def _csv(frame: pd.DataFrame, line_end: str) -> bytes:
    return frame.to_csv(index=False, lineterminator=line_end).encode()


def _write_zip(path: Path, member: str, content: bytes) -> None:
    """A zip with one member and a fixed date, so that it repeats."""
    info = zipfile.ZipInfo(member, ZIP_DATE)
    info.create_system, info.external_attr = 3, 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content, zipfile.ZIP_DEFLATED, 9)


def _practice_map(practices: pd.DataFrame) -> pd.DataFrame:
    sub_icb = practices["sub_icb"]
    return pd.DataFrame(
        {
            "PUBLICATION": "GP_PRAC_PAT_LIST",
            "EXTRACT_DATE": "01Jul2026",
            "PRACTICE_CODE": practices["practice_code"],
            "PRACTICE_NAME": practices["practice_name"],
            "PRACTICE_POSTCODE": practices["postcode"].map(spaced),
            "PCN_CODE": practices["pcn_code"],
            "PCN_NAME": practices["pcn_name"],
            "ONS_SUB_ICB_LOCATION_CODE": sub_icb.map(SUB_ICB_ONS),
            "SUB_ICB_LOCATION_CODE": sub_icb,
            "SUB_ICB_LOCATION_NAME": f"{ICB_SHORT} - " + sub_icb,
            "ONS_ICB_CODE": ICB_ONS,
            "ICB_CODE": ICB_CODE,
            "ICB_NAME": ICB_NAME,
            "ONS_COMM_REGION_CODE": REGION_ONS,
            "COMM_REGION_CODE": REGION_CODE,
            "COMM_REGION_NAME": REGION_NAME,
            "SUPPLIER_NAME": "Unknown",
        }
    )


def _ages(practices: pd.DataFrame) -> np.ndarray:
    """Patients by practice, sex (women first) and five-year band; whole people that add up to the list."""
    middle = np.arange(2.5, 100, 5)
    older = np.exp(practices["age_tilt"].to_numpy()[:, None] * (middle - 42) / 40)
    bands = np.array(BAND_WEIGHTS) * older
    women = np.array(WOMEN_SHARES)
    cells = np.stack([bands * women, bands * (1 - women)], axis=1)
    people = practices["patients"].to_numpy()
    exact = cells * (people / cells.sum(axis=(1, 2)))[:, None, None]
    # Rounding the running total instead of each cell keeps every list whole.
    running = np.rint(exact.reshape(len(people), -1).cumsum(axis=1)).astype(int)
    running[:, -1] = people
    return np.diff(running, axis=1, prepend=0).reshape(exact.shape)


def _quin_age(practices: pd.DataFrame, ages: np.ndarray) -> pd.DataFrame:
    """Five levels, each of which adds up to the same patients; text order of codes and bands, as published."""
    everyone = pd.Series(REGION_CODE, index=practices.index)
    levels = (
        ("Comm Region", everyone, {REGION_CODE: REGION_ONS}),
        ("ICB", everyone.replace(REGION_CODE, ICB_CODE), {ICB_CODE: ICB_ONS}),
        ("SUB_ICB_LOCATION_CODE", practices["sub_icb"], SUB_ICB_ONS),
        ("PCN", practices["pcn_code"], {}),
        ("GP", practices["practice_code"], {}),
    )
    postcodes = dict(zip(practices["practice_code"], practices["postcode"].map(spaced), strict=True))
    rows = []
    for level, codes, ons in levels:
        for code in sorted(codes.unique()):
            counts = ages[(codes == code).to_numpy()].sum(axis=0)
            rows.append((level, code, ons.get(code, ""), postcodes.get(code, ""), "ALL", "ALL", counts.sum()))
            for sex, by_band in zip(("FEMALE", "MALE"), counts, strict=True):
                pairs = [*sorted(zip(BANDS, by_band, strict=True)), ("ALL", by_band.sum())]
                rows += [(level, code, ons.get(code, ""), postcodes.get(code, ""), sex, *pair) for pair in pairs]
    headings = ["ORG_TYPE", "ORG_CODE", "ONS_CODE", "POSTCODE", "SEX", "AGE_GROUP_5", "NUMBER_OF_PATIENTS"]
    frame = pd.DataFrame(rows, columns=headings)
    frame.insert(0, "PUBLICATION", "GP_PRAC_PAT_LIST")
    frame.insert(1, "EXTRACT_DATE", "2026-07-01")
    return frame


def _registers(practices: pd.DataFrame, ages: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Registers of the year before: one practice on the map has none, one that has closed still does."""
    by_band = ages.sum(axis=1)
    older = by_band[:, 13:].sum(axis=1) / by_band.sum(axis=1) / 0.19
    poorer = (practices["imd_score"].to_numpy() - 23) / 40
    codes = [CLOSED_PRACTICE, *practices["practice_code"].iloc[1:]]
    rows = []
    for place, code in enumerate(codes):
        for group, (prevalence, list_type, age, deprivation) in sorted(REGISTERS.items()):
            youngest = 0 if list_type == "TOTAL" else int(list_type[:2])
            listed = round(_aged_from(by_band[place], youngest) * 0.99)
            pull = older[place] ** age * np.exp(deprivation * poorer[place]) * (0.85 + 0.3 * rng.random())
            rows.append((code, group, float(round(listed * prevalence * pull)), list_type, listed))
    columns = ["PRACTICE_CODE", "GROUP_CODE", "REGISTER", "PATIENT_LIST_TYPE", "PRACTICE_LIST_SIZE"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:2])


def _aged_from(bands: np.ndarray, youngest: int) -> float:
    """Patients of an age and over, taking ages within a five-year band as even."""
    first = youngest // 5
    return bands[first:].sum() - bands[first] * (youngest % 5) / 5


def _practice_imd(practices: pd.DataFrame) -> pd.DataFrame:
    """Scores: the last practice of the map is not there, one that has closed is."""
    return pd.DataFrame(
        {
            "PRACTICE_CODE": [*practices["practice_code"].iloc[:-1], CLOSED_PRACTICE],
            "PRACTICE_NAME": [*practices["practice_name"].iloc[:-1].str.title(), "Example Closed Surgery"],
            "IMD_YEAR": 2025,
            "IMD_SCORE": practices["imd_score"],
        }
    )


def _inactive_adults(practices: pd.DataFrame) -> pd.DataFrame:
    """Invented shares, higher where practices are more deprived; names say that they are not the published ones."""
    score = practices.groupby("lad")["imd_score"].mean().reindex(list(AUTHORITIES)).fillna(18.0)
    rows = [("E92000001", "England (illustrative)", "Country", period, 22.0, "Not compared") for period in PERIODS]
    for lad, (name, area_type, _) in AUTHORITIES.items():
        for period, shift in zip(PERIODS, (0.4, 0.0), strict=True):
            value = round(14.0 + 0.4 * score[lad] + shift, 1)
            compared = "Worse" if value > 24 else "Better" if value < 20 else "Similar"
            rows.append((lad, f"{name} (illustrative)", area_type, period, value, compared))
    headings = ["area_code", "area_name", "area_type", "period", "value", "compared_to_England"]
    frame = pd.DataFrame(rows, columns=headings)
    fixed = {"indicator": "Percentage of physically inactive adults", "measure": "Percentage", "unit": "Persons"}
    for place, (heading, text) in enumerate(fixed.items(), start=4):
        frame.insert(place, heading, text)
    frame["inequality"] = "NA"
    return frame


def _workforce(practices: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row a member of staff, with invented numbers for people; one PCN reports 0.2 of a link worker."""
    pcns = practices[practices["pcn_code"] != "U"].groupby("pcn_code").first()
    order = list(rng.permutation(pcns.index.to_numpy()))
    silent, without = order[:NO_ROW_AT_ALL], order[NO_ROW_AT_ALL : NO_ROW_AT_ALL + NO_LINK_WORKER]
    small = order[NO_ROW_AT_ALL + NO_LINK_WORKER]
    rows = []
    for code in pcns.index.difference(silent):
        staff = [(*role, fte) for *role, mean in OTHER_STAFF for fte in _shifts(mean, rng)]
        workers = [] if code in without else [0.2] if code == small else _shifts(2.4, rng) or [0.8]
        staff += [(*LINK_WORKER, fte) for fte in workers]
        rows += [(code, *person) for person in staff]
    rows = [rows[place] for place in rng.permutation(len(rows))]
    frame = pd.DataFrame(rows, columns=["PCN_CODE", "STAFF_GROUP", "STAFF_ROLE", "DETAILED_STAFF_ROLE", "FTE"])
    sub_icb = frame["PCN_CODE"].map(pcns["sub_icb"])
    number = pd.Series([str(900_001 + place) for place in range(len(frame))])
    contracted = pd.Series(rng.random(len(frame)) < 0.15)
    return pd.DataFrame(
        {
            "Data_source": contracted.map({True: "NWRS contracted services", False: "NWRS Staff"}),
            "CENSUS_YEAR": 2026,
            "CENSUS_MONTH": 6,
            "PCN_CODE": frame["PCN_CODE"],
            "PCN_NAME": frame["PCN_CODE"].map(pcns["pcn_name"]),
            "SUB_ICB_CODE": sub_icb,
            "SUB_ICB_NAME": f"{ICB_SHORT} - " + sub_icb,
            "ICB_CODE": ICB_CODE,
            "ICB_NAME": ICB_SHORT,
            "COMM_REGION_CODE": REGION_CODE,
            "COMM_REGION_NAME": REGION_NAME,
            "STAFF_GROUP": frame["STAFF_GROUP"],
            "STAFF_ROLE": frame["STAFF_ROLE"],
            "DETAILED_STAFF_ROLE": frame["DETAILED_STAFF_ROLE"],
            "FTE": [f"{fte:.9g}" for fte in frame["FTE"]],
            "UNIQUE_IDENTIFIER": number.mask(contracted, ""),
        }
    )


def _shifts(mean: float, rng: np.random.Generator) -> list[float]:
    """Some members of staff, about `mean` in number, by their full-time equivalent."""
    count = int(mean + rng.random() * 2 - 0.5)
    return [(1, 1, 1, 0.8, 0.6, 0.5, 0.986666667)[rng.integers(7)] for _ in range(count)]


def _write_outlines(folder: Path, outlines: gpd.GeoDataFrame) -> None:
    """Sub-ICBs and local authorities, both in metres and approximate; one GeoJSON each."""
    subs = outlines.dissolve("sub_icb")
    sub_rows = [
        ({"SICBL26CD": SUB_ICB_ONS[code], "SICBL26NM": f"{ICB_SHORT} - {code}"}, geometry)
        for code, geometry in subs.geometry.items()
    ]
    lad_rows = [
        ({"LAD26CD": lad, "LAD26NM": f"{AUTHORITIES[lad][0]} (approximate)"}, geometry)
        for lad, geometry in zip(outlines["lad"], outlines.geometry, strict=True)
    ]
    for name, rows in (("SICBL_2026_ILLUSTRATIVE", sub_rows), ("LAD_2026_APPROXIMATE", lad_rows)):
        features = [
            {"type": "Feature", "properties": facts, "geometry": _in_metres(geometry.normalize().__geo_interface__)}
            for facts, geometry in rows
        ]
        crs = {"type": "name", "properties": {"name": "EPSG:27700"}}
        text = json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}, separators=(",", ":"))
        (folder / f"{name}.geojson").write_bytes(text.encode() + b"\n")


def _in_metres(geometry: dict) -> dict:
    """The coordinates as whole metres."""

    def whole(part):
        return int(part) if isinstance(part, float) else [whole(inner) for inner in part]

    return {"type": geometry["type"], "coordinates": whole(geometry["coordinates"])}
