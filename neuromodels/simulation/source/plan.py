"""What a program is made from, decided before any of its text is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.simulation.arrays.index_tables import Sums, with_index_tables
from neuromodels.simulation.arrays.layout import Array, Layout
from neuromodels.simulation.arrays.usage import event_space
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import global_name
from neuromodels.simulation.capture.own_functions import Support
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.source.blocks import vectorises

#: Up to this size all neurons are visited with a mask, which vectorises; above, only spikes are.
MASKED_RESET = 512


@dataclass(frozen=True, eq=False)
class Plan:
    """The code objects of a program, and what they need.

    Parameters
    ----------
    captured
        In schedule order.
    initialisers
        Those that set initial values, evaluated before the first step.
    layout
        Where the arrays live, those that only this program reads included.
    listed
        Names of the event spaces that something reads as a list.
    spike_monitors
        In the order of the run's lists of spikes.
    sampled
        What is written down at every step of a clock: monitor and variable, in the order of the
        run's samples.
    support
        Functions that are not built in.
    """

    captured: Sequence[Captured]
    initialisers: Sequence[Captured]
    layout: Layout
    listed: frozenset[str]
    spike_monitors: Sequence[Captured]
    sampled: Sequence[tuple[Captured, str]]
    support: Support

    @property
    def tables(self) -> list[Array]:
        """Arrays read from tables, in the order in which the run passes them."""
        return [array for array in self.layout.arrays.values() if not array.scratch]


def plan_of(
    captured: Sequence[Captured], initialisers: Sequence[Captured], layout: Layout, sums: Sums
) -> Plan:
    """Return what a program needs that sums over synapses in one of the two ways."""
    return Plan(
        captured=tuple(captured),
        initialisers=tuple(initialisers),
        layout=with_index_tables(layout, [*captured, *initialisers], sums),
        listed=_listed_spaces(captured),
        spike_monitors=tuple(code for code in captured if code.template == "spikemonitor"),
        sampled=tuple((code, name) for code in captured for name in sampled_names(code)),
        support=_merged_support([*captured, *initialisers]),
    )


def sampled_names(code: Captured) -> list[str]:
    """Return what a monitor writes down at every step of its clock."""
    if code.template == "statemonitor":
        return sorted(code.options["_recorded_variables"])
    return ["rate"] if code.template == "ratemonitor" else []


def extra_names(code: Captured) -> list[str]:
    """Return what a spike monitor writes down beside index and time."""
    return sorted(set(code.options["record_variables"]) - {"i", "t"})


def counter_name(code: Captured) -> str:
    """Return the name of the number of samples that a monitor has taken."""
    return global_name("samples", code.name)


def counting_monitors(plan: Plan) -> list[Captured]:
    """Return the monitors that count their samples."""
    return [code for code in plan.captured if sampled_names(code)]


def counter_lines(plan: Plan) -> list[str]:
    """Return the declarations of all numbers of samples."""
    return [f"int64_t {counter_name(code)} = 0;" for code in counting_monitors(plan)]


def value_of(code: Captured, name: str) -> int:
    """Return a whole number that a code object has by name."""
    return int(np.asarray(code.variables[name].get_value()).item())


def count_of(code: Captured) -> int:
    """Return how many neurons a code object is for."""
    return value_of(code, "N")


def is_masked(code: Captured) -> bool:
    """Whether a reset visits all neurons, and changes those that fired."""
    return count_of(code) <= MASKED_RESET and vectorises(code.vector, ["_idx"])


def _listed_spaces(captured: Sequence[Captured]) -> frozenset[str]:
    spaces = ((code, event_space(code)) for code in captured)
    return frozenset(
        array_name(space) for code, space in spaces if space is not None and _reads_list(code)
    )


def _reads_list(code: Captured) -> bool:
    if code.template == "threshold":
        return code.options["_uses_refractory"]
    return code.template != "reset" or not is_masked(code)


def _merged_support(captured: Sequence[Captured]) -> Support:
    """Merge what the functions of all code objects need, each piece once."""
    merged = Support()
    for code in captured:
        for function in code.support.functions.values():
            merged.add(function)
    return merged
