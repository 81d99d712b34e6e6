"""Composed rules in study files: what they mean, and every mistake on one line with its cure."""

import re
from pathlib import Path

import numpy as np
import pytest

import neuromodels
from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import shuffled_for
from neuromodels.report.run import meaning_of, summary
from neuromodels.rules import CATALOG, PlasticityRule, compose
from neuromodels.simulation.network.builder import circuit_of, rule_of
from neuromodels.store.load import coefficients_of
from neuromodels.store.store import StoredRun
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.stored import stored_study

HEAD = """
name = "composed"
[task]
name = "sequence_copy"
length = 4
[search]
candidates = 4
trials = 2
generations = 1
[test]
trials = 8
[rule]
name = "synergy"
"""
TWO = """
[rule.mechanisms.slow]
rule = "bcm"
[rule.mechanisms.leak]
rule = "oja"
coefficients.eta = {default = 0.02, low = 0.001, high = 0.1}
coefficients.logit = {per = "post"}
"""
MY_RULES = """
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule

W = Coefficient("w", default=0.1, low=-2, high=2, per="synapse")
SUMMING = PlasticityRule("summing", "", "w : 1\\nown_post = w : 1 (summed)", (W,))
"""


def study(folder, text, *changes):
    path = folder / "study.toml"
    path.write_text(HEAD + text)
    return read_study(path, changes)


def problems(folder, text, *changes):
    with pytest.raises(StudyFileError) as refused:
        study(folder, text, *changes)
    return list(refused.value.lines)


def test_a_study_composes_the_rule_that_python_composes(tmp_path):
    rule = rule_of(study(tmp_path, TWO).rule, "plastic")
    by_hand = compose({"leak": CATALOG["oja"], "slow": CATALOG["bcm"]})
    assert (rule.model, rule.each_step, rule.weight) == (
        by_hand.model,
        by_hand.each_step,
        by_hand.weight,
    )
    known = {each.name: each for each in rule.coefficients}
    assert known["leak.eta"].default == 0.02
    assert known["leak.logit"].per == "post"


def test_the_order_of_mechanisms_in_a_file_says_nothing(tmp_path):
    parts = TWO.split("[rule.mechanisms.leak]")
    turned = f"[rule.mechanisms.leak]{parts[1]}{parts[0]}"
    one, other = study(tmp_path, TWO), study(tmp_path, turned)
    assert one.digest == other.digest
    names = [list(circuit_of(each, "plastic").coefficients.slices) for each in (one, other)]
    assert names[0] == names[1]


def test_other_mechanisms_or_shares_are_another_study(tmp_path):
    digests = {
        study(tmp_path, TWO, *changes).digest
        for changes in (
            (),
            ('rule.shares="free"', "rule.mechanisms.leak.coefficients={}"),
            ('rule.assignment="local"',),
            ('rule.mechanisms.slow.rule="scaling"',),
            ("rule.mechanisms.leak.coefficients.eta.default=0.03",),
        )
    }
    assert len(digests) == 5


def test_a_composed_study_is_stored_and_read_again(tmp_path):
    first = study(tmp_path, TWO, 'rule.mechanisms.slow={rule="hebb", form="dense"}')
    table = first.to_table()
    again = study_of(table, "stored")
    assert again == first
    assert stored_study(table).digest == first.digest
    assert coefficients_of(first, "plastic")["leak.logit"].per == "post"


WRONG = {
    "no such rule": (
        '[rule.mechanisms.a]\nrule = "oya"\n[rule.mechanisms.b]\nrule = "oja"',
        "rule.mechanisms.a.rule: unknown rule 'oya'. Did you mean 'oja'?",
    ),
    "no rule": (
        '[rule.mechanisms.a]\nform = "dense"\n[rule.mechanisms.b]\nrule = "oja"',
        "rule.mechanisms.a.rule: is missing.",
    ),
    "one mechanism": ('[rule.mechanisms.a]\nrule = "oja"', "must be two at least; got 'a'"),
    "a list": ('[[rule.mechanisms]]\nrule = "oja"', "Write [rule.mechanisms.NAME]"),
    "no table": ('mechanisms.a = "oja"\nmechanisms.b = {rule = "oja"}', "must be a table"),
    "a share of one that is not there": (
        f'{TWO}[rule.coefficients."fast.logit"]\ndefault = 1.0',
        "has no such coefficient. Did you mean 'slow.logit'?",
    ),
    "a share of the other form": (
        f"{TWO}[rule.mechanisms.slow.coefficients]\nlambda = {{default = 0.5}}",
        "the mechanism 'slow' has no such coefficient.",
    ),
    "an option that it lacks": (
        f'{TWO}[rule.mechanisms.pair]\nrule = "pdlf"\npdp_sid = "pre"',
        "rule.mechanisms.pair.pdp_sid: unknown key. Did you mean 'pdp_side'?",
    ),
    "an unknown word": (f'shares = "hard"\n{TWO}', "rule.shares: must be one of softmax, free"),
    "shares of nothing": ('shares = "free"', "rule.shares: goes with mechanisms."),
    "a name that Brian2 would misread": (
        '[rule.mechanisms.pre]\nrule = "oja"\n[rule.mechanisms.b]\nrule = "oja"',
        "Give the mechanism another name.",
    ),
    "one that is composed itself": (
        '[rule.mechanisms.a]\nrule = "synergy"\n[rule.mechanisms.b]\nrule = "oja"',
        "Name its mechanisms here, one by one.",
    ),
    "an error that nobody tells": (
        '[rule.mechanisms.a]\nrule = "error_driven"\n[rule.mechanisms.b]\nrule = "oja"',
        "rule.mechanisms.a.rule: 'error_driven' needs an error, and the task 'sequence_copy' tells",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_mistake_is_one_line_with_its_cure(tmp_path, wrong):
    text, said = WRONG[wrong]
    (line,) = problems(tmp_path, text)
    assert said in line


def test_mechanisms_that_share_a_name_are_told_with_both_lines(tmp_path):
    (line,) = problems(tmp_path, f'{TWO}[rule.mechanisms.slow]\nrule = "hebb"')
    assert "'rule.mechanisms.slow' stands on line" in line


def test_a_plain_rule_has_no_mechanisms(tmp_path):
    lines = problems(tmp_path, TWO, 'rule.name="oja"')
    assert any("go with name = 'synergy' alone" in line for line in lines)


PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "compose_rules.md"
OWN = {"rule.mechanisms.growth.rule", "rule.mechanisms.decay.rule", "rule.mechanisms.level.rule"}
OF_ONE = ("frozen_growth", "removed_level", "shuffled_decay")


@pytest.fixture
def page(tmp_path):
    """Return the study of the page on composed rules, with the two files that it names."""
    text = PAGE.read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for name, code in zip(("hebbian.py", "homeostatic.py"), codes, strict=False):
        (tmp_path / name).write_text(code)
    path = tmp_path / "three.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1])
    return path


def test_the_study_of_the_page_runs_with_conditions_of_each_mechanism(page):
    assert page.read_text().count("\n") <= 12
    names = ", ".join(f'"{name}"' for name in ("plastic", *OF_ONE))
    made = read_study(page, [f"conditions=[{names}]", "search.generations=1"])
    assert set(made.contents) == OWN
    assert (made.searched, made.derived) == (("plastic",), OF_ONE)
    neuromodels.run(made, page.parent / "run")
    rows = summary(StoredRun(page.parent / "run"))["conditions"]
    assert [row["condition"] for row in rows] == ["plastic", *OF_ONE]
    assert all(0 <= row["median"] <= 1 for row in rows)
    assert meaning_of("removed_leak") == "plastic solution, leak adds nothing to the current"


def test_a_changed_mechanism_is_another_study(page):
    before, file = read_study(page), page.parent / "hebbian.py"
    file.write_text(file.read_text().replace("w - eta*x*y", "w - eta*x*y*y"))
    assert read_study(page).digest != before.digest


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine.py:SUMMING", "must not sum into variables of neurons"),
        ("mine.py:NOBODY", "must declare a PlasticityRule"),
        ("broken.py:RULE", "must be readable Python"),
        ("nowhere.py:RULE", "must be readable Python"),
    ],
)
def test_a_mechanism_from_a_file_that_cannot_be_used_is_one_line(tmp_path, name, said):
    (tmp_path / "mine.py").write_text(MY_RULES)
    (tmp_path / "broken.py").write_text("RULE = (")
    text = f'[rule.mechanisms.mine]\nrule = "{name}"\n[rule.mechanisms.oja]\nrule = "oja"'
    (line,) = problems(tmp_path, text)
    assert said in line
    assert "rule.mechanisms.mine" in line


def test_a_file_outside_the_folder_of_the_study_is_not_run(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "mine.py").write_text("raise SystemExit")
    text = '[rule.mechanisms.mine]\nrule = "../mine.py:RULE"\n[rule.mechanisms.oja]\nrule = "oja"'
    (line, *_) = problems(inner, text)
    assert "must lie beside the study file" in line


def test_python_is_told_of_names_twice_and_of_shares_that_are_not_there():
    with pytest.raises(DeclarationError, match="must each have a name of its own; got 'a'"):
        compose([("a", CATALOG["oja"]), ("a", CATALOG["bcm"])])
    rule = compose({"a": CATALOG["oja"], "b": CATALOG["bcm"]}, shares="free")
    with pytest.raises(DeclarationError, match=r"coefficients are a\.w, .*got 'c\.lambda'"):
        rule.with_coefficients({"c.lambda": {"default": 0.5}})
    odd = PlasticityRule("odd", "", "w : 1\nw_a : 1", (), each_step="w += w_a*x")
    with pytest.raises(DeclarationError, match=r"w_a_b.*another name"):
        compose({"b": odd, "a_b": CATALOG["oja"]})
    assert np.isclose(sum(c.default for c in rule.coefficients if "lambda" in c.name), 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("removed_leek", "needs a mechanism 'leek'; 'synergy' has leak, slow. Did you mean 'leak'"),
        ("halted_leak", "needs a task with 'delay'"),
        ("shuffled_", "must be a list of distinct names"),
    ],
)
def test_a_condition_of_a_mechanism_that_means_nothing_is_refused(tmp_path, name, said):
    lines = problems(tmp_path, TWO, f'conditions=["{name}"]', 'task={name="cue_label"}')
    assert any(said in line for line in lines), lines


def test_shuffling_moves_numbers_within_one_mechanism_only():
    names = ["input_hidden.leak.w", "input_hidden.slow.w", "hidden_output.leak.w"]
    solution = {
        "vector": np.arange(30.0),
        "names": np.array(names),
        "starts": np.array([0, 10, 20]),
        "stops": np.array([10, 20, 30]),
    }
    same, shuffled = (shuffled_for(c, 1, solution) for c in ("plastic", "shuffled_leak"))
    assert (same == solution["vector"]).all()
    assert (shuffled[10:20] == solution["vector"][10:20]).all()
    for part in (slice(0, 10), slice(20, 30)):
        assert (shuffled[part] != solution["vector"][part]).any()
        assert (np.sort(shuffled[part]) == solution["vector"][part]).all()
