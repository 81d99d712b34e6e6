"""Search plasticity rules in spiking networks; learn which rule gives which ability.

A map of the package, from what is declared to what is run:

models, rules, tasks, circuits, study
    Values: equations, coefficients, who connects to whom. No simulation.
simulation
    The only part that makes Brian2 objects: many copies of one network in one compiled run.
search
    Ask, tell, recommend. It does not know that neurons exist.
evaluation, runner
    One generation; a whole study, from the first to the resumed.
storage, analysis, plotting
    What is kept, measured and drawn. Never imports Brian2.
cli
    The command line, and the only place that prints.

Importing this package imports nothing else: Brian2 takes seconds.
"""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import ``neuromodels.run(study)`` and ``neuromodels.load(folder)`` when asked for."""
    if name == "run":
        from neuromodels.api import run

        return run
    if name == "load":
        from neuromodels.store.load import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
