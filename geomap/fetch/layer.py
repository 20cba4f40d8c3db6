"""A layer of an ArcGIS feature service as one file: its features page by page, counted, each key once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from ..web import Web, WebError
from .download import Came, Moved, read_page
from .parts import Part
from .sources import Source

PAGE_FEATURES = 2_000
"""The most that the services of the ONS give at once."""
_MOST_FEATURES = 100_000
_GRID, _DEGREES = 27700, 4326


def fetch_layer(source: Source, part: Part, web: Web, known_mark: str, moved: Moved) -> Came:
    """
    Fetch all features of a layer into a part.

    Parameters
    ----------
    source
        Its `layer`, `where`, `fields` and `form`: GeoJSON in degrees as its standard has them, or a CSV of points with
        `x` and `y` in metres of the British National Grid.
    part
        Where to write.
    web
        The network.
    known_mark
        The moment of the last edit of the file that is there.
    moved
        Told the bytes so far.

    Raises
    ------
    WebError
        A page cannot be had or is none, or features are missing at the end.
    """
    edited = _ask(web, source.layer, {"f": "json"}).get("editingInfo") or {}
    mark = str(edited.get("dataLastEditDate") or edited.get("lastEditDate") or "")
    if mark and mark == known_mark:
        return Came(url=source.layer, mark=mark, is_new=False)
    query = f"{source.layer}/query"
    told = _ask(web, query, {"where": source.where, "returnCountOnly": "true", "f": "json"}).get("count")
    if not isinstance(told, int) or not 0 < told <= _MOST_FEATURES:
        raise WebError(source.layer, f"the layer tells {told!r} features", "Look at it on the publisher's page.")
    part.begin(source.layer, "")
    keys: set[str] = set()
    size = 0
    with part.append() as stream:
        for text in _lines(source, web, query, told, keys):
            data = text.encode()
            size += len(data)
            if size > source.most_bytes:
                raise WebError(source.layer, f"it is larger than {source.most_mb} MB, the most that is taken")
            stream.write(data)
            moved(size, None)
    if len(keys) != told:
        raise WebError(source.layer, f"{len(keys):,} of its {told:,} features came", "Try again later.")
    return Came(url=source.layer, mark=mark)


def _lines(source: Source, web: Web, query: str, count: int, keys: set[str]) -> Iterator[str]:
    """The text of the file, a page at a time."""
    key, is_csv = source.fields[0], source.form == "csv"
    yield ",".join([*source.fields, "x", "y"]) + "\n" if is_csv else '{"type":"FeatureCollection","features":[\n'
    told = 0
    for start in range(0, count, PAGE_FEATURES):
        asked = {
            "where": source.where, "outFields": ",".join(source.fields), "orderByFields": key,
            "outSR": str(_GRID if is_csv else _DEGREES), "f": "json" if is_csv else "geojson",
            "resultOffset": str(start), "resultRecordCount": str(PAGE_FEATURES),
        }  # fmt: skip
        features = _ask(web, query, asked).get("features")
        if not isinstance(features, list):
            raise WebError(query, "a page of features is none", "Try again later.")
        for feature in features:
            values = (feature.get("attributes" if is_csv else "properties") or {}) if isinstance(feature, dict) else {}
            if not isinstance(values.get(key), str) or values[key] in keys:
                continue
            keys.add(values[key])
            text = _row(source, feature, values) if is_csv else json.dumps(feature, ensure_ascii=False)
            yield text if is_csv else f"{',' if told else ''}{text}\n"
            told += 1
    if not is_csv:
        yield "]}\n"


def _row(source: Source, feature: dict, values: dict) -> str:
    point = feature.get("geometry") or {}
    cells = [*(values.get(name) for name in source.fields), point.get("x"), point.get("y")]
    return ",".join(f'"{cell}"' if isinstance(cell, str) else str(cell) for cell in cells) + "\n"


def _ask(web: Web, address: str, asked: dict[str, str]) -> dict:
    """A table of JSON; the services tell their own errors with status 200."""
    url = f"{address}?{urlencode(asked)}"
    try:
        told = json.loads(read_page(web, url))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise WebError(url, "what came is no JSON", "Open the address in a browser to see what is there.")
    if "error" in told:
        raise WebError(url, f"the service answers {str(told['error'])[:200]}", "Look at it on the publisher's page.")
    return told
