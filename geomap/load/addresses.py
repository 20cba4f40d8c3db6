"""Addresses of GP practices (NHS England, Organisation Data Service): only the town and the part of it are kept.

The file has five address lines without headings. A town stands on the second, third or fourth of them, and what stands
below it is a county. Telephone numbers are never read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from ..schema import TownFrame
from ..validate import Loaded
from ._raw import refuse
from ._read import normal_heading, read_csv
from ._table import code_faults, finish, no_reason, part_doubles, pick, read_codes

_LINES = tuple(f"Address Line {line}" for line in range(1, 6))
_CODE, _POSTCODE, _SETTING = "Organisation Code", "Postcode", "Prescribing Setting"
_ORDER = (
    _CODE, "Name", "National Grouping", "High Level Health Geography", *_LINES, _POSTCODE, "Open Date", "Close Date",
    "Status Code", "Organisation Sub-Type Code", "Commissioner", "Join Provider/Purchaser Date",
    "Left Provider/Purchaser Date", "Contact Telephone Number", "Null 1", "Null 2", "Null 3",
    "Amended Record Indicator", "Null 4", "Provider/Purchaser", "Null 5", _SETTING, "Null 6",
)  # fmt: skip
"""The 27 columns as the ODS describes them; the file itself has no headings."""
_GP_PRACTICE = "4"
_NO_TOWN = "its address names no town"
_WANTED = "Give epraccur.csv, the report epraccur of the ODS data search and export site, as CSV."

_COUNTIES = frozenset(
    "AVON|BEDFORDSHIRE|BEDS|BERKS|BERKSHIRE|BUCKINGHAMSHIRE|BUCKS|CAMBRIDGESHIRE|CAMBS|CHESHIRE|CLEVELAND|CO DURHAM|"
    "CORNWALL|COUNTY DURHAM|CUMBRIA|DERBYSHIRE|DEVON|DORSET|EAST RIDING OF YORKSHIRE|EAST SUSSEX|EAST YORKSHIRE|ESSEX|"
    "GLOS|GLOUCESTERSHIRE|GREATER LONDON|GREATER MANCHESTER|HAMPSHIRE|HANTS|HEREFORDSHIRE|HERTFORDSHIRE|HERTS|"
    "HUMBERSIDE|ISLE OF WIGHT|ISLES OF SCILLY|KENT|LANCASHIRE|LANCS|LEICESTERSHIRE|LEICS|LINCOLNSHIRE|LINCS|MERSEYSIDE|"
    "MIDDLESEX|MIDDX|N E LINCOLNSHIRE|N YORKSHIRE|NE LINCOLNSHIRE|NORFOLK|NORTH DEVON|NORTH EAST LINCOLNSHIRE|"
    "NORTH HUMBERSIDE|NORTH LINCOLNSHIRE|NORTH SOMERSET|NORTH YORKSHIRE|NORTHAMPTONSHIRE|NORTHANTS|NORTHUMBERLAND|"
    "NOTTINGHAMSHIRE|NOTTS|OXFORDSHIRE|OXON|RUTLAND|S YORKSHIRE|SHROPSHIRE|SOMERSET|SOUTH GLOUCESTERSHIRE|"
    "SOUTH HUMBERSIDE|SOUTH YORKSHIRE|STAFFORDSHIRE|STAFFS|SUFFOLK|SURREY|SUSSEX|TYNE AND WEAR|W MIDLANDS|W SUSSEX|"
    "W YORKSHIRE|WARWICKSHIRE|WARKS|WEST MIDLANDS|WEST SUSSEX|WEST YORKSHIRE|WILTS|WILTSHIRE|WORCESTERSHIRE|WORCS|"
    "YORKSHIRE|UK|UNITED KINGDOM|ENGLAND|MIDDELSEX|OXFORSHIRE|SURRY".split("|")
)
"""Counties of England, past and present, with the short forms and slips of the file, as `_spell_alike` writes them."""
_COUNTY_AT_END = re.compile(rf"(?<=[A-Z])(?<! ON)(?<!UPON) (?:{'|'.join(sorted(_COUNTIES, key=len, reverse=True))})$")
_STREET = re.compile(
    r"\d|(?: (?:ROAD|RD|(?<! LE )STREET|LANE|LN|AVENUE|AVE|DRIVE|DR|CLOSE|WAY|CRESCENT|CRES|SQUARE|TERRACE|PLACE|COURT|"
    r"CT|GROVE|PARADE|BROADWAY|PRECINCT|ARCADE|MEWS|YARD|ESTATE|WALK|DRIVEWAY|BOULEVARD|BLVD|APPROACH|GATE|"
    r"(?:SHOPPING|BUSINESS|RETAIL|HEALTH|SCIENCE|OFFICE) PARK)(?: (?:NORTH|SOUTH|EAST|WEST))?"
    r"|(?:^| )(?:HOUSE|HSE|CENTRE|CTR|CENTER|SURGERY|CLINIC|HOSPITAL|PRACTICE|BUILDINGS?|FLOOR|UNIT|SUITE|COLLEGE|"
    r"UNIVERSITY|SCHOOL|LIBRARY|COTTAGE|LODGE|HALL|VILLAS?|CAMPUS|BARRACKS|HC|HCC|PCC|MC|OFFICES|CHAMBERS))$"
    r"|^(?:THE|HIGH STREET|UNIT|FLOOR|OFF|FLAT|GROUND|FIRST|REAR|P O BOX) "
)
"""What ends, begins or stands in the name of a street or a building and not of a town."""
_NEAR = re.compile(r"^(?:NR\.?|NEAR|VIA) ")
_UNFINISHED = re.compile(r" (?:ON|UPON|LE|IN)$")
"""The end of a name that goes on in the next line: `STRATFORD UPON`, `AVON`."""
_SMALL_WORDS = frozenset(
    "and at by cum de en in juxta la le next of on over sub super the to under upon with".split()
)
"""Written small inside a name and large at its start; everything else starts with a capital letter."""
_WORD = re.compile(r"[^\s-]+")


def load_towns(path: Path) -> Loaded:
    """
    Load the town of each GP practice from its address.

    Of the lines below the first, cut at their commas, counties are taken off the end; the last that is left is the
    town, and the one above it is the part of the town, where it is neither a street nor a building.

    Parameters
    ----------
    path
        `epraccur.csv` as the ODS publishes it, without headings, or exported with them.

    Returns
    -------
    loaded
        `TownFrame` sorted by practice; practices whose address names no town are absent.

    Raises
    ------
    DataError
        The file is missing or another one.
    """
    wanted = [_CODE, *_LINES, _SETTING]
    raw = read_csv(Path(path), headings=_ORDER, columns=wanted)
    if len(raw.frame) and normal_heading(raw.frame.iloc[0, 0]) in {normal_heading(_CODE), "code"}:
        raw = read_csv(Path(path), columns=wanted)
    headings = {TownFrame.practice_code: _CODE, **{line: line for line in _LINES}, _SETTING: _SETTING}
    frame = pick(raw, headings, _WANTED)
    frame, notes = read_codes(raw, frame, [TownFrame.practice_code])
    if not frame[TownFrame.practice_code].str.fullmatch(r"[A-Z][0-9A-Z]{5}").mean() > 0.5:
        problem = "its first column does not hold codes of practices, so this is another report"
        raise refuse(raw.source, problem, _WANTED)
    unused = no_reason(frame).mask(frame[_SETTING].str.strip() != _GP_PRACTICE, "not a GP practice")
    unused = unused.mask((unused == "") & frame[TownFrame.practice_code].str.startswith("W"), "in Wales")
    faults = code_faults(raw, frame[unused == ""], {TownFrame.practice_code: _CODE})
    unused, clashes = part_doubles(raw, frame, [TownFrame.practice_code], unused)
    live = unused == ""
    towns = _read_towns(frame[live]).reindex(frame.index).astype("str")
    unused = unused.mask(live & towns[TownFrame.town].isna(), _NO_TOWN)
    told, untold = int((unused == "").sum()), int((unused == _NO_TOWN).sum())
    notes.append(f"{told:,} addresses of GP practices name a town; {untold:,} do not.")
    frame = pd.concat([frame[[TownFrame.practice_code]], towns], axis=1)
    return finish(
        raw,
        frame,
        TownFrame,
        headings={TownFrame.practice_code: _CODE},
        unused=unused,
        faults=[*faults, *clashes],
        notes=notes,
    )


def _read_towns(frame: pd.DataFrame) -> pd.DataFrame:
    """`town` and `locality` of each row, spelled one way each, cased; missing where the address names none."""
    found = [_find_town(lines) for lines in zip(*(frame[line] for line in _LINES[1:]), strict=True)]
    table = pd.DataFrame(found, index=frame.index, columns=[TownFrame.town, TownFrame.locality], dtype="str")
    for column in table:
        key = table[column].map(_spell_alike, na_action="ignore")
        counted = pd.DataFrame({"key": key, "text": table[column]}).dropna().value_counts().reset_index()
        counted = counted.sort_values(["key", "count", "text"], ascending=[True, False, True]).drop_duplicates("key")
        table[column] = key.map(counted.set_index("key")["text"].map(case_name)).astype("str")
    return table


def _find_town(lines: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The town of an address and the part of it, in the capitals of the file."""
    parts = [part for line in lines for part in (_tidy(text) for text in line.split(",")) if part]
    for row in range(len(parts) - 2, -1, -1):
        if _UNFINISHED.search(parts[row]):
            parts[row : row + 2] = [f"{parts[row]} {parts[row + 1]}"]
    while parts and _spell_alike(parts[-1]) in _COUNTIES:
        parts.pop()
    if not parts:
        return None, None
    town = _NEAR.sub("", parts[-1])
    county = _COUNTY_AT_END.search(_spell_alike(town))
    if county:
        town = " ".join(town.split(" ")[: -len(county.group().split())])
    if _STREET.search(_spell_alike(town)):
        return None, None
    above = parts[-2] if len(parts) > 1 else ""
    is_part = above and not _STREET.search(_spell_alike(above)) and _spell_alike(above) != _spell_alike(town)
    return town, _NEAR.sub("", above) if is_part else None


def _tidy(text: str) -> str:
    return " ".join(text.upper().replace(".", ". ").split()).strip(" .;:")


def _spell_alike(text: str) -> str:
    """One form for what is one name: `STOKE-ON-TRENT` and `STOKE ON TRENT`, `ST. HELENS` and `ST HELENS`."""
    plain = text.upper().replace("&", " AND ").replace("-", " ").replace(".", " ")
    return " ".join(plain.replace("'", "").replace("\u2019", "").split())


def case_name(text: str) -> str:
    """A name written in capitals as it is usually written: `STOCKTON ON TEES` is `Stockton on Tees`."""

    def case(found: re.Match[str]) -> str:
        word = found.group().lower()
        return word if found.start() and word in _SMALL_WORDS else word[:1].upper() + word[1:]

    return _WORD.sub(case, text)
