"""Few-shot characters: what an episode draws and shows, against the bank; and what solves it."""

import numpy as np
import pytest
from brian2.units import ms

from neuromodels.analysis.nearest_class import episodes_of, nearest_class
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import characters
from neuromodels.tasks.few_shot import FEW_SHOT, few_shot

FIXED = RULES["fixed"].with_options({"normalisation": "none"})
STREAMS = np.arange(300, dtype=np.uint64)
with_data = pytest.mark.skipif(
    not characters.is_there(), reason="Omniglot is not in NEUROMODELS_DATA or ../shared/data"
)


def batch_of(task, parameters, instances=1, controls=None):
    layers = (
        Population("input", task.channels, None, task.groups, task.trace),
        Population("output", task.outputs, MODELS["leaky_readout"]),
    )
    made = assemble(layered(layers, FIXED, FIXED), task, parameters, controls=controls)
    batch = Batch(made.network, instances, dtype="float32", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return made, batch


def drawers(batch, shots):
    """Return the drawers of each class's examples, then of its query, by the task's own words."""
    first, skip = (np.asarray(batch[f"items.{name}"]).astype(int) for name in ("drawer", "skip"))
    return (first[..., None] + skip[..., None] * np.arange(shots + 1)) % 19


@pytest.fixture(scope="module")
def seen():
    """Return 2,000 episodes' draws, of held out characters."""
    _, batch = batch_of(FEW_SHOT, {"held_out": 1, "shots": 5}, 2000)
    batch.run(5 * ms)
    names = ("character", "asked")
    return {name: np.asarray(batch[f"items.{name}"]) for name in names} | {
        "drawers": drawers(batch, 5),
        "bytes": batch.report.as_dict()["bytes"],
    }


@with_data
def test_classes_of_an_episode_differ_and_are_held_out(seen):
    ordered = np.sort(seen["character"], axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    assert ordered.min() >= 544
    assert ordered.max() < 544 + 421
    assert len(np.unique(ordered)) == 421
    counts = np.bincount(seen["asked"].astype(int).ravel(), minlength=5)
    assert np.abs(counts / 2000 - 0.2).max() < 4 * 0.4 / np.sqrt(2000)


@with_data
def test_no_query_was_an_example(seen):
    assert all(len(set(each)) == 6 for each in seen["drawers"].reshape(-1, 6))


@with_data
def test_searches_and_tests_share_no_alphabet():
    assert not set(characters.SEEN) & set(characters.HELD_OUT)
    small1, small2 = (characters.images(name) for name in characters.ARCHIVES)
    assert (len(small1), len(small2)) == (136, 106)
    assert len(characters.features()) == 544 + 424 == 4 * (136 + 106)


@with_data
def test_features_are_principal_components_of_what_is_seen():
    seen = characters.with_rotations(characters.images("images_background_small1.zip"))
    upright = seen[:136].reshape(-1, 196).astype(float)
    _, sizes, axes = np.linalg.svd(upright - upright.mean(axis=0), full_matrices=False)
    scores = (seen[::20] - upright.mean(axis=0)) @ axes[:32].T
    expected = scores / np.sqrt(sizes[:32])
    known = characters.features()[:544:20].astype(float)
    both = known[..., :32] - known[..., 32:]
    inside = (np.abs(both) < 0.999) & (np.abs(expected) > 0.1 * expected.std())  # not cut off
    ratio = np.abs(both[inside] / expected[inside])  # the sign of a component is arbitrary
    assert ratio.std() < 0.01 * ratio.mean()
    assert np.abs(both).max() == 1


@with_data
@pytest.mark.parametrize("shots", [1, 2])
def test_the_channels_show_rows_of_the_bank(shots):
    parameters = {"spiking": 0, "shots": shots, "period": 30, "shown_for": 20, "active": 100.0}
    made, batch = batch_of(FEW_SHOT, parameters, controls=Controls(record=True))
    batch.run(made.duration)
    shown = np.asarray(batch.samples("watch_input")["u"])
    character = np.asarray(batch["items.character"])[0].astype(int)
    asked = int(np.asarray(batch["items.asked"]).ravel()[0])
    drawn = drawers(batch, shots)[0]
    for image in range(5 * shots + 1):
        support = image < 5 * shots
        slot = image % 5 if support else asked
        on = shown[:, 6 * image : 6 * image + 4]
        expected = 0.5 * characters.features()[character[slot], drawn[slot, image // 5]]
        np.testing.assert_allclose(on[:64], np.tile(expected[:, None], 4), atol=1e-6)
        np.testing.assert_allclose(on[64:, 0], 0.5 * support * (np.arange(5) == slot))
        np.testing.assert_array_equal(shown[:, 6 * image + 4 : 6 * image + 6], 0)


@with_data
def test_instances_share_the_bank(seen):
    assert seen["bytes"] / 2000 < 0.001 * characters.features().nbytes


def study(parameters):
    shared = {"per": "projection"}
    return Study(
        name="few",
        task=TaskChoice("few_shot", parameters),
        rule=RuleChoice(
            "three_factor",
            {"pairs": "rates", "contrast": "group"},
            {"w": {"per": "block", "frozen": 0.0}, "a_lead": shared, "a_lag": shared},
        ),
        circuit=CircuitChoice(hidden=0, readout="leaky_readout", modulated_by="all"),
        device=DeviceChoice(threads=1),
    )


HAND = {
    # what was shown times what was told; the teacher gates
    "input_output.a_lead": 1,
    "input_output.eta": 1e-3,
    "input_output.tau_e": 0.1,
    "input_modulators.w": [0, 3],
    "modulators_output.w": 1,
}


def score(parameters, condition="plastic"):
    experiment = Experiment(study(parameters), condition)
    vector = np.zeros(experiment.dimension)
    for block in experiment.coefficients.blocks:
        value = np.asarray(HAND.get(block.label, 0), dtype=float)
        if block.coefficient.scale == "log":
            value = np.log(value)
        vector[experiment.slices[block.label]] = value
    return experiment.evaluate(vector[None], STREAMS).scores.mean()


@with_data
def test_numbers_set_by_hand_come_near_the_nearest_class():
    bank = characters.features()[544:]
    support, queries, labels = episodes_of(bank, 5, 1, 2000, np.random.default_rng(1))
    nearest = (nearest_class(support, queries) == labels).mean()
    assert nearest > 0.4
    assert score({"held_out": 1, "spiking": 0}) == pytest.approx(nearest, abs=0.15)


@with_data
def test_nothing_is_learned_without_modulation():
    assert score({}, "M0") == pytest.approx(0.2)


def test_nearest_class_by_its_definition():
    generator = np.random.default_rng(2)
    support, queries = generator.normal(size=(30, 4, 3, 6)), generator.normal(size=(30, 6))
    expected = []
    for classes, query in zip(support, queries, strict=True):
        cosines = [np.dot(c.mean(0), query) / np.linalg.norm(c.mean(0)) for c in classes]
        expected.append(int(np.argmax(cosines)))
    np.testing.assert_array_equal(nearest_class(support, queries), expected)


def test_episodes_never_show_the_query():
    bank = np.arange(7 * 6).reshape(7, 6, 1)
    support, queries, labels = episodes_of(bank, 5, 5, 50, np.random.default_rng(3))
    assert all(query not in shown for shown, query in zip(support, queries, strict=True))
    own = support[np.arange(50), labels, 0, 0] // 6
    np.testing.assert_array_equal(own, queries[:, 0] // 6)


def test_other_numbers_of_classes():
    assert few_shot(20).outputs == 20
    assert few_shot(20).chance == 0.05


def test_missing_data_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    with pytest.raises(DeclarationError, match="Set NEUROMODELS_DATA to a folder"):
        characters.images.__wrapped__("images_background_small1.zip")
