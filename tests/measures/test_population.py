"""A small population from the command line: resumed, told, and its values beside the battery's."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import NeuromodelsError, StorageError
from neuromodels.experiment.population.declaration import read_population
from neuromodels.experiment.scoring import measured_inputs
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.injury import rewards_of
from neuromodels.measures.memory import recall_of, trials_at_recall
from neuromodels.measures.population.run import parts_of, run_population
from neuromodels.measures.population.table import read_table, write_table
from neuromodels.measures.population.values import VALUES, bench_of, values_of
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.lock import FolderLock

FILE = """\
name = "small"
seeds = [1, 2]
[task]
name = "sequence_copy"
[circuit]
hidden = 4
[rule]
name = "taylor_modulated"
[rule.coefficients]
w = { per = "projection", frozen = 0.2 }
[search]
optimizer = "snes"
candidates = 4
trials = 4
generations = 2
[test]
trials = 8
[device]
dtype = "float64"
threads = 1
[population]
terms = "k100 k110 m110"
random_forms = 3
most_terms = 2
side_by_side = 6
stepwise = 8
later = 2
contrasts = ["copy score: k110 > 0"]
[population.starts.only]
sigma = 0.3
[population.tasks.copy]
per = "synapse"
"task.length" = 3
"task.latency" = 1
"task.test_share" = 0.25
"task.mirrored" = 1
"test.inputs" = "held out"
[population.tasks.bandit]
per = "projection"
"task.name" = "cue_bandit"
"task.trials" = 8
"task.reversal" = 4
"task.spread" = 0
"circuit.hidden" = 0
"circuit.readout" = "leaky_readout"
"circuit.modulator" = "reward_modulator"
"circuit.modulated_by" = "all"
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("population") / "small.toml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def population(file):
    return read_population(file)


@pytest.fixture(scope="module")
def copy(population):
    """Return a population that has the first task alone."""
    return population.cells[0]


@pytest.fixture(scope="module")
def finished(population, file, tmp_path_factory):
    """Return the folder of a run that was stopped after its first part, and went on."""
    folder = tmp_path_factory.mktemp("runs") / "small"

    def stop(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_population(population, folder, file, stop)
    assert len(list((folder / "parts").glob("*.json"))) == 1
    told = []
    run_population(population, folder, file, told.append)
    assert len(told) == len(parts_of(population)) - 1
    return folder


def test_the_table_has_every_rule_and_its_controls_once(finished, population):
    table = read_table(finished / "population.csv")
    assert len(table["form"]) == 3 * population.size
    rows = zip(*(table[k] for k in ("task", "start", "seed", "form", "kind")), strict=True)
    assert len(set(rows)) == 3 * population.size
    searched = table["kind"] == "searched"
    for form in population.forms:
        of_form = table["form"] == form.name
        for term in population.terms:
            assert set(table[f"has_{term}"][of_form]) == {float(term in form.terms)}
    assert (table["evaluations"][searched] == 2 * 4 * 4).all()
    assert np.isfinite(table["score"]).all()


def test_a_value_that_a_task_does_not_have_is_empty(finished):
    table = read_table(finished / "population.csv")
    searched = table["kind"] == "searched"
    for task, lacks in (
        ("copy", ("noisy", "acquired", "switch_cost")),
        ("bandit", ("held_out", "information", "later", "rate")),
    ):
        rows = searched & (table["task"] == task)
        for value in set(VALUES) - {"turnover"}:
            assert np.isnan(table[value][rows]).all() == (value in lacks), (task, value)


def test_going_on_gives_what_one_run_gives(finished, population, file, tmp_path):
    """All but the seconds: a run that nothing stopped has the same rules and values."""
    alone = replace(population, cells=population.cells[:1])
    first = read_table(finished / "population.csv")
    second = read_table(run_population(alone, tmp_path / "whole", file))
    rows = first["task"] == "copy"
    for name in set(first) - {"seconds"}:
        np.testing.assert_array_equal(first[name][rows], second[name], err_msg=name)


def test_another_population_is_refused_in_its_folder(finished, file):
    changed = read_population(file, ["search.generations=3"])
    with pytest.raises(StorageError, match="holds another population"):
        run_population(changed, finished, file)


def test_a_folder_with_something_else_is_refused(population, file, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"must be empty, or hold a population; got 'mine.txt'"):
        run_population(population, tmp_path, file)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("content", ['{"rows": [{"task": 1}]}', '{"rows": 3}', "[]", "{"])
def test_a_damaged_part_is_named(finished, population, file, tmp_path, content):
    shutil.copytree(finished, tmp_path / "run")
    part = tmp_path / "run" / "parts" / "copy-only-000.json"
    part.write_text(content)
    with pytest.raises(NeuromodelsError, match=r"copy-only-000\.json: (must hold|cannot be read)"):
        run_population(population, tmp_path / "run", file)


def test_another_process_is_refused(finished, population, file):
    lock = FolderLock(finished / "lock")
    lock.acquire()
    try:
        with pytest.raises(StorageError):
            run_population(population, finished, file)
    finally:
        lock.release()


def test_values_are_those_of_each_rule_examined_alone(population, copy):
    """The battery's own trials of one solution, and those of two rules side by side."""
    bench = bench_of(copy, population.numbers)
    vectors = generator(3, "rules").normal(size=(2, bench.own.dimension)) * 0.4
    found = values_of(bench, vectors, [1, 2])
    for k, seed in enumerate((1, 2)):
        streams = trial_streams(seed, 8, "population", "tests")
        shown = measured_inputs(copy.study, seed, 8, "population")
        alone = Solution(copy.study, "plastic", vectors[k], streams, seed, shown)
        assert found["held_out"][k] == pytest.approx(rewards_of(alone).sum(axis=1).mean())
        trials = trials_at_recall(alone)
        bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
        assert found["held_out"][k] == pytest.approx((recall_of(trials) == bits).mean())
        state = PROBES["activity"].examine(alone, None)
        assert found["rate"][k] == pytest.approx(state["rate"]["value"])
        assert found["turnover"][k] == pytest.approx(state["weight turnover"]["value"])


# -- the command ----------------------------------------------------------------------------------


def test_the_command_tells_a_table_and_its_contrasts(finished, file, said):
    table = finished / "population.csv"
    code, out, _ = said("population", file, "--table", table, "--json")
    told = json.loads(out)
    assert code == 0
    assert [each["claim"] for each in told["contrasts"]] == ["copy score: k110 > 0"]
    assert told["rules"] == 16
    effects = {(e["task"], e["value"], e["term"]): e for e in told["effects"]}
    assert effects["copy", "score", "k110"]["reason"]  # so few forms tell nothing
    code, out, _ = said("population", table)
    assert code == 0
    assert "Effect of each term" in out
    assert "Declared contrasts" not in out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "must be a table of a population"),
        (b"\xff\xfe", "must be a table of a population"),
        (b"form,kind\na,b\n", "must have a column 'task'"),
        (b"task,start,form,kind,seed\na,b,c,searched,1\n", "column has_NAME for each term"),
        (b"task,start,form,kind,seed,has_A\na,b,c,searched,1,2\n", "must be 0 or 1 in every row"),
        (b"task,start,form,kind,seed,has_A\na,b,c,searched,one,1\n", "must be a table"),
        (b"task,start,form,kind,seed,has_A\na,b,c\n", "must be a table"),
        (b"task,start,form,kind,seed,has_A\na,b,c,random,1,1\n", "of the kind 'searched'"),
    ],
)
def test_what_is_no_table_is_refused(here, said, content, told):
    (here / "table.csv").write_bytes(content)
    code, _, err = said("population", "table.csv")
    assert code == 2
    assert told in err


def test_a_study_is_no_population(here, said):
    code, _, err = said("population", "studies/small.toml")
    assert code == 2
    assert "must have a section [population]" in err


def test_numbers_come_back_as_they_were_written(tmp_path):
    about = {"task": "a", "start": "b", "seed": 1, "form": "c", "kind": "searched", "has_A": 1}
    write_table(tmp_path / "t.csv", [{**about, "score": 0.1234567}, {**about, "score": math.nan}])
    table = read_table(tmp_path / "t.csv")
    assert table["score"][0] == pytest.approx(0.1234567, rel=1e-5)
    assert math.isnan(table["score"][1])
    with pytest.raises(NeuromodelsError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
