"""Cognitive tasks: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.tasks.base import Task
from neuromodels.tasks.sequence_copy import SEQUENCE_COPY

CATALOG = Catalog(Task, (SEQUENCE_COPY,))

__all__ = ["CATALOG", "Task"]
