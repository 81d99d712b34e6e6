"""Two tasks on the same blobs, told apart by their context (Flesch et al. 2023; Shen et al. 2024).

A blob lies at one of 5 x 5 places. In context A its column counts, in context B its row: the answer
is 1 on one side of the middle and -1 on the other. Which side is which is drawn in each episode,
for both tasks apart. So the answers must be learned, and no search can know them.

    channels   0-24 a Gaussian of the distance to the blob; 25, 26 the context, one for each task
    learning   `examples` blobs of each task, told the answer; the middle is told nothing
    test       all 25 blobs in both contexts, in turn, told nothing; the score leaves out the middle

With ``blocked = 1`` all examples of one task come first, then all of the other; which comes first
is drawn. With ``blocked = 0`` the task of each example is drawn. The context is sluggish while
examples are shown: c <- sluggish*c + (1 - sluggish)*now, once per blob. It is not at the test. At
the end of a blob membranes and traces are erased.

Grid, Gaussian, context, two curricula and sluggish context [P]; places, widths, times, spikes, the
drawn sides, and the plain context of the test [I].
"""

from neuromodels.tasks.base import Task

STEP_MS = 5
PLACES = 5
BLOBS = PLACES**2
SKIP = 7
"""Blobs between two of the test: it has no divisor of `BLOBS`, so that all are met."""
COUNTED = 2 * PLACES * (PLACES - 1)
"""Test blobs with an answer."""
STEPS = f"(period//{STEP_MS})"
"""Of a blob."""
SHOWN = f"timestep(t, dt)//{STEPS}"
"""How many blobs have been shown before this one."""
IS_LAST = f"int(timestep(t, dt) % {STEPS} == {STEPS} - 1)"
IS_TEST = f"int({SHOWN} >= 2*examples)"
TESTED = f"({SHOWN} - 2*examples)"
DRAWN = f"clip(floor({PLACES}*rand()), 0, {PLACES - 1})"

ITEM_MODEL = """
    first  : 1    # the task of the first block
    side_a : 1    # which side is 1 in task A, 1 or -1
    side_b : 1
    offset : 1    # the first blob of the test
    task   : 1    # 0: A, 1: B
    column : 1
    row    : 1
    c_a    : 1    # the context
    c_b    : 1
    answer : 1    # 1, -1, or 0 in the middle
"""
ITEM_STEP = f"""
    is_new = int(timestep(t, dt) % {STEPS} == 0)
    asked = ({SKIP}*({TESTED}//2) + offset) % {BLOBS}
    block = (first + int({SHOWN} >= examples)) % 2
    learned = blocked*block + (1 - blocked)*int(rand() < 0.5)
    now = {IS_TEST}*({TESTED} % 2) + (1 - {IS_TEST})*learned
    task = is_new*now + (1 - is_new)*task
    column = is_new*({IS_TEST}*(asked % {PLACES}) + (1 - {IS_TEST})*{DRAWN}) + (1 - is_new)*column
    above = floor(asked/{PLACES})
    row = is_new*({IS_TEST}*above + (1 - {IS_TEST})*{DRAWN}) + (1 - is_new)*row
    kept = 1 - is_new*(1 - sluggish*(1 - {IS_TEST}))
    c_a = kept*c_a + (1 - kept)*(1 - task)
    c_b = kept*c_b + (1 - kept)*task
    place = (1 - task)*column + task*row - {PLACES // 2}
    answer = ((1 - task)*side_a + task*side_b)*(int(place > 0) - int(place < 0))
"""
BLOB = f"exp(-((j % {PLACES} - column_pre)**2 + (j//{PLACES} - row_pre)**2)/(2*width**2))"
CONTEXT = f"int(j == {BLOBS})*c_a_pre + int(j == {BLOBS + 1})*c_b_pre"

BLOB_CHOICE = Task(
    name="blob_choice",
    summary="judge a blob by its column or its row, as the context says; learned from examples",
    # ms; Hz
    parameters={
        "examples": 200,
        "blocked": 1,
        "sluggish": 0.0,
        "period": 50,
        "width": 0.75,
        "active": 100.0,
        "strength": 1.0,
        "spiking": 1,
        "slope": 1.0,
    },
    steps=f"(2*examples + {2 * BLOBS})*{STEPS}",
    requires=(
        "examples > 0 and blocked in (0, 1) and sluggish < 1 and spiking in (0, 1)"
        f" and period >= {STEP_MS} and period % {STEP_MS} == 0 and width > 0"
        f" and active <= {1000 // STEP_MS} and active*strength <= {1000 // STEP_MS}"
    ),
    items="1",
    item_model=ITEM_MODEL,
    item_start={
        "first": "int(rand() < 0.5)",
        "side_a": "2*int(rand() < 0.5) - 1",
        "side_b": "2*int(rand() < 0.5) - 1",
        "offset": f"clip(floor({BLOBS}*rand()), 0, {BLOBS - 1})",
    },
    item_step=ITEM_STEP,
    channels=BLOBS + 2,
    groups=(BLOBS, 2),
    context=2,
    trace="xt",
    stimulus_model="""
        cue : 1    # 1 at the blob, or the context times its strength
        u   : 1
        xt  : 1
    """,
    stimulus="""
        chance = cue*active*dt/second
        u = spiking*int(rand() < chance) + (1 - spiking)*chance
        xt = xt*exp(-dt/(20*ms)) + u
    """,
    shown=f"int(j < {BLOBS})*{BLOB} + strength*({CONTEXT})",
    taught=f"answer_pre*(1 - {IS_TEST})",
    between=IS_LAST,
    asked="answer_pre",
    score_model="""
        target  : 1
        said    : 1    # the read-out, summed over the blob so far
        loss    : 1
        correct : 1
    """,
    score=f"""
        said = said*int(timestep(t, dt) % {STEPS} > 0) + y/{STEPS}
        share = {IS_TEST}*{IS_LAST}*abs(target)/{COUNTED}
        loss += share*log(1 + exp(clip(-slope*said*target, -30, 30)))
        correct += share*(int(said*target > 0) + 0.5*int(said == 0))
    """,
    step=STEP_MS / 1000,
    score_name="Fraction of blobs judged right, both tasks",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="Flesch et al. 2023, PLoS Comput Biol 19:e1010808; Shen et al. 2024,"
    " arXiv:2406.01883",
)
