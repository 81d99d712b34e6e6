"""Figures of the sequence copy task: what they collect from stored runs, and that they draw it."""

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.report.figures import Source, draw_figure, load_script, studies_of_task
from neuromodels.report.needed_runs import runs_for
from neuromodels.seeding import trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.store.sweeps import StoredSetting, write_sweep
from neuromodels.study.file import study_of
from neuromodels.study.study import TaskChoice
from neuromodels.study.sweep import read_declared

ROOT = Path(__file__).parents[2]
PER_INCH = 25.4


def made(folder, stop=lambda: False, **changes):
    """Return a stored run of the fake study."""
    study = study_of({**TABLE, **changes}, "table", catalogs())
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=fake_recording, stop=stop).run()
    return StoredRun(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    task = {"name": "sequence_copy", "length": 8, "latency": 0}
    return {
        "quick": made(folder / "quick"),
        "long": made(folder / "long", task=task, seeds=[1], conditions=["plastic"]),
    }


@pytest.fixture(scope="module")
def fig2b():
    return load_script("pdlf_fig2b", ROOT)


@pytest.fixture(scope="module")
def recall():
    return load_script("pdlf_recall", ROOT)


def scores(run, kind, condition):
    """Return {generation: scores by seed} as the ledger's file has them."""
    with sqlite3.connect(run.folder / "ledger.sqlite") as connection:
        rows = connection.execute(
            "SELECT generation, score FROM tests WHERE kind = ? AND condition = ? ORDER BY seed",
            (kind, condition),
        ).fetchall()
    connection.close()
    found = {}
    for generation, score in rows:
        found.setdefault(generation, []).append(score)
    return found


def texts(figure):
    """Return every text of a figure that is shown."""
    from matplotlib.text import Text

    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def assert_readable(figure, width):
    """Nothing is cut off or smaller than 7 pt, and the figure has its width in mm."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from neuromodels.report.plotting.style import styled

    assert figure.get_figwidth() * PER_INCH == pytest.approx(width)
    with styled():
        FigureCanvasAgg(figure).draw()
        ink = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert ink.x0 >= 0, "cut off at the left"
    assert ink.y0 >= 0, "cut off below"
    assert ink.x1 <= width, "cut off at the right"
    assert ink.y1 <= height, "cut off above"
    assert all(text.get_fontsize() >= 7 for text in texts(figure))


# -- pdlf_fig2b ---------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["plastic", "fixed"])
def test_curves_are_median_and_range_of_the_ledger(runs, fig2b, condition):
    (panel,) = fig2b.collect([runs["quick"]])
    stored = scores(runs["quick"], "curve", condition)
    curve = panel.curves[condition]
    assert curve.generations.tolist() == sorted(stored) == [4, 8, 12]
    for k, generation in enumerate(curve.generations):
        low, high = sorted(stored[generation])
        assert (curve.low[k], curve.high[k]) == (low, high)
        assert curve.median[k] == pytest.approx((low + high) / 2)


def test_final_scores_are_those_of_the_ledger(runs, fig2b):
    (panel,) = fig2b.collect([runs["quick"]])
    assert list(panel.finals) == sorted(TABLE["conditions"])
    for condition, final in panel.finals.items():
        stored = [s for each in scores(runs["quick"], "final", condition).values() for s in each]
        assert sorted(final.seeds) == sorted(stored)
        assert (final.low, final.high) == (min(stored), max(stored))


def test_one_seed_shows_the_interval_over_trials(runs, fig2b):
    (panel,) = fig2b.collect([runs["long"]])
    final = panel.finals["plastic"]
    assert panel.counts == {1}
    assert final.low < final.median < final.high


def test_from_five_seeds_on_the_interval_is_narrower_than_the_range(tmp_path, fig2b):
    seeds = list(range(1, 10))
    run = made(tmp_path, seeds=seeds, conditions=["plastic"])
    final = fig2b.collect([run])[0].finals["plastic"]
    assert final.seeds.min() < final.low <= final.median <= final.high < final.seeds.max()


def test_seeds_that_are_behind_stay_out_of_the_curve(tmp_path, fig2b):
    asked = iter(range(100))
    # seed 1 needs 12 generations and its final tests; seed 2 is stopped before its last point
    run = made(tmp_path, stop=lambda: next(asked) >= 36, conditions=["plastic"])
    stored = scores(run, "curve", "plastic")
    assert [len(each) for each in stored.values()] != [2, 2, 2]
    panel = fig2b.collect([run])[0]
    assert panel.counts == {1}
    assert panel.curves["plastic"].generations.tolist() == [4, 8, 12]


def test_published_values_stand_where_the_cell_was_published(runs, fig2b):
    quick, long = fig2b.collect([runs["long"], runs["quick"]])
    assert (quick.length, long.length) == (4, 8)
    assert quick.published == {}
    assert long.published == {"published PDLF": (0.991, 0.021), "published GRU": (0.992, 0.019)}


def test_all_sixteen_cells_have_both_published_values(fig2b):
    numbers = fig2b.numbers
    cells = {(length, latency) for length in (8, 16, 32, 64) for latency in (0, 8, 16, 32)}
    assert set(numbers.FIG2B_PDLF) == set(numbers.FIG2B_GRU) == cells


def test_needs_are_the_studies_of_the_task(fig2b):
    assert fig2b.NEEDS[0] == "pdlf_copy_quick"
    copies = {path.stem for path in (ROOT / "studies").glob("pdlf_copy*.toml")}
    # ways of searching under the tuning seed, and a grid whose searches begin on other tasks
    copies -= {"pdlf_copy_tuning", "pdlf_copy_grid_staged"}
    assert set(fig2b.NEEDS) == {*copies, "pdlf_held_out", "degeneracy_copy"}
    assert studies_of_task("no such task", ROOT) == ()


def test_a_run_of_another_task_is_refused(runs, fig2b, recall):
    for script in (fig2b, recall):
        other = StoredRun(runs["quick"].folder)
        other.study = replace(other.study, task=TaskChoice("delayed_match"))
        with pytest.raises(NeuromodelsError, match="delayed_match"):
            script.collect([other])


@pytest.mark.parametrize("names", [["quick"], ["long"], ["quick", "long"]])
def test_fig2b_is_readable(runs, fig2b, names):
    figure = fig2b.draw(fig2b.collect([runs[name] for name in names]))
    assert_readable(figure, 85 if len(names) == 1 else 170)
    labels = {text.get_text() for text in texts(figure)}
    assert {"generation", "fraction of bits recalled", "plastic", "chance"} <= labels
    assert ("PDLF*" in labels) == ("long" in names)


def test_the_whole_grid_is_readable(runs, fig2b):
    from dataclasses import replace

    (panel,) = fig2b.collect([runs["quick"]])
    cells = [replace(panel, length=n, latency=d) for n in (8, 16, 32, 64) for d in (0, 8, 16, 32)]
    assert_readable(fig2b.draw(cells), 170)


def test_a_run_without_a_test_yet_is_an_empty_panel(tmp_path, fig2b):
    run = made(tmp_path, stop=lambda: True)
    (panel,) = fig2b.collect([run])
    assert panel.curves == panel.finals == {}
    assert_readable(fig2b.draw([panel]), 85)


# -- pdlf_recall --------------------------------------------------------------------------------


def test_the_trial_is_the_recorded_one_of_the_median_seed(runs, recall):
    trial = recall.collect([runs["quick"]])
    final = dict(zip((1, 2), scores_by_seed(runs["quick"]), strict=True))
    assert trial.seed == max(final, key=lambda seed: (final[seed], seed))
    assert trial.score == final[trial.seed]
    (stream,) = trial_streams(trial.seed, 1, "recording")
    study = study_of(TABLE, "table", catalogs())
    expected = fake_recording(study, "plastic", None, int(stream))
    assert np.array_equal(trial.bits, expected["items"])
    assert trial.borders == (4, 8)
    assert trial.ms_per_step == pytest.approx(20)


def scores_by_seed(run):
    ledger = run.ledger()
    found = [test.score for test in ledger.tests("final", "plastic")]
    ledger.close()
    return found


def test_weights_are_those_at_the_end_of_each_phase(runs, recall):
    trial = recall.collect([runs["quick"]])
    stored = runs["quick"].recording("plastic", trial.seed)
    assert trial.weights.shape == (3, 2, 4)
    for phase, step in enumerate((3, 7, 11)):
        for neuron in range(2):
            for channel in range(3):
                weight = stored["input_hidden.w"][2 * channel + neuron, step]
                assert trial.weights[phase, neuron, channel] == weight
            assert trial.weights[phase, neuron, 3] == stored["hidden_output.w"][neuron, step]


def test_recall_is_readable(runs, recall):
    figure = recall.draw(recall.collect([runs["quick"]]))
    assert_readable(figure, 170)
    labels = {text.get_text() for text in texts(figure)}
    assert {"time (ms)", "step of 20 ms", "hidden neuron", "read-out o", "weight"} <= labels
    assert any(re.match("One sequence, 4 of 4 bits recalled", label) for label in labels)


def test_a_delay_of_no_steps_is_drawn(runs, recall):
    assert_readable(recall.draw(recall.collect([runs["long"]])), 170)


def test_recall_wants_one_finished_run(runs, recall, tmp_path):
    with pytest.raises(NeuromodelsError, match="draws one run"):
        recall.collect(list(runs.values()))
    with pytest.raises(NeuromodelsError, match="neuromodels resume"):
        recall.collect([made(tmp_path, stop=lambda: True)])


def test_a_missing_recording_names_the_command_that_makes_it(recall, tmp_path):
    run = made(tmp_path, seeds=[1], conditions=["plastic"])
    (tmp_path / "recordings" / "plastic-seed1.npz").unlink()
    with pytest.raises(RunNotFound, match="neuromodels resume"):
        recall.collect([run])


# -- saving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".svg"])
def test_the_same_run_gives_the_same_file(runs, fig2b, tmp_path, suffix):
    targets = [tmp_path / f"{k}{suffix}" for k in range(2)]
    for target in targets:
        assert draw_figure(fig2b, Source([runs["long"]]), [target]) == [target]
    assert targets[0].read_bytes() == targets[1].read_bytes()
    assert targets[0].stat().st_size > 5000


def test_drawing_leaves_matplotlib_as_it_was(runs, fig2b):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    fig2b.draw(fig2b.collect([runs["quick"]]))
    assert dict(mpl.rcParams) == before


# -- pdlf_terms ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def terms():
    return load_script("pdlf_terms", ROOT)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Runs of the full rule, of the same with one number per projection, and of one seed less."""
    folder = tmp_path_factory.mktemp("settings")
    shared = {name: {"per": "projection"} for name in ("eta", "A", "B", "C", "D")}
    base = {"conditions": ["plastic"], "seeds": [1, 2, 3]}
    return [
        made(folder / "shared", rule={"name": "pdlf", "coefficients": shared}, **base),
        made(folder / "full", **base),
    ]


def test_settings_stand_in_the_order_of_the_figure(terms, settings):
    found = terms.collect(settings)
    assert [each.key for each in found] == [("pdlf", "synapse"), ("pdlf", "projection")]
    by_generation = scores(settings[1], "final", "plastic").values()
    assert sorted(found[0].scores.values()) == sorted(x for each in by_generation for x in each)
    assert found[0].dimension == 6


def test_differences_are_paired_with_the_full_rule(terms, settings):
    found = terms.collect(settings)
    nothing, effect = terms.effects(found)
    assert nothing is None
    full, shared = (each.scores for each in found)
    assert effect.difference == pytest.approx(np.mean([shared[k] - full[k] for k in full]))
    assert effect.low <= effect.difference <= effect.high


def test_terms_are_readable(terms, settings):
    assert_readable(terms.draw(terms.collect(settings)), 170)


def test_without_the_full_rule_there_is_nothing_to_compare_with(terms, settings):
    with pytest.raises(NeuromodelsError, match="needs the full rule"):
        terms.collect(settings[:1])


def test_a_sweeps_folder_stands_for_its_runs(terms, tmp_path):
    declared = read_declared(ROOT / "studies" / "pdlf_terms.toml")
    folder = tmp_path / "runs" / "pdlf_terms-sweep"
    assert len(declared.settings) == 7
    settings = [
        StoredSetting(each.name, each.name, each.study.digest, each.values, each.study.to_table())
        for each in declared.settings
    ]
    write_sweep(folder, declared.name, declared.keys, settings)
    with pytest.raises(RunNotFound, match=r"pdlf_terms, setting name-pdlf.*was not run"):
        runs_for(terms, [], tmp_path / "runs", ROOT)
    first, second, *_ = declared.settings
    short = replace(second.study, search=replace(second.study.search, generations=3))
    with Store(folder / second.name, short.to_table(), short.digest):
        pass
    reason = f"{second.name}, was run for 3 of {second.study.search.generations:,} generations"
    with Store(folder / first.name, first.study.to_table(), first.study.digest):
        pass
    found, absent = runs_for(terms, [], tmp_path / "runs", ROOT)
    assert [run.digest for run in found] == [first.study.digest]
    assert len(absent) == 6
    assert absent[0].endswith(f"{reason}; --run {folder / second.name} draws it anyway")
    assert all(line.endswith(", was not run") for line in absent[1:])
    named, _ = runs_for(terms, [folder], tmp_path, ROOT)
    assert [run.digest for run in named] == [first.study.digest, second.study.digest]


# -- kinds_of_memory ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def memories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memories")
    made_of = {"conditions": ["plastic"], "seeds": [1, 2, 3]}
    return [made(folder / name, name=name, **made_of) for name in ("memories_copy", "other")]


def test_kinds_of_memory_have_the_final_scores_of_the_ledger(memories):
    (panel,) = load_script("kinds_of_memory", ROOT).collect(memories)
    stored = [s for each in scores(memories[0], "final", "plastic").values() for s in each]
    assert list(panel.scores) == ["plastic"]
    assert sorted(panel.scores["plastic"].values()) == sorted(stored)


def test_kinds_of_memory_are_readable(memories):
    script = load_script("kinds_of_memory", ROOT)
    assert_readable(script.draw(script.collect(memories)), 170)


@pytest.mark.parametrize(
    "name", ["memories_copy", "memories_cues", "memories_maze", "memories_reach"]
)
def test_a_setting_is_of_the_kind_that_it_is_named_after(name):
    script = load_script("kinds_of_memory", ROOT)
    settings = read_declared(ROOT / "studies" / f"{name}.toml").settings
    kinds = {setting.name: script.kind_of(setting.study) for setting in settings}
    assert kinds == {kind: kind for kind in script.KINDS}
