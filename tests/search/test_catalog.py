"""The promises that every optimizer of the catalog keeps."""

import io

import numpy as np
import pytest

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.search import OPTIMIZERS, Optimizer, make_optimizer

NAMES = tuple(OPTIMIZERS)
OWN = tuple(name for name, info in OPTIMIZERS.items() if info.source == "neuromodels")
POPULATIONS = tuple(name for name, info in OPTIMIZERS.items() if info.is_told_goals)
WITHOUT_DISTRIBUTION = ("TwoPointsDE", "PSO", "OnePlusOne", "RandomSearch", *POPULATIONS)
"""They keep single points: equal losses let one take the place of another."""
ANTITHETIC = tuple(name for name, info in OPTIMIZERS.items() if info.antithetic)
OPTIONS = tuple((name, option) for name, info in OPTIMIZERS.items() for option in info.options)
CENTRE = np.array([1.0, -2.0, 0.5, 3.0, 10.0])
SIGMA = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
CANDIDATES = 12


def made(name: str, seed: int = 7, candidates: int = CANDIDATES) -> Optimizer:
    return make_optimizer(name, CENTRE, SIGMA, candidates, seed)


def losses_of(xs: np.ndarray) -> np.ndarray:
    return (((xs - CENTRE) / SIGMA - 0.7) ** 2).sum(axis=1)


def tell(optimizer: Optimizer, xs: np.ndarray, losses: np.ndarray) -> None:
    """Tell losses; to one that wants several goals also the distance from another point."""
    if optimizer.name in POPULATIONS:
        second = (((xs - CENTRE) / SIGMA + 0.7) ** 2).sum(axis=1)
        losses = np.column_stack([losses, second])
    optimizer.tell(xs, losses)


def searched(optimizer: Optimizer, generations: int) -> list[np.ndarray]:
    asked = []
    for _ in range(generations):
        asked.append(optimizer.ask())
        tell(optimizer, asked[-1], losses_of(asked[-1]))
    return [*asked, optimizer.recommend()]


def through_a_file(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return dict(stored)


def assert_identical(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_attributes(name):
    optimizer = made(name)
    assert (optimizer.name, optimizer.dimension, optimizer.candidates) == (name, 5, CANDIDATES)
    assert optimizer.ask().shape == (CANDIDATES, 5)
    assert optimizer.ask().dtype == np.float64
    assert optimizer.ask(4).shape == (4, 5)
    assert optimizer.recommend().shape == (5,)


@pytest.mark.parametrize("name", NAMES)
def test_seed_repeats_a_search(name):
    assert_identical(searched(made(name), 12), searched(made(name), 12))


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_another_search(name):
    assert not np.array_equal(searched(made(name), 2)[1], searched(made(name, seed=8), 2)[1])


@pytest.mark.parametrize("name", NAMES)
def test_first_generation_follows_centre_and_sigma(name):
    optimizer = made(name, candidates=1500)
    standard = (optimizer.ask() - CENTRE) / SIGMA
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=0.15)
    # TBPSA draws a scale for every candidate, so its samples spread wider than sigma
    widest = 1.6 if name == "TBPSA" else 1.1
    assert (standard.std(axis=0) > 0.9).all()
    assert (standard.std(axis=0) < widest).all()


@pytest.mark.parametrize("name", NAMES)
def test_dumped_state_continues_bit_for_bit(name):
    optimizer = made(name)
    searched(optimizer, 6)
    resumed = made(name, seed=99)
    resumed.load(through_a_file(optimizer.dump()))
    assert_identical(searched(optimizer, 10), searched(resumed, 10))


@pytest.mark.parametrize("name", NAMES)
def test_dumped_state_continues_between_ask_and_tell(name):
    optimizer = made(name)
    searched(optimizer, 3)
    xs = optimizer.ask()
    resumed = made(name, seed=99)
    resumed.load(through_a_file(optimizer.dump()))
    tell(optimizer, xs, losses_of(xs))
    tell(resumed, xs, losses_of(xs))
    assert_identical(searched(optimizer, 3), searched(resumed, 3))


@pytest.mark.parametrize("name", NAMES)
def test_dump_is_a_copy(name):
    optimizer = made(name)
    state = optimizer.dump()
    before = {key: value.copy() for key, value in state.items()}
    searched(optimizer, 3)
    assert all(np.array_equal(state[key], before[key]) for key in before)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_failed_candidates_do_not_poison(name, bad):
    optimizer = made(name)
    for _ in range(8):
        xs = optimizer.ask()
        losses = losses_of(xs)
        losses[::3] = bad
        tell(optimizer, xs, losses)
    assert np.isfinite(optimizer.recommend()).all()
    assert np.isfinite(optimizer.ask()).all()


def told_with(name: str, failed: float) -> np.ndarray:
    """Return what is recommended after generations in which every third candidate failed."""
    optimizer = made(name)
    for _ in range(4):
        xs = optimizer.ask()
        losses = losses_of(xs)
        losses[::3] = failed
        tell(optimizer, xs, losses)
    return optimizer.recommend()


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("failed", [np.nan, np.inf, -np.inf])
def test_failed_candidates_count_as_the_worst(name, failed):
    np.testing.assert_array_equal(told_with(name, failed), told_with(name, 1e300))


@pytest.mark.parametrize("name", OWN)
def test_a_dump_holds_all_that_a_search_changes(name):
    """A counter that acts late continues too."""
    optimizer, resumed = made(name), made(name, seed=99)
    searched(optimizer, 6)
    resumed.load(through_a_file(optimizer.dump()))
    lost = [
        key
        for key, value in vars(optimizer).items()
        if key != "generator" and not np.array_equal(value, vars(resumed)[key])
    ]
    assert not lost, "add to the class attribute `state`"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_DISTRIBUTION])
@pytest.mark.parametrize("loss", [0.0, 3.5, np.nan, -np.inf])
def test_equal_losses_do_not_move_the_distribution(name, loss):
    optimizer = make_optimizer(name, CENTRE, SIGMA, 20, 7)
    for _ in range(30):
        xs = optimizer.ask()
        tell(optimizer, xs, losses_of(xs))
    before = optimizer.recommend()
    for _ in range(5):
        tell(optimizer, optimizer.ask(), np.full(20, loss))
    np.testing.assert_array_equal(optimizer.recommend(), before)
    xs = optimizer.ask()
    tell(optimizer, xs, losses_of(xs))
    assert np.isfinite(optimizer.recommend()).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_search_of_failures_only_survives(name):
    optimizer = made(name)
    for _ in range(3):
        tell(optimizer, optimizer.ask(), np.full(CANDIDATES, np.nan))
    final = searched(optimizer, 5)[-1]
    assert np.isfinite(final).all()


@pytest.mark.parametrize("name", NAMES)
def test_recommends_before_anything_is_told(name):
    np.testing.assert_allclose(made(name).recommend(), CENTRE)


@pytest.mark.parametrize("name", NAMES)
def test_recommendation_belongs_to_the_caller(name):
    optimizer = made(name)
    optimizer.recommend()[:] = np.nan
    assert np.isfinite(optimizer.recommend()).all()
    assert np.isfinite(optimizer.ask()).all()


@pytest.mark.parametrize("name", NAMES)
def test_order_of_told_candidates_is_free(name):
    optimizer = made(name)
    xs = optimizer.ask()
    order = np.random.default_rng(0).permutation(CANDIDATES)
    tell(optimizer, xs[order], losses_of(xs[order]))
    assert np.isfinite(searched(optimizer, 3)[-1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_state_of_another_search_is_refused(name):
    optimizer = made(name)
    other = make_optimizer(name, np.zeros(6), 1.0, CANDIDATES, 0)
    with pytest.raises(StorageError, match=f"{name}.load: the state must be one of {name} with 5"):
        optimizer.load(other.dump())
    stranger = "pgpe" if name == "openai_es" else "openai_es"
    with pytest.raises(StorageError, match="Load it into the optimizer that dumped it"):
        optimizer.load(made(stranger).dump())


@pytest.mark.parametrize("name", NAMES)
def test_wrong_shapes_are_refused(name):
    optimizer = made(name)
    xs = optimizer.ask()
    with pytest.raises(DeclarationError, match=rf"{name}.tell: xs must have shape \(n, 5\)"):
        optimizer.tell(xs, np.zeros((CANDIDATES, 2, 2)))
    told = "all goals of each candidate" if name in POPULATIONS else "one loss per candidate"
    with pytest.raises(DeclarationError, match=told):
        optimizer.tell(xs[:, :3], np.zeros(CANDIDATES))


@pytest.mark.parametrize("name", ANTITHETIC)
def test_mirrored_pairs(name):
    xs = made(name).ask(6)
    np.testing.assert_allclose(xs[:3] - CENTRE, CENTRE - xs[3:], rtol=1e-12)


@pytest.mark.parametrize("name", ANTITHETIC)
def test_odd_number_of_mirrored_candidates_is_refused(name):
    with pytest.raises(DeclarationError, match=r"ask: n must be even.*got 7. Ask for 8."):
        made(name).ask(7)
    with pytest.raises(DeclarationError, match=r"SearchPlan.candidates: must be even.* Use 10."):
        made(name, candidates=9)


@pytest.mark.parametrize("name", OWN)
def test_any_number_of_candidates_can_be_told(name):
    optimizer = made(name)
    for n in (2, 4, 100, 6):
        xs = optimizer.ask(n)
        optimizer.tell(xs, losses_of(xs))
    xs = optimizer.ask()
    optimizer.tell(xs[:5], losses_of(xs[:5]))
    assert np.isfinite(optimizer.recommend()).all()


@pytest.mark.parametrize("name", OWN)
def test_own_optimizers_see_only_the_order_of_losses(name):
    plain, bent = made(name), made(name)
    for _ in range(10):
        xs = plain.ask()
        np.testing.assert_array_equal(bent.ask(), xs)
        plain.tell(xs, losses_of(xs))
        bent.tell(xs, np.exp(0.3 * losses_of(xs)) - 1e6)
    np.testing.assert_array_equal(plain.recommend(), bent.recommend())


@pytest.mark.parametrize("name", OWN)
def test_own_optimizers_refuse_candidates_that_are_not_numbers(name):
    optimizer = made(name)
    xs = optimizer.ask()
    xs[0, 0] = np.nan
    with pytest.raises(DeclarationError, match="xs must be finite numbers"):
        optimizer.tell(xs, losses_of(xs))


@pytest.mark.parametrize("name", OWN)
def test_own_state_is_numbers_and_small(name):
    optimizer = made(name)
    sizes = [sum(array.nbytes for array in optimizer.dump().values())]
    searched(optimizer, 20)
    state = optimizer.dump()
    sizes.append(sum(array.nbytes for array in state.values()))
    assert all(array.dtype.kind in "fiu" for array in state.values())
    assert sizes[0] == sizes[1] < 1000


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_says_what_it_is(name):
    info = OPTIMIZERS[name]
    assert info.name == name
    assert info.antithetic == getattr(made(name), "antithetic", False)
    assert 3 <= len(info.summary.split()) <= 14
    assert any(character.isdigit() for character in info.reference)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_says_what_it_does_and_what_it_may_be(name, option):
    declared = OPTIMIZERS[name].options[option]
    assert isinstance(declared.default, float)
    assert declared.holds(declared.default)
    assert declared.low < declared.high
    assert len(declared.meaning.split()) >= 3
    assert declared.meaning.endswith(".")


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_can_be_at_its_limits_but_not_beyond(name, option):
    declared = OPTIMIZERS[name].options[option]
    highest = np.nextafter(min(declared.high, 1e6), -np.inf)
    for inside in (declared.low, highest):
        assert make_optimizer(name, CENTRE, SIGMA, CANDIDATES, 7, {option: inside}).ask().size
    for outside in (np.nextafter(declared.low, -np.inf), declared.high, np.nan, "1", True):
        with pytest.raises(DeclarationError, match=rf"SearchPlan.options\['{option}'\]"):
            make_optimizer(name, CENTRE, SIGMA, CANDIDATES, 7, {option: outside})


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_changes_the_search(name, option):
    declared = OPTIMIZERS[name].options[option]
    other = 0.1 if declared.default == declared.low else declared.low
    bent = make_optimizer(name, CENTRE, SIGMA, CANDIDATES, 7, {option: other})
    assert not np.array_equal(searched(bent, 4)[-1], searched(made(name), 4)[-1])


@pytest.mark.parametrize("name", NAMES)
def test_defaults_need_not_be_given(name):
    defaults = OPTIMIZERS[name].defaults
    told = make_optimizer(name, CENTRE, SIGMA, CANDIDATES, 7, defaults)
    assert_identical(searched(told, 3), searched(made(name), 3))
