"""The map drawn again from a folder of results, whole or a page for each ICB."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..areas import share_of, summarise_icbs
from ..config import MapParams
from ..errors import ConfigError, OutputError
from ..load.child import read_apart
from ..load.published import load_map_params, load_published
from ..load.results import holds_results
from ..outputs import MANIFEST_NAME, write_folder
from ..render import build_index, build_map
from ..schema import IcbResultFrame, MapTables

MAP_NAME, INDEX_NAME = "map.html", "index.html"
_SAFE_CODE = re.compile(r"[A-Za-z0-9]{2,12}")
"""A code that may be the name of a file; those of ICBs have three or five letters and digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What was written, and where."""

    folder: Path
    pages: int
    """Pages of ICBs; 0 where they were not asked for."""
    largest_bytes: int
    """Of the pages of ICBs."""


def map_results(
    results: Path,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda text: None,
    *,
    by_icb: bool = False,
    tiles: MapParams | None = None,
) -> Drawn:
    """
    Draw the map of a finished run again; the same results give the same bytes as the run wrote.

    Parameters
    ----------
    results
        A folder of results.
    out
        The folder to write, all of it or nothing; without it, one beside the results, named after them.
    progress
        Called with a short sentence as work goes on.
    by_icb
        Write a page for each ICB too, and an index of them.
    tiles
        The background to offer; without it, that of the run.

    Returns
    -------
    drawn
        What was written.

    Raises
    ------
    DataError
        The folder holds no finished results of this version, or they were changed; every fault at once.
    ConfigError
        The code of an ICB cannot be the name of a page.
    OutputError
        The pages cannot be written, or would go among the results of a run.

    Examples
    --------
    >>> geomap.map_results(Path("results"), by_icb=True)  # doctest: +SKIP
    """
    whole = Path(results).resolve()
    out = _beside(Path(results)) if out is None else Path(out)
    if out.resolve().is_relative_to(whole) or holds_results(out):
        raise OutputError(f"{out} holds the results of a run, or lies inside them. Choose another folder for the map.")
    progress("reading results")
    tables = read_apart(str(results), load_published, results)
    tiles = load_map_params(results) if tiles is None else tiles
    settings = {"results": whole.name, "by": "icb" if by_icb else "", "map": tiles.model_dump(mode="json")}
    pages, largest_bytes = 0, 0
    with write_folder(out, inputs=[whole / MANIFEST_NAME], settings=settings) as folder:
        progress("drawing the map")
        _write(folder / MAP_NAME, build_map(tables, tiles=tiles))
        if by_icb:
            pages, largest_bytes = _write_icbs(folder, tables, tiles, progress)
    return Drawn(folder=out, pages=pages, largest_bytes=largest_bytes)


def _write_icbs(folder: Path, tables: MapTables, tiles: MapParams, progress: Callable[[str], None]) -> tuple[int, int]:
    """A page for each ICB and the index of them; how many pages, and the bytes of the largest."""
    icbs = summarise_icbs(tables)
    pages = {code: _page_name(code) for code in icbs[IcbResultFrame.icb_code]}
    largest_bytes = 0
    for number, (code, page) in enumerate(pages.items(), 1):
        progress(f"drawing {page}, {number} of {len(pages)}")
        html = build_map(share_of(tables, code), tiles=tiles, index=INDEX_NAME)
        largest_bytes = max(largest_bytes, _write(folder / page, html))
    _write(folder / INDEX_NAME, build_index(icbs, tables.facts, pages, whole=MAP_NAME))
    return len(pages), largest_bytes


def _beside(results: Path) -> Path:
    """A folder named after the results, written as they were."""
    name = results.resolve().name
    if not name:
        raise OutputError(f"{results} is no folder of results. Name the folder of a finished run.")
    return (results if results.name == name else results.resolve()).with_name(f"{name}-map")


def _page_name(code: str) -> str:
    """
    The file of an ICB's page.

    >>> _page_name("QOP")
    'QOP.html'
    """
    name = f"{code}.html"
    if not _SAFE_CODE.fullmatch(code) or name.lower() in (MAP_NAME, INDEX_NAME):
        raise ConfigError(f"The code of an ICB is {code!r}, which cannot be the name of a page. Run without --by icb.")
    return name


def _write(path: Path, html: str) -> int:
    """Write a page; how many bytes it has."""
    data = html.encode()
    path.write_bytes(data)
    return len(data)
