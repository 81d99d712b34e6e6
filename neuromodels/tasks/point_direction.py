"""Run in a direction: a point mass with drag, pushed in the plane (PDLF, arXiv:2308.12063, Fig. 3).

    m dv/dt = F*a - c*v,   |a| <= 1

The simplest body with inertia on which the papers' direction tasks can be asked.  ``reward`` is
the velocity along the goal over the mean that full thrust gives from rest: v(k) = (F/c)(1 - q**k)
after k steps with q = exp(-dt*c/m).  So 1 is the best possible, and 0 is standing still.
"""

import math

from neuromodels.tasks.goals import DIRECTION, control_task

POINT_DIRECTION = control_task(
    name="point_direction",
    summary="push a point mass with drag in the told direction, one of 8, or of 72 others",
    # steps; kg, kg/s and N
    parameters={"steps": 100, "mass": 1.0, "drag": 2.0, "thrust": 2.0},
    item_model="""
        goal_x : 1    # unit vector of the goal
        goal_y : 1
        best   : meter/second
        b0 = clip(slope*a0, -1, 1) : 1
        b1 = clip(slope*a1, -1, 1) : 1
        excess = sqrt(clip(b0**2 + b1**2, 1, 2)) : 1    # the thrust's length is limited, too
        reward = (vx*goal_x + vy*goal_y)/best : 1
    """,
    item_start={
        "goal_x": f"cos({DIRECTION})",
        "goal_y": f"sin({DIRECTION})",
        "best": """thrust/drag*(1 - exp(-dt*drag/mass/second)
            *(1 - exp(-steps*dt*drag/mass/second))/(1 - exp(-dt*drag/mass/second))/steps)
            *meter/second""",
    },
    dynamics="""
        dx/dt = vx : meter
        dy/dt = vy : meter
        dvx/dt = (thrust*newton*b0/excess - drag*kilogram/second*vx)/(mass*kilogram) : meter/second
        dvy/dt = (thrust*newton*b1/excess - drag*kilogram/second*vy)/(mass*kilogram) : meter/second
    """,
    observations=(
        "goal_x",
        "goal_y",
        "vx*drag/thrust/(meter/second)",
        "vy*drag/thrust/(meter/second)",
    ),
    outputs=2,
    requires="mass > 0 and drag > 0 and thrust > 0",
    scores=(-math.inf, 1.05),  # where steps are long, integration is not exact
    score_name="Velocity along the goal over that of full thrust from rest",
    reference="direction tasks of Shen et al. 2023, arXiv:2308.12063; a body of our own",
)
