"""Pages that the site writes itself: links that lead out of ``docs``, and the gallery of rules."""

import ast
import re
import sys
from pathlib import Path

import pytest

import neuromodels
from neuromodels.rules import CATALOG

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.md"))


@pytest.fixture(autouse=True)
def of_the_site(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_site"))
    yield
    for name in ("repository_pages", "rule_gallery", "rule_pictures"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("link", "written", "placed", "led"),
    [
        ("../../figures/README.md", "docs/results/a.md", "docs/results/a.md",
         "../project/figures.md"),
        ("../../CONTRIBUTING.md#tests", "docs/how_to/a.md", "docs/how_to/a.md",
         "../project/contributing.md#tests"),
        ("../docs/results/a.md", "figures/README.md", "docs/project/figures.md", "../results/a.md"),
        ("data/a.csv", "figures/README.md", "docs/project/figures.md", "../../figures/data/a.csv"),
        ("#top", "docs/index.md", "docs/index.md", "#top"),
        ("https://arxiv.org/abs/2308.12063", "docs/index.md", "docs/index.md",
         "https://arxiv.org/abs/2308.12063"),
    ],
)  # fmt: skip
def test_links_lead_to_where_the_site_has_the_page(link, written, placed, led):
    from repository_pages import with_links

    assert with_links(f"see [this]({link}).", written, placed) == f"see [this]({led})."


@pytest.mark.parametrize("rule", CATALOG.values(), ids=lambda rule: rule.name)
def test_a_page_shows_all_of_a_rule(rule):
    from rule_gallery import page_of, table_rows

    row = table_rows()[rule.name]
    page = page_of(rule, row)
    for coefficient in rule.coefficients:
        assert f"| `{coefficient.name}` | {coefficient.default:g} |" in page
    for statements in (rule.each_step, rule.on_pre, rule.on_post):
        for line in statements.strip().splitlines():
            assert line.strip() in page
    assert row[0] in page


def test_every_public_name_is_documented():
    page = (ROOT / "docs" / "reference" / "api.rst").read_text()
    public = [name for name in dir(neuromodels) if name != "__version__"]
    assert len(public) > 10
    assert [name for name in public if not re.search(rf"neuromodels\.{name}\b", page)] == []


def test_a_picture_has_numbers_that_its_rule_takes():
    from rule_pictures import EXAMPLES, LEFT_OUT

    assert set(LEFT_OUT) < set(CATALOG)
    for name, values in EXAMPLES.items():
        known = {c.name: c for c in CATALOG[name].coefficients}
        for coefficient, value in values.items():
            assert known[coefficient].low <= value <= known[coefficient].high


def test_the_picture_of_stdp_is_drawn_once(tmp_path):
    from rule_pictures import picture_of

    file, caption = picture_of(CATALOG["stdp"], tmp_path)
    first = file.stat().st_mtime_ns
    assert "60 pairs of spikes, all numbers at their defaults" in caption
    assert file.read_text().startswith("<?xml")
    assert picture_of(CATALOG["stdp"], tmp_path)[0].stat().st_mtime_ns == first
    assert picture_of(CATALOG["fixed"], tmp_path) is None
    assert picture_of(CATALOG["polynomial"], tmp_path) is None


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_of_a_notebook_are_python(notebook):
    cells = re.findall(r"```\{code-cell\} python\n(.*?)```", notebook.read_text(), re.DOTALL)
    assert len(cells) >= 5
    for cell in cells:
        ast.parse(re.sub(r"(?m)^[!:].*$", "", cell))
