"""Sweeps as they are declared: which settings there are, and every problem said once."""

import pytest
from fake_experiment import catalogs

from neuromodels.study.file import StudyFileError, lines_of_keys, read_study
from neuromodels.study.sweep import Sweep, read_declared

BASE = """\
name = "small"
seeds = [1, 2]
[task]
name = "sequence_copy"
[rule]
name = "pdlf"
[search]
candidates = 8
"""
GRID = """\
[sweep]
"search.options.learning_rate" = [0.01, 0.03]
circuit.hidden = [16, 32]
"""
ENTRIES = """\
[[sweep.list]]
"circuit.hidden" = 16
[[sweep.list]]
rule.pdp_side = "pre"
task.latency = 2
"""


def read(tmp_path, text, *changes):
    path = tmp_path / "small.toml"
    path.write_text(text)
    return read_declared(path, changes, catalogs())


@pytest.fixture
def problems(tmp_path):
    """Return the lines reported for a text and changes, without the file's name."""

    def of(text, *changes):
        with pytest.raises(StudyFileError) as caught:
            read(tmp_path, text, *changes)
        return [line.replace(f"{tmp_path}/small.toml:", "line ") for line in caught.value.lines]

    return of


def test_a_grid_is_the_product_of_its_lists(tmp_path):
    sweep = read(tmp_path, BASE + GRID)
    assert isinstance(sweep, Sweep)
    assert sweep.keys == ("search.options.learning_rate", "circuit.hidden")
    found = [
        (s.study.search.options["learning_rate"], s.study.circuit.hidden) for s in sweep.settings
    ]
    assert found == [(0.01, 16), (0.01, 32), (0.03, 16), (0.03, 32)]
    assert [setting.name for setting in sweep.settings] == [
        "learning_rate-0.01_hidden-16",
        "learning_rate-0.01_hidden-32",
        "learning_rate-0.03_hidden-16",
        "learning_rate-0.03_hidden-32",
    ]
    assert sweep.settings[1].values == {"search.options.learning_rate": 0.01, "circuit.hidden": 32}
    assert len({setting.study.digest for setting in sweep.settings}) == 4


def test_a_list_changes_what_its_entries_say_and_nothing_else(tmp_path):
    first, second = read(tmp_path, BASE + ENTRIES).settings
    assert (first.study.circuit.hidden, second.study.circuit.hidden) == (16, 32)
    assert first.study.rule.options["pdp_side"] == "post"
    assert second.study.rule.options["pdp_side"] == "pre"
    assert second.study.task.parameters["latency"] == 2
    assert (first.name, second.name) == ("hidden-16", "pdp_side-pre_latency-2")


def test_a_setting_is_the_study_that_says_the_same(tmp_path):
    setting = read(tmp_path, BASE + GRID).settings[3]
    plain = BASE + "options = { learning_rate = 0.03 }\n[circuit]\nhidden = 32\n"
    assert setting.study == read(tmp_path, plain)


def test_any_key_can_be_swept(tmp_path):
    rows = """\
[sweep]
"rule.coefficients.A" = [{ per = "synapse" }, { per = "projection", sigma = 0.1 }]
"conditions" = [["plastic"], ["plastic", "random"]]
"search.optimizer" = ["pgpe", "snes"]
"""
    sweep = read(tmp_path, BASE + rows)
    assert len(sweep.settings) == 8
    assert sweep.settings[0].name == "A-v1_conditions-v1_optimizer-pgpe"
    assert sweep.settings[-1].study.rule.coefficients["A"]["per"] == "projection"
    assert sweep.settings[-1].study.conditions == ("plastic", "random")


def test_an_entry_of_a_list_may_have_a_name(tmp_path):
    named = ENTRIES.replace("[[sweep.list]]\nrule", '[[sweep.list]]\nname = "one-sided"\nrule')
    first, second = read(tmp_path, BASE + named).settings
    assert (first.name, second.name) == ("hidden-16", "one-sided")
    assert second.study == read(tmp_path, BASE + ENTRIES).settings[1].study
    assert list(second.values) == ["rule.pdp_side", "task.latency"]


def test_equal_ends_are_told_apart_in_names(tmp_path):
    rows = '[[sweep.list]]\n"test.trials" = 5\n"search.trials" = 6\n'
    assert read(tmp_path, BASE + rows).settings[0].name == "test-trials-5_search-trials-6"


def test_set_changes_every_setting(tmp_path):
    sweep = read(tmp_path, BASE + GRID, "search.trials=3", "seeds=[9]")
    assert {s.study.search.trials for s in sweep.settings} == {3}
    assert {s.study.seeds for s in sweep.settings} == {(9,)}
    assert len(read(tmp_path, BASE + GRID, "sweep.circuit.hidden=[8]").settings) == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[sweep]\n", 9, ["sweep: must be a table of lists"]),
        ("[sweep]\ncircuit.hidden = 16\n", 10, ["circuit.hidden", "list of values", "got 16"]),
        ("[sweep]\ncircuit.hidden = []\n", 10, ["circuit.hidden", "at least one"]),
        ("[sweep]\ncircuit.hidden = [4, 5, 4]\n", 10, ["circuit.hidden", "value 4 twice"]),
        ("[sweep]\nseeds = [1, 2]\n", 10, ["seeds", "cannot be swept"]),
        ("[sweep]\nsearch.generations = [1, 2]\n", 10, ["search.generations", "budget"]),
        ("[sweep]\ndevice.threads = [1, 2]\n", 10, ["device.threads", "changes no number"]),
        (GRID + ENTRIES.replace("sweep.list", "sweep.lists"), 12, ["lists: unknown key"]),
        ("[sweep]\nlist = 3\n", 9, ["list must be tables", "[[sweep.list]]"]),
        (ENTRIES + "[[sweep.list]]\n", 14, ["sweep.list: sets nothing"]),
        ("[sweep]\nrule = [{ name = 'pdlf' }]\nrule.name = ['pdlf']\n", 11, ["not valid TOML"]),
        ("[sweep]\nrule = [{ name = 'pdlf' }]\n'rule.name' = ['pdlf']\n", 11, ["set twice"]),
        ("[sweep]\ncircuit.hidden = [4]\n'circuit.hidden' = [5]\n", 10, ["set twice"]),
        ("[sweep]\nname.x = [4]\n", 10, ["name.x", "'name' is a value"]),
        ("[sweep]\nname = ['a']\n", 10, ["name: cannot be swept", "entry of a list"]),
        (ENTRIES + "name = 'a/b'\n", 14, ["name: must be at most 80", "got 'a/b'"]),
        (ENTRIES + "name = 3\n", 14, ["name: must be at most 80", "got 3"]),
        (
            ENTRIES + "name = 'a'\n[[sweep.list]]\nname = 'a'\nsearch.trials = 4\n",
            14,
            ["name: two entries have the name 'a'"],
        ),
        ("[sweep]\nhiden = [4]\n", 10, ["hiden: unknown key"]),
        ("[sweep]\ncircuit.hiden = [4]\n", 10, ["circuit.hiden: unknown key", "'hidden'"]),
        ("[sweep]\nrule.name = ['oja', 'pdlf']\n", 10, ["unknown rule 'oja'"]),
        (
            "[[sweep.list]]\ncircuit.hidden = 4\n[[sweep.list]]\n\ncircuit.hidden = -1\n",
            13,
            ["circuit.hidden", "got -1"],
        ),
        ("[sweep]\nsearch.candidates = [8, 7]\n", 10, ["search.candidates", "even", "got 7"]),
        (
            "[sweep]\ntask.latency = [1, 2]\ncircuit.hidden = " + str(list(range(1, 600))),
            9,
            ["at most 1,000 settings", "1,198"],
        ),
    ],
)
def test_a_problem_names_line_value_and_cure(problems, text, line, words):
    found = [each for each in problems(BASE + text) if each.startswith(f"line {line}:")]
    assert any(all(word in each for word in words) for each in found), problems(BASE + text)


def test_a_grid_beside_a_list_is_refused(problems):
    text = "[sweep]\ncircuit.hidden = [4]\n[[sweep.list]]\ntask.latency = 1\n"
    assert problems(BASE + text) == [
        "line 9: sweep: must be a grid or a list, not both; got 'circuit' beside [[sweep.list]]."
    ]


def test_every_problem_of_every_setting_is_said_once(problems):
    base = BASE.replace("candidates = 8", "candidats = 8").replace('"pdlf"', '"pdfl"')
    text = '[sweep]\n"circuit.hidden" = [-2, 4, -1]\n"task.latency" = [1, 2.5]\n"test.x" = [1, 2]\n'
    found = problems(base + text)
    assert len(found) == 6
    assert sum("line 8: search.candidats" in each for each in found) == 1
    assert sum("line 6: rule.name" in each for each in found) == 1
    assert sum("line 10: circuit.hidden" in each for each in found) == 2
    assert sum("line 11: task.latency" in each for each in found) == 1
    assert sum("line 12: test.x" in each for each in found) == 1


def test_what_is_swept_is_not_set(problems):
    assert problems(BASE + GRID, "circuit.hidden=8") == [
        "line 11: circuit.hidden: is swept and given by --set."
    ]


def test_a_sweep_is_not_one_study(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(BASE + GRID)
    with pytest.raises(StudyFileError, match="declares several studies"):
        read_study(path, (), catalogs())


def test_lines_of_lists_are_numbered():
    assert lines_of_keys("[[a.b]]\nc = 1\n[[a.b]]\n\nc = 2\n[d]\n") == {
        ("a", "b"): 1,
        ("a", "b", "0"): 1,
        ("a", "b", "0", "c"): 2,
        ("a", "b", "1"): 3,
        ("a", "b", "1", "c"): 5,
        ("d",): 6,
    }
