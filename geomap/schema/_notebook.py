"""What a notebook shows of an object: small tables in HTML, every text escaped, no script and no style sheet."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

_CELL = "text-align:left;vertical-align:top"


def html_table(
    caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]], *, notes: Sequence[str] = ()
) -> str:
    """
    A table with a caption and headings that a screen reader tells, and notes below it.

    Parameters
    ----------
    caption, headings, rows, notes
        Plain text; the first cell of a row is its heading.

    Returns
    -------
    html
        A `div`. Nothing in it can be markup of an input's making.
    """
    head = "".join(f'<th scope="col" style="{_CELL}">{_plain(text)}</th>' for text in headings)
    body = "".join(
        f'<tr><th scope="row" style="{_CELL}">{_plain(first)}</th>'
        + "".join(f'<td style="{_CELL}">{_plain(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    told = "".join(f"<p>{_plain(note)}</p>" for note in notes)
    return (
        f'<div><table><caption style="{_CELL}">{_plain(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}</div>"
    )


def _plain(text: object) -> str:
    """Text as text; letters that no page can hold or that turn its direction are spelt out."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    return html.escape(shown, quote=True)
