"""Bodies of Gymnasium's MuJoCo environments, with the goals and rewards of PDLF.

Goals, alive bonus, effort and limits follow section 6.3 of the specification of arXiv:2308.12063;
simulator, models and ways to begin are Gymnasium's.  Velocities are those of the root, the point
that Gymnasium watches too.  The ant pays nothing for contacts, at most 0.04 per step in Gymnasium.

A goal at share s of its range, 0 <= s < 1, is lowest + s*span.  The eight that are trained lie at
s = 1/16, 3/16, ..., and are those of the paper: -180, -135, ..., 135 degrees, 1 to 8.875 m/s for
the runner, 0 to 1.8375 m/s for the hopper.

`mean` and `spread` were measured once, by `mujoco_worlds.measure_observations`.
"""

from dataclasses import replace

import numpy as np

from neuromodels.tasks.bodies.base import Body, Goals

DIRECTIONS = Goals("direction", lowest=-1.125 * np.pi, span=2 * np.pi)

#: Three links in a fluid, with two motors: run in a direction, slowly.
SWIMMER = Body(
    name="swimmer",
    gymnasium="Swimmer-v5",
    positions=5,
    velocities=5,
    axes=2,
    actions=2,
    seconds=0.04,
    goals=DIRECTIONS,
    effort=1e-4,
    mean=(
        0.03643,
        -0.02061,
        -0.06102,
        0.009142,
        -0.006865,
        0.01374,
        -0.01298,
        -0.00399,
    ),
    spread=(
        0.7677,
        1.251,
        1.237,
        0.636,
        1.203,
        1.424,
        2.478,
        2.485,
    ),
)

#: A planar runner on two legs, with six motors, that cannot fall: keep a speed.
HALF_CHEETAH = Body(
    name="halfcheetah",
    gymnasium="HalfCheetah-v5",
    positions=9,
    velocities=9,
    axes=1,
    actions=6,
    seconds=0.05,
    goals=Goals("velocity", lowest=0.4375, span=9.0),
    effort=0.01,
    options={"ctrl_cost_weight": 0.01},
    mean=(
        -0.1814,
        0.6332,
        0.01712,
        0.01895,
        -0.01087,
        0.04986,
        -0.01096,
        -0.006785,
        0.07277,
        -0.05784,
        0.2323,
        0.007136,
        -0.01639,
        0.01163,
        0.009748,
        0.01908,
        0.01147,
    ),
    spread=(
        0.1716,
        1.057,
        0.3176,
        0.314,
        0.298,
        0.4428,
        0.3625,
        0.3187,
        2.359,
        0.6488,
        1.134,
        2.357,
        2.526,
        2.53,
        2.81,
        2.766,
        2.608,
    ),
)

#: The same runner as Gymnasium pays it: run forward, at ten times the cost of its effort.
RUNNER = replace(
    HALF_CHEETAH,
    name="halfcheetah_runner",
    goals=Goals("run", lowest=0.4375, span=9.0),
    effort=0.1,
    options={"ctrl_cost_weight": 0.1},
)

#: One leg with three motors: keep a speed and do not fall.
HOPPER = Body(
    name="hopper",
    gymnasium="Hopper-v5",
    positions=6,
    velocities=6,
    axes=1,
    actions=3,
    seconds=0.008,
    goals=Goals("velocity", lowest=-0.13125, span=2.1),
    effort=1e-3,
    alive=1.0,
    upright={1: (0.7, np.inf), 2: (-0.2, 0.2)},
    fastest=10.0,
    mean=(
        1.242,
        -0.0508,
        -0.03507,
        -0.05318,
        0.04928,
        -0.2432,
        -0.1041,
        -1.784,
        -1.254,
        -1.356,
        0.3371,
    ),
    spread=(
        0.02191,
        0.06585,
        0.0619,
        0.101,
        0.2674,
        0.5673,
        0.4776,
        2.066,
        2.121,
        2.319,
        3.893,
    ),
)

#: Four legs with eight motors: run in a direction and do not fall over.
ANT = Body(
    name="ant",
    gymnasium="Ant-v5",
    positions=15,
    velocities=14,
    axes=2,
    actions=8,
    seconds=0.05,
    goals=DIRECTIONS,
    effort=0.5,
    alive=1.0,
    upright={2: (0.2, 1.0)},
    options={"include_cfrc_ext_in_observation": False},
    mean=(
        0.6004,
        0.8658,
        -0.00612,
        -0.003161,
        -0.007784,
        -0.01233,
        0.8735,
        0.009442,
        -0.8681,
        -0.01067,
        -0.8627,
        0.008898,
        0.8799,
        -0.01266,
        0.01502,
        -0.02777,
        -0.02012,
        -0.01032,
        -0.01448,
        0.01078,
        0.2127,
        0.01021,
        -0.2145,
        0.001775,
        -0.1959,
        -0.001219,
        0.2093,
    ),
    spread=(
        0.1286,
        0.2561,
        0.2042,
        0.1824,
        0.3312,
        0.495,
        0.3367,
        0.4957,
        0.3373,
        0.4943,
        0.3379,
        0.4941,
        0.3378,
        0.5661,
        0.5574,
        0.7441,
        1.192,
        1.134,
        1.273,
        2.779,
        2.72,
        2.785,
        2.793,
        2.8,
        2.761,
        2.85,
        2.772,
    ),
)
