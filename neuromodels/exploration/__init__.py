"""What one does with a model: sweep it, fit it, infer it, ask what it is sensitive to."""

from neuromodels.exploration.design import Design, grid, latin_hypercube, sobol, table
from neuromodels.exploration.fit import fit
from neuromodels.exploration.fitting.fitted import Fit
from neuromodels.exploration.inference.calibration import Calibration
from neuromodels.exploration.inference.npe import infer
from neuromodels.exploration.inference.posterior import Posterior
from neuromodels.exploration.morris_and_sobol import plot_sensitivity, sensitivity
from neuromodels.exploration.pictures import plot, plot_sweep
from neuromodels.exploration.sweep import memory_of_sweep, sweep

__all__ = [
    "Calibration",
    "Design",
    "Fit",
    "Posterior",
    "fit",
    "grid",
    "infer",
    "latin_hypercube",
    "memory_of_sweep",
    "plot",
    "plot_sensitivity",
    "plot_sweep",
    "sensitivity",
    "sobol",
    "sweep",
    "table",
]
