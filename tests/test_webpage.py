"""The HTML page of a run: whole, offline, and with the numbers of the report."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """Notes open tags, what they refer to, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.references += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.references += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]

    def handle_endtag(self, tag) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(tag)

    def handle_data(self, data) -> None:
        self.text += data


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


def page(here, said, *changes: str) -> str:
    said("run", "studies/small.toml", "--out", "here", *changes)
    code, out, _ = said("report", "here", "--html")
    assert code == 0
    assert str(here / "here" / "report.html") in out or "here/report.html" in out
    return (here / "here" / "report.html").read_text()


def test_page_is_whole_and_loads_nothing(here, said) -> None:
    found = outline(page(here, said))
    assert found.open == []
    assert found.problems == []
    assert [each for each in found.references if not each.startswith("#")] == []


def test_page_says_what_the_report_says(here, said) -> None:
    text = outline(page(here, said)).text
    _, report, _ = said("report", "here")
    for number in re.findall(r"\d\.\d{3}", report):
        assert number in text
    for words in ("Does it run?", "Learning curves", "input_hidden.A", "search.generations = 6",
                  "Provenance (1 sessions)"):  # fmt: skip
        assert words in text


def test_page_of_an_unfinished_run(here, said) -> None:
    """Whatever is stored is shown; nothing waits for the end."""
    text = page(here, said, "--set", "seeds=[1]")
    assert "finished" in outline(text).text


def test_text_of_the_user_stays_text(here, said) -> None:
    text = page(here, said, "--set", 'question="Is <b>a</b> & b?"')
    assert "Is &lt;b&gt;a&lt;/b&gt; &amp; b?" in text


def test_page_can_be_written_elsewhere(here, said) -> None:
    said("run", "studies/small.toml", "--out", "here")
    code, _, _ = said("report", "here", "--html", "page.html")
    assert code == 0
    assert (here / "page.html").read_text().startswith("<!doctype html>")
