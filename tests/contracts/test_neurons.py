"""Every neuron model of the catalog keeps its contract."""

import pytest

from neuromodels.experiment.contracts import NeuronContract
from neuromodels.neurons import CATALOG


class TestNeurons(NeuronContract):
    @pytest.fixture(scope="class", params=CATALOG.values(), ids=list(CATALOG))
    def neuron(self, request):
        return request.param
