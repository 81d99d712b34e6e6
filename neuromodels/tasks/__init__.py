"""Cognitive tasks: one file each, and the catalog of them."""

from neuromodels.tasks.base import Task
from neuromodels.tasks.sequence_copy import SEQUENCE_COPY

CATALOG: dict[str, Task] = {task.name: task for task in (SEQUENCE_COPY,)}

__all__ = ["CATALOG", "Task"]
