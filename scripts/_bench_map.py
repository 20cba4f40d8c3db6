"""The map in Chromium: how large, how soon it can be used, how long a choice takes; by geomap and by plain folium.

The peer is what a few lines of folium give from the same tables: the footprints as GeoJson in the same five colours,
the facilities as clustered markers; a choice fades all PCNs but one and goes to it. Its page is smaller by the
libraries that it asks a network for; here they are given to it from the disk. geomap's page carries all it needs, and a
choice also fills the panel, draws the flows and writes the address.

A page can be used when the second frame after its scripts has been drawn; a choice is answered in the same way.
"""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
from folium.plugins import FastMarkerCluster

from geomap.render import build_map
from geomap.render.classes import quantile_classes
from geomap.render.colours import YELLOW_TO_BLUE
from geomap.render.shapes import thin_shapes
from geomap.schema import FacilityResultFrame, MapTables, PcnResultFrame

CHOICES = 30
VIEW = {"width": 1440, "height": 900}
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TIMED = f"""async ([kind, row]) => {{
    const frames = {_TWO_FRAMES};
    await frames();
    await new Promise((done) => setTimeout(done, 50));
    const began = performance.now();
    window.chooseForBench(kind, row);
    await frames();
    return performance.now() - began;
}}"""
_CHOOSE = {
    "geomap": """() => {
        const escape = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
        window.chooseForBench = (kind, row) => {
            if (kind === "nothing") document.body.dispatchEvent(escape);
            else geomap.choose({ kind, row });
        };
    }""",
    "folium": """() => {
        const layers = pcns_layer.getLayers();
        window.chooseForBench = (kind, row) => {
            pcns_layer.setStyle({ fillOpacity: kind === "nothing" ? 0.9 : 0.3, weight: 0.5 });
            if (kind !== "nothing") layers[row % layers.length].setStyle({ fillOpacity: 0.9, weight: 3 });
            pcns_map.fitBounds((kind === "nothing" ? pcns_layer : layers[row % layers.length]).getBounds());
        };
    }""",
}
_PACKAGED = {
    "leaflet.js": "xstatic.pkg.leaflet",
    "leaflet.css": "xstatic.pkg.leaflet",
    "leaflet.markercluster.js": "xstatic.pkg.leaflet_markercluster",
    "MarkerCluster.css": "xstatic.pkg.leaflet_markercluster",
    "MarkerCluster.Default.css": "xstatic.pkg.leaflet_markercluster",
}


def plain_folium(tables: MapTables) -> str:
    """The page that folium writes of the same shapes, colours and facilities."""
    chart = folium.Map([52.8, -1.6], zoom_start=6, tiles=None, maxZoom=16, zoom_snap=0.25, zoom_animation=False)
    shapes = gpd.GeoDataFrame(
        {
            "name": tables.pcns[PcnResultFrame.pcn_name],
            "need": tables.pcns[PcnResultFrame.need_index],
            "class": quantile_classes(tables.pcns[PcnResultFrame.need_index].to_numpy(), 5).of,
        },
        geometry=thin_shapes(tables.pcns.geometry),
    ).to_crs("EPSG:4326")
    shapes = shapes.set_geometry(shapes.geometry.set_precision(1e-4))
    shapes = shapes[~(shapes.geometry.isna() | shapes.geometry.is_empty)]

    def style(feature: dict) -> dict:
        colour = YELLOW_TO_BLUE[feature["properties"]["class"]]
        return {"fillColor": colour, "fillOpacity": 0.9, "color": "#ffffff", "weight": 0.5}

    layer = folium.GeoJson(shapes, style_function=style, tooltip=folium.GeoJsonTooltip(["name", "need"]))
    layer.add_to(chart)
    points = tables.facilities.geometry.to_crs("EPSG:4326").dropna()
    rows = np.column_stack([points.y, points.x]).round(5).tolist()
    FastMarkerCluster(rows, callback="(row) => L.circleMarker(row, { radius: 6 })").add_to(chart)
    chart.fit_bounds(layer.get_bounds())
    html = chart.get_root().render()
    # So that the bench can choose on it: folium's own names are random.
    return html.replace(chart.get_name(), "pcns_map").replace(layer.get_name(), "pcns_layer")


PAGES: dict[str, Callable[[MapTables], str]] = {"geomap": build_map, "folium": plain_folium}


def measure_map(tables: MapTables, folder: Path, *, runs: int) -> list[dict[str, object]]:
    """
    One row a contender: megabytes, seconds to build, milliseconds until it can be used and of choices.

    Raises
    ------
    RuntimeError
        There is no Chromium, or a page complained.
    """
    rows = []
    for name, build in PAGES.items():
        began = time.perf_counter()
        html = build(tables)
        took = time.perf_counter() - began
        path = folder / f"{name}.html"
        path.write_text(html, encoding="utf-8", newline="\n")
        packed = gzip.compress(path.read_bytes(), mtime=0)
        sizes = {"mb": path.stat().st_size / 1e6, "gzip_mb": len(packed) / 1e6, "build_s": took}
        rows.append({"contender": name, **sizes, **_in_chromium(path, name, tables, runs)})
    return rows


def _in_chromium(path: Path, name: str, tables: MapTables, runs: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("Chromium is not installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        complaints: list[str] = []
        usable = []
        for count in range(runs):
            page = browser.new_page(viewport=VIEW)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.route(re.compile("^(?!file:|data:)"), _answer)
            page.goto(path.as_uri(), wait_until="load")
            page.evaluate(_TWO_FRAMES)
            usable.append(page.evaluate("performance.now()"))
            if count + 1 < runs:
                page.close()
        page.evaluate(_CHOOSE[name])
        choices = [page.evaluate(_TIMED, list(choice)) for choice in _choices(tables)]
        browser.close()
    if complaints:
        raise RuntimeError(f"The page of {name} complained: {complaints[0]}")
    return {
        "usable_ms": statistics.median(usable),
        "choice_ms": statistics.median(choices),
        "worst_choice_ms": max(choices),
    }


def _answer(route) -> None:
    """Libraries from the packages that geomap packs into its own page; anything else is empty."""
    name = route.request.url.rsplit("/", 1)[-1]
    body = files(_PACKAGED[name]).joinpath("data", name).read_bytes() if name in _PACKAGED else b""
    route.fulfill(body=body, content_type="text/css" if name.endswith(".css") else "text/javascript")


def _choices(tables: MapTables) -> list[tuple[str, int]]:
    """PCNs, facilities and operators in turn, spread over their rows; nothing, by Escape, between them now and then."""
    counts = {
        "pcn": len(tables.pcns),
        "facility": len(tables.facilities),
        "operator": tables.facilities[FacilityResultFrame.operator_id].nunique(),
        "nothing": 1,
    }
    kinds = list(counts)
    return [(kinds[k % 4], (k * 7919) % counts[kinds[k % 4]]) for k in range(CHOICES)]


def map_lines(rows: list[dict[str, object]]) -> list[str]:
    """The rows as a Markdown table, each figure with its ratio to geomap's."""
    heads = ["contender", "MB", "gzipped MB", "build s", "usable ms", "choice ms", "worst choice ms"]
    keys = ["mb", "gzip_mb", "build_s", "usable_ms", "choice_ms", "worst_choice_ms"]
    base = rows[0]
    lines = [heads, ["---", *["---:"] * len(keys)]]
    for row in rows:
        ratios = ["" if row is base else f" (÷ {row[key] / base[key]:.2f})" for key in keys]
        figures = [f"{row[key]:,.0f}" if key.endswith("_ms") else f"{row[key]:,.2f}" for key in keys]
        lines.append([row["contender"], *(figure + ratio for figure, ratio in zip(figures, ratios, strict=True))])
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return ["| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |" for line in lines]
