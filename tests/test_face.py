"""What users import stays importable, and importing it stays cheap."""

import subprocess
import sys
from importlib import import_module

import pytest

import neuromodels

PLACES = [
    ("neuromodels", "run load Study PlasticityRule NeuronModel Task Batch __version__"),
    ("neuromodels.simulation", "Batch BatchDevice Cuda Emulation Report"),
    ("neuromodels.rules", "CATALOG PlasticityRule"),
    ("neuromodels.neurons", "CATALOG NeuronModel"),
    ("neuromodels.tasks", "CATALOG Task"),
    ("neuromodels.coefficients", "Coefficient"),
    ("neuromodels.study", "Study TaskChoice CircuitChoice RuleChoice SearchPlan TestPlan"),
    ("neuromodels.study", "Objective Term FailurePlan DeviceChoice CONDITIONS SEARCHED"),
]


@pytest.mark.parametrize(("module", "names"), PLACES)
def test_names_in_users_files_stay_importable(module, names):
    for name in names.split():
        assert getattr(import_module(module), name) is not None


def test_the_face_lists_its_names():
    assert {"run", "load", "Batch"} <= set(dir(neuromodels))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = neuromodels.nothing


@pytest.mark.parametrize(
    "statement",
    ["import neuromodels", "import neuromodels.study", "import neuromodels.cli", "neuromodels.run"],
)
def test_a_cold_start_imports_neither_brian2_nor_matplotlib(statement):
    code = (
        f"import sys, neuromodels; {statement};"
        "print([name for name in ('brian2', 'matplotlib', 'nevergrad') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout.strip() == "[]", printed.stderr
