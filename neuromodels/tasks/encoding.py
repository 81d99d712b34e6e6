"""How input channels say a number: as Poisson spikes, or as a current; pieces of a task's stimulus.

A task whose channels are `POISSON_MODEL` sets ``rate`` (Hz) and then runs `POISSON`; one whose
channels are `CURRENT_MODEL` sets ``level`` and then runs `CURRENT`. Both keep the trace ``xt``, for
``Task.trace``: a spike raises it by 1, and it decays with 20 ms; a current's is its level.
"""

POISSON_MODEL = """
    rate : 1    # Hz
    u    : 1    # the spike of this step, 0 or 1
    xt   : 1    # trace of the spikes
"""

POISSON = """
    u = int(rand() < rate*dt/second)
    xt = xt*exp(-dt/(20*ms)) + u
"""
"""At most one spike in a step: the rate must stay well below 1/dt."""

CURRENT_MODEL = """
    level : 1
    u     : 1    # the current of this step
    xt    : 1
"""

CURRENT = """
    u = level*(1 - exp(-dt/(20*ms)))
    xt = level
"""
"""Through a weight w, a constant level drives a silent `lif` to v = w*level, whatever dt is."""
