"""Publications, and this package itself, as entries of BibTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from neuromodels import DISTRIBUTION, __version__
from neuromodels.report.citations.publication import Publication

PLACES = {
    "article": "journal",
    "inproceedings": "booktitle",
    "book": "publisher",
    "techreport": "institution",
}
SPECIAL = re.compile(r"(?<!\\)([&%#_$])")
OURS = {
    "type": "software",
    "author": "{The neuromodels developers}",
    "title": "neuromodels: search plasticity rules in spiking networks",
    "version": __version__,
    "note": f"Python package {DISTRIBUTION}",
}


def key_of(publication: Publication) -> str:
    """Return the key of an entry: first author, year and the first long word of the title."""
    word = next(word for word in re.findall(r"[A-Za-z]+", publication.title) if len(word) > 3)
    name = publication.plain_surname.replace(" ", "").lower()
    return f"{name}{publication.year}{word.lower()}"


def fields_of(publication: Publication) -> dict[str, str]:
    """Return the fields of an entry in their order, ``"type"`` the first."""
    preprint = {"eprint": publication.arxiv, "archiveprefix": "arXiv"} if publication.arxiv else {}
    fields = {
        "type": publication.kind,
        "author": publication.author,
        "title": publication.title,
        PLACES.get(publication.kind, "howpublished"): publication.place,
        "year": str(publication.year),
        "volume": publication.volume,
        "pages": publication.pages,
        "doi": publication.doi,
        **preprint,
        "url": publication.url,
    }
    return {name: value for name, value in fields.items() if value}


def entry_of(key: str, fields: Mapping[str, str]) -> str:
    """Return an entry as text; capitals of its title are kept."""
    told = {name: _written(name, value) for name, value in fields.items() if name != "type"}
    lines = [f"  {name} = {{{text}}}," for name, text in told.items()]
    return "\n".join([f"@{fields['type']}{{{key},", *lines, "}"])


def _written(name: str, value: str) -> str:
    if name in ("doi", "url", "eprint"):
        return value
    safe = SPECIAL.sub(r"\\\1", unicodedata.normalize("NFC", value))
    return f"{{{safe}}}" if name == "title" else safe


def bibtex(entries: Sequence[Mapping[str, str]]) -> str:
    """Return entries as one text; each has its ``"key"`` beside its fields."""
    texts = [
        entry_of(each["key"], {k: v for k, v in each.items() if k != "key"}) for each in entries
    ]
    return "\n\n".join(texts)
