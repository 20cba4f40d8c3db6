"""Around a command: the language it works in, and what reaches the terminal, where no input may send controls."""

from __future__ import annotations

import locale
import os
import sys
from typing import Any, TextIO


def printable(text: str) -> str:
    """Input text may hold terminal escapes: show them, never send them."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


class PlainStream:
    """A stream of text that shows control characters and does not send them; `direct` is the one below it."""

    def __init__(self, direct: TextIO) -> None:
        self.direct = direct

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("this stream is for text")  # which typer finds out by trying
        self.direct.write(printable(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)  # nobody goes round this one
        return getattr(self.direct, name)


def settle_locale() -> None:
    """
    Work in no language, here and in the processes that are started from here; text stays UTF-8.

    Where the computer speaks Turkish, the small letter of I is another one, and GDAL does not find its own options.
    """
    locale.setlocale(locale.LC_ALL, "C")
    os.environ["LC_ALL"] = "C.UTF-8"


def guard_streams() -> None:
    """
    Let nothing but plain text through from now on: messages, warnings, logs and tracebacks alike.

    A terminal that cannot show a letter gets a question mark, not a traceback.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # as it is where a program without a terminal starts geomap
            stream.reconfigure(errors="replace")
            setattr(sys, name, PlainStream(stream))
