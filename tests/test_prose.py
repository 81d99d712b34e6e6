"""The pages are plain English: short sentences, and links that lead somewhere."""

import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
WRITTEN_BY_SPHINX = ("_build", "gallery", "project")
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CODE_OF_CONDUCT.md",
        ROOT / "SECURITY.md",
        ROOT / "figures" / "README.md",
        ROOT / "benchmarks" / "README.md",
        *(
            page
            for page in (ROOT / "docs").rglob("*.md")
            if page.relative_to(ROOT / "docs").parts[0] not in WRITTEN_BY_SPHINX
        ),
    ]
)
MEDIAN, LONGEST = 15, 40
"""Words of a page's median sentence, and of its longest."""
NOT_PROSE = ("|", "#", "![", "    ")


def name(path):
    return str(path.relative_to(ROOT))


def prose_of(text):
    """Return a page's paragraphs and list items, without code, tables and headings."""
    text = re.sub(r"```.*?```", "\n", text, flags=re.DOTALL)
    lines = ["" if line.startswith(NOT_PROSE) else line.strip() for line in text.splitlines()]
    lines = [re.sub(r"^([-*+]|\d+\.)\s+", "\n", line) for line in lines]
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return [re.sub(r"\s+", " ", block).strip() for block in blocks if block.strip()]


def sentences_of(text):
    """Return the sentences of a page; a link counts with its words only."""
    blocks = [re.sub(r"\]\([^)]*\)", "]", block) for block in prose_of(text)]
    parts = [re.split(r"(?<=[.!?:])\s+(?=[A-Z`\[*(0-9])", block) for block in blocks]
    return [sentence for part in parts for sentence in part if len(sentence.split()) > 2]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_sentences_are_short(page):
    sentences = sentences_of(page.read_text(encoding="utf-8"))
    assert median(len(sentence.split()) for sentence in sentences) <= MEDIAN
    assert not [sentence for sentence in sentences if len(sentence.split()) > LONGEST]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        place, _, heading = target.partition("#")
        path = (page.parent / place).resolve() if place else page
        assert path.exists(), f"{name(page)} links to {target}"
        if heading and path.suffix == ".md":
            assert heading in anchors_of(path), f"{name(page)} links to {target}"


def anchors_of(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_rule_sees_long_sentences_and_no_tables():
    text = "# A heading\n\nOne two three. Four five six.\n\n| a | b |\n\n- " + "word " * 41
    lengths = [len(sentence.split()) for sentence in sentences_of(text)]
    assert lengths == [3, 3, 41]
