"""Each stage of a search is a study of its own, with another task or on fewer trials."""

from __future__ import annotations

from dataclasses import replace

from neuromodels.search.plan import Stage
from neuromodels.study.study import Study


def study_of_stage(study: Study, stage: Stage) -> Study:
    """Return the study that one stage of a search is."""
    task = replace(study.task, parameters={**study.task.parameters, **stage.task})
    search = replace(study.search, stages=(), generations=stage.generations, trials=stage.trials)
    return replace(study, task=task, search=search)


def studies_of_stages(study: Study) -> list[Study]:
    """Return the study that each stage of a search is, the study's own generations last."""
    return [study_of_stage(study, stage) for stage in study.search.all_stages]
