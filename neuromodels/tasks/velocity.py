"""Keep a told speed: a sled with drag on a line (velocity tasks of PDLF, arXiv:2308.12063, Fig. 3).

    m dv/dt = F*a - c*v,   |a| <= 1

``reward`` falls with the distance from the told speed, as in the paper, and is 0 at rest.  It is
scaled with the best possible: full thrust while that stays below the goal, for `rising` steps, then
the goal's speed, which a thrust of c*goal/F keeps.
"""

import math

from neuromodels.tasks.goals import control_task

VELOCITY = control_task(
    name="velocity",
    summary="keep a sled with drag at the told speed, one of 8, or of 72 others",
    # steps; kg, kg/s, N; m/s: the slowest goal, and how far the range of goals reaches from there
    parameters={
        "steps": 150,
        "mass": 1.0,
        "drag": 1.0,
        "thrust": 2.5,
        "slowest": 0.3,
        "span": 1.6,
    },
    item_model="""
        goal   : meter/second
        decay  : 1    # of the distance from full speed, in one step
        rising : 1
        best   : 1
        top = thrust/drag*meter/second : meter/second
        b0 = clip(slope*a0, -1, 1) : 1
        reward = (1 - abs(v - goal)/goal)/best : 1
    """,
    item_start={
        "goal": "(slowest + span*share)*meter/second",
        "decay": "exp(-dt*drag/mass/second)",
        "rising": "int(log(1 - goal/top)/log(decay))",
        "best": """1 - (rising*goal/top - rising + decay*(1 - decay**rising)/(1 - decay))
            *top/goal/steps""",
    },
    dynamics="""
        dx/dt = v : meter
        dv/dt = (thrust*newton*b0 - drag*kilogram/second*v)/(mass*kilogram) : meter/second
    """,
    observations=("goal/top", "v/top"),
    outputs=1,
    requires="mass > 0 and drag > 0 and slowest > 0 and (slowest + span)*drag < thrust",
    scores=(-math.inf, 1.05),  # where steps are long, integration is not exact
    score_name="1 - mean distance from the told speed over that speed, 1 for the best possible",
    reference="velocity tasks of Shen et al. 2023, arXiv:2308.12063; a body of our own",
)
