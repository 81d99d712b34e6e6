"""Swim in a direction: Purcell's three-link swimmer, where inertia is nothing and drag is all.

Three rods of length 1 in a row, joints driven at bounded rates.  A rod that moves through the fluid
feels, per length, the drag 1 along and `drag_ratio` across itself (resistive force theory: Gray &
Hancock 1955, J Exp Biol 32:802; the swimmer: Purcell 1977, Am J Phys 45:3; its equations: Becker,
Koehler & Stone 2003, J Fluid Mech 490:15).  No net force and no net torque give three linear
equations for the motion (du, dv, dh) of the middle rod, in its own axes, that goes with a change
(d_1, d_2) of the joint angles:

    [f_11 f_12 f_13]   [du]   [g_1]
    [f_12 f_22 f_23] * [dv] = [g_2]
    [f_13 f_23 f_33]   [dh]   [g_3]

They are solved at the middle of each of two sub-steps, which is exact to second order and, as the
physics itself, undone by the same strokes in reverse.  ``reward`` is how far the swimmer's centre
came along the goal in this step.  A score of 1 is `cruise` rod lengths in the whole trial, what a
square stroke up to the joints' limits swims straight ahead; no bound is known to us.
"""

from neuromodels.tasks.goals import DIRECTION, control_task

SUBSTEPS = 2
JOINTS = f"""
    d_1 = (clip(bend_1 + speed*dt/second*clip(slope*a0, -1, 1), -limit, limit) - bend_1)/{SUBSTEPS}
    d_2 = (clip(bend_2 + speed*dt/second*clip(slope*a1, -1, 1), -limit, limit) - bend_2)/{SUBSTEPS}
"""
#: Rod 1 is in front, at (x_1, y_1) from the middle rod's centre, and rod 2 behind it.
MOTION = """
    c_1 = cos(bend_1 + d_1/2)
    s_1 = sin(bend_1 + d_1/2)
    c_2 = cos(bend_2 + d_2/2)
    s_2 = sin(bend_2 + d_2/2)
    x_1 = (1 + c_1)/2
    y_1 = s_1/2
    x_2 = -(1 + c_2)/2
    y_2 = -s_2/2
    xx_1 = drag_ratio + (1 - drag_ratio)*c_1**2
    xy_1 = (1 - drag_ratio)*c_1*s_1
    yy_1 = drag_ratio + (1 - drag_ratio)*s_1**2
    xx_2 = drag_ratio + (1 - drag_ratio)*c_2**2
    xy_2 = (1 - drag_ratio)*c_2*s_2
    yy_2 = drag_ratio + (1 - drag_ratio)*s_2**2
    px_1 = drag_ratio*y_1*d_1
    py_1 = -drag_ratio*c_1/2*d_1
    px_2 = drag_ratio*y_2*d_2
    py_2 = drag_ratio*c_2/2*d_2
    f_11 = 1 + xx_1 + xx_2
    f_12 = xy_1 + xy_2
    f_22 = drag_ratio + yy_1 + yy_2
    f_13 = x_1*xy_1 - y_1*xx_1 + x_2*xy_2 - y_2*xx_2
    f_23 = x_1*yy_1 - y_1*xy_1 + x_2*yy_2 - y_2*xy_2
    l_1 = y_1**2*xx_1 - 2*x_1*y_1*xy_1 + x_1**2*yy_1
    l_2 = y_2**2*xx_2 - 2*x_2*y_2*xy_2 + x_2**2*yy_2
    f_33 = drag_ratio/4 + l_1 + l_2
    g_1 = px_1 + px_2
    g_2 = py_1 + py_2
    g_3 = x_1*py_1 - y_1*px_1 + x_2*py_2 - y_2*px_2 - drag_ratio/12*(d_1 + d_2)
    e_11 = f_22*f_33 - f_23**2
    e_12 = f_13*f_23 - f_12*f_33
    e_13 = f_12*f_23 - f_13*f_22
    e_22 = f_11*f_33 - f_13**2
    e_23 = f_12*f_13 - f_11*f_23
    e_33 = f_11*f_22 - f_12**2
    whole = f_11*e_11 + f_12*e_12 + f_13*e_13
    du = (e_11*g_1 + e_12*g_2 + e_13*g_3)/whole
    dv = (e_12*g_1 + e_22*g_2 + e_23*g_3)/whole
    dh = (e_13*g_1 + e_23*g_2 + e_33*g_3)/whole
    along = cos(heading + dh/2)
    across = sin(heading + dh/2)
    x += du*along - dv*across
    y += du*across + dv*along
    heading += dh
    bend_1 += d_1
    bend_2 += d_2
"""

SWIMMER = control_task(
    name="swimmer",
    summary="swim with three rods and two joints in the told direction, one of 8, or of 72 others",
    # steps; 1/s, rad, drag across over drag along, rod lengths
    parameters={
        "steps": 300,
        "speed": 10.0,
        "limit": 1.2,
        "drag_ratio": 2.0,
        "cruise": 1.8,
    },
    item_model="""
        goal_x : 1
        goal_y : 1
        x : 1    # of the middle rod's centre
        y : 1
        heading : 1
        bend_1 : 1
        bend_2 : 1
        reached : 1
        reward : 1
        mid_x = (cos(bend_1) - cos(bend_2))/6 : 1    # the swimmer's centre, from there
        mid_y = (sin(bend_1) - sin(bend_2))/6 : 1
        centre_x = x + cos(heading)*mid_x - sin(heading)*mid_y : 1
        centre_y = y + sin(heading)*mid_x + cos(heading)*mid_y : 1
        ahead = goal_x*centre_x + goal_y*centre_y : 1
    """,
    item_start={
        "goal_x": f"cos({DIRECTION})",
        "goal_y": f"sin({DIRECTION})",
        "bend_1": "0.1*(2*rand() - 1)",
        "bend_2": "0.1*(2*rand() - 1)",
        "reached": "ahead",
    },
    body=f"""
        {JOINTS}
        {SUBSTEPS * MOTION}
        reward = (ahead - reached)*steps/cruise
        reached = ahead
    """,
    observations=(
        "goal_x*cos(heading) + goal_y*sin(heading)",
        "goal_y*cos(heading) - goal_x*sin(heading)",
        "bend_1",
        "bend_2",
    ),
    outputs=2,
    requires="drag_ratio > 0 and cruise > 0",
    score_name="Way along the goal, in units of cruise rod lengths",
    reference="Purcell 1977, Am J Phys 45:3; Becker, Koehler & Stone 2003, J Fluid Mech 490:15",
)
