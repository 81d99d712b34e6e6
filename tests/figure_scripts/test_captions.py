"""Words and numbers in figures: computed from what is drawn, also where seeds are uneven."""

import ast
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from fake_experiment import FakeExperiment
from figure_scripts.test_figures import assert_readable, scores_by_seed, texts
from figure_scripts.test_figures_control import goals, injury, keep, made, path

from figures.shared.scores import note_of, scores_in
from neuromodels.experiment.runner import Runner
from neuromodels.report.figures import load_script
from neuromodels.store.records import TestRecord
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.sweep import read_declared

ROOT = Path(__file__).parents[2]
SEEDS = [1, 2, 3]
RNG = np.random.default_rng(3)
SCRIPTS = sorted((ROOT / "figures").glob("*/*.py"))
COUNTED = re.compile(r"\b(\d+(?: to \d+)?) seeds?\b")


def shorten(run, **of):
    """Forget the tests of one kind of one condition under seed 3, as if it had not come so far."""
    with sqlite3.connect(run.folder / "ledger.sqlite") as connection:
        connection.execute(
            "DELETE FROM tests WHERE kind = :kind AND condition = :condition AND seed = 3", of
        )
    connection.close()
    return run


def captions(script, *runs):
    """Return every number of seeds that a figure of some runs tells."""
    figure = script.draw(script.collect(list(runs)))
    return {found for text in texts(figure) for found in COUNTED.findall(text.get_text())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("uneven")


# -- searches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["curve", "final"])
@pytest.mark.parametrize(
    ("name", "task"), [("pdlf_fig2b", "sequence_copy"), ("pdlf_fig3b", "velocity")]
)
def test_a_panel_counts_the_seeds_of_its_curves_and_of_its_points(name, task, kind, tmp_path):
    run = made(tmp_path, task, seeds=SEEDS)
    script = load_script(name, ROOT)
    assert captions(script, run) == {"3"}
    shorten(run, kind=kind, condition="fixed")
    assert captions(script, run) == {"2 to 3"}


def test_the_points_that_are_drawn_are_as_many_as_are_told(tmp_path):
    script = load_script("pdlf_fig2b", ROOT)
    run = shorten(made(tmp_path, "sequence_copy", seeds=SEEDS), kind="curve", condition="plastic")
    shorten(run, kind="curve", condition="fixed")
    (panel,) = script.collect([run])
    dots = {len(final.seeds) for final in panel.finals.values()}
    assert dots == {3}
    assert {curve.seeds for curve in panel.curves.values()} == {2}
    assert captions(script, run) == {"2 to 3"}


def scored(kind, seed, interval_kind):
    return TestRecord(
        condition="plastic",
        seed=seed,
        kind=kind,
        generation=1,
        trials=9,
        score=0.8,
        low=0.7,
        high=0.9,
        loss=None,
        interval_kind=interval_kind,
    )


@pytest.mark.parametrize(
    ("seeds", "interval_kind", "said"),
    [
        ([1], "t", "One seed: mean and 95 % t interval over trials"),
        ([1], "exact binomial", "One seed: mean and 95 % exact binomial interval over trials"),
        ([1], "range", "One seed: mean and range over trials"),
        ([1], "none", "One seed: mean over trials"),
        ([1, 2, 3], "t", "Median and range over 3 seeds"),
        ([1, 2, 3, 4, 5, 6], "t", "Median and its exact 95 % interval over 6 seeds"),
    ],
    ids=lambda value: str(value).replace(" ", "_"),
)
def test_the_foot_names_the_interval_that_is_drawn(seeds, interval_kind, said):
    points, finals = (
        [scored(kind, seed, interval_kind) for seed in seeds] for kind in ("curve", "final")
    )
    curves, scores = scores_in(points, finals)
    assert note_of([*curves.values(), *scores.values()]) == said


@pytest.mark.parametrize(
    ("name", "study"),
    [("cheetah_learning", "halfcheetah_run"), ("cue_learning", "cue_association")],
)
def test_a_rule_counts_the_seeds_of_its_curve_and_of_its_points(name, study, tmp_path):
    changes = ["search.candidates=8", "search.generations=16", "test.trials=40", "seeds=[1,2,3]"]
    first, *_ = read_declared(ROOT / "studies" / f"{study}.toml", changes).settings
    with Store(tmp_path / "run", first.study.to_table(), first.study.digest) as store:
        Runner(first.study, store, build=FakeExperiment, record=lambda *given: {}).run()
    run, script = StoredRun(tmp_path / "run"), load_script(name, ROOT)
    assert captions(script, run) == {"3"}
    shorten(run, kind="curve", condition="plastic")
    assert captions(script, run) == {"2 to 3"}


# -- measures ------------------------------------------------------------------------------------


def states():
    return {
        "hidden": RNG.random((16, 5, 4)),
        "goals": np.arange(16) % 8,
        "steps": np.arange(5),
        **{
            f"{name}{end}": RNG.random(1)
            for name in ("read", "read_channels")
            for end in ("", "_hashed", "_shuffled")
        },
    }


MEASURES = {
    "pdlf_fig4": ("velocity", "injury", lambda: injury(RNG, 0.2)),
    "pdlf_fig5a": ("velocity", "goals", lambda: goals(RNG)),
    "pdlf_fig5b": ("velocity", "states", states),
    "pdlf_fig6": ("point_direction", "path", lambda: path(RNG.uniform(5, 20))),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_counts_the_seeds_of_each_condition(name, tmp_path):
    task, measure, arrays = MEASURES[name]
    run = made(tmp_path, task, seeds=SEEDS)
    for condition in ("plastic", "fixed"):
        for seed in SEEDS:
            keep(run, measure, condition, seed, arrays())
    script = load_script(name, ROOT)
    assert captions(script, run) == {"3"}
    shorten(run, kind="final", condition="fixed")
    assert "2 to 3" in captions(script, run)


# -- which seed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([1], None),
        ([1, 2], "better of 2 seeds"),
        ([1, 2, 3], "median of 3 seeds"),
        ([1, 2, 3, 4], "better of two in the middle of 4 seeds"),
    ],
)
def test_the_one_that_is_drawn_is_called_what_it_is(seeds, words, tmp_path):
    script = load_script("pdlf_recall", ROOT)
    run = made(tmp_path, "sequence_copy", seeds=seeds)
    trial = script.collect([run])
    figure = script.draw(trial)
    shown = " ".join(text.get_text() for text in texts(figure))
    assert (words is None and "seeds" not in shown) or f"({words})" in shown
    scores = sorted(scores_by_seed(run))
    assert trial.score == scores[len(seeds) // 2]
    assert_readable(figure, 170)


def test_of_two_walkers_the_worse_is_drawn_and_called_so(tmp_path):
    script = load_script("pdlf_fig6", ROOT)
    run = made(tmp_path, "point_direction", seeds=[1, 2])
    for condition in ("plastic", "fixed"):
        for seed, off in ((1, 30), (2, 10)):
            keep(run, "path", condition, seed, path(off))
    found = script.collect([run])
    walks = found.paths["square"].walks["plastic"]
    assert np.array_equal(walks, path(30)["square_places"])
    shown = " ".join(text.get_text() for text in texts(script.draw(found)))
    assert "Paths: 3 walks, worse of 2 seeds." in shown, "as many as there are, and whose"


def calls_of(path, name):
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_no_script_has_words_of_its_own_for_the_seed_it_draws(path):
    if path.parent.name == "shared":
        return
    spoken = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for node in node.values
        if isinstance(node, ast.Constant)
    ]
    assert not [text for text in spoken if re.search(r"median (seed|of $)|\bseeds?\)?$", text)]
    for name in ("counted", "note_on"):
        for call in calls_of(path, name):
            assert not isinstance(call.args[0], ast.Constant), "computed from what is drawn"
