"""Scripts and styles that are packed into the page, and the proof that nothing remote is left in it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files

from ..errors import OutputError

_OWN_STYLES = ("page.css", "map.css", "panel.css", "organisations.css", "basemap.css", "narrow.css", "print.css")
_OWN_SCRIPTS = (
    "base.js",
    "few.js",
    "view.js",
    "lookup.js",
    "shapes.js",
    "legend.js",
    "map.js",
    "facilities.js",
    "site_marks.js",
    "flows.js",
    "parts.js",
    "pcn.js",
    "facility.js",
    "operator.js",
    "site.js",
    "areas.js",
    "overview.js",
    "about.js",
    "table.js",
    "header.js",
    "search.js",
    "organisations.js",
    "branches.js",
    "sankey.js",
    "tree.js",
    "links.js",
    "lists.js",
    "basemap.js",
    "towns.js",
    "marks.js",
    "others.js",
    "tiles.js",
    "page.js",
)
_XSTATIC_STYLES = (("xstatic.pkg.leaflet", "leaflet.css"),)
_XSTATIC_SCRIPTS = (("xstatic.pkg.leaflet", "leaflet.js"),)

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_PACKAGED_IMAGE = re.compile(r"""url\(["']?(images/[\w.-]+\.png)["']?\)""")
_LEAFLET_LINK = ' href="https://leafletjs.com"'
_REMOTE = r"""\s*["']?\s*(?:[a-z][a-z0-9+.-]*:)?//"""
_REMOTE_IN_TEXT = re.compile(
    rf"""(?:\b(?:src|href|srcset|action|poster)\s*=|@import\b(?:\s*url\()?|\burl\(){_REMOTE}[^\s"'<>)]*""",
    re.IGNORECASE,
)
_REMOTE_ADDRESS = re.compile(r"(?:^|[\s,])(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_LOADING_ATTRIBUTES = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href"}


def own_file(name: str) -> str:
    """The text of one of the page's own files."""
    return files(f"{__package__}.static").joinpath(name).read_text(encoding="utf-8")


def _packaged(package: str, name: str) -> str:
    return files(package).joinpath("data", name).read_text(encoding="utf-8")


def _image_inline(package: str, css: str) -> str:
    """Turn the images a packaged style sheet names into data: addresses."""

    def data_address(found: re.Match[str]) -> str:
        image = files(package).joinpath("data", found.group(1)).read_bytes()
        return f"url(data:image/png;base64,{base64.b64encode(image).decode('ascii')})"

    return _PACKAGED_IMAGE.sub(data_address, css)


def styles() -> list[str]:
    """Every style sheet of the page, in order."""
    packaged = [_image_inline(package, _packaged(package, name)) for package, name in _XSTATIC_STYLES]
    return packaged + [own_file(name) for name in _OWN_STYLES]


def scripts_before_map() -> list[str]:
    """The scripts that must stand before the one folium writes: the libraries, then the page's own."""
    libraries = [
        _SOURCE_MAP.sub("", _packaged(package, name)).replace(_LEAFLET_LINK, "") for package, name in _XSTATIC_SCRIPTS
    ]
    return libraries + [own_file(name) for name in _OWN_SCRIPTS]


def element(tag: str, text: str) -> tuple[str, str]:
    """
    A script or style element and the hash by which the page's content policy lets it through.

    Raises
    ------
    OutputError
        The text would end its own element.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if re.search(rf"</{tag}|<!--", text, re.IGNORECASE):
        raise OutputError(f"A {tag} of the map holds text that would end it early. Reinstall the XStatic packages.")
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"<{tag}>{text}</{tag}>", f"'sha256-{digest}'"


class _RemoteFinder(HTMLParser):
    """Collects every address outside the document; the JSON block is data and cannot load anything."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name in _LOADING_ATTRIBUTES and _REMOTE_ADDRESS.search(value):
                self.found.append(f"<{tag} {name}={value[:80]}>")
        self.found += _REMOTE_IN_TEXT.findall(given.get("style", ""))
        is_code = tag == "style" or (tag == "script" and given.get("type", "") != "application/json")
        self._inside = tag if is_code else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found += [found.group()[:80] for found in _REMOTE_IN_TEXT.finditer(data)]


def check_no_remote(html: str) -> None:
    """
    Make sure that the document asks the network for nothing.

    Raises
    ------
    OutputError
        A src, href, srcset, action, poster, @import or url(…) in a tag, a style or a script leads outside.
    """
    finder = _RemoteFinder()
    finder.feed(html)
    finder.close()
    if finder.found:
        shown = "; ".join(sorted(set(finder.found))[:5])
        raise OutputError(f"The map would ask the network for something, which it must never do: {shown}")
