"""Lists of spikes in study files: what they mean, beside stock Brian2, and what is refused."""

import json
import re

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, ms

from neuromodels.exploration.network_file.reading import read_network_study
from neuromodels.store.networks import StoredNetwork
from neuromodels.study.file import StudyFileError, read_declaration

CODE = """\
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

def build():
    source = SpikeGeneratorGroup(3, [], []*ms, name="source")
    cells = NeuronGroup(2, "dv/dt = -v/(5*ms) : 1", method="exact", name="cells")
    syn = Synapses(source, cells, on_pre="v_post += i + 1", name="syn")
    syn.connect()
    return Network(source, cells, syn)
"""
STIMULI = [([0, 1, 2, 0], [0, 3.1, 3.1, 29.9]), ([], []), ([2, 2, 1], [1, 1.2, 7]), ([], [])]
HEAD = """\
[network]
build = "net.py:build"
duration = "30 ms"
dtype = "float64"
[parameters]
stimulus = PARAMETER
[measures]
count = { measure = "Rate", group = "source" }
v = "mean(cells.v)"
"""
SWEEP = "[sweep]\ngrid = { stimulus = [0, 1, 2, 3] }\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Go to a folder with the network and a file of stimuli."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    store(tmp_path / "many.npz")
    return tmp_path


def store(path, **changes):
    """Write four stimuli to a file, times in ms."""
    arrays = {
        "indices": np.concatenate([np.array(who, int) for who, _ in STIMULI]),
        "times": np.concatenate([times for _, times in STIMULI]),
        "lists": np.repeat(np.arange(4), [len(who) for who, _ in STIMULI]),
        "count": 4,
    }
    np.savez(path, **{n: v for n, v in {**arrays, **changes}.items() if v is not None})


def written(stimulus):
    who, times = stimulus
    texts = ", ".join(f'"{time} ms"' for time in times)
    return f"{{ indices = {who}, times = [{texts}] }}"


def study_of(parameter, rest=SWEEP):
    with open("study.toml", "w") as file:
        file.write(HEAD.replace("PARAMETER", parameter) + rest)
    return read_network_study(read_declaration("study.toml"))


def stock(stimulus):
    """Return what stock Brian2 measures: spikes per second and neuron, and the mean of v."""
    who, times = stimulus
    source = SpikeGeneratorGroup(3, who, times * ms if times else [] * ms)
    cells = NeuronGroup(2, "dv/dt = -v/(5*ms) : 1", method="exact")
    syn = Synapses(source, cells, on_pre="v_post += i + 1")
    syn.connect()
    seen = StateMonitor(cells, "v", record=True, dt=1 * ms)
    Network(source, cells, syn, seen).run(30 * ms, namespace={})
    return len(who) / 3 / 0.03, np.mean(seen.v)


INLINE = f"[{', '.join(map(written, STIMULI))}]"
MANY = '{ file = "many.npz", unit = "ms" }'
FORMS = {
    "inline choices": (f'{{ address = "source", choices = {INLINE} }}', SWEEP),
    "choices of a file": (f'{{ address = "source", choices = {MANY} }}', SWEEP),
    "inline grid": ('"source"', f"[sweep]\ngrid = {{ stimulus = {INLINE} }}\n"),
    "grid of a file": ('"source"', f"[sweep]\ngrid = {{ stimulus = {MANY} }}\n"),
}


@pytest.mark.parametrize(
    "form",
    [
        "inline choices",
        "grid of a file",
        pytest.param("choices of a file", marks=pytest.mark.strain),
        pytest.param("inline grid", marks=pytest.mark.strain),
    ],
)
def test_stimuli_of_a_study_are_those_of_stock_brian2(place, said, form):
    study_of(*FORMS[form])
    code, _, err = said("run", "study.toml", "--out", "run")
    assert code == 0, err
    found = StoredNetwork(place / "run").dataset()
    chosen = found.stimulus.values.astype(int)
    # in a grid, the two without spikes are the same stimulus
    np.testing.assert_array_equal(chosen, [0, 1, 2, 1 if "grid" in form else 3])
    expected = np.array([stock(stimulus) for stimulus in STIMULI])
    np.testing.assert_allclose(found["count"].values[:, 0], expected[:, 0], rtol=1e-9)
    np.testing.assert_allclose(found["v"].values[:, 0], expected[:, 1], rtol=1e-9)
    assert np.ptp(expected[:, 1]) > 0.1


def test_a_fit_chooses_among_stimuli(place, said):
    target = stock(STIMULI[2])[1]
    rest = f"[fit]\nloss = {{ v = [{target}, 0.001] }}\ncandidates = 8\ngenerations = 3\n"
    study_of(f'{{ address = "source", choices = {MANY} }}', rest)
    assert said("run", "study.toml", "--out", "run")[0] == 0
    result = json.loads((place / "run" / "result.json").read_text())
    assert result["parameters"][0]["value"] == 2


def test_forms_of_a_list_mean_the_same(place):
    one = {"lists": None, "count": None, "indices": [0, 2], "times": [1.0, 2.5]}
    store(place / "one.npz", **one)
    forms = [
        '{ indices = [0, 2], times = ["1 ms", "2.5 ms"] }',
        '{ indices = [0, 2], times = [1, 2.5], unit = "ms" }',
        '{ indices = [0, 2], times = ["0.001 s", "2500 us"] }',
        '{ file = "one.npz", unit = "ms" }',
    ]
    study = study_of(f'{{ address = "source", choices = [{", ".join(forms)}, {MANY}] }}')
    lists = study.model().parameters["stimulus"].spike_lists
    assert len(lists) == 4 + 4
    for each in lists[:4]:
        np.testing.assert_array_equal(each.indices, [0, 2])
        np.testing.assert_allclose(each.times / ms, [1, 2.5])
    assert [len(each.indices) for each in lists[4:]] == [4, 0, 3, 0]


def test_other_spikes_are_another_study_wherever_they_lie(place, said):
    parameter = f'{{ address = "source", choices = {MANY} }}'
    first = study_of(parameter).digest
    (place / "sub").mkdir()
    (place / "many.npz").rename(place / "sub" / "many.npz")
    moved = study_of(parameter.replace("many.npz", "sub/many.npz"))
    assert moved.digest == first
    assert said("run", "study.toml", "--out", "run")[0] == 0
    (place / "run" / "result.json").unlink()
    store(place / "sub" / "many.npz", times=np.arange(7.0))
    assert study_of(parameter.replace("many.npz", "sub/many.npz")).digest != first
    code, _, err = said("resume", "run")
    assert code == 2
    assert "many.npz has changed since this run began" in err


ONE = "{ indices = [0, 1], times = ['1 ms', '2 ms'] }"
WRONG = {
    "fewer times": (
        "{ indices = [0, 1, 2], times = ['1 ms', '2 ms'] }",
        "got '?3 indices and 2 times",
    ),
    "negative time": ("{ indices = [0], times = ['-1 ms'] }", r"times\[0\] must be finite and not"),
    "late": (
        "{ indices = [0, 1], times = ['1 ms', '30 ms'] }",
        r"times\[1\] must lie before the end of a run, 30.* ms; got 0.03 s",
    ),
    "no unit": ("{ indices = [0], times = [1] }", "times must be times.* unit = 'ms'"),
    "other unit": ("{ indices = [0], times = ['1 mV'] }", "times must be times"),
    "two units": ("{ indices = [0, 1], times = ['1 mV', '1 ms'] }", "all values must have one"),
    "negative index": ("{ indices = [0, -1], times = ['1 ms', '2 ms'] }", r"indices\[1\] must not"),
    "fraction": ("{ indices = [0.5], times = ['1 ms'] }", "list of whole numbers"),
    "word": ("{ indices = ['a'], times = ['1 ms'] }", "list of whole numbers"),
    "rows": ("{ indices = [[0], [1, 2]], times = ['1 ms'] }", "list of whole numbers"),
    "no list": ("{ indices = 0, times = ['1 ms'] }", "indices must be a list; got '?0"),
    "no times": ("{ indices = [0] }", "times must be a list"),
    "unknown key": ("{ indices = [0], time = ['1 ms'] }", "unknown key; got 'time'.*'times'"),
    "number": ("4", "must be {indices = "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_list_that_cannot_be_is_named_before_any_code_runs(place, wrong):
    (place / "net.py").write_text("raise SystemExit('it was run')\n")
    entry, told = WRONG[wrong]
    message = rf"study.toml:6: parameters.stimulus: (choices )?list 1: .*{told}"
    with pytest.raises(StudyFileError, match=message):
        study_of(f"{{ address = 'source', choices = [{ONE}, {entry}] }}")
    with pytest.raises(
        StudyFileError, match=rf"study.toml:11: sweep.grid.*stimulus: list 1.*{told}"
    ):
        study_of("'source'", f"[sweep]\ngrid = {{ stimulus = [{ONE}, {entry}] }}\n")


FILES = {
    "lengths": ({"times": [1.0] * 6}, "equally long; got '7 and 7 and 6'"),
    "one list": (
        {"lists": None, "count": None, "times": [1.0] * 6},
        "got '?7 indices and 6 times",
    ),
    "no times": ({"times": None}, "the file needs an array 'times'"),
    "unknown": ({"labels": [1]}, "unknown array; got 'labels'"),
    "few": ({"count": 2}, "count must be a whole number from 3 to"),
    "bomb": ({"count": 10**9}, "count must be a whole number from 3 to 1,000,000"),
    "words": ({"times": np.array(list("abcdefg"))}, "times must be a list of numbers"),
    "fractions": ({"indices": np.arange(7) / 2}, "indices must be a list of whole numbers"),
    "negative": ({"lists": np.full(7, -1)}, r"lists\[0\] must not be negative"),
    "late": ({"times": [0, 3, 3, 29, 1, 1, 7e3]}, r"list 2: times\[2\] must lie before the end"),
    "objects": ({"times": np.array([None] * 7)}, "many.npz must hold arrays"),
}


@pytest.mark.parametrize("wrong", FILES)
def test_a_file_that_holds_no_lists_is_refused(place, wrong):
    changes, told = FILES[wrong]
    store(place / "many.npz", **changes)
    with pytest.raises(StudyFileError, match=rf"study.toml:6: parameters.stimulus: .*{told}"):
        study_of(f"{{ address = 'source', choices = {MANY} }}")


def test_a_file_needs_a_unit_and_must_be_one(place):
    with pytest.raises(StudyFileError, match="needs the unit of the times"):
        study_of("{ address = 'source', choices = { file = 'many.npz' } }")
    with pytest.raises(StudyFileError, match="there must be such a file"):
        study_of("{ address = 'source', choices = { file = 'none.npz', unit = 'ms' } }")
    (place / "many.npz").write_bytes(b"PK")
    with pytest.raises(StudyFileError, match=r"many.npz must hold arrays: .*numpy.savez writes"):
        study_of(f"{{ address = 'source', choices = {MANY} }}")


TOO_FAR = "{ indices = [0, 3], times = ['1 ms', '2 ms'] }"
TWICE = "{ indices = [0, 0], times = ['1 ms', '1.02 ms'] }"
BUILT = {
    "index": (TOO_FAR, r"indices must lie in \[0, 3\); got '?3"),
    "twice": (TWICE, "a neuron must spike once in a step of 0.0001 s"),
}


@pytest.mark.parametrize("wrong", BUILT)
def test_what_the_generator_cannot_fire_is_named_with_its_list(place, said, wrong):
    entry, told = BUILT[wrong]
    study_of(f"{{ address = 'source', choices = [{ONE}, {entry}] }}")
    code, _, err = said("check", "study.toml")
    assert code == 2
    assert "study.toml:6: parameters.stimulus.choices[1]: " in err
    study_of("'source'", f"[sweep]\ngrid = {{ stimulus = [{ONE}, {entry}] }}\n")
    code, _, other = said("check", "study.toml")
    assert code == 2
    assert "study.toml:11: sweep.grid.stimulus[1]: " in other
    for message in (err, other):
        assert re.search(told, message)


def test_spikes_need_a_generator(place, said):
    study_of(
        f"{{ address = 'cells.v', choices = [{ONE}] }}", "[sweep]\ngrid = { stimulus = [0] }\n"
    )
    code, _, err = said("check", "study.toml")
    assert code == 2
    assert "spikes need a generator; got 'cells.v is no SpikeGeneratorGroup" in err
