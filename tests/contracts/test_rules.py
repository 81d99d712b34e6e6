"""Every rule of the catalog keeps its contract."""

import pytest

from neuromodels.experiment.contracts import RuleContract
from neuromodels.rules import CATALOG


class TestRules(RuleContract):
    @pytest.fixture(scope="class", params=CATALOG.values(), ids=list(CATALOG))
    def rule(self, request):
        return request.param
