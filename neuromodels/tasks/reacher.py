"""Reach with a two-link arm, from one place to targets on a circle around it (centre-out task).

Two uniform rods in a horizontal plane, driven by torques T at shoulder and elbow, damped by b:

    M(q2) q'' + C(q2, q') q' + b q' = T*a
    M = [[alpha + 2*beta*cos(q2), delta + beta*cos(q2)], [delta + beta*cos(q2), delta]]

(Murray, Li & Sastry 1994, section 4.2.3).  ``reward`` is the part of the first distance to the
target that is gone; 1 would be to stand on the target from the first step on, which no arm can.
The layout of the targets is that of Georgopoulos et al. 1982 (J Neurosci 2:1527).
"""

import math

from neuromodels.tasks.goals import DIRECTION, control_task

REACHER = control_task(
    name="reacher",
    summary="reach with a damped two-link arm for one of 8 targets on a circle, or of 72 others",
    # steps; m, kg, N*m, N*m*s; m: radius of the circle; rad: spread of the first posture
    parameters={
        "steps": 100,
        "upper": 0.3,
        "fore": 0.3,
        "upper_mass": 1.4,
        "fore_mass": 1.1,
        "torque": 1.0,
        "damping": 0.2,
        "radius": 0.1,
        "spread": 0.02,
    },
    item_model="""
        goal_x : 1    # direction of the target from where the tip rests
        goal_y : 1
        first  : meter
        b0 = clip(slope*a0, -1, 1) : 1
        b1 = clip(slope*a1, -1, 1) : 1
        alpha = (upper_mass*upper**2/3 + fore_mass*(upper**2 + fore**2/3)) : 1
        beta = fore_mass*upper*fore/2 : 1
        delta = fore_mass*fore**2/3 : 1
        m_11 = alpha + 2*beta*cos(q2) : 1
        m_12 = delta + beta*cos(q2) : 1
        bend = beta*sin(q2) : 1
        pull_1 = torque*b0 - damping*w1*second + bend*w2*(2*w1 + w2)*second**2 : 1
        pull_2 = torque*b1 - damping*w2*second - bend*w1**2*second**2 : 1
        away_x = tip_x - rest_x - radius*goal_x*meter : meter
        away_y = tip_y - rest_y - radius*goal_y*meter : meter
        tip_x = (upper*cos(q1) + fore*cos(q1 + q2))*meter : meter
        tip_y = (upper*sin(q1) + fore*sin(q1 + q2))*meter : meter
        rest_x = (upper*cos(rest_1) + fore*cos(rest_1 + rest_2))*meter : meter
        rest_y = (upper*sin(rest_1) + fore*sin(rest_1 + rest_2))*meter : meter
        reward = 1 - sqrt(away_x**2 + away_y**2)/first : 1
    """,
    item_start={
        "goal_x": f"cos({DIRECTION})",
        "goal_y": f"sin({DIRECTION})",
        "q1": "rest_1 + spread*(2*rand() - 1)",
        "q2": "rest_2 + spread*(2*rand() - 1)",
        "first": "sqrt(away_x**2 + away_y**2)",
    },
    dynamics="""
        dq1/dt = w1 : 1
        dq2/dt = w2 : 1
        dw1/dt = (delta*pull_1 - m_12*pull_2)/(m_11*delta - m_12**2)/second**2 : 1/second
        dw2/dt = (m_11*pull_2 - m_12*pull_1)/(m_11*delta - m_12**2)/second**2 : 1/second
    """,
    observations=(
        "goal_x",
        "goal_y",
        "4*(q1 - rest_1)",
        "4*(q2 - rest_2)",
        "w1*second/2",
        "w2*second/2",
    ),
    outputs=2,
    constants={"rest_1": 0.6, "rest_2": 1.6},
    requires="upper*fore*upper_mass*fore_mass*radius > 0",
    scores=(-math.inf, 1.0),
    score_name="Part of the distance to the target that is gone, mean over the trial",
    reference="Murray, Li & Sastry 1994, A Mathematical Introduction to Robotic Manipulation",
)
