"""A page of a stranger's run is text and pictures: nothing in it acts, and it loads nothing."""

import json
from html.parser import HTMLParser

import pytest
from strangers import CONTROL, MARKUP

from neuromodels.errors import printable

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "pre", "div"),
    *("table", "tr", "th", "td"),
    *("svg", "g", "defs", "clippath", "path", "rect", "text", "use", "metadata", "tspan"),
    *("rdf:rdf", "cc:work", "dc:type", "dc:format", "dc:creator", "cc:agent", "dc:title"),
}
"""Elements that show something; none of them runs a script or loads a file."""
LINKS = ("src", "href", "xlink:href", "action", "data", "srcset")


class Acts(HTMLParser):
    """Notes elements and attributes that could act."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.elements = 0

    def handle_starttag(self, tag, attrs) -> None:
        self.elements += 1
        if tag not in ALLOWED:
            self.found.append(tag)
        self.found += [f"{tag} {key}" for key, _ in attrs if key.startswith("on")]
        self.found += [f"{tag} {v}" for k, v in attrs if k in LINKS and not str(v).startswith("#")]


def acts_in(text):
    parser = Acts()
    parser.feed(text)
    assert parser.elements > 20
    return parser.found


@pytest.mark.parametrize(
    "text", [MARKUP, CONTROL, "</pre></style></title>" + MARKUP, "&lt;script>"]
)
def test_whatever_a_run_is_called_it_is_only_shown(here, said, text):
    assert said("run", "studies/small.toml", "--out", "run")[0] == 0
    for name in ("study.json", "provenance.json"):
        stored = json.loads((here / "run" / name).read_text())
        place = stored if name == "study.json" else stored["sessions"][0]
        place.update({"name": text, "question": text, text: {text: text}})
        (here / "run" / name).write_text(json.dumps(stored))
    assert said("report", "run", "--html")[0] == 0
    page = (here / "run" / "report.html").read_text()
    assert acts_in(page) == []
    assert page == printable(page)
    assert "url(http" not in page
    assert "@import" not in page


def test_the_test_sees_what_acts():
    page = "<p>" * 30 + MARKUP.partition(">")[2]
    assert set(acts_in(page)) == {"script", "img", "img onerror", "img http://x"}
