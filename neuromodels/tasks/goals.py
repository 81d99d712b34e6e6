"""What all control tasks share: a body to steer, a goal that is shown, and goals never trained.

The full range of goals is cut into 80 equal parts.  A search sees every tenth of them, the middle
of each eighth: eight goals as in PDLF (arXiv:2308.12063, Figs. 3 and 5).  ``unseen = 1`` draws from
the other 72, so that no goal is in both sets, and both have about the same mean.  ``share`` is a
goal's place in the range, 0 <= share < 1.

Every body is scored alike: its ``reward`` of each step is summed and divided by the number of
steps, and is scaled so that doing nothing earns 0.  Components of the read-out are multiplied by
``slope`` and clipped to +-1, whatever the condition; observations are clipped to +-5.
"""

from collections.abc import Mapping

from neuromodels.tasks.base import Task

TRAINED, GOALS = 8, 80
APART = GOALS // TRAINED

DRAWN = f"({TRAINED} + {GOALS - 2 * TRAINED}*int(unseen > 0))"
#: Number of the goal among those that are drawn, then its place among all of them.
NUMBER = f"clip(int({DRAWN}*rand()), 0, {DRAWN} - 1)"
SHARE = f"""(int(unseen == 0)*({APART}*number + {APART // 2})
    + int(unseen > 0)*(number + int((number + {APART // 2 - 0.5})/{APART - 1})))/{GOALS}"""
#: The trained directions are -180, -135, ..., 135 degrees.
DIRECTION = f"(2*pi*(share - {0.5 / TRAINED}) - pi)"


def control_task(
    name: str,
    summary: str,
    *,
    parameters: Mapping[str, float],
    item_model: str,
    item_start: Mapping[str, str],
    observations: tuple[str, ...],
    outputs: int,
    score_name: str,
    reference: str,
    requires: str,
    dynamics: str = "",
    body: str = "",
    constants: Mapping[str, object] | None = None,
    scores: tuple[float, float] | None = None,
) -> Task:
    """Return the task to steer one body towards a goal.

    Parameters
    ----------
    name, summary, outputs, score_name, reference, dynamics, body, constants, scores
        As for `Task`.
    requires
        As for `Task`, beside ``steps > 0 and unseen <= 1``.
    parameters
        Beside ``steps``, ``unseen`` and ``slope``; ``steps`` must be among them.
    item_model
        The body's other variables, the ``reward`` of a step among them.
    item_start
        What is drawn or computed after ``number`` and ``share``.
    observations
        One expression of the body's variables per channel, without unit.
    """
    start = {"number": NUMBER, "share": SHARE, **item_start}
    return Task(
        name=name,
        summary=summary,
        parameters={"unseen": 0, "slope": 1.0, **parameters},
        steps="steps",
        items="1",
        item_model="number : 1\nshare : 1\n" + item_model + _observation_equations(observations),
        item_start={name: " ".join(text.split()) for name, text in start.items()},
        channels=len(observations),
        stimulus_model="cue : 1\nu : 1",
        stimulus="u = clip(cue, -5, 5)",
        shown=" + ".join(f"seen_{k}_pre*int(j == {k})" for k in range(len(observations))),
        asked="reward_pre",
        score_model="target : 1\ngained : 1\nloss : 1",
        score="gained += target/steps\nloss = 1 - gained",
        outputs=outputs,
        dynamics=dynamics,
        body=body,
        requires=f"steps > 0 and unseen <= 1 and {requires}",
        unseen={"unseen": 1},
        accuracy="gained",
        score_name=score_name,
        chance=0.0,
        scores=scores,
        constants=constants or {},
        reference=reference,
    )


def _observation_equations(observations: tuple[str, ...]) -> str:
    """Return equations that name the observations ``seen_0``, ``seen_1``, ..."""
    return "".join(f"\nseen_{k} = {text} : 1" for k, text in enumerate(observations))
