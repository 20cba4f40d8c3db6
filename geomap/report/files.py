"""The tables of a run as CSV files and one GeoPackage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from ..errors import OutputError
from ..schema import FacilityResultFrame, PcnResultFrame, ResultTables, SiteTables
from ._columns import EASTING_M, NORTHING_M

LIVE_START = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
HOURS = "hours"
"""The end of the name of every column of hours."""
SIGNIFICANT = 6
LARGE = 10_000
"""From here on numbers are written to the hundredth, so that whole ones stay whole."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?")


def published_tables(tables: ResultTables) -> dict[str, pd.DataFrame]:
    """
    The tables that go out, by name, without shapes; the CSV files and the sheets of the workbook are these.

    Facilities keep their place as `easting_m` and `northing_m` (EPSG:27700, to the metre). Where sites were chosen, the
    tables of the choice stand after those for the board.
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
        **({} if tables.choice is None else _of_choice(tables.choice)),
        "allocation": tables.allocation,
        "unmet_demand": tables.unmet,
        "unmatched_hours": tables.unmatched,
        "ledger": tables.ledger,
        "facilities": facilities,
        "pcns": pd.DataFrame(tables.pcns.drop(columns=PcnResultFrame.geometry)),
        "pathways": tables.pathways,
        "levels": tables.levels,
        "fairness": tables.fairness,
        "prices": tables.prices,
        "differences": tables.differences,
        "links": tables.links,
        "accounting": tables.accounting,
    }


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
    Write one CSV file a table, and `results.gpkg`.

    CSV: UTF-8 with a byte order mark and CR LF, which Excel opens by a double click. Hours stand in full, so that a
    ledger that is added up again balances; other fractions have six significant figures, more than is known of them,
    and large ones two decimals.
    A text cell that a spreadsheet would take for a formula gets a `'` in front.
    GeoPackage: layers `pcns`, `facilities` and, where boundaries were given, `icbs`; EPSG:27700.

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
        text = frame.select_dtypes(include=["str", "object"]).columns
        harmless = {column: frame[column].map(harmless_text, na_action="ignore") for column in text}
        fractions = [c for c in frame.select_dtypes("float").columns if not c.endswith(HOURS)]
        rounded = {column: frame[column].map(_rounded, na_action="ignore") for column in fractions}
        frame.assign(**harmless, **rounded).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        paths.append(path)
    return [*paths, _write_geopackage(folder / "results.gpkg", tables)]


def _rounded(value: float) -> float:
    return round(value, 2) if abs(value) >= LARGE else float(f"{value:.{SIGNIFICANT}g}")


def harmless_text(text: str) -> str:
    """Text that a spreadsheet shows and does not run; a plain number stays as it is."""
    return f"'{text}" if LIVE_START.match(text) and not NUMBER.fullmatch(text) else text


def _write_geopackage(path: Path, tables: ResultTables) -> Path:
    layers = {"pcns": tables.pcns, "facilities": tables.facilities, "icbs": tables.outlines}
    with _fixed_date(tables.facts.as_of):
        for layer, frame in layers.items():
            if frame.empty:
                continue
            try:
                shapes = layer != "facilities"
                frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio", promote_to_multi=shapes)
            except (DataSourceError, DataLayerError) as caught:
                raise OutputError(f"The layer {layer} of {path.name} could not be written: {caught}") from caught
    return path


@contextmanager
def _fixed_date(day: str) -> Iterator[None]:
    """Have GDAL write the day of the data instead of the time of day, so that the same run gives the same bytes."""
    option = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(option)
    pyogrio.set_gdal_config_options({option: f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({option: before})
