"""Two tasks on one blob: what is shown, told and scored, against the words of the papers."""

import numpy as np
import pytest
from brian2.units import second

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.tasks.context.blob_choice import BLOB_CHOICE

FIXED = RULES["fixed"].with_options({"normalisation": "none"})
EXAMPLES, STEPS, BLOBS = 40, 8, 25
GIVEN = {"examples": EXAMPLES, "period": 40, "spiking": 0, "sluggish": 0.5}


def shown_with(blocked, instances=60):
    """Return what each step of a batch of trials shows and tells, and the final scores."""
    layers = (
        Population("input", BLOB_CHOICE.channels, None, BLOB_CHOICE.groups, BLOB_CHOICE.trace),
        Population("output", 1, MODELS["leaky_readout"]),
    )
    made = assemble(layered(layers, FIXED, FIXED), BLOB_CHOICE, GIVEN | {"blocked": blocked})
    batch = Batch(made.network, instances, seed=3, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    names = ("task", "column", "row", "c_a", "c_b", "answer", "side_a", "side_b")
    seen = {name: [] for name in (*names, "u", "told")}
    for _ in range(made.text.steps // STEPS):
        batch.run(STEPS * 0.005 * second)
        for name in names:
            seen[name].append(np.asarray(batch[f"items.{name}"])[:, 0])
        seen["u"].append(np.asarray(batch["input.u"]))
        seen["told"].append(np.asarray(batch["output.told"])[:, 0])
    return {name: np.array(each) for name, each in seen.items()}, batch


@pytest.fixture(scope="module")
def blocked():
    return shown_with(1)[0]


@pytest.fixture(scope="module")
def mixed():
    return shown_with(0)


def test_examples_come_in_blocks_or_mixed(blocked, mixed):
    tasks = blocked["task"][: 2 * EXAMPLES]
    assert (tasks[:EXAMPLES] == tasks[0]).all()
    assert (tasks[EXAMPLES:] == 1 - tasks[0]).all()
    assert 0 < tasks[0].mean() < 1  # which comes first is drawn
    share = mixed[0]["task"][: 2 * EXAMPLES].mean(axis=0)
    assert ((share > 0.2) & (share < 0.8)).all()


def test_the_test_shows_every_blob_in_both_contexts(blocked):
    tested = {name: blocked[name][2 * EXAMPLES :] for name in ("task", "column", "row")}
    cells = tested["task"] * BLOBS + tested["column"] * 5 + tested["row"]
    assert (np.sort(cells, axis=0) == np.arange(2 * BLOBS)[:, None]).all()


@pytest.mark.parametrize("number", [0, 17, 2 * EXAMPLES, 2 * EXAMPLES + 31])
def test_channels_are_a_gaussian_of_the_blob_and_the_context(blocked, number):
    seen = {name: each[number] for name, each in blocked.items()}
    across, down = np.arange(BLOBS) % 5, np.arange(BLOBS) // 5
    distance = (across - seen["column"][:, None]) ** 2 + (down - seen["row"][:, None]) ** 2
    contexts = np.stack([seen["c_a"], seen["c_b"]], axis=1)
    expected = 0.5 * np.concatenate([np.exp(-distance / (2 * 0.75**2)), contexts], axis=1)
    np.testing.assert_allclose(seen["u"], expected, atol=1e-12)


def test_the_context_is_sluggish_until_the_test(blocked):
    level = np.zeros(blocked["task"].shape[1])
    for number, task in enumerate(blocked["task"]):
        is_test = number >= 2 * EXAMPLES
        level = task if is_test else 0.5 * level + 0.5 * task
        np.testing.assert_allclose(blocked["c_b"][number], level, atol=1e-12)


def test_the_answer_is_the_side_of_the_column_or_of_the_row(blocked):
    is_b = blocked["task"] == 1
    place = np.where(is_b, blocked["row"], blocked["column"])
    side = np.where(is_b, blocked["side_b"], blocked["side_a"])
    np.testing.assert_array_equal(blocked["answer"], side * np.sign(place - 2))
    np.testing.assert_array_equal(
        blocked["told"], blocked["answer"] * (np.arange(len(is_b)) < 2 * EXAMPLES)[:, None]
    )
    sides = blocked["side_a"][0], blocked["side_b"][0]
    assert all(set(each) == {-1.0, 1.0} for each in sides)


def test_a_silent_read_out_scores_chance(mixed):
    _, batch = mixed
    np.testing.assert_allclose(np.asarray(batch["score.correct"]), 0.5, atol=1e-12)
    np.testing.assert_allclose(np.asarray(batch["score.loss"]), np.log(2), atol=1e-12)


@pytest.mark.parametrize("given", [{"sluggish": 1.0}, {"period": 42}, {"strength": 3.0}])
def test_impossible_parameters_are_refused(given):
    with pytest.raises(DeclarationError, match="must hold"):
        BLOB_CHOICE.with_defaults(given)
