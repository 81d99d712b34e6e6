"""What README shows runs: its model is swept, and its study is whole."""

import re
from pathlib import Path

import pytest

from neuromodels.rules import CATALOG
from neuromodels.study.file import read_study

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SMALLER = {"duration=10*second": "duration=200*ms", "repeats=40": "repeats=2"}


def block(language: str) -> str:
    """Return the only block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found


def words(table: str) -> list[list[str]]:
    """Return the words of each line."""
    return [line.split() for line in table.strip().split("\n")]


def test_a_thousand_copies(capsys: pytest.CaptureFixture[str]) -> None:
    """The first example prints the rows and columns that README shows under it."""
    code = block("python")
    for said, run in SMALLER.items():
        assert said in code, said
        code = code.replace(said, run)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    printed = words(capsys.readouterr().out)
    shown = words(README[README.index("```\n             rate") + 4 :].split("```")[0])
    assert printed[:2] == shown[:2] == [["rate", "weight"], ["depression"]]
    assert [row[0] for row in printed] == [row[0] for row in shown]
    assert {len(row) for row in printed[2:]} == {3}


def test_a_study(tmp_path: Path) -> None:
    """The second one is a study without a mistake."""
    path = tmp_path / "three_bits.toml"
    path.write_text(block("toml"))
    assert read_study(path).name == "three_bits"


def test_number_of_rules() -> None:
    """README says thirty; look at it when there are forty."""
    assert 30 <= len(CATALOG) < 40
