"""Whether the memory is in the weights: they are exchanged between trials, and bits are read there.

The test that is missing in arXiv:2308.12063, whose Fig. 2c to 2e show spikes and weights only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.copy import CHANCE, STUDIES, cell_of
from figures.shared.measures import by_condition, measures_of
from figures.shared.readings import mean_over_targets, reading_of
from figures.shared.scores import Spread, counted, note_on, over_seeds
from figures.shared.tables import table_of
from neuromodels.analysis.decoding import HASHED, SHUFFLED
from neuromodels.report.plotting.draw import columns_for, new_figure, width_for, write_note
from neuromodels.report.plotting.panels import draw_level, draw_point, show_all
from neuromodels.report.plotting.style import DARK, GREY, MARKS, Mark, styled
from neuromodels.store.store import StoredRun

CONDITION = "plastic"
NEEDS = STUDIES
MEASURE = "memory"
TABLES = ("pdlf_copy_quick_memory.json", "pdlf_copy_quick.json")
TESTS = {
    "own": Mark("left alone", MARKS["plastic"].colour, "o"),
    "donor": Mark("exchanged:\nits bits", MARKS["fixed"].colour, "s"),
    "recipient": Mark("exchanged:\nown bits", MARKS["fixed"].colour, "v"),
    "decoded": Mark("read from\nweights", DARK, "D"),
    "decoded_hashed": Mark("read, random\nhash", GREY, "x"),
    "decoded_shuffled": Mark("read, bits\nshuffled", GREY, "+"),
}
"""Arrays of the measure -> how the figure calls what they show, in its order."""


@dataclass(frozen=True)
class Memory:
    """One run: fraction of right bits in each of `TESTS`, over seeds (seeds, 1)."""

    length: int
    latency: int
    hidden: int
    tests: Mapping[str, Spread]

    @property
    def seeds(self) -> int:
        return len(self.tests["own"].each)


def collect(runs: Sequence[StoredRun]) -> list[Memory]:
    """Return one panel per run, by length and latency.

    Raises
    ------
    NeuromodelsError
        For a run of another task, or one that was not measured.
    """
    return sorted((_memory(run) for run in runs), key=lambda each: (each.length, each.latency))


def _memory(run: StoredRun) -> Memory:
    length, latency = cell_of("pdlf_memory", run)
    measures = measures_of(run, MEASURE, [CONDITION])
    tests = {
        name: over_seeds(by_condition(measures, lambda a, name=name: [a[name].mean()])[CONDITION])
        for name in ("own", "donor", "recipient")
    }
    read = reading_of(measures[CONDITION], "decoded", run, MEASURE, mean_over_targets)
    for name, control in ((n, n.removeprefix("decoded_")) for n in TESTS if n not in tests):
        tests[name] = getattr(read, "read" if control == "decoded" else control)
    return Memory(length, latency, run.study.circuit.hidden, tests)


QUANTITIES = {
    "own": "recall, trials left alone",
    "donor": "recall with another trial's weights, its bits",
    "recipient": "the same, own bits",
    "decoded": "bits read from the weights after the delay",
    "decoded_hashed": f"bits read from the weights after the delay, {HASHED}",
    "decoded_shuffled": f"bits read from the weights after the delay, {SHUFFLED}",
}
"""How the table calls what `TESTS` show."""


def collect_committed() -> list[Memory]:
    """Return the panel that the tables hold."""
    measured, scored = (table_of(name) for name in TABLES)
    found: dict[str, list[float]] = {}
    for row in measured["rows"]:
        if row["condition"] == CONDITION:
            found.setdefault(row["quantity"], []).append(row["value"])
    tests = {n: over_seeds(np.array(found[q])[:, None]) for n, q in QUANTITIES.items()}
    task, hidden = scored["task"], scored["circuit"]["hidden"]
    return [Memory(task["length"], task["latency"], hidden, tests)]


def draw(data: list[Memory]):
    """Return the figure: a column wide for one run, a page wide for several."""
    with styled():
        columns = columns_for(len(data))
        rows = -(-len(data) // columns)
        figure = new_figure(width_for(len(data)), 46 * rows + 22)
        first = None
        for number, each in enumerate(data):
            first = figure.add_subplot(rows, columns, number + 1, sharey=first)
            _draw_tests(first, each, is_last=number + columns >= len(data))
            if number % columns == 0:
                first.set_ylabel("fraction of right bits")
        write_note(figure, note_on((each.seeds for each in data), "one seed: mean over trials"))
        return figure


def _draw_tests(axes, memory: Memory, is_last: bool) -> None:
    draw_level(axes, CHANCE, "chance")
    for place, (name, mark) in enumerate(TESTS.items()):
        spread = memory.tests[name]
        each = spread.each[:, 0] if memory.seeds > 1 else ()
        bounds = (float(part[0]) for part in (spread.median, spread.low, spread.high))
        draw_point(axes, place, *bounds, mark, each)
    show_all(axes, 0, 1.04)
    axes.set_xlim(-0.5, len(TESTS) + 0.3)
    axes.set_title(
        f"{memory.length} bits, delay {memory.latency} steps\n"
        f"{memory.hidden} hidden, {counted([memory.seeds])}"
    )
    labels = [mark.label if is_last else "" for mark in TESTS.values()]
    axes.set_xticks(range(len(TESTS)), labels, rotation=90)
