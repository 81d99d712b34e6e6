"""Parts of pages for a browser: each page is one file that loads nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from neuromodels.errors import printable
from neuromodels.files import check_target, refuse_link, replace_file
from neuromodels.report.plotting.draw import svg_of
from neuromodels.report.plotting.style import DARK
from neuromodels.store.folder import PROVENANCE
from neuromodels.store.provenance import sessions_in

NAME = "report.html"
BEGINS = b"<!doctype html>"
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.question { font-size: 1.1rem; margin-top: .25rem; } .quiet { opacity: .7; font-size: .875rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; }
.panels { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.panels svg { width: 100%; height: auto; max-width: 36rem; }
.panels svg text { font-family: inherit !important; }
pre { white-space: pre-wrap; font-size: .8125rem; padding: .75rem;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 4px; }
@media (max-width: 48rem) {
  tr:has(th) { display: none; }
  tr { display: block; padding: .25rem 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
  td { display: inline-block; padding: 0 .75rem 0 0; border: 0; white-space: normal; }
  td:empty { display: none; }
  td::before { content: attr(data-of) " "; opacity: .7; font-size: .875rem; }
}
"""
"""Narrow screens show each row of a table as a paragraph: nothing needs to be scrolled aside."""


def write_text(page: str, folder: Path, path: Path | None) -> Path:
    """Write a page, by default into a run folder; return where it is."""
    target = path or folder / NAME
    if path is None:
        refuse_link(target)
    replace_file(check_target(target, BEGINS), page.encode())
    return target


def page_with(title: str, parts: Sequence[str]) -> str:
    """Return a page of some parts as HTML text."""
    return printable(
        f'{BEGINS.decode()}\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def head_with(name: str, question: str, state: str) -> list[str]:
    """Return the title of a page, the question, and a line about the run."""
    lines = [f"<h1>{escape(name)}</h1>"]
    if question:
        lines.append(f'<p class="question">{escape(question)}</p>')
    return [*lines, f'<p class="quiet">{escape(state)}</p>']


def table_with(
    heads: Sequence[str], rows: Iterable[Sequence[str]], texts: Sequence[int] = ()
) -> str:
    """Return a table; columns listed in `texts` are set as text, the others as numbers."""
    kinds = [' class="text"' if k in texts else "" for k in range(len(heads))]
    top = "".join(f"<th{kind}>{escape(h)}</th>" for kind, h in zip(kinds, heads, strict=True))

    def cells(row: Sequence[str]) -> str:
        return "".join(
            f'<td{kind} data-of="{escape(head)}">{escape(cell)}</td>'
            for kind, head, cell in zip(kinds, heads, row, strict=True)
        )

    body = "".join(f"<tr>{cells(row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def picture_of(figure: Any, name: str, label: str) -> str:
    """Return a figure as a part: its lines have the text's colour, its names are its own."""
    svg = svg_of(figure).replace(DARK, "currentColor")
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)


def values_of(table: Any) -> list[str]:
    """Return a part with the values of a nested table, each with its dotted key."""
    lines = "\n".join(_flat(table))
    return ["<h2>Study</h2>", f"<pre>{escape(lines)}</pre>"]


def _flat(value: Any, prefix: str = "") -> Iterable[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{prefix}.{key}" if prefix else key)
    else:
        yield f"{prefix} = {value}"


def provenance_in(folder: Path) -> list[str]:
    """Return a part with the sessions of a run."""
    sessions = sessions_in(folder / PROVENANCE)
    if not sessions:
        return []
    lines = [list(_flat(session)) for session in sessions]
    texts = ["\n".join(lines[0])]
    for before, now in pairwise(lines):
        # a run that was resumed a hundred times says the same a hundred times
        texts.append("\n".join(line for line in now if line not in before))
    text = "\n\n".join(texts)
    note = "Of later sessions only what is not as in the one before."
    return [
        f"<h2>Provenance ({len(sessions)} sessions)</h2>",
        f"<pre>{escape(text)}</pre>",
        *([f'<p class="quiet">{note}</p>'] if len(sessions) > 1 else []),
    ]
