"""The tables of a run as CSV files, and those with shapes as files for maps too."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from ..few import mark_few
from ..schema import FacilityResultFrame, MapTables, PcnResultFrame, ResultTables, SiteTables
from ..schema.published import EASTING_M, NORTHING_M
from ._columns import FILES
from ._shapes import write_shapes

LIVE_START = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
LINE_END = r"\r\n?"
"""As some programs write it; who reads a CSV file gets a line feed."""
HOURS = "hours"
"""The end of the name of every column of hours."""
SIGNIFICANT = 6
LARGE = 10_000
"""From here on numbers are written to the hundredth, so that whole ones stay whole."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?")


def published_tables(tables: ResultTables) -> dict[str, pd.DataFrame]:
    """
    The tables that go out, by name, without shapes: the CSV files are these, and so are the sheets of the workbook.

    Facilities keep their place as `easting_m` and `northing_m` (EPSG:27700, to the metre). Where sites were chosen, the
    tables of the choice stand after those for the board. Those that are files alone come last.
    """
    point = tables.facilities.geometry
    facilities = pd.DataFrame(tables.facilities.drop(columns=FacilityResultFrame.geometry))
    facilities[EASTING_M] = point.x.round().astype("int64")
    facilities[NORTHING_M] = point.y.round().astype("int64")
    return {
        "figures": tables.figures,
        "gaps": tables.gaps,
        "provision": tables.provision,
        "sectors": tables.sectors,
        "health_budgets": tables.health_budgets,
        "attention": tables.attention,
        "could_be_asked": tables.asks,
        **({} if tables.choice is None else _of_choice(tables.choice)),
        "allocation": tables.allocation,
        "unmet_demand": tables.unmet,
        "unmatched_hours": tables.unmatched,
        "ledger": tables.ledger,
        "operators": tables.operators,
        "facilities": facilities,
        "pcns": pd.DataFrame(tables.pcns.drop(columns=PcnResultFrame.geometry)),
        "pathways": tables.pathways,
        "levels": tables.levels,
        "fairness": tables.fairness,
        "prices": tables.prices,
        "differences": tables.differences,
        "links": tables.links,
        "accounting": tables.accounting,
        "repairs": tables.repairs,
        "pledges": tables.pledges,
        "practices": tables.practices,
        "reachable": tables.reachable,
        "ties": tables.ties,
        "need": tables.need,
        "indicators": tables.indicators,
        "other_facilities": tables.other_facilities,
        "opportunities": tables.opportunities,
        "access": tables.access,
        "footprints": tables.footprints,
    }


def sheet_tables(tables: ResultTables) -> dict[str, pd.DataFrame]:
    """The published tables that have a sheet in the workbook, by name and in its order."""
    return {name: frame for name, frame in published_tables(tables).items() if name not in FILES}


def _of_choice(choice: SiteTables) -> dict[str, pd.DataFrame]:
    return {
        "portfolios": choice.portfolios,
        "chosen_sites": choice.chosen,
        "site_reasons": choice.reasons,
        "site_plan": choice.plan,
        "comparators": choice.comparators,
        "robustness": choice.robustness,
        "regrets": choice.regrets,
        "flips": choice.flips,
        "tradeoffs": choice.tradeoffs,
        "site_parts": choice.parts,
        "site_limits": choice.limits,
        "site_changes": choice.changes,
        "draws": choice.draws,
        "candidates": choice.candidates,
    }


def write_tables(folder: Path, tables: ResultTables) -> list[Path]:
    """
    Write one CSV file a table, and those with shapes for maps: `results.gpkg`, GeoParquet and GeoJSON.

    CSV: UTF-8 with a byte order mark and CR LF, which Excel opens by a double click. Hours stand in full, so that a
    ledger that is added up again balances; other fractions have six significant figures, more than is known of them,
    and large ones two decimals.
    A text cell that a spreadsheet would take for a formula gets a `'` in front. A count that is not shown is `[c]`.
    Shapes: layers `pcns`, `facilities` and, where they are known, `icbs` and `places`; see `geomap.report._shapes`.

    Parameters
    ----------
    folder
        Where to write; it is there already.
    tables
        A finished run.

    Returns
    -------
    paths
        The files written.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    paths = []
    for name, frame in published_tables(tables).items():
        path = folder / f"{name}.csv"
        frame = as_published(frame)
        text = frame.select_dtypes(include=["str", "object"]).columns
        harmless = {column: frame[column].map(harmless_text, na_action="ignore") for column in text}
        mark_few(frame.assign(**harmless)).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        paths.append(path)
    shaped = {"pcns": tables.pcns, "facilities": tables.facilities, "icbs": tables.outlines, "places": tables.places}
    layers = {layer: as_published(frame) for layer, frame in shaped.items() if not frame.empty}
    return [*paths, *write_shapes(folder, layers, tables.facts.as_of)]


def as_published(frame: pd.DataFrame) -> pd.DataFrame:
    """
    A table with the values that a reader of its file gets: fractions are rounded, and areas stand as several parts.

    Hours, counts and text stand as they are, but for the ends of lines within a cell. What is published already does
    not change.
    """
    fractions = [column for column in frame.select_dtypes("float").columns if not column.endswith(HOURS)]
    frame = frame.assign(**{column: frame[column].map(_rounded, na_action="ignore") for column in fractions})
    text = {column: frame[column].astype("str") for column in frame.select_dtypes(include=["str", "string"]).columns}
    frame = frame.assign(**{column: cells.str.replace(LINE_END, "\n", regex=True) for column, cells in text.items()})
    if isinstance(frame, gpd.GeoDataFrame):
        areas = frame.geometry.map(_in_parts)
        frame = frame.set_geometry(gpd.GeoSeries(areas, index=frame.index, crs=frame.crs))
    return frame.reset_index(drop=True)


def tables_as_published(tables: MapTables) -> MapTables:
    """
    A run with the values that a reader of its files gets, so that what is drawn from it is drawn from them again.

    The figures and sentences of `facts` are published in full.
    """
    choice = None if tables.choice is None else dataclasses.replace(tables.choice, **_tables_of(tables.choice))
    return dataclasses.replace(tables, **_tables_of(tables), choice=choice)


def _tables_of(holder: MapTables | SiteTables) -> dict[str, pd.DataFrame]:
    """The tables among the fields, as they are published."""
    values = {field.name: getattr(holder, field.name) for field in dataclasses.fields(holder)}
    return {name: as_published(value) for name, value in values.items() if isinstance(value, pd.DataFrame)}


def _in_parts(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """An area as a layer of areas holds it."""
    return shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape


def _rounded(value: float) -> float:
    return round(value, 2) if abs(value) >= LARGE else float(f"{value:.{SIGNIFICANT}g}")


def harmless_text(text: str) -> str:
    """Text that a spreadsheet shows and does not run; a plain number stays as it is."""
    return f"'{text}" if LIVE_START.match(text) and not NUMBER.fullmatch(text) else text
