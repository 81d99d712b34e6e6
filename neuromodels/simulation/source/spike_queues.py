"""The text of a pathway's queue: spikes enter, wait and reach their synapses.

What lies in a queue is told in `arrays.delays`.
"""

from __future__ import annotations

from neuromodels.simulation.arrays.delays import WASTE
from neuromodels.simulation.source.lines import Lines


def push(name: str, width: int, picks: Lines, now: str, cursor: str = "") -> Lines:
    """Note the spikes of this step; `picks` opens a loop that names each ``_source``."""
    entry = [
        f"{name}[{width} * {name}_ends[1]] = _source;",
        f"{name}[{width} * {name}_ends[1] + 1] = (int32_t){now};",
    ]
    if cursor:
        entry.append(f"{name}[{width} * {name}_ends[1] + 2] = {cursor};")
    return [*picks, [*entry, f"{name}_ends[1]++;"], "}"]


def tidy(name: str) -> Lines:
    """Move the spikes under way to the front, when most of the list is past."""
    return [
        f"if ({name}_ends[0] >= {WASTE} && 2 * {name}_ends[0] >= {name}_ends[1]) {{",
        [
            f"{name}_ends[1] -= {name}_ends[0];",
            f"memmove({name}, {name} + 2 * {name}_ends[0], 8 * (size_t){name}_ends[1]);",
            f"{name}_ends[0] = 0;",
        ],
        "}",
    ]


def take_arrivals(name: str, delay: str, now: str) -> Lines:
    """Open a loop over the spikes that arrive in this step after a common delay."""
    first = f"{name}[2 * {name}_ends[0] + 1]"
    waited = f"(int32_t){now} - {first} >= {delay}[0]"
    return [
        f"for (; {name}_ends[0] < {name}_ends[1] && {waited}; {name}_ends[0]++) {{",
        [f"const int32_t _source = {name}[2 * {name}_ends[0]];"],
    ]


def peek_arrivals(name: str, delay: str, now: str) -> tuple[Lines, Lines]:
    """Open a loop that leaves the list as it is; and what takes those spikes off it afterwards."""
    first = f"{name}[2 * _flight + 1]"
    waits = f"_flight < {name}_ends[1] && (int32_t){now} - {first} >= {delay}[0]"
    loop = f"for (; {waits}; _flight++)"
    begin = f"int32_t _flight = {name}_ends[0];"
    visit = [begin, f"{loop} {{", [f"const int32_t _source = {name}[2 * _flight];"]]
    return visit, [begin, f"{loop};", f"{name}_ends[0] = _flight;"]


def sweep(name: str, start: str, steps: str, now: str, synapse: Lines) -> Lines:
    """Visit the synapses that each spike under way reaches in this step; drop finished spikes.

    `synapse` is what to do at place ``_k`` of the list sorted by neuron and delay.
    """
    return [
        "int32_t _kept = 0;",
        f"for (int32_t _spike = 0; _spike < {name}_ends[1]; _spike++) {{",
        [
            f"const int32_t _source = {name}[3 * _spike], _fired = {name}[3 * _spike + 1];",
            f"const int32_t _age = (int32_t){now} - _fired, _last = {start}[_source + 1];",
            f"int32_t _k = {name}[3 * _spike + 2];",
            f"for (; _k < _last && {steps}[_k] <= _age; _k++) {{",
            synapse,
            "}",
            "if (_k == _last) continue;",
            f"{name}[3 * _kept] = _source; {name}[3 * _kept + 1] = _fired;",
            f"{name}[3 * _kept++ + 2] = _k;",
        ],
        "}",
        f"{name}_ends[1] = _kept;",
    ]


def deliver_carried(name: str, now: str, synapse: Lines) -> Lines:
    """Visit the synapses that hear of spikes from before the program was built."""
    listed, step = f"{name}_carried", f"{name}_carried[2 * {name}_next[0]"
    return [
        f"for (; {name}_next[0] < {listed}_count[0] && {step}] <= {now}; {name}_next[0]++) {{",
        [f"const int32_t _idx = {step} + 1], _vectorisation_idx = _idx;", *synapse],
        "}",
    ]
