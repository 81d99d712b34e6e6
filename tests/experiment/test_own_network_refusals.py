"""What a rule study refuses of a user's network: by name, with a cure, on one line."""

import pytest
from plastic_network import OWN, reader

from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.circuits import OwnNetwork
from neuromodels.study.file import StudyFileError


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a study of a network."""
    return reader(tmp_path)


CALL = "return Network(cells, back"
WRONG = {
    "no such group": ({"circuit.input": '"cell.told"'}, (), "must name a NeuronGroup.*cells"),
    "no such variable": ({"circuit.input": '"cells.tol"'}, (), "must have a variable 'tol'"),
    "summed already": ({"circuit.input": '"cells.heard"'}, (), "into which no synapses sum"),
    "a unit": (
        {},
        (("told  ", "told : volt #"), ("+= told +", "+= told/volt +")),
        "without a unit",
    ),
    "no such synapses": ({"circuit.plastic": '"bak"'}, (), "must name Synapses.*There are: back"),
    "no such output": ({"circuit.output": '"exc"'}, (), "must name a NeuronGroup"),
    "no signal": ({"circuit.signal": '"spike"'}, (), "must have a variable 'spike'"),
    "no trace": ({"circuit.trace": '"x_pre"'}, (), "what 'oja' reads as x"),
    "no weight": ({}, (("w : 1", "g : 1"), ("w*s", "g*s")), "must have a weight 'w : 1'"),
    "its own plasticity": (
        {},
        (('name="back"', "on_pre='w += 1', name='back'"),),
        "must not change w",
    ),
    "run_regularly": (
        {},
        ((CALL, "back.run_regularly('w *= 0.9'); " + CALL),),
        "must not change w itself, nor run_regularly",
    ),
    "no pairs": ({}, (("CONNECT", "False"),), "must connect some neurons"),
    "pairs twice": ({}, (("connect(CONNECT)", "connect(i=[0, 0], j=[1, 1])"),), "no pair twice"),
    "a subgroup": (
        {},
        (("Synapses(cells, cells", "Synapses(cells[:4], cells"),),
        "whole NeuronGroups",
    ),
    "a name of the rule": ({}, (("w : 1", "eta : 1\n            w : 1"),), "no name that the rule"),
    "a name of synapses": (
        {},
        (("told    ", "x : 1\n            told"),),
        "no variable with a name",
    ),
    "a name of the study": ({}, (('name="cells"', "name='score'"),), "must name a NeuronGroup"),
    "no name": ({}, ((', name="back"', ""),), "each Synapses must have a name"),
    "another step": (
        {},
        (("tau, limit", "defaultclock.dt = 1*ms; tau, limit"),),
        "the task's time step",
    ),
    "a Python function": (
        {},
        ((CALL, "ticking = NetworkOperation(lambda: None); " + CALL + ", ticking"),),
        "which can be compiled",
    ),
    "a run": ({}, ((CALL, "net = Network(cells); net.run(1*ms); " + CALL),), "."),
    "an error": ({}, ((CALL, "1/0; " + CALL),), "net.py:\\d+ raised ZeroDivisionError"),
    "no network": (
        {},
        ((CALL + ', StateMonitor(cells, "v", record=True))', "return 3"),),
        "Network; got",
    ),
    "normalised": ({"rule.name": '"pdlf"'}, (), "rule.normalisation: must be 'none'"),
    "what a rule reads": (
        {"rule.name": '"polynomial"'},
        (),
        "reads '.*' of 'cells', which has no such",
    ),
    "no third factor": ({"rule.name": '"three_factor"'}, (), "a variable 'modulation'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_by_name(read, case):
    changes, swaps, said = WRONG[case]
    study = read(swaps=swaps, **changes)
    with pytest.raises(DeclarationError, match=said) as it:
        circuit_of(study, "plastic")
    assert "\n" not in str(it.value)


STATIC = {
    "no file": ({"circuit.build": '"gone.py:build"'}, "circuit.build: no such file"),
    "no form": ({"circuit.build": '"net"'}, "must name a function of a file"),
    "no variable": ({"circuit.input": '"cells"'}, "a group and its variable, as in 'cells.I'"),
    "nothing plastic": ({"circuit.plastic": '""'}, "must name Synapses"),
    "twice": ({"circuit.plastic": '"back, back"'}, "names 'back' twice"),
    "hidden neurons": ({"circuit.hidden": "8"}, "circuit.hidden: must be 32 beside a network"),
    "inhibitory neurons": ({"circuit.inhibitory": "8"}, "circuit.inhibitory: must be 0 beside"),
    "rules of types": ({"rules.EE.name": '"oja"'}, "rules: goes with inhibitory neurons"),
    "a start": ({"search.start": '"runs/x"'}, "search.start: "),
}


@pytest.mark.parametrize("case", STATIC)
def test_what_a_study_says_wrong_of_a_network_has_its_place(read, case):
    changes, said = STATIC[case]
    with pytest.raises(StudyFileError, match=rf"(?s){said}"):
        read(**changes)


def test_a_file_outside_the_study_folder_is_refused(read):
    with pytest.raises(StudyFileError, match=r"circuit\.build: must lie beside the study file"):
        read(circuit=OWN.replace("net.py", "../net.py"))


@pytest.mark.parametrize("key", ["build", "input", "plastic", "output"])
def test_what_a_python_study_leaves_out_is_refused(key):
    given = {"build": "net.py:build", "input": "c.I", "plastic": "b", "output": "c"}
    given.pop(key)
    with pytest.raises(DeclarationError, match=rf"OwnNetwork\.{key}: must be named"):
        OwnNetwork(**given)


def test_a_function_that_the_file_has_not_is_refused(read):
    with pytest.raises(StudyFileError, match=r"must define a function 'made'\. It defines: build"):
        read(circuit=OWN.replace(":build", ":made"))


@pytest.mark.parametrize("name", ["score", "input", "output", "input_cells"])
def test_names_of_the_studys_own_are_refused(read, name):
    more = f"more = NeuronGroup(1, 'v : 1', name='{name}'); return Network(more, cells, back"
    study = read(swaps=((CALL, more),))
    with pytest.raises(DeclarationError, match=f"a name of the study's own; got '{name}'"):
        network_of(study, "plastic", circuit_of(study, "plastic"))


def test_what_cannot_be_erased_is_refused_where_it_should_be(read):
    counting = ("told             : 1", "count : integer\n            told : 1")
    study = read(swaps=(counting,))
    circuit_of(study, "plastic")
    with pytest.raises(DeclarationError, match=r"must erase all state.*'count'"):
        circuit_of(study, "reset")


def test_a_mistake_is_one_line_of_the_command_line(read, tmp_path, capsys):
    read(swaps=((CALL, "1/0; " + CALL),))
    assert main(["check", str(tmp_path / "study.toml")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("neuromodels: OwnNetwork.build: must return a network; net.py:")
    assert len(said) == 2  # the first says that a file of the user's is run
