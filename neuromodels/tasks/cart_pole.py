"""Balance a pole on a cart at a told place: the full nonlinear equations, without friction.

    theta'' = (g sin(theta) - cos(theta) p) / (l (4/3 - m cos(theta)**2/(M + m)))
    x''     = p - m l theta'' cos(theta)/(M + m),   p = (F*a + m l theta'**2 sin(theta))/(M + m)

(Barto, Sutton & Anderson 1983, IEEE Trans SMC 13:834; Florian 2007, Correct equations for the
dynamics of the cart-pole system).  A pole beyond `limit`, or a cart beyond `track`, is lost for
the rest of the trial and stands still.  ``reward`` counts from `grace` on, when the pole of an
agent that does nothing is lost: half for the pole, half for a cart within 0.5 m of its goal, so
that a score of 0.5 is balance far from it.
"""

from neuromodels.tasks.goals import control_task

CART_POLE = control_task(
    name="cart_pole",
    summary="balance a pole with its cart at one of 8 places, or of 72 others",
    # steps; kg, kg, m: half the pole, N; m: goals lie within +-reach; s; rad; m
    parameters={
        "steps": 300,
        "cart": 1.0,
        "pole": 0.1,
        "half": 0.5,
        "force": 10.0,
        "reach": 1.0,
        "grace": 1.0,
        "limit": 0.5,
        "track": 2.4,
    },
    item_model="""
        goal : meter
        tilt : 1
        up   : 1    # 0 from the step on in which pole or cart are lost
        b0 = clip(slope*a0, -1, 1) : 1
        push = (force*b0 + pole*half*omega**2*second**2*sin(theta))/(cart + pole) : 1
        turn = (9.81*sin(theta) - cos(theta)*push)
            /(half*(4.0/3 - pole*cos(theta)**2/(cart + pole))) : 1
        closeness = clip(1 - abs(x - goal)/(0.5*meter), 0, 1) : 1
        spared = timestep(grace*second, dt) : integer
        counted = int(timestep(t, dt) >= spared)/(1 - 1.0*spared/steps) : 1
        reward = up*counted*(1 + closeness)/2 : 1
    """,
    item_start={
        "goal": "reach*(2*share - 1)*meter",
        "up": "1",
        "x": "0.1*(2*rand() - 1)*meter",
        "tilt": "2*rand() - 1",
        "theta": "0.1*(tilt + 2*int(tilt > 0) - 1)",  # 0.1 to 0.2, to either side
    },
    dynamics="""
        dx/dt = up*v : meter
        dv/dt = up*(push - pole*half*turn*cos(theta)/(cart + pole))*meter/second**2 : meter/second
        dtheta/dt = up*omega : 1
        domega/dt = up*turn/second**2 : 1/second
    """,
    body="up *= int(abs(theta) < limit)*int(abs(x) < track*meter)",
    observations=(
        "goal/meter",
        "x/meter",
        "v*second/meter",
        "5*theta",
        "omega*second",
    ),
    outputs=1,
    requires="cart > 0 and half > 0 and steps > 50*grace",
    scores=(0.0, 1.0),
    score_name="Balance, half of it for the cart's distance from its goal",
    reference="Barto, Sutton & Anderson 1983; Florian 2007",
)
