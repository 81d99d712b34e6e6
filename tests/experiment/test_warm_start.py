"""Warm starts: the same numbers where they fit, means and repeats where they do not."""

import numpy as np
import pytest
from fake_experiment import FakeExperiment

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.experiment.warm_start import Part, translate
from neuromodels.store.store import StoredRun

SHAPE = (2, 3)
TABLE = np.arange(6.0).reshape(SHAPE)


def solution(**parts):
    """Return the arrays of a solution whose projection is ``a_b``."""
    ends = np.cumsum([len(each) for each in parts.values()])
    return {
        "names": np.array([f"a_b.{name}" for name in parts]),
        "starts": ends - [len(each) for each in parts.values()],
        "stops": ends,
        "vector": np.concatenate([np.asarray(each, dtype=float) for each in parts.values()]),
    }


def part(name="A", shape=SHAPE, **settings):
    return Part(f"a_b.{name}", Coefficient(name, **settings), shape)


@pytest.mark.parametrize(
    ("given", "wanted", "old", "new"),
    [
        ("synapse", "synapse", TABLE.ravel(), TABLE.ravel()),
        ("projection", "synapse", [7.0], np.full(6, 7.0)),
        ("projection", "pre", [7.0], [7.0, 7.0]),
        ("synapse", "projection", TABLE.ravel(), [TABLE.mean()]),
        ("synapse", "pre", TABLE.ravel(), TABLE.mean(axis=1)),
        ("synapse", "post", TABLE.ravel(), TABLE.mean(axis=0)),
        ("pre", "synapse", [1.0, 2.0], [1, 1, 1, 2, 2, 2]),
        ("post", "synapse", [1.0, 2.0, 3.0], [1, 2, 3, 1, 2, 3]),
        ("pre", "post", [1.0, 2.0], [1.5, 1.5, 1.5]),
        ("post", "projection", [1.0, 2.0, 6.0], [3.0]),
    ],
)
def test_every_granularity_becomes_every_other(given, wanted, old, new):
    found = translate(solution(A=old), {"A": Coefficient("A", per=given)}, [part(per=wanted)])
    assert found.tolist() == np.asarray(new).tolist()


def test_scales_and_bounds_are_those_of_the_new_study():
    old = solution(A=np.log([0.5, 2.0]))
    log = Coefficient("A", default=1.0, low=0.1, high=10.0, scale="log", per="pre")
    linear = part(per="pre", low=0.0, high=1.5)
    assert translate(old, {"A": log}, [linear]) == pytest.approx([0.5, 1.5])
    back = part(per="projection", default=1.0, low=0.1, high=10.0, scale="log")
    found = translate(solution(A=[0.5, -3.0]), {"A": Coefficient("A", per="pre")}, [back])
    assert found == pytest.approx([(np.log(0.5) + np.log(0.1)) / 2])


def test_order_is_that_of_the_new_vector():
    given = {name: Coefficient(name) for name in "AB"}
    found = translate(solution(A=[1.0], B=[2.0]), given, [part("B"), part("A")])
    assert found.tolist() == [2.0, 1.0]


def test_a_frozen_coefficient_gives_its_value():
    given = {"A": Coefficient("A"), "B": Coefficient("B", default=0.7, frozen=True)}
    found = translate(solution(A=[1.0]), given, [part("A"), part("B", per="pre")])
    assert found.tolist() == [1.0, 0.7, 0.7]


def test_what_this_study_froze_is_left_out():
    given = {name: Coefficient(name) for name in "AB"}
    old = solution(A=[1.0], B=[2.0])
    assert translate(old, given, [part("A")], left_out={"B"}).tolist() == [1.0]


def test_everything_that_does_not_match_is_listed():
    given = {name: Coefficient(name, per="synapse") for name in "ABD"}
    old = solution(A=np.zeros(4), B=[2.0] * 6, D=[1.0] * 6)
    wanted = [part("A", per="synapse"), part("B", per="pre"), part("C")]
    with pytest.raises(DeclarationError) as caught:
        translate(old, given, wanted)
    message = str(caught.value)
    assert "a_b.A has 4 numbers per synapse there and 6 per synapse here" in message
    assert "a_b.C is not in it" in message
    assert "a_b.D is not in this study" in message
    assert "a_b.B" not in message


# -- whole runs ---------------------------------------------------------------------------------


def parts_of_the_fake(study, condition):
    per = study.rule.coefficients["A"]["per"]
    coefficient = Coefficient("A", per=per)
    return [
        Part("input_hidden.A", coefficient, (2, 2)),
        Part("hidden_output.A", coefficient, (2, 1)),
    ]


@pytest.fixture
def source(here, said, monkeypatch):
    """Return the folder of a finished run to start from."""
    monkeypatch.setattr("neuromodels.experiment.warm_start.parts_of", parts_of_the_fake)
    said("run", "studies/small.toml", "--out", "source")
    return here / "source"


def first_centre(monkeypatch):
    """Return a list that gets the first centre each search evaluates."""
    centres, evaluate = [], FakeExperiment.evaluate

    def seen(self, xs, streams):
        if not self.calls:
            centres.append(np.array(xs[-1]))
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", seen)
    return centres


WARM = ("run", "studies/small.toml", "--out", "warm", "--set", "search.trials=3")


def test_a_search_starts_where_the_other_ended(source, said, monkeypatch):
    centres = first_centre(monkeypatch)
    code, _, err = said(*WARM, "--start", "source", "--set", "conditions=['plastic']")
    assert (code, err) == (0, "")
    assert centres[0].tolist() == StoredRun(source).solution("plastic", 1)["vector"].tolist()
    kept = StoredRun("warm")
    assert kept.study.search.start == str(source)
    assert kept.study.contents["search.start"]


def test_a_new_seed_starts_from_the_best_one(source, said, here):
    said(*WARM, "--start", "source", "--set", "seeds=[7]")
    run = StoredRun(source)
    ledger = run.ledger()
    best = max(ledger.tests("final", "plastic"), key=lambda test: test.score).seed
    ledger.close()
    with np.load(here / "warm" / "starts" / "plastic-seed7.npz") as start:
        assert start["centre"].tolist() == run.solution("plastic", best)["vector"].tolist()


def test_from_then_on_the_other_run_is_not_needed(source, said, here, monkeypatch):
    code, _, _ = said(*WARM, "--start", "source", "--set", "search.generations=3")
    assert code == 0
    source.rename(here / "gone")
    code, _, err = said("resume", "warm", "--extend", "3")
    assert (code, err) == (0, "")


def test_the_digest_sees_the_solutions_and_not_their_place(source, said, here):
    said(*WARM, "--start", "source")
    digest = StoredRun("warm").digest
    source.rename(here / "moved")
    assert said(*WARM, "--start", "moved")[0] == 0
    said("run", "studies/small.toml", "--out", "cold", "--set", "search.trials=3")
    assert StoredRun("cold").digest != digest
    first, second = (here / "moved" / "solutions" / f"plastic-seed{seed}.npz" for seed in (1, 2))
    first.write_bytes(second.read_bytes())
    code, _, err = said(*WARM, "--start", "moved")
    assert code == 2
    assert "another study" in err


@pytest.mark.parametrize("start", ["nowhere", "studies"])
def test_a_start_without_solutions_is_one_problem_of_the_study(here, said, start):
    code, _, err = said(*WARM, "--start", start)
    assert code == 2
    assert "--set search.start: must be a run folder with solutions" in err


def test_a_condition_that_the_other_run_did_not_search_is_refused(source, said):
    code, _, err = said(*WARM, "--start", "source", "--set", "conditions=['fixed']")
    assert code == 2
    assert "must hold a solution of the condition 'fixed'" in err


def test_a_study_file_may_name_its_start(source, said, here, monkeypatch):
    path = here / "studies" / "small.toml"
    path.write_text(path.read_text().replace("[search]", '[search]\nstart = "source"'))
    centres = first_centre(monkeypatch)
    assert said(*WARM)[0] == 0
    assert np.abs(centres[0]).sum() > 0


SIDES = {"shape": (3, 4), "groups": ((1, 2), (2, 2))}
BLOCKS = np.array([[1.0, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])


@pytest.mark.parametrize(
    ("given", "wanted", "old", "new"),
    [
        ("block", "synapse", [1.0, 2, 3, 4], BLOCKS.ravel()),
        ("block", "post", [1.0, 2, 3, 4], BLOCKS.mean(axis=0)),
        ("block", "pre", [1.0, 2, 3, 4], BLOCKS.mean(axis=1)),
        ("synapse", "block", BLOCKS.ravel(), [1.0, 2, 3, 4]),
        ("pre", "block", [1.0, 2, 4], [1.0, 1, 3, 3]),
        ("group", "neuron", [1.0, 2], [1.0, 1, 2, 2]),
        ("neuron", "group", [1.0, 3, 2, 6], [2.0, 4]),
        ("group", "population", [1.0, 2], [1.5]),
        ("population", "neuron", [5.0], [5.0, 5, 5, 5]),
    ],
)
def test_blocks_and_groups_become_synapses_and_neurons(given, wanted, old, new):
    refined = Part("a_b.A", Coefficient("A", per=wanted), **SIDES)
    found = translate(solution(A=old), {"A": Coefficient("A", per=given)}, [refined])
    assert found.tolist() == np.asarray(new).tolist()


def test_sums_become_every_granularity_and_back():
    rows, columns = np.array([1.0, 4.0]), np.array([0.5, -1.0, 2.0])
    table, numbers = rows[:, None] + columns, np.concatenate([rows, columns])
    summed = Coefficient("A", per="pre + post")
    for per, expected in (
        ("synapse", table.ravel()),
        ("pre", table.mean(axis=1)),
        ("post", table.mean(axis=0)),
        ("projection", [table.mean()]),
    ):
        found = translate(solution(A=numbers), {"A": summed}, [part(shape=(2, 3), per=per)])
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        wanted = part(shape=(2, 3), per="pre + post")
        back = translate(solution(A=found), {"A": Coefficient("A", per=per)}, [wanted])
        sums = back[:2, None] + back[None, 2:]
        shape = {"synapse": (2, 3), "pre": (2, 1), "post": (1, 3), "projection": (1, 1)}[per]
        kept = np.broadcast_to(np.reshape(expected, shape), (2, 3))
        np.testing.assert_allclose(sums, kept, rtol=1e-12)


def test_summands_come_as_close_to_a_table_as_they_can():
    table = np.random.default_rng(4).standard_normal((3, 5))
    wanted = part(shape=(3, 5), per="pre + post")
    found = translate(solution(A=table.ravel()), {"A": Coefficient("A", per="synapse")}, [wanted])
    sums = (found[:3, None] + found[None, 3:]).ravel()
    rows, columns = np.indices((3, 5)).reshape(2, -1)
    design = np.hstack([np.eye(3)[rows], np.eye(5)[columns]])
    best = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
    np.testing.assert_allclose(sums, best, rtol=1e-10, atol=1e-12)


def test_sums_of_another_circuit_are_refused():
    with pytest.raises(DeclarationError, match="has 7 numbers per pre \\+ post there"):
        translate(
            solution(A=np.zeros(7)),
            {"A": Coefficient("A", per="pre + post")},
            [part(shape=(2, 3), per="pre + post")],
        )
