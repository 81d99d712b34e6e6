"""What `neuromodels new` writes runs as it is."""

import json

import pytest

from neuromodels import rules, tasks
from neuromodels.study.file import read_study
from neuromodels.study.templates import write_template

TINY = (
    "--set",
    "search.generations=2",
    "--set",
    "search.candidates=4",
    "--set",
    "search.trials=2",
    "--set",
    "test.trials=8",
    "--set",
    "test.curve_trials=4",
    "--set",
    "test.random_rules=2",
    "--set",
    "circuit.hidden=4",
    "--set",
    "seeds=[1]",
)


def test_the_study_runs_as_it_is(tmp_path, monkeypatch, said):
    monkeypatch.chdir(tmp_path)
    code, out, _ = said("new", "study", "first")
    assert code == 0
    assert out == "study: first.toml\ntry it: neuromodels run first.toml\n"
    code, out, err = said("run", "first.toml", *TINY, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["status"] == "finished"
    assert found["study"] == "first"


@pytest.mark.parametrize("kind", ["rule", "task"])
def test_a_rule_and_a_task_run_as_they_are(tmp_path, monkeypatch, said, kind):
    monkeypatch.chdir(tmp_path)
    said("new", "study", "first")
    code, out, _ = said("new", kind, "my_own", "--folder", "mine")
    assert code == 0
    change = f'{kind}={{name="mine/my_own.py:MY_OWN"}}'
    command = f"neuromodels run STUDY.toml --set '{change}'"
    assert out == f"{kind}: mine/my_own.py\ntry it: {command}\n"
    conditions = "conditions=['plastic','fixed','frozen','reset','random']"
    code, out, err = said(
        "run", "first.toml", *TINY, "--set", conditions, "--set", change, "--json"
    )
    assert code == 0, err
    assert [each["condition"] for each in json.loads(out)["conditions"]] == [
        "plastic",
        "fixed",
        "frozen",
        "reset",
        "random",
    ]
    assert f"{tmp_path}/mine/my_own.py" in err


def test_everything_that_is_commented_out_is_right(tmp_path):
    path, _ = write_template("study", "first", tmp_path)
    text = path.read_text()
    for start in ("per =", "scale =", "low =", "high =", "frozen ="):
        assert f"# {start}" in text
        text = text.replace(f"# {start}", start)
    path.write_text(text)
    study = read_study(path)
    assert study.rule.coefficients["eta"]["per"] == "projection"
    assert study.rule.coefficients["D"]["frozen"] is True


def test_the_sweep_of_the_study_is_right(tmp_path):
    from neuromodels.study.sweep import read_declared

    path, _ = write_template("study", "first", tmp_path)
    head, sweep = path.read_text().split("# [sweep]\n")
    path.write_text(head + "[sweep]\n" + sweep.replace("# ", ""))
    assert len(read_declared(path).settings) == 4


def test_a_template_is_complete(tmp_path):
    rule, _ = write_template("rule", "oja_mine", tmp_path)
    task, _ = write_template("task", "one_bit", tmp_path)
    assert rules.CATALOG[f"{rule}:OJA_MINE"].name == "oja_mine"
    made = tasks.CATALOG[f"{task}:ONE_BIT"]
    assert made.number(made.steps, made.with_defaults({})) == 4
    assert "NAME" not in rule.read_text() + task.read_text().replace("CONSTANT", "")


@pytest.mark.parametrize("kind", ["study", "rule", "task"])
def test_nothing_is_overwritten(tmp_path, monkeypatch, said, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ("mine.toml" if kind == "study" else "mine.py")
    path.write_text("years of work")
    code, _, err = said("new", kind, "mine")
    assert code == 2
    assert "is there already" in err
    assert path.read_text() == "years of work"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("study", "../x"),
        ("study", ""),
        ("rule", "a-b"),
        ("rule", "class"),
        ("task", "1a"),
        ("task", "a/b"),
        ("rule", "été"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path, monkeypatch, said, kind, name):
    monkeypatch.chdir(tmp_path)
    code, _, err = said("new", kind, name)
    assert code == 2
    assert "the name must be" in err
    assert list(tmp_path.iterdir()) == []


def test_a_network_runs_as_it_is(tmp_path, monkeypatch, said):
    monkeypatch.chdir(tmp_path)
    code, out, _ = said("new", "network", "first", "--folder", "mine")
    assert code == 0
    assert out == "network: mine/first.toml\ntry it: neuromodels run mine/first.toml\n"
    code, out, err = said("run", "mine/first.toml", "--json")
    assert code == 0, err
    rows = json.loads(out)["result"]["rows"]
    rates = [row["measures"]["rate"]["mean"] for row in rows]
    assert rates[1] > rates[0]  # more drive
    assert rates[1] > rates[5]  # more inhibition
    (tmp_path / "mine" / "first.toml").unlink()
    code, _, err = said("new", "network", "first", "--folder", "mine")
    assert code == 2
    assert "first.py: is there already" in err
    assert not (tmp_path / "mine" / "first.toml").exists()
