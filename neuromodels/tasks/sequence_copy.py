"""Delayed sequence copy: see bits, wait, say them again in order (PDLF, arXiv:2308.12063, Fig. 2).

The released code lacks the task's source; protocol and lengths follow its notebooks and logs, the
loss is ours: the mean squared error of the read-out's sigmoid over the recalled bits.  `slope` is
the sigmoid's: at 1, sums over 128 hidden neurons saturate it, and a saturated guess costs 0.5 where
silence costs 0.25.  Where a search begins matters more: ``docs/results/working_memory.md``.
"""

from neuromodels.tasks.base import Task

SEQUENCE_COPY = Task(
    name="sequence_copy",
    summary="show `length` bits, wait `latency` steps, recall them in order",
    parameters={"length": 8, "latency": 0, "prelude": 0, "slope": 1.0},
    steps="prelude + 2*length + latency",
    items="length",
    item_model="bit : 1",
    item_start={"bit": "int(rand() < 0.5)"},
    channels=3,
    stimulus_model="""
        cue : 1    # the bit that is shown now
        u   : 1    # bit, "present" flag, "recall" flag
    """,
    stimulus="""
        now = timestep(t, dt) - prelude
        showing = int(now >= 0 and now < length)
        u = cue*int(i == 0) + showing*int(i == 1) + int(now >= length + latency)*int(i == 2)
    """,
    shown="bit_pre*int(i == timestep(t, dt) - prelude)",
    asked="bit_pre*int(i == timestep(t, dt) - prelude - length - latency)",
    score_model="""
        target  : 1
        loss    : 1
        correct : 1
    """,
    score="""
        asking = int(timestep(t, dt) >= prelude + length + latency)
        loss += asking*(1/(1 + exp(-slope*y)) - target)**2/length
        correct += asking*int((y > 0 and target > 0.5) or (y <= 0 and target < 0.5))/length
    """,
    delay=("prelude + length", "prelude + length + latency"),
    settling="length",
    score_name="Fraction of bits recalled",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="Shen et al. 2023, arXiv:2308.12063; protocol from the released notebooks",
)
