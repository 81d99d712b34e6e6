"""Tasks from arrays: data in place of equations, from Python, from a file, or from a data set."""

from neuromodels.tasks.arrays.array_task import ARRAYS, ArrayTask, array_task
from neuromodels.tasks.arrays.environments import from_environment
from neuromodels.tasks.arrays.tables import from_X_y
from neuromodels.tasks.arrays.trial_arrays import TrialArrays

__all__ = ["ARRAYS", "ArrayTask", "TrialArrays", "array_task", "from_X_y", "from_environment"]
