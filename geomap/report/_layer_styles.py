"""How QGIS shows the layers of the GeoPackage at once: its own style files (QML), one default a layer.

PCNs have the colours and classes of the map in the board paper; kinds of operator differ in shape as well as colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import geopandas as gpd

from ..phrases import KINDS
from ..schema import FacilityResultFrame, OutlineFrame, PcnResultFrame, PlaceFrame
from ._columns_layers import LAYER_COLUMNS
from ._figures import GREY, INK, MID
from ._paper_map import classify, colour_of

_QML_VERSION = "3.22.0"
_NO_FIGURE = "No figure"
_PCN_THEMES = {
    PcnResultFrame.need_index: ("Need index", "{:.2f}"),
    PcnResultFrame.coverage_share: ("Coverage", "{:.0%}"),
    PcnResultFrame.hours_in_reach: ("Hours in reach per 1,000 patients", "{:,.0f}"),
}
"""Column → the name of its style, and how its figures are told; the first is the default."""

_KIND_LOOKS = {
    "leisure_trust": ("circle", "#d55e00", 2.8),
    "local_authority": ("square", "#003c71", 2.8),
    "private": ("triangle", "#212b32", 3.0),
    "charity": ("diamond", "#cc79a7", 3.2),
    "community": ("pentagon", "#007a5a", 3.1),
    "arts": ("star", "#e69f00", 4.2),
    "library": ("hexagon", "#7a4fbf", 3.1),
    "digital": ("cross_fill", "#8a1538", 3.4),
}
"""Kind of operator → marker, colour (after Okabe and Ito 2008) and size in mm; shapes alone tell them apart."""

_TOWNS_FROM, _DISTRICTS_FROM, _ICBS_TO = 1_000_000, 150_000, 1_000_000
"""Scales (1 to …): from where towns and districts are named, and up to where ICBs are."""

_SHRINK = "CASE WHEN @map_scale > 1500000 THEN 0.35 WHEN @map_scale > 500000 THEN 0.65 ELSE 1 END"
"""Of markers: thousands of them would hide the country."""
_EXPRESSION = "3"
"""What QGIS calls a property that an expression gives."""
_SHORT_ICB = "replace(replace(\"{name}\", 'NHS ', ''), ' Integrated Care Board', '')"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is drawn of a layer, the words beside it if any, and the column that a feature is known by."""

    renderer: Xml.Element
    known_by: str
    labels: Xml.Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStyle:
    """One style of one layer."""

    layer: str
    name: str
    qml: str
    is_default: bool


def style_layers(layers: Mapping[str, gpd.GeoDataFrame]) -> list[LayerStyle]:
    """
    The styles of the layers that are there.

    Parameters
    ----------
    layers
        Layer → its rows: `pcns`, `facilities`, `icbs`, `places`, some or all.

    Returns
    -------
    styles
        One default a layer, before its others.
    """
    styles = []
    for layer, frame in layers.items():
        for place, (name, look) in enumerate(_STYLES[layer](frame)):
            styles.append(LayerStyle(layer=layer, name=name, qml=_document(layer, look), is_default=place == 0))
    return styles


def _style_pcns(pcns: gpd.GeoDataFrame) -> Iterable[tuple[str, _Look]]:
    for column, (name, form) in _PCN_THEMES.items():
        classes, bounds = classify(pcns[column].to_numpy(dtype=float, na_value=float("nan")))
        count = max(len(bounds) - 1, 0)
        rules = []
        for k in range(count):
            low, high = float(bounds[k]), float(bounds[k + 1])
            end = "<=" if k == count - 1 else "<"
            rules.append(
                (f'"{column}" >= {low!r} AND "{column}" {end} {high!r}', f"{form.format(low)} to {form.format(high)}",
                 _fill(colour_of(k, count)))
            )  # fmt: skip
        if (classes < 0).any():
            rules.append((f'"{column}" IS NULL', _NO_FIGURE, _hatched()))
        yield name, _Look(renderer=_ruled(rules), known_by=PcnResultFrame.pcn_name)


def _style_facilities(facilities: gpd.GeoDataFrame) -> Iterable[tuple[str, _Look]]:
    column = FacilityResultFrame.operator_kind
    there = set(facilities[column])
    renderer = Xml.Element("renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0", forceraster="0")
    categories, symbols = Xml.SubElement(renderer, "categories"), Xml.SubElement(renderer, "symbols")
    for place, kind in enumerate(kind for kind in _KIND_LOOKS if kind in there):
        marker, colour, size_mm = _KIND_LOOKS[kind]
        told = {
            "value": kind,
            "label": KINDS[kind].capitalize(),
            "symbol": str(place),
            "render": "true",
            "type": "string",
        }
        Xml.SubElement(categories, "category", told)
        look = {"name": marker, "color": _rgb(colour), "size": f"{size_mm}", "size_unit": "MM"}
        symbol = _symbol(place, "marker", "SimpleMarker", look | _edge("#ffffff", 0.25))
        symbol[0].append(_sized(f"{size_mm} * {_SHRINK}"))
        symbols.append(symbol)
    yield "Kind of operator", _Look(renderer=renderer, known_by=FacilityResultFrame.facility_name)


def _style_icbs(icbs: gpd.GeoDataFrame) -> Iterable[tuple[str, _Look]]:
    symbol = _symbol(0, "fill", "SimpleFill", {"style": "no", **_edge(GREY, 0.7)})
    name = OutlineFrame.area_name
    labels = _labels([("TRUE", _SHORT_ICB.format(name=name), 8.5, "Bold", GREY, (_ICBS_TO, 100_000_000))])
    yield "Outline", _Look(renderer=_single(symbol), known_by=name, labels=labels)


def _style_places(places: gpd.GeoDataFrame) -> Iterable[tuple[str, _Look]]:
    kind, name = PlaceFrame.place_kind, PlaceFrame.place_name
    large = "town" if (places[kind] == "town").any() else "authority"
    labels = _labels(
        [
            (f"\"{kind}\" = '{large}'", f'"{name}"', 9.0, "Bold", INK, (1, _TOWNS_FROM)),
            (f"\"{kind}\" = 'postcode_district'", f'"{name}"', 7.5, "Regular", MID, (1, _DISTRICTS_FROM)),
        ]
    )
    yield "Names", _Look(renderer=Xml.Element("renderer-v2", type="nullSymbol"), known_by=name, labels=labels)


_STYLES = {"pcns": _style_pcns, "facilities": _style_facilities, "icbs": _style_icbs, "places": _style_places}


def _document(layer: str, look: _Look) -> str:
    """A style file, with the words for the columns too: GDAL before 3.7 does not read them from the GeoPackage."""
    parts = {"version": _QML_VERSION, "styleCategories": "Symbology|Labeling|Fields|MapTips"}
    root = Xml.Element("qgis", parts, labelsEnabled="0" if look.labels is None else "1")
    root.append(look.renderer)
    if look.labels is not None:
        root.append(look.labels)
    aliases = Xml.SubElement(root, "aliases")
    for column, (title, _) in LAYER_COLUMNS[layer].items():
        Xml.SubElement(aliases, "alias", field=column, name=title)
    Xml.SubElement(root, "previewExpression").text = f'"{look.known_by}"'
    Xml.indent(root, " ")
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + Xml.tostring(root, encoding="unicode")


def _ruled(rules: list[tuple[str, str, Xml.Element]]) -> Xml.Element:
    """What is drawn by rules: a filter, its words in the legend, and a symbol each."""
    renderer = Xml.Element("renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    listed = Xml.SubElement(renderer, "rules", key="{root}")
    symbols = Xml.SubElement(renderer, "symbols")
    for place, (test, label, symbol) in enumerate(rules):
        told = {"key": f"{{{place}}}", "filter": test, "label": label, "symbol": str(place)}
        Xml.SubElement(listed, "rule", told)
        symbol.set("name", str(place))
        symbols.append(symbol)
    return renderer


def _single(symbol: Xml.Element) -> Xml.Element:
    renderer = Xml.Element("renderer-v2", type="singleSymbol", symbollevels="0", forceraster="0")
    Xml.SubElement(renderer, "symbols").append(symbol)
    return renderer


def _fill(colour: str) -> Xml.Element:
    return _symbol(0, "fill", "SimpleFill", {"style": "solid", "color": _rgb(colour), **_edge(MID, 0.2)})


def _hatched() -> Xml.Element:
    """Where there is no figure."""
    return _symbol(0, "fill", "SimpleFill", {"style": "b_diagonal", "color": _rgb(MID), **_edge(MID, 0.2)})


def _edge(colour: str, width_mm: float) -> dict[str, str]:
    width = {"outline_width": f"{width_mm}", "outline_width_unit": "MM"}
    return {"outline_color": _rgb(colour), "outline_style": "solid", **width}


def _symbol(name: int, kind: str, drawn: str, look: Mapping[str, str]) -> Xml.Element:
    symbol = Xml.Element("symbol", type=kind, name=str(name), alpha="1", clip_to_extent="1", force_rhr="0")
    layer = Xml.SubElement(symbol, "layer", {"class": drawn, "enabled": "1", "locked": "0", "pass": "0"})
    options = Xml.SubElement(layer, "Option", type="Map")
    for key, value in look.items():
        Xml.SubElement(options, "Option", type="QString", name=key, value=value)
    return symbol


def _sized(expression: str) -> Xml.Element:
    """The size of a marker as QGIS works it out when it draws."""
    root = Xml.Element("data_defined_properties")
    whole = Xml.SubElement(root, "Option", type="Map")
    Xml.SubElement(whole, "Option", name="name", type="QString", value="")
    properties = Xml.SubElement(whole, "Option", name="properties", type="Map")
    size = Xml.SubElement(properties, "Option", name="size", type="Map")
    Xml.SubElement(size, "Option", name="active", type="bool", value="true")
    Xml.SubElement(size, "Option", name="expression", type="QString", value=expression)
    Xml.SubElement(size, "Option", name="type", type="int", value=_EXPRESSION)
    Xml.SubElement(whole, "Option", name="type", type="QString", value="collection")
    return root


def _labels(rules: list[tuple[str, str, float, str, str, tuple[int, int]]]) -> Xml.Element:
    """Words beside features: filter, expression, points, weight, colour and the scales between which they stand."""
    labelling = Xml.Element("labeling", type="rule-based")
    listed = Xml.SubElement(labelling, "rules", key="{root}")
    for place, (test, said, points, weight, colour, (nearest, farthest)) in enumerate(rules):
        scales = {"scalemindenom": str(nearest), "scalemaxdenom": str(farthest)}
        rule = Xml.SubElement(listed, "rule", {"key": f"{{{place}}}", "filter": test, **scales})
        settings = Xml.SubElement(rule, "settings", calloutType="simple")
        style = Xml.SubElement(
            settings, "text-style",
            {"fieldName": said, "isExpression": "1", "fontSize": f"{points}", "fontSizeUnit": "Point",
             "namedStyle": weight, "fontWeight": "75" if weight == "Bold" else "50", "textColor": _rgb(colour),
             "textOpacity": "1"},
        )  # fmt: skip
        halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": _rgb("#ffffff")}
        Xml.SubElement(style, "text-buffer", {**halo, "bufferOpacity": "0.85"})
        Xml.SubElement(settings, "placement", placement="0", dist="0", priority="5")
        Xml.SubElement(settings, "rendering", obstacle="1", fontLimitPixelSize="0", drawLabels="1")
    return labelling


def _rgb(colour: str) -> str:
    """`#rrggbb` as QGIS writes it."""
    return ",".join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5)) + ",255"
