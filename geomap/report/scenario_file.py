"""A scenario file to begin with: what was found is filled in, every default stands there to be changed."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..config import default_text
from ..phrases import day_in_words

_COMMENT_COLUMN = 44
_WIDTH = 116


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFacts:
    """What is known when a scenario is begun; a remark says where a value comes from, without a full stop."""

    written: dt.date
    folder: str
    """Of the official files, as the scenario names it."""
    folder_remark: str
    bank: str
    bank_remark: str
    start: dt.date
    start_remark: str
    end: dt.date
    end_remark: str
    as_of: dt.date
    as_of_remark: str
    absent: tuple[str, ...]
    """Sentences on what is missing, and what a run assumes."""
    icbs: Mapping[str, str]
    """Code → name of those a run can be limited to, in order; empty where they are not known."""


def write_scenario_text(facts: ScenarioFacts) -> str:
    """
    The text of a scenario file that runs as it is.

    Settings that begin with `#` and no space are the defaults as they ship: taking the `#` off changes nothing until
    the value is changed.
    """
    title = f"Donated hours, {day_in_words(facts.start.isoformat())} to {day_in_words(facts.end.isoformat())}"
    when = day_in_words(facts.written.isoformat())
    lines = [
        f"# Written by 'geomap start' on {when}. Every line may be changed; what is left out has a default.",
        _setting("name", title, "the title of the map and of the tables"),
        '#label = "Illustrative"  # shown wherever results show, where the data are not real',
        "",
        "[data]",
        _setting("folder", facts.folder, facts.folder_remark),
        *_comments(facts.absent),
        '# To name a file yourself:  files = { qof = "my folder/PREVALENCE_2425.csv" }',
        "",
        "[bank]",
        _setting("path", facts.bank, facts.bank_remark),
        _setting("bad_rows", "stop", 'a row with a fault ends the run; "reject" leaves it out and tells it'),
        _setting("repairs", "report", 'cells read otherwise than written are told; "refuse" ends the run'),
        "",
        "[period]",
        _setting("start", facts.start, facts.start_remark),
        _setting("end", facts.end, facts.end_remark),
        _setting("as_of", facts.as_of, facts.as_of_remark),
        "",
        "[area]",
        _setting("icb_codes", [], 'all of England; for one ICB ["QWO"], or --icb QWO'),
        *[f"#   {code:<6} {_plain(name)}" for code, name in facts.icbs.items()],
        "",
        "# From here on the defaults, each with its source, or marked † where it is assumed. To change one, take the #",
        "# off its line and off the [table] above it. Pathways, such as [pathways.exercise_referral] with",
        "# uptake_share = 0.72, are listed in docs/method.md.",
    ]
    for name in ("travel", "need", "match"):
        lines += ["", *_defaults(name)]
    return "\n".join(lines) + "\n"


def _defaults(name: str) -> list[str]:
    """A file of defaults, each setting and table behind a `#`; a file of one table is given its heading."""
    text = default_text(name)
    one_table = f"[{name}]" not in text.splitlines()
    lines = [f"#[{name}]"] if one_table else []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            lines.append(line)
        elif one_table and line.startswith("["):
            lines.append(f"#[{name}.{line[1:]}")
        else:
            lines.append(f"#{line}")
    return lines


def _setting(key: str, value: object, remark: str) -> str:
    if isinstance(value, dt.date):
        text = value.isoformat()
    else:  # TOML escapes as JSON does, and one character more
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")
    return f"{f'{key} = {text}':<{_COMMENT_COLUMN}} # {_plain(remark)}"


def _comments(sentences: tuple[str, ...]) -> list[str]:
    """Sentences as comments, wrapped."""
    lines = []
    for sentence in sentences:
        line = "#"
        for word in _plain(sentence).split(" "):
            if len(line) + len(word) > _WIDTH:
                lines.append(line)
                line = "#    "
            line += f" {word}"
        lines.append(line)
    return lines


def _plain(text: str) -> str:
    """Text that may come from a file, in one line: a comment must not end in the middle and become a setting."""
    return re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text)).strip()
