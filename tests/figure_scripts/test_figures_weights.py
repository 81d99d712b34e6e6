"""Figures of weights, of hidden states and of coefficients: what they collect, and drawing them."""

from pathlib import Path

import numpy as np
import pytest
from figure_scripts.test_figures import assert_readable
from figure_scripts.test_figures_control import keep, labels, made, measured

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.report.figures import load_script
from neuromodels.rules.pdlf import PDLF

ROOT = Path(__file__).parents[2]
NAMES = ("pdlf_fig2d", "pdlf_fig3d", "pdlf_fig4b", "pdlf_fig5b")
RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def scripts():
    return {name: load_script(name, ROOT) for name in NAMES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


def final(run, condition="plastic"):
    """Return the final score of each seed."""
    ledger = run.ledger()
    try:
        return {test.seed: test.score for test in ledger.tests("final", condition)}
    finally:
        ledger.close()


def better(run, condition="plastic"):
    """Return the better of two seeds, which counts as their median."""
    scores = final(run, condition)
    return max(scores, key=lambda seed: (scores[seed], seed))


@pytest.mark.parametrize("name", ["pdlf_fig2d", "pdlf_fig3d", "pdlf_fig4b"])
def test_one_run_is_drawn(scripts, name):
    with pytest.raises(NeuromodelsError, match=f"{name}: draws one run"):
        scripts[name].collect([])


@pytest.mark.parametrize(
    ("name", "task"),
    [("pdlf_fig2d", "velocity"), ("pdlf_fig4b", "sequence_copy"), ("pdlf_fig5b", "sequence_copy")],
)
def test_another_task_is_refused(scripts, name, task, tmp_path):
    with pytest.raises(NeuromodelsError, match=f"{name}: draws .*{task}"):
        scripts[name].collect([made(tmp_path, task)])


@pytest.mark.parametrize(
    ("name", "task"),
    [("pdlf_fig2d", "sequence_copy"), ("pdlf_fig4b", "velocity"), ("pdlf_fig5b", "velocity")],
)
def test_a_missing_measure_names_its_command(scripts, name, task, tmp_path):
    run = made(tmp_path, task)
    with pytest.raises(RunNotFound, match=f"measure {run.folder} {scripts[name].MEASURE}"):
        scripts[name].collect([run])


def reading(name, targets):
    """Return a reading with its controls, as a measure keeps them."""
    return {name + end: RNG.random(targets) for end in ("", "_hashed", "_shuffled")}


# -- pdlf_fig2d ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imprinted(folder):
    run = made(folder / "copy", "sequence_copy")
    sequences = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]], dtype=bool)

    def arrays():
        return {
            "sequences": sequences,
            "input_hidden.change": RNG.normal(size=(4, 3, 12)),
            **reading("input_hidden.read", 4),
            "hidden_output.change": RNG.normal(size=(4, 12, 1)),
            **reading("hidden_output.read", 4),
        }

    kept = {seed: arrays() for seed in (1, 2)}
    for seed, each in kept.items():
        keep(run, "imprint", "plastic", seed, each)
    return run, kept


def test_changes_are_those_of_the_median_seed_and_of_the_channel_of_bits(scripts, imprinted):
    run, kept = imprinted
    found = scripts["pdlf_fig2d"].collect([run])
    ours = kept[better(run)]
    assert (found.seed, found.score) == (better(run), final(run)[better(run)])
    np.testing.assert_array_equal(found.changes["input_hidden"], ours["input_hidden.change"][:, 0])
    np.testing.assert_array_equal(
        found.changes["hidden_output"], ours["hidden_output.change"][..., 0]
    )
    for name, end in (("read", ""), ("hashed", "_hashed"), ("shuffled", "_shuffled")):
        both = np.array([kept[seed][f"hidden_output.read{end}"] for seed in (1, 2)])
        spread = getattr(found.read["hidden_output"], name)
        np.testing.assert_allclose(spread.median, both.mean(axis=0))


def test_neurons_lie_row_by_row_in_a_rectangle(scripts):
    arranged = scripts["pdlf_fig2d"].arranged
    shapes = [arranged(np.arange(n)).shape for n in (128, 32, 64, 7)]
    assert shapes == [(8, 16), (4, 8), (8, 8), (1, 7)]
    assert arranged(np.arange(32))[1, 0] == 8


def test_fig2d_is_readable_and_zero_is_white(scripts, imprinted):
    figure = scripts["pdlf_fig2d"].draw(scripts["pdlf_fig2d"].collect([imprinted[0]]))
    assert_readable(figure, 170)
    assert {"0001", "0111", "1101", "1110", "layer 1", "read-out", "chance"} <= labels(figure)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 8
    (limits,) = {image.get_clim() for image in images}
    assert limits[0] == -limits[1]


# -- pdlf_fig3d ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(folder):
    """A run whose synapses onto two read-outs moved 1, 2, ..., 8 times a path."""
    run = made(folder / "moved", "reacher", seeds=[1], conditions=["plastic"])
    names = [
        f"{p}.{c}" for p in ("input_hidden", "hidden_output") for c in ("eta", "A", "B", "C", "D")
    ]
    starts, stops = 8 * np.arange(10), 8 * np.arange(1, 11)
    np.savez(
        run.folder / "solutions" / "plastic-seed1.npz",
        names=names,
        starts=starts,
        stops=stops,
        vector=np.zeros(80),
    )
    path = np.array([0.3, -0.2, 0.5, 0.1, -0.4])
    far = np.random.default_rng(1).permutation(8) + 1
    parts = np.array([0, 0.25, 1])
    centres = np.zeros((3, 80))
    centres[:, 40:] = parts[:, None] * (path[:, None] * far).ravel()
    generations = np.array([0, 4, 12])
    np.savez(run.folder / "centres" / "plastic-seed1.npz", generations=generations, centres=centres)
    return run, path, far


def test_the_synapse_that_moved_the_median_distance_is_followed(scripts, moved):
    run, path, far = moved
    found = scripts["pdlf_fig3d"].collect([run])
    chosen = list(far).index(5)
    assert (found.before, found.behind) == divmod(chosen, 2)
    assert found.generations.tolist() == [0, 4, 12]
    np.testing.assert_allclose(found.values, np.outer([0, 0.25, 1], 5 * path), rtol=1e-6)


def test_the_window_is_the_published_one(scripts):
    eta, a, b, c, d = values = RNG.normal(size=5)
    found = scripts["pdlf_fig3d"].window(values, np.array([-3.0, 2.0]))
    assert found[0] == pytest.approx(eta * (-a * c * np.exp(-3 / np.e) + d))
    assert found[1] == pytest.approx(eta * ((a + b) * np.exp(-2 / np.e) + d))


@pytest.mark.parametrize("apart", [-4, -1, 0, 1, 5])
def test_a_pair_changes_what_the_rule_says(scripts, apart):
    """The rule's own statement, step by step, with the trace of one spike; without the drift."""
    values = dict(zip(("eta", "A", "B", "C", "D"), RNG.normal(size=5), strict=True))
    rule = PDLF.each_step.removeprefix("w += ")
    post, change, x = 10, 0.0, 0.0
    for step in range(60):
        x = x * np.exp(-1) + (1 - np.exp(-1)) * (step == post + apart)
        y = float(step == post)
        drift = values["eta"] * values["D"]
        change += eval(rule, {"__builtins__": {}}, {**values, "x": x, "y": y}) - drift
    found = scripts["pdlf_fig3d"].response(np.array(list(values.values())), np.array([apart]))
    assert found[0] == pytest.approx(change)


def test_fig3d_is_readable(scripts, moved):
    figure = scripts["pdlf_fig3d"].draw(scripts["pdlf_fig3d"].collect([moved[0]]))
    assert_readable(figure, 170)
    assert {"eta", "generation", "coefficient", "t pre - t post (ms)", "12"} <= labels(figure)


def test_a_run_without_centres_or_of_another_rule_is_refused(scripts, tmp_path):
    run = made(tmp_path / "a", "reacher", conditions=["plastic"])
    for path in (run.folder / "centres").iterdir():
        path.unlink()
    with pytest.raises(RunNotFound, match="run the study again"):
        scripts["pdlf_fig3d"].collect([run])
    few = {"rule": {"name": "pdlf", "coefficients": {"A": {"per": "pre"}}}}
    run = made(tmp_path / "b", "reacher", conditions=["plastic"], table=few)
    with pytest.raises(NeuromodelsError, match="one number per synapse"):
        scripts["pdlf_fig3d"].collect([run])


# -- pdlf_fig4b ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wounded(folder):
    run = made(folder / "wounded", "reacher")
    looks = np.array([1, 49, 50, 55, 75, 95])

    def arrays():
        found = {"looks": looks, "wound": np.array([50, 55])}
        for name, shape in (("input_hidden", (6, 12)), ("hidden_output", (12, 2))):
            found[f"{name}.w"] = RNG.normal(size=(6, *shape))
            found[f"{name}.alike"], found[f"{name}.others"] = RNG.random((2, 6))
        return found

    kept = {seed: arrays() for seed in (1, 2)}
    for seed, each in kept.items():
        keep(run, "weights", "plastic", seed, each)
    return run, kept


def test_weights_are_those_of_the_median_seed_and_cosines_of_all(scripts, wounded):
    run, kept = wounded
    found = scripts["pdlf_fig4b"].collect([run])
    assert (found.seed, found.seeds, found.steps) == (better(run), 2, 100)
    for name in ("input_hidden", "hidden_output"):
        np.testing.assert_array_equal(found.layers[name], kept[better(run)][f"{name}.w"])
        for what, spreads in (("alike", found.alike), ("others", found.others)):
            both = np.array([kept[seed][f"{name}.{what}"] for seed in (1, 2)])
            np.testing.assert_allclose(spreads[name].median, both.mean(axis=0))


def test_fig4b_is_readable(scripts, wounded):
    figure = scripts["pdlf_fig4b"].draw(scripts["pdlf_fig4b"].collect([wounded[0]]))
    assert_readable(figure, 170)
    assert {"channel", "read-out", "hidden neuron", "step 50\nall lost", "step 95"} <= labels(
        figure
    )
    images = [image for axes in figure.axes for image in axes.images]
    assert {image.get_array().shape for image in images} == {(6, 12), (2, 12)}
    assert len({image.get_clim() for image in images}) == 1


# -- pdlf_fig5b ---------------------------------------------------------------------------------


def hidden(neurons=5, steps=3, each=4):
    """Return states of eight goals that lie apart along one direction."""
    goals = np.repeat(np.arange(8), each)
    states = RNG.normal(scale=0.1, size=(goals.size, steps, neurons))
    states[..., 1] += goals[:, None]
    return {
        "hidden": states,
        "goals": goals,
        "steps": np.arange(steps),
        **reading("read", 1),
        **reading("read_channels", 1),
    }


@pytest.fixture(scope="module")
def looked(folder):
    names = ("velocity", "reacher", "swimmer", "cart_pole", "point_direction", "velocity")
    runs = [made(folder / f"states{k}", name) for k, name in enumerate(names)]
    return runs, [measured(run, "states", lambda condition, seed: hidden()) for run in runs]


def test_states_and_readings_are_those_of_the_measure(scripts, looked):
    runs, kept = looked
    first, second = scripts["pdlf_fig5b"].collect(runs[:2])
    assert (first.is_circle, second.is_circle) == (False, True)
    for condition in ("plastic", "fixed"):
        ours = kept[0][condition, better(runs[0], condition)]
        np.testing.assert_array_equal(first.states[condition], ours["hidden"].reshape(-1, 5))
        assert first.goals[condition].tolist() == np.repeat(ours["goals"], 3).tolist()
        means = [kept[0][condition, seed]["read"].mean() for seed in (1, 2)]
        assert first.read[condition].read.median == pytest.approx([np.mean(means)])
        means = [kept[0][condition, seed]["read_hashed"].mean() for seed in (1, 2)]
        assert first.read[condition].hashed.median == pytest.approx([np.mean(means)])


def test_components_are_the_axes_of_greatest_variance(scripts):
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    states = RNG.normal(size=(4000, 6)) * [5, 3, 1, 0.1, 0.1, 0.1] @ turn + 2
    places, shares = scripts["pdlf_fig5b"].components(states)
    values = np.sort(np.linalg.eigvalsh(np.cov(states.T)))[::-1]
    np.testing.assert_allclose(places.var(axis=0, ddof=1), values[:2])
    np.testing.assert_allclose(shares, values[:2] / values.sum())
    still, none = scripts["pdlf_fig5b"].components(np.ones((20, 6)))
    assert not still.any(), "a silent network lies in one place"
    assert not none.any()


@pytest.mark.parametrize("count", [1, 2, 6])
def test_fig5b_is_readable(scripts, looked, count):
    script = scripts["pdlf_fig5b"]
    figure = script.draw(script.collect(looked[0][:count]))
    assert_readable(figure, 85 if count < 3 else 170)
    assert {"goals read", "chance", "plastic", "fixed", "its input"} <= labels(figure)
    assert "speed or place, lowest to highest" in labels(figure)


def test_what_cannot_be_read_is_said_and_not_drawn(scripts, tmp_path):
    """Of goals with one start each no trial can be held out: nothing is read from them."""
    run = made(tmp_path, "velocity")
    nothing = {name: np.full(1, np.nan) for name in {**reading("read", 1)}}
    measured(run, "states", lambda condition, seed: {**hidden(), **nothing})
    figure = scripts["pdlf_fig5b"].draw(scripts["pdlf_fig5b"].collect([run]))
    assert_readable(figure, 85)
    assert "one start per goal" in labels(figure)
