"""A study: one question as one value, what its file may say, and every mistake at once.

User files and Python studies import the values from here. Nothing here imports Brian2.
"""

from neuromodels.search.plan import SearchPlan, Stage
from neuromodels.study.circuits import (
    CONNECTIONS,
    Balanced,
    CircuitChoice,
    Layered,
    OwnNetwork,
)
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.objective import FailurePlan, Objective, Term
from neuromodels.study.study import (
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

__all__ = [
    "CONDITIONS",
    "CONNECTIONS",
    "SEARCHED",
    "Balanced",
    "CircuitChoice",
    "DeviceChoice",
    "FailurePlan",
    "Layered",
    "Objective",
    "OwnNetwork",
    "RuleChoice",
    "SearchPlan",
    "Stage",
    "Study",
    "TaskChoice",
    "Term",
    "TestPlan",
]
