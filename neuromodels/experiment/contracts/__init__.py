"""Contracts: what every rule, neuron model and task keeps, a user's own as well.

As tests, a subclass with one fixture::

    class TestMyRule(RuleContract):
        @pytest.fixture
        def rule(self):
            return MY_RULE

As a command: ``neuromodels check my_rules.py:MY_RULE``.
"""

from neuromodels.experiment.contracts.contract import Contract, Verdict
from neuromodels.experiment.contracts.neuron import NeuronContract
from neuromodels.experiment.contracts.rule import RuleContract
from neuromodels.experiment.contracts.task import TaskContract

__all__ = ["Contract", "NeuronContract", "RuleContract", "TaskContract", "Verdict"]
