"""Study files: every problem in one report, each with its place and the nearest name."""

import tomllib
from pathlib import Path

import pytest
from fake_experiment import catalogs

from neuromodels.errors import DeclarationError
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.file import StudyFileError, lines_of_keys, read_study, study_of
from neuromodels.study.sweep import Sweep, read_declared

NEEDED = {
    name: condition.needs.field
    for name, condition in CONDITIONS.items()
    if condition.needs and condition.needs.owner == "task"
}
STUDIES = Path(__file__).parents[2] / "studies"

GOOD = """\
name = "small"
seeds = [1, 2]
conditions = ["plastic", "reset"]

[task]
name = "sequence_copy"
latency = 0

[rule]
name = "pdlf"
[rule.coefficients.A]
per = "projection"
low = -2

[search]
candidates = 8
options = { learning_rate = 1 }
"""


@pytest.fixture
def problems(tmp_path):
    """Return the lines reported for a text and changes."""

    def of(text, *changes):
        path = tmp_path / "small.toml"
        path.write_text(text)
        try:
            read_study(path, changes, catalogs())
        except StudyFileError as error:
            placed = [line.replace(f"{path}: ", "file: ") for line in error.lines]
            return [line.replace(f"{path}:", "line ") for line in placed]
        return []

    return of


def test_a_good_file_is_read_and_completed(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(GOOD)
    study = read_study(path, (), catalogs())
    assert study.seeds == (1, 2)
    assert study.task.parameters == {"length": 4, "latency": 0}
    assert study.rule.options == {"normalisation": "p8", "pdp_side": "post"}
    assert study.rule.coefficients["A"]["per"] == "projection"
    assert study.rule.coefficients["A"]["low"] == -2.0
    assert "low" not in study.rule.coefficients["B"]
    assert study.search.options["learning_rate"] == 1.0
    assert study.test.trials == 10000


def test_every_problem_is_in_one_report(problems):
    text = GOOD.replace('"pdlf"', '"pdfl"').replace("candidates = 8", "candidats = 8")
    text = text.replace("seeds = [1, 2]", "seeds = []") + "[circuit]\nhidden = -1\n"
    found = problems(text)
    assert len(found) == 4
    assert any("line 2: seeds" in line for line in found)
    assert any("line 10: rule.name" in line and "'pdlf'" in line for line in found)
    assert any("line 16: search.candidats" in line and "'candidates'" in line for line in found)
    assert any("line 19: circuit.hidden" in line and "got -1" in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('name = "small"', "nam = 1", 1, ["nam", "unknown key", "'name'"]),
        ('name = "small"', 'name = "a/b"', 1, ["name", "letters"]),
        ("seeds = [1, 2]", "seeds = [1, 1]", 2, ["distinct"]),
        ("seeds = [1, 2]", "seeds = [true]", 2, ["whole numbers"]),
        ("seeds = [1, 2]", "seeds = [-1]", 2, [">= 0"]),
        ('"reset"', '"resett"', 3, ["conditions", "resett"]),
        ("[task]", "[tsk]", 5, ["tsk", "'task'"]),
        ("sequence_copy", "sequence_cpy", 6, ["task", "'sequence_copy'"]),
        ("latency = 0", "latncy = 0", 7, ["task.latncy", "'latency'"]),
        ("latency = 0", "latency = -1", 7, ["task.latency", ">= 0", "-1"]),
        ("latency = 0", "latency = 1.5", 7, ["whole number", "1.5"]),
        ('name = "pdlf"', 'name = "pdlf"\npdp_side = "past"', 11, ["'post'"]),
        ("[rule.coefficients.A]", "[rule.coefficients.E]", 11, ["no such coefficient"]),
        ('per = "projection"', 'per = "projektion"', 12, ["'projection'"]),
        ('per = "projection"', 'pr = "post"', 12, ["rule.coefficients.A.pr", "'per'"]),
        ("low = -2", "low = 2\nhigh = 1", 13, ["low <= high", "(2, 1)"]),
        ("low = -2", 'low = "deep"', 13, ["a number", "'deep'"]),
        ("low = -2", "sigma = 0", 13, ["sigma", "> 0"]),
        ("candidates = 8", "candidates = 0", 16, ["candidates", "got 0"]),
        ("candidates = 8", "candidates = 7", 16, ["candidates", "even", "got 7"]),
        ("latency = 0", "length = 0", 7, ["task.length", "at least 1"]),
        ("learning_rate = 1", "learning_rate = -1", 17, ["a number in", "-1"]),
        ("candidates = 8", "trials = 0", 16, ["trials", "got 0"]),
        ("candidates = 8", "generations = 0.5", 16, ["generations", "0.5"]),
        ("candidates = 8", 'optimizer = "pgpee"', 16, ["unknown optimizer", "'pgpe'"]),
        ("candidates = 8", 'optimizer = "nsga2"', 16, ["several goals", "objective.pareto"]),
        ("candidates = 8", "hidden = 8", 16, ["search.hidden", "'circuit.hidden'"]),
        ("learning_rate = 1", "learning_rat = 1", 17, ["options of 'pgpe'", "'learning_rate'"]),
        ("learning_rate = 1", 'learning_rate = "x"', 17, ["a number"]),
    ],
)
def test_a_problem_names_line_value_and_cure(problems, old, new, line, words):
    assert old in GOOD
    found = [each for each in problems(GOOD.replace(old, new, 1)) if f"line {line}:" in each]
    assert any(all(word in each for word in words) for each in found), found


OBJECTIVE = """
[objective]
pareto = false
[objective.terms.loss]
weight = 1
[objective.terms.rate]
low = 2
high = 9
constraint = true
[failures]
highest_rate = 40
lowest_rate = 1
nan = 5
"""


def test_objective_and_failures_are_read(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(GOOD + OBJECTIVE)
    study = read_study(path, (), catalogs())
    assert list(study.objective.terms) == ["loss", "rate"]
    assert study.objective.terms["rate"].constraint
    assert (study.failures.highest_rate, study.failures.nan) == (40.0, 5.0)
    again = study_of(study.to_table(), "stored", catalogs())
    assert (again.objective, again.failures) == (study.objective, study.failures)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("[objective.terms.rate]", "[objective.terms.rat]", 23, ["'rate'"]),
        ("weight = 1", "weight = 0", 22, ["a number > 0", "0"]),
        ("low = 2", "low = 20", 24, ["must not exceed high"]),
        ("low = 2", "lowest = 2", 24, ["unknown key", "'low'"]),
        ("pareto = false", "pareto = true", 19, ["at least two terms"]),
        ("pareto = false", "pareto = 1", 20, ["true or false"]),
        ("highest_rate = 40", "highest_rate = 0.5", 29, ["must be below highest_rate"]),
        ("nan = 5", "nan = -5", 30, [">= 0", "-5"]),
        ("nan = 5", "inf = -5", 30, ["unknown key", "highest_rate"]),
    ],
)
def test_a_mistake_in_an_objective_names_its_line(problems, old, new, line, words):
    (found,) = problems((GOOD + OBJECTIVE).replace(old, new))
    assert found.startswith(f"line {line}: "), found
    assert all(word in found for word in words), found


@pytest.mark.parametrize(("condition", "field"), NEEDED.items())
def test_a_condition_that_the_task_does_not_declare_is_refused(tmp_path, condition, field):
    known = catalogs()
    setattr(known.tasks["sequence_copy"], field, "")
    path = tmp_path / "small.toml"
    path.write_text(GOOD.replace('"reset"', f'"{condition}"'))
    with pytest.raises(StudyFileError, match=f"'{condition}' needs a task with '{field}'"):
        read_study(path, (), known)


def test_parameters_that_the_task_cannot_have_are_refused_with_their_line(tmp_path):
    path = tmp_path / "slow.toml"
    path.write_text('name = "slow"\n[task]\nname = "velocity"\nthrust = 1\n[rule]\nname = "pdlf"\n')
    with pytest.raises(StudyFileError, match=r"toml:4: task.thrust: .* < thrust must hold"):
        read_study(path)


def test_missing_keys_are_named(problems):
    found = problems("seeds = [1]\n")
    assert [line.split(": ")[1] for line in found] == ["name", "task.name", "rule.name"]


def test_a_section_that_is_a_value_is_named(problems):
    text = "search = 3\n" + GOOD.replace("[search]", "[test]").replace("candidates = 8", "")
    assert any("line 1: search: must be a table" in line for line in problems(text))


def test_invalid_toml_names_its_line(problems):
    found = problems(GOOD.replace("latency = 0", "latency = = 0"))
    assert len(found) == 1
    assert "line 7: not valid TOML" in found[0]


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(DeclarationError, match="no such study file"):
        read_study(tmp_path / "none.toml", (), catalogs())


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_study(path, (), catalogs())


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("search.candidates=16", lambda s: s.search.candidates == 16),
        ("task.latency = 3", lambda s: s.task.parameters["latency"] == 3),
        ("seeds=[5]", lambda s: s.seeds == (5,)),
        ("name=renamed", lambda s: s.name == "renamed"),
        ('name="renamed"', lambda s: s.name == "renamed"),
        ("rule.coefficients.A.per=post", lambda s: s.rule.coefficients["A"]["per"] == "post"),
        ("rule.coefficients.C.frozen=0.5", lambda s: s.rule.coefficients["C"]["default"] == 0.5),
        ("search.options.learning_rate=0.2", lambda s: s.search.options["learning_rate"] == 0.2),
        ("device.dtype=float64", lambda s: s.device.dtype == "float64"),
        ("device.name=auto", lambda s: s.device.name == "auto"),
    ],
)
def test_set_changes_a_value(tmp_path, change, value):
    path = tmp_path / "small.toml"
    path.write_text(GOOD)
    assert value(read_study(path, [change], catalogs()))


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ("search.candidates=0", "--set search.candidates: must be a whole number"),
        ("search.candidats=8", "--set search.candidats: unknown key. Did you mean 'candidates'?"),
        ("searhc.candidates=8", "--set searhc: unknown key. Did you mean 'search'?"),
        ("seeds.first=8", "--set seeds.first: 'seeds' is a value"),
        ("candidates", "--set candidates: must read key=value"),
        ("=3", "--set =3: must read key=value"),
        ("rule.name=oja", "--set rule.name: unknown rule 'oja'"),
    ],
)
def test_set_is_checked_like_the_file(problems, change, start):
    assert any(line.startswith(start) for line in problems(GOOD, change))


def test_set_can_mend_a_file(problems):
    broken = GOOD.replace("candidates = 8", "candidates = 0")
    assert problems(broken) != []
    assert problems(broken, "search.candidates=8") == []


def test_a_long_report_still_fits_a_screen(tmp_path):
    path = tmp_path / "many.toml"
    path.write_text("\n".join(f"key{n} = 1" for n in range(100)))
    with pytest.raises(StudyFileError) as caught:
        read_study(path, (), catalogs())
    assert len(str(caught.value).splitlines()) < 25
    assert "more" in str(caught.value)


def test_lines_are_found_for_every_spelling():
    text = 'a = 1\n[b]\nc = [\n  [1, 2]\n]\n"d".e = 2  # f = 3\n[b.g] # h\ni = { j = 1 }\n'
    assert lines_of_keys(text) == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 3,
        ("b", "d", "e"): 6,
        ("b", "g"): 7,
        ("b", "g", "i"): 8,
    }


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_studies_are_valid(path):
    declared = read_declared(path)
    settings = declared.settings if isinstance(declared, Sweep) else ()
    for study in [each.study for each in settings] or [declared]:
        assert study.name == path.stem == tomllib.loads(path.read_text())["name"]
        assert study.question.endswith("?")
