"""Terms of a rule in a study file: `terms = "A B"`."""

import pytest

from neuromodels.rules import CATALOG
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.file import StudyFileError, read_study
from neuromodels.study.stored import stored_study
from neuromodels.study.sweep import read_declared

TEXT = """\
name = "small"
[task]
name = "sequence_copy"
[rule]
name = "pdlf"
terms = "A"
[rule.coefficients]
D = { sigma = 0.004 }
C = { default = 1.0 }
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "small.toml"
        path.write_text(text)
        return path

    return write


def names(study):
    return [c.name for c in circuit_of(study, "plastic").projections[0].rule.coefficients]


def test_terms_that_stay_are_searched_and_the_others_are_gone(written):
    study = read_study(written(TEXT))
    assert names(study) == ["eta", "A", "C"]
    assert study.rule.options["terms"] == "A"
    assert set(study.rule.coefficients) == {"eta", "A", "C"}, "settings of D have no effect"
    assert names(read_study(written(TEXT.replace('"A"', '"D, B"')))) == ["eta", "B", "D"]


def test_all_terms_are_the_rule_itself(written):
    whole = read_study(written(TEXT.replace('terms = "A"\n', "")))
    for text in ('"all"', '"D A B"'):
        assert read_study(written(TEXT.replace('"A"', text))).digest == whole.digest


def test_the_order_of_names_changes_nothing(written):
    one, other = (read_study(written(TEXT.replace('"A"', t))) for t in ('"A B"', '"B,A"'))
    assert one.digest == other.digest


def test_a_sweep_over_terms(written):
    sweep = read_declared(written(f'{TEXT}[sweep]\n"rule.terms" = ["all", "A", "B D"]\n'))
    found = [names(setting.study) for setting in sweep.settings]
    assert found == [["eta", "A", "B", "C", "D"], ["eta", "A", "C"], ["eta", "B", "D"]]


def test_a_stored_study_keeps_its_terms(written):
    study = read_study(written(TEXT))
    assert stored_study(study.to_table()).digest == study.digest


@pytest.mark.parametrize("terms", ['"E"', '""', '"A A"', '["A"]', "1"])
def test_a_wrong_text_is_one_problem_with_its_line(written, terms):
    with pytest.raises(StudyFileError) as caught:
        read_study(written(TEXT.replace('"A"', terms)))
    (line,) = caught.value.lines
    assert ":6: rule.terms: must be names out of A B D, each once, or 'all'; got" in line


def test_a_rule_without_terms_has_no_such_key(written):
    text = TEXT.replace("pdlf", "oja").partition("[rule.coefficients]")[0]
    assert not CATALOG["oja"].terms
    with pytest.raises(StudyFileError, match=r"rule\.terms: unknown key"):
        read_study(written(text))
