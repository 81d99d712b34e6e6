"""The digests of the studies that are shipped: stored runs are found by them, so they stay."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest

from neuromodels.errors import DeclarationError
from neuromodels.search.plan import SearchPlan
from neuromodels.study.added_keys import BEFORE, added_key, keys_left_out
from neuromodels.study.kinds import whole
from neuromodels.study.objective import FailurePlan, Objective
from neuromodels.study.schema import SECTIONS, kinds_of
from neuromodels.study.study import RuleChoice, Study, TaskChoice
from neuromodels.study.study import TestPlan as HowToTest
from neuromodels.study.sweep import Sweep, read_declared

STUDIES = Path(__file__).parents[2] / "studies"
KNOWN = json.loads((Path(__file__).parent / "digests.json").read_text(encoding="utf-8"))
WHAT_TO_DO = """the digests of {moved} have moved: stored runs of these studies are no longer found.
A new key of a study needs a field that says what was meant before there was the key:
neuromodels.study.added_keys.added_key(...), or metadata={{"before": ...}}. Only where a study was
meant to change, change its line in tests/study/digests.json too."""


def digests_of(path):
    """Return the digest of a study, or of each setting of its sweep by name."""
    declared = read_declared(path)
    if isinstance(declared, Sweep):
        return {setting.name: setting.study.digest for setting in declared.settings}
    return declared.digest


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_digest_of_a_shipped_study_stays(path):
    assert path.stem in KNOWN, f"a new study: add {digests_of(path)!r} to tests/study/digests.json"
    digests, known = digests_of(path), KNOWN[path.stem]
    if digests != known:
        one = not isinstance(digests, dict)
        moved = path.stem if one else [name for name in known if digests.get(name) != known[name]]
        pytest.fail(WHAT_TO_DO.format(moved=moved))


def test_no_digest_is_left_of_a_study_that_is_gone():
    assert set(KNOWN) == {path.stem for path in STUDIES.glob("*.toml")}


@dataclass(frozen=True)
class Older:
    hidden: int = 3


@dataclass(frozen=True)
class Newer(Older):
    gain: float = added_key(1.0)
    chances: Mapping[str, float] = added_key({})
    later: float = field(default=2.0, metadata={BEFORE: 5.0})


def test_an_added_key_is_silent_only_with_the_value_that_was_meant_before():
    assert keys_left_out(Newer()) == ["gain", "chances"]
    assert keys_left_out(Newer(gain=2.0, chances={"EE": 0.5}, later=5.0)) == ["later"]
    assert keys_left_out(Older()) == []


@pytest.mark.parametrize("section", [SearchPlan, HowToTest, Objective, FailurePlan])
def test_every_default_of_an_added_key_still_means_what_was_meant_before(section):
    """A changed default would change what older studies say, without changing their digest."""
    added_keys = [f.name for f in fields(section) if BEFORE in f.metadata]
    assert added_keys
    assert keys_left_out(section()) == added_keys


def test_a_key_whose_type_does_not_say_what_it_may_be_needs_a_kind():
    with pytest.raises(DeclarationError, match=r"Older\.hidden: must have a kind.*Give it one"):
        kinds_of(Older)
    assert kinds_of(Older, hidden=whole(1))["hidden"].problem(0)


@pytest.mark.parametrize(
    ("section", "key", "wrong", "words"),
    [
        ("circuit", "plastic", "some", "one of all, input, output"),
        ("circuit", "recurrent", 1, "true or false"),
        ("circuit", "readout", 1, "text"),
        ("circuit", "probability", 0.5, "a table"),
        ("device", "dtype", "float16", "one of float32, float64"),
    ],
)
def test_kinds_follow_from_types(section, key, wrong, words):
    assert words in SECTIONS[section][key].problem(wrong)


@pytest.mark.parametrize("name", ["circuit", "search", "test", "objective", "failures", "device"])
def test_a_section_has_the_keys_that_its_table_has(name):
    study = Study(name="x", task=TaskChoice("sequence_copy"), rule=RuleChoice("pdlf"))
    assert list(study.to_table()[name]) == list(SECTIONS[name])
