"""Conditions on time in every place where code can hold one, counted step by step."""

import numpy as np
from brian2 import (
    Clock,
    Hz,
    NeuronGroup,
    Quantity,
    Synapses,
    TimedArray,
    linked_var,
    ms,
    second,
)

CONDITIONS = (
    "(t % (20*ms)) < 5*ms",
    "int(t/(5*ms)) % 2 == 1",
    "t >= 4*ms",
    "t > 123.4*ms",
    "t <= 77.7*ms",
    "t < 30*ms and t >= 10*ms",
    "t == 3*ms",
    "floor(t/(3*ms)) % 2 == 0",
    "ceil(t/(7*ms)) % 3 == 1",
    "(t/ms) % 10 < 3",
    "(t/ms) // 7 % 2 == 0",
    "t/ms // 0.3 % 2 == 1",
    "(-t/ms) // 0.7 % 3 == 1",
    "int(t/dt) % 7 == 3",
    "t % dt < dt/2",
    "(t/dt) % 10 == 0",
    "t_in_timesteps % 4 == 1",
    "2*t > 50*ms",
    "t*40*Hz % 1 < 0.25",
    "(t*100*Hz) % 1 == 0",
    "t - 10*ms >= 5*ms",
    "(t - 2*ms) % (6*ms) < 1*ms",
    "(t + 0.1*ms) % (1*ms) < 0.2*ms",
    "abs((t % (10*ms)) - 5*ms) < 2*ms",
    "clip(t, 10*ms, 40*ms) % (4*ms) < 1*ms",
    "(t % (20*ms)) >= 15*ms or (t % (3*ms)) < 1*ms",
    "not (t % (8*ms) < 4*ms)",
    "t**2 > 4e-3*second**2",
    "sqrt(t/ms) > 5",
    "t/(2*ms) - floor(t/(2*ms)) < 0.5",
    "3*ms < t % (9*ms)",
    "(t/(1*ms) + 0.5) % 2 < 1",
    "t/(0.7*ms) % 1 < 0.3",
    "-t % (5*ms) < 1*ms",
    "(10*second - t) % (5*ms) < 1*ms",
    "int(t/(25*ms)) != 2",
    "timestep(t, dt) % 9 == 4",
    "timestep(t % (10*ms), dt) < 30",
    "t > 0.1*second/3",
    "sign(t - 50*ms) > 0",
    "((t % (20*ms)) / (20*ms)) < 0.25",
    "int((t % (20*ms))/(4*ms)) == 2",
    "int(int(t/(0.1*ms)) % 3 == 0) + int(t/(0.3*ms)) % 2 == 1",
    # each neuron by its own time
    "(t - onset) % (20*ms) < 5*ms",
    "int((t - onset)/(3*ms)) % 2 == 0",
    "t > onset + 2*ms",
    "(t + 2*onset) % period < period/4",
    "floor(t/period) % 2 == 0",
    "(t/ms) // (period/ms) % 2 == 1",
    # through other names
    "linked % (20*ms) < 5*ms",
    "int(linked/(5*ms)) % 2 == 1",
    "linked_phase < 5*ms",
    "int(linked_cycle) % 2 == 1",
    "phase < 5*ms",
    "phase/(2*ms) % 1 < 0.5",
    "int(cycle) % 2 == 1",
    "cycle - floor(cycle) < 0.5",
    "own_cycle % 2 < 1",
)

#: Lines that compute with times before they decide.
LOCALS = """
part = t/(5*ms)
rest = part % 2
twice = 2*rest
from_part += int(int(part) % 2 == 1)
from_rest += int(twice < 2)
late = onset + 3*ms
from_late += int((t - late) % (7*ms) < 2*ms)
"""
STORED = ("mark = (t - onset) % (6*ms)", "from_mark += int(mark < 2*ms) + 2*int(mark/(3*ms))")
LOOKED_UP = """
from_row += row(t)
from_late_row += row(t - 3*ms)
from_fine_row += fine(t)
from_pair += pair(t, i)
"""
COUNTS = (
    *(f"c{k}" for k in range(len(CONDITIONS))),
    *("from_part", "from_rest", "from_late", "from_mark"),
    *("from_row", "from_late_row", "from_fine_row", "from_pair"),
)
MODEL = """
phase = t % (20*ms) : second
cycle = t/(5*ms) : 1
own_cycle = (t - onset)/(3*ms) : 1
onset : second (constant)
period : second (constant)
mark : second
linked : second (linked)
linked_phase : second (linked)
linked_cycle : 1 (linked)
"""
TABLES = {
    "row": TimedArray(np.arange(2000) % 2, dt=5 * ms, name="row"),
    "fine": TimedArray(np.arange(30000) % 3, dt=0.3 * ms, name="fine"),
    "pair": TimedArray(np.arange(3000).reshape(-1, 3) % 5, dt=0.7 * ms, name="pair"),
    "ms": ms,
    "second": second,
    "Hz": Hz,
}


def single(seconds: list[float]) -> Quantity:
    """Return times that single precision holds too."""
    return np.array(seconds, dtype=np.float32).astype(float) * second


def deciding(dt: Quantity, name: str) -> list:
    """Return objects on one clock that count how often each condition holds."""
    clock = Clock(dt, name=f"{name}_clock")
    timing = {"clock": clock, "namespace": TABLES}
    phases = "phase = t % (20*ms) : second\ncycle = t/(5*ms) : 1"
    other = NeuronGroup(1, phases, name=f"{name}_other", **timing)
    declared = "\n".join(f"{count} : 1" for count in COUNTS)
    group = NeuronGroup(3, MODEL + declared, name=f"{name}_group", **timing)
    group.linked = linked_var(other, "t")
    group.linked_phase = linked_var(other, "phase")
    group.linked_cycle = linked_var(other, "cycle")
    group.onset = single([0, 1.3e-3, 2e-3])
    group.period = single([10e-3, 0.7e-3, 2.4e-3])
    conditions = "\n".join(f"c{k} += int({text})" for k, text in enumerate(CONDITIONS))
    for k, code in enumerate((conditions, LOCALS, *STORED, LOOKED_UP)):
        group.run_regularly(code, clock=clock, order=k, name=f"{name}_code_{k}")
    return [other, group]


def firing(dt: Quantity, name: str) -> list:
    """Return neurons on one clock that fire by time, and synapses that judge it."""
    clock = Clock(dt, name=f"{name}_clock")
    timing = {"clock": clock, "namespace": TABLES}
    bursting = NeuronGroup(
        4,
        "fired : 1\nrest : second (constant)",
        threshold="t % (4*ms) < 3*ms",
        reset="fired += 1",
        refractory="rest",
        name=f"{name}_firing",
        **timing,
    )
    bursting.rest = single([0, 0.5e-3, 1e-3, 1.7e-3])
    waiting = NeuronGroup(
        1,
        "fired : 1",
        threshold="True",
        reset="fired += 1",
        refractory="t - lastspike < 5*ms",
        name=f"{name}_waiting",
        **timing,
    )
    summing = NeuronGroup(3, "total : 1\nfrom_sum : 1", name=f"{name}_summing", **timing)
    summing.run_regularly("from_sum += total", clock=clock, when="end", name=f"{name}_adds")
    synapses = Synapses(
        bursting,
        summing,
        """seen : 1
        since : 1
        total_post = int((t % (20*ms)) < 5*ms) + 2*int(t/(3*ms)) % 2 : 1 (summed)""",
        on_pre="""seen += int(int(t/(5*ms)) % 2 == 1)
        since += int((t - lastspike_pre) % (3*ms) < 1*ms) + int(t_post % (6*ms) < 2*ms)""",
        name=f"{name}_synapses",
        **timing,
    )
    synapses.connect()
    return [bursting, waiting, summing, synapses]
