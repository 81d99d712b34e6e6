"""Figures of control tasks and of memory: what they collect from runs and measures, and drawing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording
from figure_scripts.test_figures import assert_readable, scores, texts

from neuromodels import tasks
from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.report.figures import Source, draw_figure, load_script, studies_of_task
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of

ROOT = Path(__file__).parents[2]
CONTROL = ("point_direction", "velocity", "reacher", "cart_pole", "swimmer")
CONDITIONS = ["plastic", "fixed", "unseen", "unseen_fixed", "random"]
STEPS, TRIALS, SHARES = 20, 40, np.array([0.1, 0.2, 0.3, 0.5, 0.8])


def no_recording(study, condition, vector, stream):
    """Return a recording that nothing looks at."""
    return {"t": np.zeros(2)}


def made(folder, task, stop=lambda: False, table=(), **changes):
    """Return a stored run of a task of the real catalog, searched on a parabola."""
    fresh = {"conditions": ["plastic", "fixed"], "task": {"name": task}}
    table = {**TABLE, "name": f"control_{task}", **fresh, **changes, **dict(table)}
    found = replace(catalogs(), tasks={**catalogs().tasks, task: tasks.CATALOG[task]})
    record = fake_recording if task == "sequence_copy" else no_recording
    study = study_of(table, "table", found)
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=record, stop=stop).run()
    return StoredRun(folder)


def keep(run, measure, condition, seed, arrays):
    """Store arrays as `neuromodels measure` does."""
    folder = run.folder / "measures"
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{measure}-{condition}-seed{seed}.npz", **arrays)


def injury(rng, loss):
    """Return arrays of an injury: a fraction of the reward stays away after the wound."""
    intact = rng.uniform(0.5, 1, (TRIALS, STEPS)) / STEPS
    injured = intact.copy()
    injured[:, 10:11] = 0
    injured[:, 11:] *= 1 - loss
    without = {f"without_{unit}": rng.uniform(0, 1, (5, TRIALS)) for unit in ("weights", "neurons")}
    return {
        "intact": intact,
        "injured": injured,
        "wound": np.array([10, 11]),
        "shares": SHARES,
        **without,
    }


def goals(rng, span=400):
    """Return arrays of goals: eight trained ones, and others by their number."""
    trained = 10 * rng.integers(8, size=span) + 5
    numbers = np.array([k for k in range(80) if k % 10 != 5])
    others = rng.choice(numbers, size=span)
    return {
        "trained_shares": (trained / 80).astype(np.float32),
        "trained_scores": rng.random(span),
        "unseen_shares": (others / 80).astype(np.float32),
        "unseen_scores": rng.random(span),
    }


def path(off, speed=0.1, walks=3, steps=30):
    """Return arrays of paths on which every walk moves so many degrees off the command."""
    found = {}
    for k, name in enumerate(("triangle", "square", "ramp")):
        commanded = np.deg2rad(np.repeat([90.0 - 40 * k, -60.0], steps // 2))
        heading = commanded + np.deg2rad(off)
        moves = speed * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        places = np.cumsum(moves, axis=0)
        found |= {f"{name}_places": np.stack([places] * walks), f"{name}_commanded": commanded}
    return found


def measured(run, measure, arrays_for):
    """Store a measure of both conditions and all seeds; return the arrays by both."""
    kept = {}
    for condition in ("plastic", "fixed"):
        for seed in run.study.seeds:
            kept[condition, seed] = arrays_for(condition, seed)
            keep(run, measure, condition, seed, kept[condition, seed])
    return kept


@pytest.fixture(scope="module")
def scripts():
    names = ("pdlf_fig3b", "pdlf_fig4", "pdlf_fig5a", "pdlf_fig6", "pdlf_memory", "pdlf_serial")
    return {name: load_script(name, ROOT) for name in names}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    small = {"conditions": CONDITIONS}
    return {task: made(folder / task, task, **small) for task in CONTROL}


def labels(figure):
    return {text.get_text() for text in texts(figure)}


# -- what all need ------------------------------------------------------------------------------


def test_needs_are_all_control_studies(scripts):
    paths = [*(ROOT / "studies").glob("control_*.toml"), *(ROOT / "studies").glob("mujoco_*.toml")]
    # a sweep over bodies compares them, and is drawn by none
    declared = {path.stem for path in paths if "[[sweep" not in path.read_text(encoding="utf-8")}
    for name in ("pdlf_fig3b", "pdlf_fig4", "pdlf_fig5a"):
        assert declared <= set(scripts[name].NEEDS)
    assert set(scripts["pdlf_fig6"].NEEDS) <= declared
    assert studies_of_task("sequence_copy", ROOT) == scripts["pdlf_memory"].NEEDS


@pytest.mark.parametrize("name", ["pdlf_fig3b", "pdlf_fig4", "pdlf_fig5a", "pdlf_fig6"])
def test_a_task_without_goals_is_refused(scripts, name, tmp_path):
    run = made(tmp_path, "sequence_copy")
    with pytest.raises(NeuromodelsError, match=r"tasks with goals.*sequence_copy"):
        scripts[name].collect([run])


@pytest.mark.parametrize(
    ("name", "measure"),
    [("pdlf_fig4", "injury"), ("pdlf_fig5a", "goals"), ("pdlf_fig6", "path")],
)
def test_a_missing_measure_names_the_command_that_makes_it(scripts, runs, name, measure):
    run = runs["point_direction"]
    assert measure == scripts[name].MEASURE
    with pytest.raises(RunNotFound, match=f"neuromodels measure {run.folder} {measure}"):
        scripts[name].collect([run])


def test_a_seed_that_was_not_measured_is_named(scripts, tmp_path):
    run = made(tmp_path, "velocity", conditions=["plastic"])
    keep(run, "goals", "plastic", 1, goals(np.random.default_rng(0)))
    with pytest.raises(RunNotFound, match=r"plastic seed 2.*neuromodels measure"):
        scripts["pdlf_fig5a"].collect([run])


def test_an_unfinished_run_is_told_how_to_go_on(scripts, tmp_path):
    run = made(tmp_path, "velocity", stop=lambda: True)
    with pytest.raises(NeuromodelsError, match="neuromodels resume"):
        scripts["pdlf_fig4"].collect([run])


# -- pdlf_fig3b ---------------------------------------------------------------------------------


def test_control_scores_are_those_of_the_ledger(scripts, runs):
    (panel,) = scripts["pdlf_fig3b"].collect([runs["velocity"]])
    assert set(panel.curves) == {"plastic", "fixed"}
    assert set(panel.finals) == set(CONDITIONS)
    for condition, final in panel.finals.items():
        stored = [s for each in scores(runs["velocity"], "final", condition).values() for s in each]
        assert sorted(final.seeds) == sorted(stored)
        assert final.median == pytest.approx(np.median(stored))
    stored = scores(runs["velocity"], "curve", "fixed")
    assert panel.curves["fixed"].generations.tolist() == sorted(stored)
    assert panel.curves["fixed"].low.tolist() == [min(stored[k]) for k in sorted(stored)]


def test_scores_on_unseen_goals_stand_beside_their_solution(scripts, runs):
    figure = scripts["pdlf_fig3b"].draw(scripts["pdlf_fig3b"].collect([runs["reacher"]]))
    names = [tick.get_text() for tick in figure.axes[1].get_xticklabels()]
    assert names == ["plastic", "unseen", "fixed", "unseen", "random"]
    colours = [line.get_color() for line in figure.axes[1].lines if line.get_marker() in "oPsX"]
    assert colours[0] == colours[1] != colours[2] == colours[3]


@pytest.mark.parametrize("names", [CONTROL[:1], CONTROL[1:3], CONTROL])
def test_fig3b_is_readable(scripts, runs, names):
    script = scripts["pdlf_fig3b"]
    figure = script.draw(script.collect([runs[name] for name in names]))
    assert_readable(figure, 85 if len(names) == 1 else 170)
    assert {"generation", "score", "doing nothing", "unseen"} <= labels(figure)
    for name in names:
        heading = next(text for text in labels(figure) if text.startswith(name.replace("_", " ")))
        assert tasks.CATALOG[name].score_name[1:] in heading.replace("\n", " ")


# -- pdlf_fig4 ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def injured(tmp_path_factory):
    """Three runs and the arrays that were stored with the first: plastic comes back better."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("injured")
    found = [made(folder / task, task) for task in ("velocity", "cart_pole", "point_direction")]
    kept = [
        measured(run, "injury", lambda c, seed: injury(rng, 0.1 if c == "plastic" else 0.4))
        for run in found
    ]
    return found, kept[0]


def test_rewards_are_means_over_trials_and_medians_over_seeds(scripts, injured):
    runs, kept = injured
    (found,) = scripts["pdlf_fig4"].collect(runs[:1])
    assert found.wound == (10, 11)
    for condition in ("plastic", "fixed"):
        each = [STEPS * kept[condition, seed]["injured"].mean(axis=0) for seed in (1, 2)]
        assert found.injured[condition].median == pytest.approx(np.mean(each, axis=0))
        assert found.injured[condition].high == pytest.approx(np.max(each, axis=0))
        # the mean reward of the intact trials is their score
        score = np.mean([kept[condition, seed]["intact"].sum(axis=1).mean() for seed in (1, 2)])
        assert found.intact[condition].median.mean() == pytest.approx(score)
    assert found.recovered["plastic"].median == pytest.approx(0.9)
    assert found.recovered["fixed"].median == pytest.approx(0.6)


def test_shares_begin_with_nothing_lost(scripts, injured):
    runs, kept = injured
    (found,) = scripts["pdlf_fig4"].collect(runs[:1])
    assert found.shares.tolist() == [0, *SHARES]
    for unit in ("weights", "neurons"):
        spread = found.without[unit]["fixed"]
        for row, seed in enumerate((1, 2)):
            arrays = kept["fixed", seed]
            assert spread.each[row, 0] == pytest.approx(arrays["intact"].sum(axis=1).mean())
            assert spread.each[row, 1:] == pytest.approx(arrays[f"without_{unit}"].mean(axis=1))


@pytest.mark.parametrize("count", [1, 3])
def test_fig4_is_readable(scripts, injured, count):
    script = scripts["pdlf_fig4"]
    figure = script.draw(script.collect(injured[0][:count]))
    assert_readable(figure, 170)
    assert {"reward of a step", "step", "lost weights (%)", "lost neurons (%)"} <= labels(figure)
    assert any("plastic 90 % [90, 90], fixed 60 % [60, 60]" in text for text in labels(figure))
    assert {"thin: left intact", "all weights lost", "plastic", "fixed"} <= labels(figure)


def test_the_wound_is_shaded(scripts, injured):
    script = scripts["pdlf_fig4"]
    figure = script.draw(script.collect(injured[0][:1]))
    (shade,) = figure.axes[0].patches
    assert (shade.get_x(), shade.get_width()) == (9.5, 1)


def test_one_seed_has_no_interval(scripts, tmp_path):
    run = made(tmp_path, "velocity", seeds=[4], conditions=["plastic"])
    keep(run, "injury", "plastic", 4, injury(np.random.default_rng(0), 0.25))
    figure = scripts["pdlf_fig4"].draw(scripts["pdlf_fig4"].collect([run]))
    assert_readable(figure, 170)
    assert "velocity, 1 seed\nafter the wound: plastic 75 %" in labels(figure)
    assert "One seed: mean over trials" in labels(figure)


def test_from_five_seeds_on_bands_are_narrower_than_the_range(scripts, tmp_path):
    run = made(tmp_path, "velocity", seeds=list(range(1, 10)), conditions=["plastic"])
    rng = np.random.default_rng(0)
    for seed in run.study.seeds:
        keep(run, "injury", "plastic", seed, injury(rng, rng.random()))
    (found,) = scripts["pdlf_fig4"].collect([run])
    spread = found.injured["plastic"]
    after = slice(11, None)
    assert np.all(spread.each.min(axis=0)[after] < spread.low[after])
    assert np.all(spread.high[after] < spread.each.max(axis=0)[after])
    assert np.all((spread.low <= spread.median) & (spread.median <= spread.high))


# -- pdlf_fig5a ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("told")
    found = {task: made(folder / task, task) for task in CONTROL}
    kept = {task: measured(run, "goals", lambda *_: goals(rng)) for task, run in found.items()}
    return found, kept


def test_scores_by_goal_are_means_of_its_trials(scripts, told):
    runs, kept = told
    (found,) = scripts["pdlf_fig5a"].collect([runs["velocity"]])
    for row, seed in enumerate((1, 2)):
        arrays = kept["velocity"]["plastic", seed]
        for number in range(80):
            name = "trained" if number % 10 == 5 else "unseen"
            which = np.isclose(arrays[f"{name}_shares"], number / 80)
            expected = arrays[f"{name}_scores"][which].mean() if which.any() else np.nan
            got = found.scores["plastic"].each[row, number]
            assert got == pytest.approx(expected, nan_ok=True)
    assert scripts["pdlf_fig5a"].IS_TRAINED.sum() == 8


def test_goals_lie_where_the_task_puts_them(scripts, told):
    runs, _ = told
    axes = {}
    for task in CONTROL:
        (found,) = scripts["pdlf_fig5a"].collect([runs[task]])
        axes[task] = found.axis
        if task == "velocity":
            assert found.places == pytest.approx(0.3 + 1.6 * np.arange(80) / 80)
        elif task == "cart_pole":
            assert found.places == pytest.approx(-1 + np.arange(80) / 40)
        else:
            trained = np.rad2deg(found.places[scripts["pdlf_fig5a"].IS_TRAINED])
            assert trained == pytest.approx(np.arange(-180, 180, 45))
    assert axes["velocity"] == "told speed (m/s)"
    assert axes["cart_pole"] == "told place (m)"
    assert axes["swimmer"] == axes["reacher"] == axes["point_direction"] == ""


def test_goals_of_simulated_bodies_are_the_published_ones(scripts):
    goal_axis, trained = scripts["pdlf_fig5a"].goal_axis, scripts["pdlf_fig5a"].IS_TRAINED
    places, axis = goal_axis(tasks.CATALOG["halfcheetah_velocity"], {})
    assert (places[trained], axis) == (pytest.approx(1 + 1.125 * np.arange(8)), "told speed (m/s)")
    places, axis = goal_axis(tasks.CATALOG["ant_direction"], {})
    assert (np.rad2deg(places[trained]), axis) == (pytest.approx(np.arange(-180, 180, 45)), "")


def test_a_goal_follows_the_runs_own_parameters(scripts, tmp_path):
    run = made(tmp_path, "cart_pole", conditions=["plastic"])
    run.study.task.parameters["reach"] = 0.5
    for seed in (1, 2):
        keep(run, "goals", "plastic", seed, goals(np.random.default_rng(seed)))
    (found,) = scripts["pdlf_fig5a"].collect([run])
    assert found.places == pytest.approx(-0.5 + np.arange(80) / 80)


@pytest.mark.parametrize(
    "names", [("point_direction",), ("velocity",), CONTROL[:2], CONTROL[:3], CONTROL]
)
def test_fig5a_is_readable(scripts, told, names):
    script = scripts["pdlf_fig5a"]
    figure = script.draw(script.collect([told[0][name] for name in names]))
    assert_readable(figure, 85 if len(names) == 1 else 170)
    kinds = [axes.name for axes in figure.axes]
    assert kinds == ["rectilinear" if n in ("velocity", "cart_pole") else "polar" for n in names]
    assert "marks: trained goals" in labels(figure)


def test_the_means_of_a_heading_are_those_of_the_goals(scripts, told):
    (found,) = scripts["pdlf_fig5a"].collect([told[0]["swimmer"]])
    each = found.scores["fixed"].each
    others = [k for k in range(80) if k % 10 != 5]
    trained, unseen = found.means("fixed")
    assert trained == pytest.approx(np.median(np.nanmean(each[:, 5::10], axis=1)))
    assert unseen == pytest.approx(np.median(np.nanmean(each[:, others], axis=1)))


# -- pdlf_fig6 ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    run = made(tmp_path_factory.mktemp("walked"), "point_direction", seeds=[1, 2, 3])
    off = {"plastic": 10.0, "fixed": -40.0}
    measured(run, "path", lambda condition, seed: path(off[condition] * seed))
    return run


def test_errors_are_degrees_off_the_command(scripts, walked):
    found = scripts["pdlf_fig6"].collect([walked])
    assert list(found.paths) == ["triangle", "square", "ramp"]
    for each in found.paths.values():
        assert each.errors["plastic"].median == pytest.approx(np.full(29, 20.0))
        assert each.errors["fixed"].median == pytest.approx(np.full(29, 80.0))
        assert each.errors["fixed"].high == pytest.approx(np.full(29, 120.0))


def test_walks_are_those_of_the_median_seed(scripts, walked):
    each = scripts["pdlf_fig6"].collect([walked]).paths["square"]
    assert np.array_equal(each.walks["plastic"], path(20.0)["square_places"])
    assert np.array_equal(each.walks["fixed"], path(-80.0)["square_places"])


def test_the_told_path_has_the_mean_speed(scripts, walked):
    each = scripts["pdlf_fig6"].collect([walked]).paths["triangle"]
    moves = np.diff(each.drawn, axis=0)
    assert np.linalg.norm(moves, axis=1) == pytest.approx(np.full(29, 0.1))
    assert np.arctan2(moves[:, 1], moves[:, 0]) == pytest.approx(each.commanded[1:])


def test_fig6_is_readable(scripts, walked):
    figure = scripts["pdlf_fig6"].draw(scripts["pdlf_fig6"].collect([walked]))
    assert_readable(figure, 170)
    shown = labels(figure)
    assert {"triangle", "square", "ramp", "x (m)", "y (m)", "degrees off the heading"} <= shown
    assert "plastic: 20° [10, 30]\nfixed: 80° [40, 120]" in shown


def test_fig6_wants_one_run_with_directions(scripts, walked, runs):
    with pytest.raises(NeuromodelsError, match="draws one run"):
        scripts["pdlf_fig6"].collect([walked, walked])
    with pytest.raises(NeuromodelsError, match="told directions"):
        scripts["pdlf_fig6"].collect([runs["velocity"]])


# -- pdlf_memory --------------------------------------------------------------------------------


READ = ("decoded", "decoded_hashed", "decoded_shuffled")


@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    rng = np.random.default_rng(8)
    folder = tmp_path_factory.mktemp("remembered")
    cells = [{"length": 4, "latency": 4}, {"length": 2, "latency": 0}]
    found, kept = [], []
    for k, cell in enumerate(cells):
        declared = {"name": "sequence_copy", **cell}
        run = made(folder / str(k), "sequence_copy", table={"task": declared})
        parts = {
            name: rng.random((TRIALS, cell["length"])) < 0.8
            for name in ("own", "donor", "recipient")
        }
        parts |= {name: rng.random(cell["length"]) for name in READ}
        for seed in (1, 2):
            keep(run, "memory", "plastic", seed, {n: np.roll(a, seed) for n, a in parts.items()})
        found.append(run)
        kept.append(parts)
    return found, kept


def test_memory_is_the_mean_over_trials_and_bits(scripts, remembered):
    runs, kept = remembered
    short, long = scripts["pdlf_memory"].collect(runs)
    assert [(each.length, each.latency) for each in (short, long)] == [(2, 0), (4, 4)]
    for panel, arrays in ((short, kept[1]), (long, kept[0])):
        assert panel.seeds == 2
        for name, spread in panel.tests.items():
            assert spread.each[:, 0] == pytest.approx([arrays[name].mean()] * 2)


@pytest.mark.parametrize("count", [1, 2])
def test_memory_is_readable(scripts, remembered, count):
    script = scripts["pdlf_memory"]
    figure = script.draw(script.collect(remembered[0][:count]))
    assert_readable(figure, 85 if count == 1 else 170)
    assert {"fraction of right bits", "left alone", "exchanged:\nits bits"} <= labels(figure)
    assert {"read, random\nhash", "read, bits\nshuffled"} <= labels(figure)


def test_a_reading_without_controls_is_made_anew(scripts, remembered, tmp_path):
    """As earlier versions left it: the script names the command, and draws no reading alone."""
    run = made(tmp_path, "sequence_copy")
    old = {name: array for name, array in remembered[1][0].items() if name not in READ[1:]}
    for seed in (1, 2):
        keep(run, "memory", "plastic", seed, old)
    with pytest.raises(RunNotFound, match=f"no controls.*neuromodels measure {run.folder} memory"):
        scripts["pdlf_memory"].collect([run])


def test_serial_position_is_the_mean_over_trials(scripts, remembered):
    runs, kept = remembered
    short, long = scripts["pdlf_serial"].collect(runs)
    for curve, arrays in ((short, kept[1]), (long, kept[0])):
        assert curve.seeds == 2
        both = np.roll(arrays["own"], 1).mean(axis=0), np.roll(arrays["own"], 2).mean(axis=0)
        assert curve.recall.median == pytest.approx(np.mean(both, axis=0))


@pytest.mark.parametrize("count", [1, 2])
def test_serial_position_is_readable(scripts, remembered, count):
    script = scripts["pdlf_serial"]
    figure = script.draw(script.collect(remembered[0][:count]))
    assert_readable(figure, 85 if count == 1 else 170)
    assert {"fraction of right bits", "position in the sequence", "4 steps"} <= labels(figure)


def test_memory_wants_measured_runs_of_the_copy_task(scripts, runs, tmp_path):
    with pytest.raises(NeuromodelsError, match="draws runs of sequence_copy"):
        scripts["pdlf_memory"].collect([runs["velocity"]])
    run = made(tmp_path, "sequence_copy")
    with pytest.raises(RunNotFound, match=f"neuromodels measure {run.folder} memory"):
        scripts["pdlf_memory"].collect([run])


def test_the_same_measures_give_the_same_file(scripts, walked, tmp_path):
    targets = [tmp_path / f"{k}.pdf" for k in range(2)]
    for target in targets:
        draw_figure(scripts["pdlf_fig6"], Source([walked]), [target])
    assert targets[0].read_bytes() == targets[1].read_bytes()
