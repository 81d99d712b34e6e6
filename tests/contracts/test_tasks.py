"""Every task of the catalog keeps its contract."""

import pytest

from neuromodels.experiment.contracts import TaskContract
from neuromodels.tasks import CATALOG


class TestTasks(TaskContract):
    @pytest.fixture(scope="class", params=CATALOG.values(), ids=list(CATALOG))
    def task(self, request):
        return request.param
