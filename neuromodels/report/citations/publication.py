"""What a publication is."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """A publication as BibTeX has it; at least one of `doi`, `arxiv` and `url` leads to it.

    Parameters
    ----------
    author
        All authors, ``"Oja, Erkki and ..."``.
    place
        The journal, the proceedings or the publisher; empty of a preprint.
    volume, pages
        Within the place.
    doi, arxiv, url
        Where it is found. `doi` may be that of a preprint where the proceedings have none.
    kind
        BibTeX's word for it.
    """

    author: str
    year: int
    title: str
    place: str = ""
    volume: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    kind: str = "article"

    @property
    def surname(self) -> str:
        """The first author's."""
        return self.author.partition(",")[0]

    @property
    def plain_surname(self) -> str:
        """The same without accents, as some references and all keys have it."""
        return without_accents(self.surname)


def without_accents(name: str) -> str:
    """Return a name in ASCII."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
