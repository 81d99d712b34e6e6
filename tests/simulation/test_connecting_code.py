"""Numbers of synapses of each pair under `set_device("batch")`, against a loop in Python."""

from collections import Counter
from collections.abc import Callable

import pytest
from brian2 import NeuronGroup, Synapses, check_units, implementation, seed

from simulation.devices import active

pytestmark = pytest.mark.filterwarnings("ignore")
N = 6


@implementation("cpp", "double twice(double x) { return 2*x; }")
@check_units(x=1, result=1)
def twice(x):
    return 2 * x


def listed(**how: str | int) -> Counter:
    """Return how many synapses each pair has."""
    cells = NeuronGroup(N, "a : integer", name="cells", namespace={"twice": twice})
    cells.a = "(i*5) % 6"
    synapses = Synapses(cells, cells, multisynaptic_index="k", namespace={"twice": twice})
    synapses.connect(**how)
    return Counter(zip(synapses.i[:].tolist(), synapses.j[:].tolist(), strict=True))


def counted(number: Callable[[int, int], int], chosen: Callable[[int, int], bool]) -> Counter:
    pairs = [(i, j) for i in range(N) for j in range(N) if chosen(i, j)]
    return Counter({(i, j): number(i, j) for i, j in pairs if number(i, j)})


A = [(i * 5) % 6 for i in range(N)]
CASES = {
    "of both, some pairs": (
        {"condition": "i != j", "n": "j"},
        counted(lambda i, j: j, lambda i, j: i != j),
    ),
    "difference": ({"condition": "i < j", "n": "j - i"}, counted(lambda i, j: j - i, int.__lt__)),
    "of the source": (
        {"condition": "j % 2 == 0", "n": "a_pre"},
        counted(lambda i, j: A[i], lambda i, j: j % 2 == 0),
    ),
    "of the target": (
        {"condition": "j % 2 == 1", "n": "a_post + 1"},
        counted(lambda i, j: A[j] + 1, lambda i, j: j % 2 == 1),
    ),
    "all pairs": ({"n": "a_post"}, counted(lambda i, j: A[j], lambda i, j: True)),
    "backwards": (
        {"j": "N_post - 1 - k for k in range(N_post)", "n": "j"},
        counted(lambda i, j: j, lambda i, j: True),
    ),
    "of the inner variable": (
        {"j": "N_post - 1 - k for k in range(N_post) if k != i", "n": "k"},
        counted(lambda i, j: N - 1 - j, lambda i, j: N - 1 - j != i),
    ),
    "outside is skipped": (
        {"j": "i + k for k in range(-2, 3)", "n": "j + 1", "skip_if_invalid": True},
        counted(lambda i, j: j + 1, lambda i, j: abs(i - j) < 3),
    ),
    "a constant": ({"condition": "i == j", "n": 2}, counted(lambda i, j: 2, int.__eq__)),
    "a Python function": (
        {"condition": "i > j", "n": "int(twice(j))"},
        counted(lambda i, j: 2 * j, int.__gt__),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_pair_has_its_own_number(name: str) -> None:
    how, expected = CASES[name]
    with active("batch"):
        assert listed(**how) == expected


def test_a_random_choice_of_pairs() -> None:
    with active("batch"):
        seed(3)
        found = listed(p=0.5, n="j + 1")
    assert 5 < len(found) < 31
    assert all(number == j + 1 for (_, j), number in found.items())
