"""Public libraries of England from the Libraries Taskforce's basic dataset: places that community activity can use.

The dataset tells of 2016 and 2017, and nothing newer has coordinates: a library that is asked may have closed since.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..config import default_pathways
from ..errors import Fault
from ..schema import OpportunityFrame
from ..schema.words import LIST_SEPARATOR
from ..validate import Loaded
from ._raw import RawTable
from ._read import read_csv, text_to_number
from ._services import EASTING, NORTHING, clean_text, clean_url, find_places, locate_postcodes
from ._table import cell_faults, finish, no_reason, pick
from .postcodes import normal_postcode

SOURCE = "libraries"
_KIND = "library"
_WANTED = "Give the Libraries Taskforce's basic dataset with coordinates (libraries.csv)."
_TYPES = {
    "LAL": "run by the council",
    "CL": "run for the council",
    "CRL": "run by the community with the council",
    "ICL": "run by the community",
}
_CLOSED, _TYPE, _LAT, _LONG = "closed", "type", "latitude", "longitude"
F = OpportunityFrame
_HEADINGS = {
    F.opportunity_id: "id",
    F.opportunity_name: "name",
    F.postcode: "postcode",
    F.url: "url",
    _TYPE: "type",
    _CLOSED: "closed",
    _LAT: ("lat", "latitude"),
    _LONG: ("lng", "long", "longitude"),
}
_VINTAGE = "2016 to 2017"


def load_libraries(path: Path) -> Loaded:
    """
    Load the libraries that were open when the dataset was made.

    Parameters
    ----------
    path
        `libraries.csv`, as geocoded and published.

    Returns
    -------
    loaded
        `OpportunityFrame` sorted by id, metres (EPSG:27700); `pathways` are those of the catalogue that a library can
        host. Libraries that were closed are in the account only.

    Raises
    ------
    DataError
        The file is missing, another one, or none of its rows can be used.
    """
    raw = read_csv(path)
    frame = pick(raw, _HEADINGS, _WANTED)
    unused = no_reason(frame).mask(frame[_CLOSED].str.strip() != "", "closed when the dataset was made")
    live = frame[unused == ""]
    spots, faults = _place(raw, live)
    ids = live[F.opportunity_id].str.strip()
    faults += cell_faults(
        raw, ids[ids == ""], ids[ids == ""], column="id", problem="the cell is empty", remedy="Give the id."
    )
    notes = [f"{raw.source} tells of libraries in {_VINTAGE}; whether one is still open must be asked."]
    built = _build(live, ids, spots).sort_values(F.opportunity_id)
    return finish(raw, built, F, headings={}, unused=unused, faults=faults, vintage=_VINTAGE, notes=notes)


def _build(live: pd.DataFrame, ids: pd.Series, spots: pd.DataFrame) -> pd.DataFrame:
    """`OpportunityFrame` of the open libraries, in its kinds."""
    hosted = [key for key, pathway in default_pathways().items() if _KIND in pathway.venue_types]
    names = live[F.opportunity_name].map(lambda text: clean_text(text)[0]).astype("str")
    urls = live[F.url].map(_full_url).astype("str")
    built = pd.DataFrame(
        {
            F.opportunity_id: _KIND + " " + ids,
            F.source: SOURCE,
            F.kind: _KIND,
            F.opportunity_name: names.map(_say_library).astype("str").where(names != ""),
            F.operator_name: None,
            F.venue_name: names.where(names != ""),
            F.postcode: live[F.postcode].map(normal_postcode).astype("str").replace("", None),
            F.easting: spots[EASTING],
            F.northing: spots[NORTHING],
            F.activities: live[_TYPE].str.strip().str.upper().map(_TYPES),
            F.pathways: LIST_SEPARATOR.join(hosted),
            F.age_min: float("nan"),
            F.age_max: float("nan"),
            F.sessions: 0,
            F.url: urls.where(urls != ""),
        },
        index=live.index,
    )
    kinds = {name: str(column.dtype) for name, column in F.to_schema().columns.items()}
    return built.astype({name: "str" if kind.startswith("str") else kind for name, kind in kinds.items()})


def _place(raw: RawTable, live: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Where each library is: by its coordinates, else by its postcode; a fault where neither tells."""
    latitude, longitude = (text_to_number(live[name])[0] for name in (_LAT, _LONG))
    spots, _, _ = find_places(latitude, longitude)
    lost = spots[EASTING].isna()
    located, _ = locate_postcodes(live[F.postcode].map(normal_postcode).astype("str").where(lost, ""))
    spots = spots.where(~lost, located)
    nowhere = spots[EASTING].isna()
    value = (live[_LAT] + ", " + live[_LONG])[nowhere]
    remedy = "Correct its coordinates or its postcode, or leave it out."
    problem = "neither its coordinates nor its postcode is a place in England"
    return spots, cell_faults(
        raw, value, live.loc[nowhere, F.opportunity_id], column="lat, lng", problem=problem, remedy=remedy
    )


def _say_library(name: str) -> str:
    """Many are called by the place alone."""
    return name if "librar" in name.casefold() else f"{name} library"


def _full_url(text: str) -> str:
    """The address of a library's page; many are written without a scheme."""
    return clean_url(text) or (clean_url(f"http://{text.strip()}") if "." in text and "/" in text else "")
