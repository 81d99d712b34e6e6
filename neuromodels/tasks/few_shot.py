"""Few-shot characters: see `shots` examples of each of five new characters, then name another one.

Every episode has its own characters and drawers.  An image is shown for `shown_for` of each
`period`; the teacher says its class in the support presentations, and is silent at the query.

    channels   0-63 features of the image, see `characters`; 64-68 teacher, one for each class
    order      class 0 to 4, `shots` times; then the query, of a class drawn anew

Features are rates: Poisson spikes of up to `active` Hz, or with ``spiking = 0`` the mean number of
spikes.  The answer is the largest of the read-outs, each averaged over the query.

That the paper has this task is uncertain; ways, shots, rotations, a fixed feature layer and a
plastic last layer of 64 -> 5 [C], the task of differentiable plasticity; timing, rates, teacher
inputs [I].
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.characters import DRAWERS, FEATURES, SEEN_CHARACTERS, Bank

STEP_MS = 5
SHOWN = f"timestep(t, dt)//(period//{STEP_MS})"
"""How many images have been shown before this one."""
IS_ON = f"int((timestep(t, dt) % (period//{STEP_MS}))*{STEP_MS} < shown_for)"
SEEN_PRIME, HELD_OUT_PRIME, DRAWER_PRIME = 541, 421, 19
"""Largest primes up to the numbers of characters and drawers: strides through them meet all."""


PRIME = f"(held_out*{HELD_OUT_PRIME} + (1 - held_out)*{SEEN_PRIME})"
ITEM_MODEL = """
    stride    : 1 (shared)
    offset    : 1 (shared)
    asked     : 1 (shared)    # class of the query
    character : 1             # of this class
    drawer    : 1             # of the first example
    skip      : 1             # drawers between two examples
"""
STIMULUS_MODEL = """
    cue : 1    # row of the image in the bank
    u   : 1
    xt  : 1
"""
REQUIRES = (
    f"0 < shots < {DRAWER_PRIME} and period >= shown_for > 0 and held_out in (0, 1)"
    f" and spiking in (0, 1) and (period % {STEP_MS}, shown_for % {STEP_MS}) == (0, 0)"
    f" and active <= {1000 // STEP_MS}"
)


def _start(way: int) -> dict[str, str]:
    """Return what draws an episode: characters, drawers, and the class of the query."""
    return {
        "stride": f"1 + floor(({PRIME} - 1)*rand())",
        "offset": f"floor({PRIME}*rand())",
        "asked": f"floor({way}*rand())",
        "character": f"(stride*i + offset) % {PRIME} + held_out*{SEEN_CHARACTERS}",
        "drawer": f"floor({DRAWER_PRIME}*rand())",
        "skip": f"1 + floor({DRAWER_PRIME - 1}*rand())",
    }


def _stimulus(way: int, supporting: str) -> str:
    """Return the statements that turn features and teacher into spikes or rates."""
    return f"""
        pixel = bank(cue*second, clip(i, 0, {FEATURES - 1}))*int(i < {FEATURES})*{IS_ON}
        chance = (pixel + int(i == {FEATURES} + {SHOWN} % {way})*{supporting})*active*dt/second
        u = spiking*int(rand() < chance) + (1 - spiking)*chance
        xt = xt*exp(-dt/(20*ms)) + u
    """


def _score(way: int) -> tuple[str, str]:
    """Return the variables and statements of the score of some classes."""
    classes = range(way)
    top = "e0"
    for k in classes[1:]:
        top = f"clip({top}, e{k}, inf)"
    lines = [
        f"now = int({SHOWN} == {way}*shots)*{STEP_MS}/period",
        *(f"e{k} += now*y{k}" for k in classes),
        f"top = {top}",
        f"own = {' + '.join(f'int(target == {k})*e{k}' for k in classes)}",
        f"total = {' + '.join(f'exp(slope*(e{k} - top))' for k in classes)}",
        f"best = {' + '.join(f'int(e{k} == top)' for k in classes)}",
        f"last = int(timestep(t, dt) == ({way}*shots + 1)*(period//{STEP_MS}) - 1)",
        "loss = last*(log(total) + slope*(top - own))",
        "correct = last*int(own == top)/best",
    ]
    names = ["target", *(f"e{k}" for k in classes), "loss", "correct"]
    return "\n".join(f"{name} : 1" for name in names), "\n".join(lines)


def few_shot(way: int) -> Task:
    """Return the task with some classes, each with a read-out and a teacher channel."""
    score_model, score = _score(way)
    supporting = f"int({SHOWN} < {way}*shots)*{IS_ON}"
    turn = f"{SHOWN} % {way}"
    slot = f"(int({SHOWN} < {way}*shots)*({turn}) + int({SHOWN} == {way}*shots)*asked_pre)"
    drawer = f"(drawer_pre + skip_pre*({SHOWN}//{way})) % {DRAWER_PRIME}"
    return Task(
        name="few_shot" if way == 5 else f"few_shot_{way}way",
        summary=f"see `shots` examples of each of {way} new characters, then name another one",
        # ms; Hz
        parameters={
            "shots": 1,
            "held_out": 0,
            "period": 150,
            "shown_for": 100,
            "active": 100.0,
            "spiking": 1,
            "slope": 1.0,
        },
        steps=f"({way}*shots + 1)*(period//{STEP_MS})",
        items=f"{way}",
        item_model=ITEM_MODEL,
        item_start=_start(way),
        channels=FEATURES + way,
        groups=(FEATURES, way),
        trace="xt",
        stimulus_model=STIMULUS_MODEL,
        stimulus=_stimulus(way, supporting),
        shown=f"int(i == {slot})*(character_pre*{DRAWERS} + {drawer})",
        taught=f"int(i == {turn})*{supporting}*(2*int(j == i) - 1)",
        asked="asked_pre*int(i == 0)",
        score_model=score_model,
        score=score,
        outputs=way,
        step=STEP_MS / 1000,
        constants=Bank(),
        requires=REQUIRES,
        unseen={"held_out": 1},
        score_name="Fraction of queries named right",
        scores=(0.0, 1.0),
        chance=1 / way,
        reference="Lake et al. 2015, Science 350:1332; task of Miconi et al. 2018, ICML",
    )


FEW_SHOT = few_shot(5)
