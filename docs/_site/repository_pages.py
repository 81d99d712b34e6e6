"""Pages of the repository that lie outside ``docs``, and links between them and the site.

The pages are read on a forge as well as on the site. There a link to ``../../figures/README.md`` is
right, and here the same text is a page of its own. Whatever else a link outside ``docs`` names, a
table or a script, is offered as a download.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx


ROOT = Path(__file__).parents[2]
PAGES = {
    "project/figures": "figures/README.md",
    "project/benchmarks": "benchmarks/README.md",
    "project/population": "figures/data/population.md",
    "project/contributing": "CONTRIBUTING.md",
    "project/changes": "CHANGELOG.md",
}
"""Page of the site -> file of the repository."""
_PLACE_OF = {file: f"docs/{page}.md" for page, file in PAGES.items()}
_LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(?=[#)])")


def write_pages(app: Sphinx) -> None:
    """Write each page of the repository where Sphinx looks for pages, if it changed."""
    for page, file in PAGES.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        write_if_new(Path(app.srcdir) / f"{page}.md", with_links(text, file, f"docs/{page}.md"))


def mend_links(app: Sphinx, page: str, source: list[str]) -> None:
    """Lead the links of a page in ``docs`` to where the site has what they name."""
    if page not in PAGES:
        suffix = Path(app.env.doc2path(page)).suffix
        place = f"docs/{page}{suffix}"
        source[0] = with_links(source[0], place, place)


def with_links(text: str, written: str, placed: str) -> str:
    """Return a page's text with links that are right where the site places it.

    Parameters
    ----------
    written, placed
        The page's path in the repository, and that of the page of the site.
    """

    def led(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(written), link[0]))
        target = _PLACE_OF.get(path, path)
        return posixpath.relpath(target, posixpath.dirname(placed) or ".")

    return _LINK.sub(led, text)


def write_if_new(file: Path, text: str) -> None:
    """Write a file whose text differs, so that Sphinx reads no page twice."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the two steps with Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", mend_links)
    return {"parallel_read_safe": True}
