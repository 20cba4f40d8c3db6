"""The forms of Open Referral lists: one service, a page, a list, an organization, tables beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..schema.open_referral import EXTENSION
from ._raw import refuse
from ._read import read_json

Json = Mapping[str, Any]
REMEDY = (
    "Save what the feed's /services or /service_at_locations answers, as open_referral.json or page by page in a "
    "folder open_referral."
)
_LISTS = ("contents", "content")
_TABLES = ("services", "organizations", "locations", "service_at_locations", "addresses", "schedules", "attributes",
           "taxonomy_terms", "cost_options")  # fmt: skip
"""Of a bulk file, or of a folder of such: those that are read. Contacts and phones never are."""
_OTHER_NAMES = {"service_at_location": "service_at_locations", "organization": "organizations", "address": "addresses"}
"""As tables are called after the objects in them."""


@dataclass(slots=True, kw_only=True)
class Offered:
    """One service as it stands, who offers it and where; `row` is its place in the file, the first being 1."""

    row: int
    service: Json
    organization: Json = field(default_factory=dict)
    places: list[Json] = field(default_factory=list)
    terms: list[Json] = field(default_factory=list)
    """Attributes of the service and of its being at a place."""


@dataclass(slots=True, kw_only=True)
class Listed:
    """What a file lists: services, and how many items are none, by what they are."""

    items: int = 0
    offered: list[Offered] = field(default_factory=list)
    others: dict[str, list[int]] = field(default_factory=dict)
    """What is wrong → rows."""
    total: int = 0
    """How many services the feed tells of, on all its pages."""
    own: bool = False
    """Whether geomap wrote it."""


def open_lists(path: Path) -> Iterator[tuple[str, Listed]]:
    """
    The lists of a JSON file, or of the JSON files of a folder in the order of their names.

    Raises
    ------
    DataError
        A file is missing, damaged or no Open Referral JSON, or the folder holds none.
    """
    path = Path(path)
    if not path.is_dir():
        yield path.name, read_list(read_json(path)[0], path.name)
        return
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".json" and file.is_file())
    if not files:
        raise refuse(path.name, "the folder holds no JSON file", REMEDY)
    pages = {file.name: read_json(file)[0] for file in files}
    tables = {_table_name(name): page for name, page in pages.items() if isinstance(page, list)}
    if "services" in tables and set(tables) <= set(_TABLES) | {"contacts", "phones"}:
        yield path.name, read_list(tables, path.name)
        return
    for name, page in pages.items():
        yield name, read_list(page, name)


def _table_name(file: str) -> str:
    stem = PurePosixPath(file).stem.lower()
    return _OTHER_NAMES.get(stem, stem)


def read_list(page: object, source: str) -> Listed:
    """
    The services of a document, whichever form it has.

    Parameters
    ----------
    page
        What the JSON holds.
    source
        The file, as faults name it.

    Raises
    ------
    DataError
        It has none of the forms.
    """
    listed = Listed()
    if isinstance(page, dict):
        listed.own, total = EXTENSION in page, page.get("total_items")
        listed.total = total if isinstance(total, int) else 0
        inner = next((page[key] for key in _LISTS if isinstance(page.get(key), list)), None)
        if inner is not None:
            page = inner
        elif "id" not in page and isinstance(page.get("services"), list):
            page = _join_tables(page)
        elif "id" in page:
            page = [page]
    if not isinstance(page, list):
        raise refuse(source, "this is no Open Referral list of services", REMEDY)
    for item in page:
        _add(listed, item)
    return listed


def _add(listed: Listed, item: object) -> None:
    """A service, a service at a location, or an organization with its services."""
    if not isinstance(item, dict):
        _pass_over(listed, "it is no object")
    elif isinstance(item.get("service"), dict):
        place = _objects(item.get("location"))
        _add_service(listed, item["service"], places=place, terms=_terms(item))
    elif isinstance(item.get("services"), list):
        services = [service for service in item["services"] if isinstance(service, dict)]
        if not services:
            _pass_over(listed, "an organization without services")
        for service in services:
            _add_service(listed, service, organization=item)
    elif "status" not in item and isinstance(item.get("organization_identifiers"), list):
        _pass_over(listed, "an organization without services")
    else:
        _add_service(listed, item)


def _pass_over(listed: Listed, why: str) -> None:
    listed.items += 1
    listed.others.setdefault(why, []).append(listed.items)


def _add_service(
    listed: Listed, service: Json, *, organization: Json | None = None, places: list[Json] = (), terms: list[Json] = ()
) -> None:
    listed.items += 1
    at = _objects(service.get("service_at_locations"))
    found = [*places, *(place for link in at for place in _objects(link.get("location")))]
    own = service.get("organization")
    listed.offered.append(
        Offered(
            row=listed.items,
            service=service,
            organization=own if isinstance(own, dict) else organization or {},
            places=found,
            terms=[*_terms(service), *terms, *(term for link in at for term in _terms(link))],
        )
    )


def _terms(thing: Json) -> list[Json]:
    """Attributes; those of version 1 are called otherwise."""
    return [*_objects(thing.get("attributes")), *_objects(thing.get("service_taxonomys"))]


def _objects(value: object) -> list[Json]:
    """The objects of a list, or one that stands alone."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _join_tables(page: Json) -> list[Json]:
    """Services of a bulk file, each with its organization, places and terms put into it, as the API nests them."""
    tables = {_OTHER_NAMES.get(name, name): _objects(rows) for name, rows in page.items() if isinstance(rows, list)}
    organizations, terms = _by(tables, "organizations"), _by(tables, "taxonomy_terms")
    attributes = [
        {"taxonomy_term": terms.get(str(row.get("taxonomy_term_id")), {}), **row}
        for row in tables.get("attributes", ())
    ]
    owned = _grouped(attributes, "link_id")
    addresses = _grouped(tables.get("addresses", ()), "location_id")
    places = {key: {"addresses": addresses.get(key, []), **row} for key, row in _by(tables, "locations").items()}
    links = [
        {"location": places.get(str(row.get("location_id"))), "attributes": owned.get(str(row.get("id")), []), **row}
        for row in tables.get("service_at_locations", ())
    ]
    at = _grouped(links, "service_id")
    joined = []
    for service in page["services"]:
        if isinstance(service, dict):
            key = str(service.get("id"))
            owner = organizations.get(str(service.get("organization_id")), {})
            parts = {"organization": owner, "service_at_locations": at.get(key, []), "attributes": owned.get(key, [])}
            service = parts | service
        joined.append(service)
    return joined


def _by(tables: Mapping[str, list[Json]], name: str) -> dict[str, Json]:
    return {str(row.get("id")): row for row in tables.get(name, ())}


def _grouped(rows: list[Json], key: str) -> dict[str, list[Json]]:
    groups: dict[str, list[Json]] = {}
    for row in rows:
        groups.setdefault(str(row.get(key)), []).append(row)
    return groups
