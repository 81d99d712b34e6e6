"""No figure cuts off what it shows, however far from the usual its numbers lie."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from figure_scripts.inside import cut_off
from matplotlib.figure import Figure

from neuromodels.report.figures import load_script, scripts_of
from neuromodels.report.plotting.panels import show_all

ROOT = Path(__file__).parents[2]
STEPS, GENERATIONS = 30, np.array([5, 10, 20])
RNG = np.random.default_rng(11)


def far(*shape):
    """Return numbers on both sides of the limits that are usual for scores."""
    return RNG.uniform(-3, 3, shape)


def shared():
    return import_module("figures.shared.scores")


def spread(values=1, seeds=6):
    return shared().over_seeds(far(seeds, values))


def final(seeds=6):
    return shared().final_of(far(seeds))


def curve():
    low, median, high = np.sort(far(3, len(GENERATIONS)), axis=0)
    return shared().Curve(GENERATIONS, median, low, high, 6)


def learning(script, **more):
    return [
        script.Panel(
            study=f"s{k}",
            hidden=8,
            curves={"plastic": curve(), "fixed": curve()},
            finals={"plastic": final(), "random": final()},
            **more,
        )
        for k in range(2)
    ]


def pdlf_fig2b(script):
    panels = learning(script, length=8, latency=0)
    panels[0].published["published PDLF"] = (0.99, 0.4)
    return panels


def pdlf_fig3b(script):
    return learning(script, task="swimmer", score_name="way", nothing=0.0)


def pdlf_memory(script):
    return [script.Memory(4, k, 8, {name: spread() for name in script.TESTS}) for k in range(2)]


def pdlf_serial(script):
    return [script.Serial(length, 4, spread(length)) for length in (4, 8)]


def pdlf_terms(script):
    def setting(key):
        return script.Setting(key, 10, dict(enumerate(far(5))))

    return [setting(key) for key in script.LABELS]


def kinds_of_memory(script):
    scores = {kind: dict(enumerate(far(5))) for kind in script.KINDS}
    return [script.Panel(study, scores) for study in script.TITLES]


def rule_measure_matrix(script):
    def cells(task):
        for setting, condition, _ in script.FORMS[task]:
            for probe, value, _ in script.COLUMNS[task]:
                for seed, number in enumerate(10 ** far(6)):
                    cell = {"condition": condition, "seed": seed, "probe": probe, "reason": ""}
                    yield (
                        setting,
                        {
                            **cell,
                            "values": {
                                value: {"value": float(number > 1) if value == "stuck" else number}
                            },
                        },
                    )

    return [script.Panel(task, script.battery_from(list(cells(task)))) for task in script.TITLES]


def pdlf_fig2d(script):
    sequences = RNG.integers(0, 2, (4, 8)).astype(float)
    changes = {name: far(4, 16) for name in script.LAYERS}
    read = {n: script.Reading(*(spread(8) for _ in range(3))) for n in script.LAYERS}
    return script.Imprint(1, 0.9, 3, sequences, changes, read)


def pdlf_recall(script):
    spikes = RNG.integers(-1, 2, (8, 12))
    channels = RNG.integers(0, 2, (3, 12)).astype(float)
    weights, bits = far(3, 8, 4), np.array([1.0, 0, 1, 1])
    return script.Trial(1, 0.9, 3, 20.0, (4, 8), bits, channels, spikes, far(12), weights)


def pdlf_fig3d(script):
    return script.Synapse("reacher", 1, 3, 0, 1, GENERATIONS, far(3, 5))


def pdlf_fig4(script):
    rewards = [{"plastic": spread(STEPS), "fixed": spread(STEPS)} for _ in range(2)]
    losses = {unit: {"plastic": spread(4), "fixed": spread(4)} for unit in script.UNITS}
    shares = np.array([0, 0.2, 0.5, 0.8])
    return [
        script.Injured(
            "reacher", "way", 0.0, (10, 12), *rewards, {"plastic": spread()}, shares, losses
        )
    ]


def pdlf_fig4b(script):
    layers = {name: far(6, 4, 4) for name in script.LAYERS}
    cosines = [{name: spread(6) for name in script.LAYERS} for _ in range(2)]
    return script.Wounded("reacher", 1, 3, np.arange(6), STEPS, layers, *cosines)


def pdlf_fig5a(script):
    places, circle = np.linspace(-5, 5, 80), np.linspace(-np.pi, np.pi, 80, endpoint=False)
    scores = {"plastic": spread(80), "fixed": spread(80)}
    return [
        script.Goals("velocity", "way", 0.0, places, "speed (m/s)", scores),
        script.Goals("point", "way", 0.0, circle, "", scores),
    ]


def pdlf_fig5b(script):
    goals = {c: np.repeat(np.arange(8), 5) for c in ("plastic", "fixed")}
    states = {c: far(40, 4) for c in goals}
    reads = [{c: script.Reading(*(spread() for _ in "123")) for c in goals} for _ in range(2)]
    return [script.Hidden("point", True, states, goals, *reads)]


def pdlf_fig6(script):
    walks = {c: np.cumsum(far(3, STEPS, 2), axis=1) for c in ("plastic", "fixed")}
    errors = {c: shared().over_seeds(RNG.uniform(0, 180, (5, STEPS - 1))) for c in walks}
    path = script.Path(np.linspace(0, 4, STEPS), walks, errors)
    return script.Walked("point", {"square": path, "ramp": path})


def cheetah_learning(script):
    return {rule: script.Searched(20, curve(), final()) for rule in script.FIVE}


def cheetah_novel(script):
    names = (script.ALL, "slope", "noise")
    return {rule: script.Kept(names, 3 * far(6, 3)) for rule in script.FIVE}


def few_shot(script):
    return [script.Shots(k, {name: final() for name in script.BARS}) for k in (1, 5)]


def maze_sweeps(script):
    sweeps = {name: (np.array([1, 2, 8]), spread(3), 20.0) for name in script.AXES}
    return script.Maze(sweeps, {name: final() for name in script.LABELS})


def bandit_reversal(script):
    width = 2 * script.REACH
    return {r: {name: spread(width) for name in script.REWARDS} for r in script.RULES}


def degeneracy_map(script):
    def one():
        places = {kind: far(12, 2) for kind in script.ROWS}
        basins = RNG.integers(0, 12, 12)
        return script.Set(places, dict.fromkeys(script.ROWS, 0.5), far(12), basins)

    return {f"rule {k}": one() for k in range(5)}


def rule_windows(script):
    return {
        f"rule {k}": {curve: (np.arange(9.0), far(6, 9)) for curve in script.CURVES}
        for k in range(3)
    }


def family_transfer(script):
    return script.Matrix(("go", "match", script.OTHERS), far(3, len(script.NAMES)), (3, 12))


def neighbours(script):
    scores, features = (
        {name: far(8) for name in marks} for marks in (script.SETTINGS, script.FEATURES)
    )
    return script.Neighbours(scores, scores, scores, features)


def maze_trial(script):
    steps = 2 * 130
    channels = RNG.integers(0, 2, (42, steps))
    labels, sides = np.array([1.0, 0]), np.arange(20) < 10
    lines = [far(2, steps) for _ in range(4)]
    return script.Episode(1, 0.9, 3, 0.65, 0.15, sides, labels, channels, *lines)


def cue_learning(script):
    return {rule: script.Search(curve(), final()) for rule in script.RULES}


def cue_sweeps(script):
    values = np.array([0.0, 10.0, 30.0])
    scores = {rule: (values, spread(3)) for rule in script.RULES}
    return [script.Sweep(name, scores, (5.0, 40.0)) for name in script.AXES]


def cue_trial(script):
    steps = 1000
    spikes = [RNG.integers(0, 2, (rows, steps)) for rows in (40, 8)]
    modulation, plastic = np.tanh(far(2, steps)), far(2, steps)
    return script.Trial(
        "nm_oja", 1, 0.9, 3, 0, np.array([1, -1, 1]), *spikes, 0, plastic, modulation, far(steps)
    )


@pytest.mark.parametrize("name", scripts_of(ROOT))
def test_everything_drawn_lies_inside_of_its_axes(name):
    script = load_script(name, ROOT)
    make = globals().get(name)
    assert make is not None, "add a function with far numbers for this figure"
    assert cut_off(script.draw(make(script))) == []


@pytest.mark.parametrize("kind", ["line", "dots", "band", "interval", "bar"])
def test_what_is_cut_off_is_found(kind):
    axes = Figure().subplots()
    if kind == "line":
        axes.plot([0, 1], [0.2, 2.0])
    elif kind == "dots":
        axes.scatter([0, 1], [0.2, 2.0])
    elif kind == "band":
        axes.fill_between([0, 1], [0, 0], [0.5, 2.0])
    elif kind == "interval":
        axes.vlines([0], 0.2, 2.0)
    else:
        axes.bar([0, 1], [0.3, 2.0])
    axes.set_ylim(0, 1)
    assert len(cut_off(axes.figure)) == 1
    show_all(axes, 0, 1)
    assert cut_off(axes.figure) == []
    assert axes.get_ylim()[0] == 0, "an end that cuts nothing off stays"


def test_limits_hold_what_panels_that_share_them_show():
    left, right = Figure().subplots(1, 2, sharey=True)
    left.plot([0, 1], [0.4, 0.6])
    right.plot([0, 1], [-1.0, 4.0])
    show_all(left, 0, 1)
    assert cut_off(left.figure) == []
    assert left.get_ylim() == right.get_ylim()


def test_usual_limits_stay_where_everything_lies_within():
    axes = Figure().subplots()
    show_all(axes, 0.4, 1.0)
    assert axes.get_ylim() == (0.4, 1.0)
    axes.plot([0.5, 0.7], [0.5, 0.7])
    show_all(axes, 0.4, 1.0)
    show_all(axes, 0.45, 1.02, along="x")
    assert (axes.get_ylim(), axes.get_xlim()) == ((0.4, 1.0), (0.45, 1.02))
