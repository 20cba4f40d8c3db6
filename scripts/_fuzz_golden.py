"""The golden files: small, sound, made from the demo by this repository, and the same bytes every time."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OGR_CURRENT_DATE", "2026-01-01T00:00:00.000Z")  # before GDAL is loaded: the same GeoPackage

import geopandas as gpd
from _fuzz_forms import pack, read_grid, unpack, write_book, write_grid, write_ods

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"
ROWS = 30
"""Rows kept of each table; a sheet of thousands breaks in no other way, only more slowly."""
LSOA_IMD = (
    "LSOA code (2021)", "LSOA name (2021)", "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
)  # fmt: skip
RECORD = ("26A", "A sub-ICB", "20240401", "", "1", "A Road", "", "A Town", "", "NR18 0AF")
RECORD_HEADINGS = (
    "PCN Code", "PCN Name", "Current Sub ICB Loc Code", "Sub ICB Location", "Open Date", "Close Date",
    "Address Line 1", "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode",
)  # fmt: skip
MEMBER_HEADINGS = (
    "Partner\nOrganisation\nCode", "Partner\nName", "Practice\nParent\nSub ICB Loc Code",
    "Practice\nParent\nSub ICB Loc Name", "PCN Code", "PCN Name", "PCN Parent\nSub ICB Loc Code",
    "PCN Parent\nSub ICB Loc Name", "Practice to PCN\nRelationship\nStart Date",
    "Practice to PCN\nRelationship\nEnd Date", "Practice Sub ICB Loc and PCN Sub ICB Loc Match ",
)  # fmt: skip
CODE_POINT_ROWS = (
    ("LS14AP", "10", "429967", "434004"), ("LS14AQ", "10", "429000", "434000"), ("LS14AR", "90", "0", "0"),
)  # fmt: skip
LISTS_HEADING = (
    "PUBLICATION", "EXTRACT_DATE", "PRACTICE_CODE", "PRACTICE_NAME", "LSOA_CODE", "SEX", "NUMBER_OF_PATIENTS",
)  # fmt: skip
WANTED = ("LS1 4AP", "LS1 4AQ", "LS1 4AR", "M1 1AA")
KEPT_RESULTS = (".csv", ".json", ".gpkg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """One sound input: its files by name, the loader it is for, and how many mutants of a thousand it gets."""

    name: str
    files: dict[str, bytes]
    loader: str
    broken: tuple[str, ...] = ()
    """The files that are broken; without it, any."""
    weight: int = 10
    headless: bool = False
    """Its first row is data."""


def _cut(path: Path, rows: int = ROWS) -> list[list[str]]:
    return read_grid(path.read_bytes())[: rows + 1]


def _csv(path: Path, rows: int = ROWS) -> bytes:
    return write_grid(_cut(path, rows))


def _cut_zip(path: Path, rows: int = ROWS) -> bytes:
    return pack({name: write_grid(read_grid(data)[: rows + 1]) for name, data in unpack(path.read_bytes()).items()})


def _two_practices(grid: list[list[str]]) -> list[list[str]]:
    """A few rows of an ICB, and all rows of two practices, whose ages must add up to their totals."""
    kind, code = grid[0].index("ORG_TYPE"), grid[0].index("ORG_CODE")
    practices = sorted({row[code] for row in grid[1:] if row[kind] == "GP"})[:2]
    return [grid[0], *grid[1:4], *[row for row in grid[1:] if row[code] in practices]]


def make_goldens(results: Path | None = None) -> list[Golden]:
    """
    Every golden file, in a stable order.

    Parameters
    ----------
    results
        A folder of finished results with a choice of sites; without it none is read back.
    """
    goldens = [*_banks(), *_registers(), *_places(), *_shapes(), *_told()]
    if results is not None:
        goldens += _results(results)
    return goldens


def _banks() -> list[Golden]:
    grids = {path.stem: _cut(path, 60) for path in sorted((DEMO / "bank").glob("*.csv"))}
    kept = {row[0] for row in grids["facilities"][1:]}
    place = grids["pledges"][0].index("facility_id")
    pledges = read_grid((DEMO / "bank" / "pledges.csv").read_bytes())
    grids["pledges"] = [pledges[0], *[row for row in pledges[1:] if not row[place] or row[place] in kept]][: ROWS + 1]
    files = {f"bank/{name}.csv": write_grid(grid) for name, grid in grids.items()}
    return [
        Golden(name="bank.folder", files=files, loader="bank", weight=60),
        Golden(name="bank.xlsx", files={"bank.xlsx": write_book(grids)}, loader="bank", weight=50),
        Golden(name="bank.ods", files={"bank.ods": write_ods(grids)}, loader="bank", weight=20),
    ]


def _registers() -> list[Golden]:
    official = DEMO / "official"
    ages = unpack((official / "gp-reg-pat-prac-quin-age.zip").read_bytes())
    (member,) = ages
    bands = write_grid(_two_practices(read_grid(ages[member])))
    practices = [row[0] for row in _cut(official / "epraccur.csv", 5)]
    lists = [
        ["GP_PRAC_PAT_LIST", "01JUL2026", code, "A", f"E0100000{n}", "ALL", str(100 + n)]
        for code in practices
        for n in range(4)
    ]
    ranks = [[f"E0100000{n}", f"Area {n}", str(1000 * n + 1), str(n + 1)] for n in range(9)]
    records = [[f"U0000{n}", "A PCN", *RECORD] for n in range(6)]
    members = [[f"A8100{n}", "A", "16C", "Sub", f"U0000{n}", "A PCN", "16C", "Sub", "20240401", "", "TRUE"]
               for n in range(6)]  # fmt: skip
    book = {
        "PCNDetails": [list(RECORD_HEADINGS), *records],
        "PCN Core Partner Details": [list(MEMBER_HEADINGS), *members],
    }
    practice_map = _csv(official / "gp-reg-pat-prac-map.csv")
    workforce = _cut_zip(official / "PCNWFIndividualCSV.062026.zip", 60)
    told = {
        "practice_map.csv": ("practice_map", practice_map),
        "practice_map.zip": ("practice_map", pack({"gp-reg-pat-prac-map.csv": practice_map})),
        "list_sizes.csv": ("list_sizes", bands),
        "list_sizes.zip": ("list_sizes", pack({member: bands})),
        "lsoa_lists.zip": ("lsoa_lists", pack({"gp-reg-pat-prac-lsoa-all.csv": write_grid([LISTS_HEADING, *lists])})),
        "qof.csv": ("qof", _csv(official / "PREVALENCE_2425.csv", 60)),
        "practice_imd.csv": ("practice_imd", _csv(official / "fingertips-imd-2025-gp-practice.csv")),
        "lsoa_imd.xlsx": ("lsoa_imd", write_book({"IMD25": [list(LSOA_IMD), *ranks]})),
        "lsoa_imd.csv": ("lsoa_imd", write_grid([list(LSOA_IMD), *ranks])),
        "workforce.zip": ("workforce", workforce),
        "inactivity.csv": ("inactivity", _csv(official / "inactive_adults.csv")),
        "pcn_records.xlsx": ("pcn_records", write_book(book)),
        "pcn_records.csv": ("pcn_records", write_grid(records)),
        "memberships.csv": ("memberships", write_grid([list(MEMBER_HEADINGS), *members])),
        "addresses.csv": ("practice_addresses", _csv(official / "epraccur.csv")),
    }
    headless = ("pcn_records.csv", "addresses.csv")
    return [
        Golden(name=name, files={name: data}, loader=loader, weight=30, headless=name in headless)
        for name, (loader, data) in told.items()
    ]


def _places() -> list[Golden]:
    code_point = write_grid([[*row, "E92000001", "", "", "", "E08000035", "E05011400"] for row in CODE_POINT_ROWS])
    manchester = write_grid([["M11AA", "10", "384600", "398100", "E92000001", "", "", "", "E08000003", "E05000001"]])
    about = b"AUTHOR: OS\r\nCOPYRIGHT DATE: 20250501\r\nDATASET: Code-Point Open\r\n"
    onspd = [["x", "pcd7", "pcds", "doterm", "east1m", "north1m", "lad25cd"],
             ["1", "LS1 4AP", "LS1 4AP", "", "429967", "434004", "E08000035"],
             ["2", "M1  1AA", "M1 1AA", "199612", "384600", "398100", "E08000003"],
             ["3", "BT1 1AA", "BT1 1AA", "", "333900", "374200", "N09000003"]]  # fmt: skip
    points = [["LSOA21CD", "x", "y"], *[[f"E0100000{n}", str(430_000 + n), str(433_000 + n)] for n in range(6)]]
    directory = {"ONSPD_MAY_2025_UK.csv": write_grid(onspd)}
    venues = _cut_zip(DEMO / "official" / "activeplacescsvs.zip", 20)
    folder = {f"active/{name.rsplit('/', 1)[-1]}": data for name, data in unpack(venues).items()}
    return [
        Golden(name="postcodes.os.zip", loader="postcodes", weight=35, files={"codepo_gb.zip": pack(
            {"Data/CSV/ls.csv": code_point, "Data/CSV/m.csv": manchester, "Doc/metadata.txt": about})}),
        Golden(name="postcodes.ons.csv", files=directory, loader="postcodes", weight=30),
        Golden(name="lsoa_points.csv", files={"lsoa_points.csv": write_grid(points)}, loader="lsoa_points", weight=25),
        Golden(name="active_places.zip", files={"activeplacescsvs.zip": venues}, loader="active_places", weight=40),
        Golden(name="active_places.folder", files=folder, loader="active_places", weight=30),
    ]  # fmt: skip


def _shapes() -> list[Golden]:
    plain = (DEMO / "official" / "SICBL_2026_ILLUSTRATIVE.geojson").read_bytes()
    land = (DEMO / "official" / "LAD_2026_APPROXIMATE.geojson").read_bytes()
    shapes = gpd.read_file(io.BytesIO(plain), engine="pyogrio")
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        shapes.to_file(at / "SICBL.gpkg", layer="icbs", engine="pyogrio")
        shapes.to_file(at / "SICBL.shp", engine="pyogrio", DBF_DATE_LAST_UPDATE="2026-01-01")
        shapes.to_parquet(at / "SICBL.parquet")
        package, parquet = (at / "SICBL.gpkg").read_bytes(), (at / "SICBL.parquet").read_bytes()
        shapefile = pack({path.name: path.read_bytes() for path in sorted(at.glob("SICBL.*"))
                          if path.suffix not in (".gpkg", ".parquet")})  # fmt: skip
    told = {
        "icbs.geojson": plain,
        "land.geojson": land,
        "icbs.gpkg": package,
        "icbs.parquet": parquet,
        "icbs.shp.zip": shapefile,
        "icbs.geojson.zip": pack({"SICBL.geojson": plain}),
    }
    return [Golden(name=name, files={name: data}, loader="boundaries", weight=40) for name, data in told.items()]


def _told() -> list[Golden]:
    """What a planner writes himself: the scenario, and the Word template."""
    import docx  # only here: it takes its time

    scenario = {"scenario.toml": (DEMO / "demo.toml").read_bytes()}
    memory = io.BytesIO()
    docx.Document().save(memory)
    with zipfile.ZipFile(io.BytesIO(memory.getvalue())) as archive:
        template = pack({name: archive.read(name) for name in archive.namelist()})
    return [
        Golden(name="scenario.toml", files=scenario, loader="scenario", weight=70),
        Golden(name="template.docx", files={"template.docx": template}, loader="template", weight=30),
    ]


def _results(folder: Path) -> list[Golden]:
    """A folder of results; the record of its plan is read by another loader."""
    found = [path for path in sorted(folder.iterdir()) if path.suffix in KEPT_RESULTS]
    files = {f"results/{path.name}": path.read_bytes() for path in found}
    listed = json.loads(files["results/manifest.json"])["outputs"]
    read = tuple(name for name in files if Path(name).name in {*listed, "manifest.json"})
    record = tuple(name for name in read if name.endswith("plan.json"))
    told = {"results.published": ("published", read, 25), "results.compared": ("compared", read, 25)}
    goldens = [Golden(name=name, files=files, loader=loader, broken=broken, weight=weight)
               for name, (loader, broken, weight) in told.items()]  # fmt: skip
    if record:
        kept = {name: files[name] for name in (*record, "results/manifest.json")}
        goldens.append(Golden(name="results.earlier", files=kept, loader="earlier", broken=record, weight=45))
    return goldens
