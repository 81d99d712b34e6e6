"""Cognitive measures of finished solutions: one file each, and the catalog of them.

Declaring them imports no Brian2: what examines a solution imports it when it is called.
"""

from neuromodels.catalog import Catalog
from neuromodels.measures.criterion import CRITERION
from neuromodels.measures.degeneracy.directions import DIRECTIONS
from neuromodels.measures.degeneracy.window import WINDOW
from neuromodels.measures.goals import GOALS
from neuromodels.measures.imprint import IMPRINT
from neuromodels.measures.injury import INJURY
from neuromodels.measures.interference import INTERFERENCE
from neuromodels.measures.members import MEMBERS
from neuromodels.measures.memory import MEMORY
from neuromodels.measures.nearby.dose import DOSE
from neuromodels.measures.nearby.local import MORRIS, SOBOL
from neuromodels.measures.novel import NOVEL
from neuromodels.measures.path import PATH
from neuromodels.measures.quantities import Measure, Solution
from neuromodels.measures.reversal import REVERSAL
from neuromodels.measures.robustness.noise import NOISE
from neuromodels.measures.states import STATES
from neuromodels.measures.transfer import TRANSFER
from neuromodels.measures.weights import WEIGHTS
from neuromodels.measures.yoked import YOKED

CATALOG = Catalog(
    Measure,
    (
        *(MEMORY, IMPRINT, INJURY, WEIGHTS, GOALS, STATES, PATH, NOVEL, TRANSFER),
        *(CRITERION, REVERSAL, YOKED, MEMBERS, INTERFERENCE, NOISE),
        *(WINDOW, DIRECTIONS),
        *(DOSE, MORRIS, SOBOL),
    ),
)

__all__ = ["CATALOG", "Measure", "Solution"]
