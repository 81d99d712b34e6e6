"""Search plasticity rules in spiking networks; learn which rule gives which ability.

The rooms of the package, from what is declared to what is shown:

neurons, rules, tasks
    Catalogs of declared values, one file each: equations, coefficients, references.
study
    One question as one value: the circuit, its conditions, the objective; and its file.
simulation
    Many copies of one Brian2 network in one compiled run. Nothing else makes Brian2 objects.
models
    A Brian2 network of your own as one value: its parameters and its measures.
exploration
    What one does with a model: sweep it, fit it, infer it, ask what it is sensitive to.
search
    Ask, tell, recommend. It does not know that neurons exist.
experiment
    A study is carried out: its searches, tests and controls, to the end or from a stop.
measures
    Cognitive measures of finished solutions, one file each.
analysis
    Statistics on plain arrays.
store
    What a run folder keeps.
report
    Tables, pages, progress and figures.

`api` holds ``neuromodels.run``, and `cli` the command line, the only place that prints. Importing
this package imports nothing else, since Brian2 takes seconds: each name below comes when you ask
for it.
"""

from importlib import import_module
from typing import Any

from neuromodels._installation import DISTRIBUTION as DISTRIBUTION
from neuromodels._installation import refuse_mixture

__version__ = "0.1.0"

_PLACES = {
    "run": "neuromodels.api",
    "load": "neuromodels.store.load",
    "Study": "neuromodels.study",
    "PlasticityRule": "neuromodels.rules",
    "NeuronModel": "neuromodels.neurons",
    "Task": "neuromodels.tasks",
    "Batch": "neuromodels.simulation",
    "Model": "neuromodels.models",
    "Parameter": "neuromodels.models",
    "sweep": "neuromodels.exploration",
    "fit": "neuromodels.exploration",
    "infer": "neuromodels.exploration",
    "sensitivity": "neuromodels.exploration",
    "measure": "neuromodels.report.answers",
    "battery": "neuromodels.report.answers",
    "compare": "neuromodels.report.answers",
    "simplify": "neuromodels.report.answers",
    "degeneracy": "neuromodels.report.answers",
}

refuse_mixture()


def __getattr__(name: str) -> Any:
    """Import a name of the package's face when you ask for it."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    renames = import_module("neuromodels._renames")
    if rename := renames.renaming_of(name, renames.FUNCTIONS):
        rename.warn()
        return __getattr__(rename.new)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return what is public, and nothing else."""
    return sorted([*_PLACES, "__version__"])
