"""Every measure says what it asks and of whom, and the command line and its page know it."""

import json
import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from neuromodels.cli import main
from neuromodels.measures import CATALOG
from neuromodels.study.conditions import CONDITIONS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


@pytest.fixture(params=CATALOG)
def measure(request):
    return CATALOG[request.param]


def test_it_has_a_name_that_a_file_can_have(measure):
    assert re.fullmatch("[a-z]+", measure.name)
    assert CATALOG[measure.name] is measure


def test_it_asks_a_question_and_explains_its_table(measure):
    assert re.fullmatch(r"[A-Z].{10,90}\?", measure.about)
    assert re.fullmatch(r"[A-Z].{10,}\.", measure.note)


def test_its_conditions_exist(measure):
    assert measure.conditions
    assert set(measure.conditions) <= set(CONDITIONS)


def test_it_examines_a_solution(measure):
    asked = ["settings", "solution"] if measure.settings else ["solution"]
    assert len(signature(measure.examine).parameters) == len(asked)


def test_hidden_seeds_are_told_by_their_medians(measure):
    assert measure.over_seeds or measure.shows_seeds


def test_the_command_line_lists_it(measure, capsys):
    main(["list", "measures", "--json"])
    items = {each["name"]: each for each in json.loads(capsys.readouterr().out)["items"]}
    assert items[measure.name]["summary"] == measure.about
    assert items[measure.name]["conditions"] == list(measure.conditions)


def test_the_command_line_takes_it(measure, capsys):
    with pytest.raises(SystemExit):
        main(["measure", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert f"{measure.name}: {measure.about}" in text


def test_the_page_of_commands_has_its_row(measure):
    found = re.search(rf"^\| `{measure.name}` \|", PAGE.read_text(), re.MULTILINE)
    assert found is not None, f"add the row of {measure.name!r} to docs/reference/commands.md"


def test_declaring_measures_imports_nothing_heavy():
    code = (
        "import sys, neuromodels.measures;"
        "sys.exit(bool({'brian2', 'matplotlib', 'pandas', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
