"""From the reference that a catalog states, in words, to the publications that it names."""

from __future__ import annotations

import re

from neuromodels.report.citations.publication import Publication, without_accents
from neuromodels.report.citations.publications import PUBLICATIONS

NAME = r"(?:van )?[A-Z][\w'-]+"
CITED = re.compile(rf"({NAME})(?:(?:, {NAME})*,? (?:&|and) {NAME}| et al\.)? ((?:19|20)\d\d)\b")
"""First author and year, as in ``"Bienenstock, Cooper & Munro 1982"``."""
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
DOI = re.compile(r"\b(10\.\d{4,}/[^\s;,]+)")

Mark = tuple[str, str]
"""What names a publication in a reference: first author and year, or a number and its kind."""


def marks_in(reference: str) -> list[Mark]:
    """Return all that names a publication in a reference, in its order."""
    found = [(match.start(), (match[1], match[2])) for match in CITED.finditer(reference)]
    for pattern, kind in ((ARXIV, "arXiv"), (DOI, "DOI")):
        found += [(match.start(), (kind, match[1])) for match in pattern.finditer(reference)]
    return [mark for _, mark in sorted(found)]


def publications_in(reference: str) -> tuple[list[Publication], list[Mark]]:
    """Return the publications that a reference names, each once, and marks of unknown ones."""
    found: list[Publication] = []
    unknown = []
    for mark in marks_in(reference):
        known = [each for each in PUBLICATIONS if _has(each, mark)]
        meant = _meant(known, reference)
        found += [each for each in meant if each not in found]
        unknown += [] if meant else [mark]
    return found, unknown


def _has(publication: Publication, mark: Mark) -> bool:
    if mark[0] == "arXiv":
        return publication.arxiv == mark[1]
    if mark[0] == "DOI":
        return publication.doi == mark[1]
    told = (publication.plain_surname, str(publication.year))
    return told == (without_accents(mark[0]), mark[1])


def _meant(known: list[Publication], reference: str) -> list[Publication]:
    """Return which of several by one author in one year: that whose volume stands beside it."""
    if len(known) < 2:
        return known
    placed = [each for each in known if each.volume and f" {each.volume}:" in reference]
    return placed[:1] or [each for each in known if not each.volume][:1]
