"""One read-out synapse while its rule is searched (arXiv:2308.12063, Fig. 3d to 3f).

Its five coefficients, and the window that they say, against generation; windows at some of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from figures.shared.control import called
from figures.shared.scores import choice_text, final_scores, median_seed, the_run
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.panels import draw_level
from neuromodels.report.plotting.style import DARK, DIVERGING, PAGE, styled
from neuromodels.store.load import coefficients_of
from neuromodels.store.store import StoredRun

CONDITION = "plastic"
NEEDS = ("control_reacher",)
LACKS = "the coefficients at each generation"
LAYER = "hidden_output"
NAMES = ("eta", "A", "B", "C", "D")
COLOURS = dict(zip(NAMES, (DARK, "#D55E00", "#0072B2", "#009E73", "#CC79A7"), strict=True))
STEP = 20.0
"""Length of a step, ms."""
WIDTH = 10.0
"""Of the window to either side, steps."""
PARTS = (0.0, 0.13, 0.23, 0.3, 0.63, 1.0)
"""Parts of the search at which windows are drawn; published: up to .8 of it."""


@dataclass(frozen=True)
class Synapse:
    """One synapse of the median seed.

    Parameters
    ----------
    task, seed, seeds
        Which task, whose search, and of how many seeds it is the median.
    before, behind
        Its hidden neuron and its component of the read-out.
    generations
        At which the centre of the search was kept, (k,).
    values
        Its five coefficients there, (k, 5), in the order of `NAMES`.
    """

    task: str
    seed: int
    seeds: int
    before: int
    behind: int
    generations: np.ndarray
    values: np.ndarray


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Synapse:
    """Return how the coefficients of one synapse moved.

    It is the one that moved the median distance: not chosen for its looks.

    Raises
    ------
    NeuromodelsError
        For several runs, or a run of another rule.
    RunNotFound
        When the run did not keep the centres of its search.
    """
    run = the_run("pdlf_fig3d", runs)
    _check(run)
    scores = final_scores("pdlf_fig3d", run, CONDITION)
    seed = median_seed(scores)
    found = run.centres(CONDITION, seed)
    layer = _layer(run, seed, found["centres"].astype(float))
    moved = np.linalg.norm(layer[-1] - layer[0], axis=1)
    chosen = int(np.argsort(moved, kind="stable")[len(moved) // 2])
    before, behind = divmod(chosen, len(moved) // run.study.circuit.hidden)
    return Synapse(
        called(run), seed, len(scores), before, behind, found["generations"], layer[:, chosen]
    )


def _check(run: StoredRun) -> None:
    rule = run.study.rule
    known = coefficients_of(run.study, CONDITION)
    whole = all(name in known and known[name].per == "synapse" for name in NAMES)
    if not whole or (rule.name, rule.options.get("pdp_side")) != ("pdlf", "post"):
        raise NeuromodelsError(
            "pdlf_fig3d",
            "draws runs of the rule pdlf, pdp_side = 'post', one number per synapse",
            rule.name,
        )


def _layer(run: StoredRun, seed: int, centres: np.ndarray) -> np.ndarray:
    """Return the coefficients of all synapses onto the read-out, (k, synapses, 5)."""
    solution = run.solution(CONDITION, seed)
    known = coefficients_of(run.study, CONDITION)
    bounds = zip(solution["names"], solution["starts"], solution["stops"], strict=True)
    places = {str(name): slice(start, stop) for name, start, stop in bounds}
    columns = [known[n].value(centres[:, places[f"{LAYER}.{n}"]]) for n in NAMES]
    return np.stack(columns, axis=2)


def window(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the published window: change of the weight by t_pre - t_post.

    Parameters
    ----------
    values
        The five coefficients, (..., 5).
    steps
        t_pre - t_post in steps, (n,).

    Returns
    -------
    ndarray
        (..., n).
    """
    eta, a, b, c, d = (values[..., k, None] for k in range(5))
    faded = np.exp(-np.abs(steps) / np.e)
    return eta * (np.where(steps < 0, -a * c, a + b) * faded + d)


def response(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return what one spike and a read-out of 1 change in all, by t_pre - t_post in whole steps.

    Beyond the drift D of every step: with a trace of (1 - 1/e)*exp(-k) k steps after its spike, the
    sum of dw = eta*(A*x*(y - C) + B*y) over all steps.
    """
    eta, a, b, c, _ = (values[..., k, None] for k in range(5))
    trace = np.where(steps <= 0, (1 - np.exp(-1)) * np.exp(np.minimum(steps, 0)), 0.0)
    return eta * (a * (trace - c) + b)


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Synapse):
    """Return the figure, a page wide."""
    with styled():
        figure = new_figure(PAGE, 118)
        grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 0.04))
        figure.suptitle(_title(data), x=0.01, ha="left", fontsize=7)
        _draw_values(figure.add_subplot(grid[0, 0]), data)
        _draw_map(figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[0, 2]), data)
        left = figure.add_subplot(grid[1, 0])
        right = figure.add_subplot(grid[1, 1])
        steps = np.linspace(-WIDTH, WIDTH, 401)
        whole = np.arange(-WIDTH, WIDTH + 1)
        _draw_windows(left, data, steps, window(data.values, steps), "-")
        _draw_windows(right, data, whole, response(data.values, whole), "o-")
        left.set(title="the published formula", ylabel="window, weight")
        right.set(title="one pair in our network, beyond the drift D", ylabel="change, weight")
        keys = right.legend(
            title="generation",
            frameon=False,
            handlelength=1.2,
            loc="upper left",
            bbox_to_anchor=(1.02, 1),
        )
        keys.set_in_layout(False)  # beside the panel, where the colours of the map have their room
        return figure


def _title(data: Synapse) -> str:
    which = f" ({choice_text(data.seeds)})" if data.seeds > 1 else ""
    return (
        f"{data.task}, seed {data.seed}{which}: hidden neuron {data.before} onto read-out"
        f" {data.behind}, the synapse that moved the median distance"
    )


def _draw_values(axes, data: Synapse) -> None:
    draw_level(axes, 0.0)
    for name, column in zip(NAMES, data.values.T, strict=True):
        axes.plot(data.generations, column, color=COLOURS[name], label=name)
    axes.set(xlim=(0, data.generations[-1]), xlabel="generation", ylabel="coefficient")
    axes.legend(frameon=False, handlelength=1.2, ncols=5, loc="lower left", bbox_to_anchor=(0, 1))


def _draw_map(axes, bar, data: Synapse) -> None:
    steps = np.linspace(-WIDTH, WIDTH, 201)
    found = window(data.values, steps).T
    limit = float(np.abs(found).max()) or 1.0
    image = axes.pcolormesh(
        data.generations,
        STEP * steps,
        found,
        cmap=DIVERGING,
        vmin=-limit,
        vmax=limit,
        shading="nearest",
        rasterized=True,
    )
    axes.set(xlim=(0, data.generations[-1]), xlabel="generation", ylabel="t pre - t post (ms)")
    axes.set_title("the published formula")
    bar.figure.colorbar(image, cax=bar, label="window, weight", ticks=MaxNLocator(5))


def _draw_windows(axes, data: Synapse, steps: np.ndarray, found: np.ndarray, line: str) -> None:
    draw_level(axes, 0.0)
    axes.axvline(0, color=DARK, linewidth=0.5)
    for part, row in _drawn(data.generations):
        colour = mpl.colormaps["viridis"](0.92 * part)
        label = f"{data.generations[row]}"
        axes.plot(STEP * steps, found[row], line, color=colour, label=label, markersize=2)
    axes.set(xlim=(-STEP * WIDTH, STEP * WIDTH), xlabel="t pre - t post (ms)")


def _drawn(generations: np.ndarray) -> list[tuple[float, int]]:
    """Return at which parts of the search windows are drawn, and which rows these are."""
    rows = {int(np.abs(generations - part * generations[-1]).argmin()): part for part in PARTS}
    return [(part, row) for row, part in rows.items()]
