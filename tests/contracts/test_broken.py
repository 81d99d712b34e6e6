"""Each promise of a contract can be broken: declarations that are wrong in one way each."""

from dataclasses import replace

import pytest
from brian2 import check_units, implementation, ms

from neuromodels.coefficients import Coefficient
from neuromodels.experiment.contracts import NeuronContract, RuleContract, TaskContract
from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule
from neuromodels.tasks import Task
from neuromodels.tasks.inputs import Inputs


@implementation(
    "cpp", "double counted(double x) { static double calls = 0; calls += 1; return x + calls; }"
)
@check_units(x=1, result=1)
def counted(x):
    """Add the number of calls so far, whoever made them."""
    return x


RATE = Coefficient("eta", default=0.1, low=0, high=1)
RULE = PlasticityRule(
    name="good",
    summary="grows with both sides",
    model="w : 1",
    each_step="w += eta*x*y",
    coefficients=(RATE,),
    reference="this test",
)
NEURON = NeuronModel(
    name="good",
    summary="leaks and spikes",
    equations="dv/dt = -v/tau : 1\ntr : 1\ns : 1\nI : 1",
    signal="s",
    trace="tr",
    threshold="v > 1",
    reset="v = 0\ns = 1\ntr += 1",
    before_spikes="v += clip(I + bias, -10, 10)\ns = 0",
    forget="v = 0\ns = 0\ntr = 0",
    constants={"tau": 20 * ms},
    coefficients=(Coefficient("bias", default=0.0, low=-1, high=1, per="neuron"),),
    reference="this test",
)


class Countable(Task):
    """A task of two inputs, of which a share may be held out."""

    def inputs(self, parameters):
        held_out = int(parameters["test_share"] > 0)
        return Inputs(2 - held_out, held_out, "bit")


class Unnamed(Countable):
    """One that names no variable of its items."""

    def inputs(self, parameters):
        return replace(super().inputs(parameters), variable="number")


TASK = Countable(
    name="good",
    summary="say the bit",
    parameters={"length": 3, "prelude": 0, "unseen": 0, "test_share": 0.0},
    steps="prelude + length",
    items="1",
    item_model="bit : 1\nright : 1\nearned : 1\ngiven : 1\nturn : 1",
    item_start={"bit": "int(rand() < 0.5)"},
    item_step="right = bit\nearned = bit + given\nturn = turn\ngiven = given",
    rewarded="given_pre",
    channels=1,
    stimulus_model="cue : 1\nu : 1",
    stimulus="u = cue",
    shown="bit_pre",
    asked="bit_pre",
    score_model="target : 1\nloss : 1\ncorrect : 1",
    score="loss = (y - target)**2\ncorrect = int(int(y > 0.5) == target)",
    delay=("prelude + 1", "prelude + 2"),
    settling="length",
    unseen={"unseen": 1},
    chance=0.5,
    reference="this test",
)

RULES = {
    "says_what_it_is_and_where_it_comes_from": replace(RULE, reference=" "),
    "changes_and_erases_only_its_own_variables": replace(RULE, forget="w = 0"),
    "options_begin_with_the_default": replace(
        RULE, choices={"form": {"slow": {"each_step": "w += 0.1*eta*x*y"}}}
    ),
    "options_keep_the_coefficients": replace(
        RULE, choices={"form": {"fast": {}, "free": {"coefficients": ()}}}
    ),
    "can_be_built_with_every_option": replace(
        RULE, choices={"form": {"fast": {}, "wrong": {"each_step": "w += eta*x*dt"}}}
    ),
    "coefficients_have_bounds_that_a_search_can_use": replace(
        RULE, coefficients=(replace(RATE, default=1.0),)
    ),
    "every_coefficient_is_used": replace(RULE, coefficients=(RATE, replace(RATE, name="theta"))),
    "weights_stay_finite": replace(RULE, each_step="w = 1e10*w + eta*x*y"),
    "learns_when_both_sides_are_active": replace(RULE, each_step="w = clip(w, eta, 1)"),
    "weights_are_still_when_frozen": replace(
        RULE, model="w : 1\nrho : 1", weight="w + rho", each_step="w += eta*x*y\nrho += 0.1*x"
    ),
    "a_stream_is_a_trial": replace(
        RULE, each_step="w += eta*counted(x)", constants={"counted": counted}
    ),
}
NEURONS = {
    "says_what_it_is_and_where_it_comes_from": replace(NEURON, summary=""),
    "has_the_variables_that_it_names": replace(NEURON, trace="r"),
    "can_be_built": replace(NEURON, constants={"tau": 20}),
    "coefficients_have_bounds_that_a_search_can_use": replace(
        NEURON, coefficients=(Coefficient("bias", default=0.0, low=0, high=1, per="neuron"),)
    ),
    "every_coefficient_is_used": replace(
        NEURON, coefficients=(*NEURON.coefficients, replace(RATE, name="gain", per="neuron"))
    ),
    "is_silent_without_input": replace(
        NEURON, coefficients=(Coefficient("bias", default=2.0, low=-3, high=3, per="neuron"),)
    ),
    "answers_an_input": replace(NEURON, threshold="v > 1e4"),
    "stays_finite": replace(NEURON, each_step="tr *= exp(I)"),
    "forgets_all_that_it_keeps": replace(NEURON, forget="v = 0\ns = 0"),
}
TASKS = {
    "says_what_it_is_and_where_it_comes_from": replace(TASK, reference=""),
    "has_a_length_and_items": replace(TASK, steps="prelude"),
    "draws_only_variables_of_its_items": replace(TASK, item_start={"bits": "1"}),
    "unseen_parameters_are_others_that_hold": replace(TASK, unseen={"unseen": 0}),
    "what_is_held_out_can_be_shown": Unnamed(**vars(TASK)),
    "outcomes_of_rewarded_trials_can_be_read_and_given": replace(
        TASK, item_start={**TASK.item_start, "given": "1"}
    ),
    "the_delay_lies_inside_the_trial": replace(TASK, delay=("prelude", "length + 1")),
    "there_is_silence_to_settle_in": replace(
        TASK, parameters={"length": 3, "unseen": 0, "test_share": 0.0}, steps="length", delay=()
    ),
    "can_be_built": replace(TASK, stimulus="u = cue*t"),
    "losses_and_scores_are_numbers": replace(TASK, score="loss = log(-1 - y**2)"),
    "a_stream_is_a_trial": replace(
        TASK, stimulus="u = counted(cue)", constants={"counted": counted}
    ),
    "other_streams_are_other_trials": replace(TASK, item_start={"bit": "1"}),
    "chance_is_what_a_silent_network_gets": replace(TASK, chance=0.9),
}
CASES = [
    pytest.param(contract, name, wrong, id=f"{contract.kind.__name__}.{name}")
    for contract, broken in (
        (RuleContract(), RULES),
        (NeuronContract(), NEURONS),
        (TaskContract(), TASKS),
    )
    for name, wrong in broken.items()
]


@pytest.mark.parametrize(("contract", "name", "wrong"), CASES)
def test_a_broken_promise_is_told(contract, name, wrong):
    promise = name.replace("_", " ")
    (verdict,) = [each for each in contract.verdicts(wrong) if each.promise == promise]
    assert verdict.status == "failed"
    assert verdict.message


@pytest.mark.parametrize(
    ("contract", "good"),
    [(RuleContract(), RULE), (NeuronContract(), NEURON), (TaskContract(), TASK)],
)
def test_what_is_not_broken_keeps_all_promises(contract, good):
    assert {each.promise: each.message for each in contract.verdicts(good) if each.message} == {}


@pytest.mark.parametrize(
    ("contract", "broken"),
    [(RuleContract(), RULES), (NeuronContract(), NEURONS), (TaskContract(), TASKS)],
)
def test_every_promise_has_something_that_breaks_it(contract, broken):
    """A promise that nothing can break is none; and each says in a sentence what it asks for."""
    assert {f"test_{name}" for name in broken} == set(contract.promises())
    assert all((promise.__doc__ or "").strip() for promise in contract.promises().values())
