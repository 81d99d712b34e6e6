"""The plan of a study: what is fixed before it is run, as a file to commit first."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study.plan.contrast import Contrast, contrast_of
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep

FOLDER = "declared"
"""Where plans lie, beside the study file."""
COUNT_ALL = "None: every search counts, also one that is stuck or has failed."
HEAD = """\
# The plan of a study, written by `neuromodels declare`. Commit it before you run the study: the run
# notes whether you did. To change your plan, declare again and commit; earlier plans stay in the
# history, and reports list them.
"""


@dataclass(frozen=True)
class Plan:
    """What a study has fixed before it is run.

    Parameters
    ----------
    study, question
        As in the study file.
    date
        When it was declared, ISO 8601.
    digests
        Of the study, by name of the setting; ``""`` for a study that is no sweep.
    seeds
        Of the searches.
    contrasts
        Claims that the study will be judged by.
    exclusions
        Which searches will not count, in words.
    budget
        Numbers that say how much is searched and tested, by name.
    """

    study: str
    question: str
    date: str
    digests: dict[str, str]
    seeds: tuple[int, ...]
    contrasts: tuple[str, ...]
    exclusions: tuple[str, ...]
    budget: dict[str, int]

    def to_text(self) -> str:
        """Return the file."""
        lines = [
            f"study = {_toml(self.study)}",
            f"question = {_toml(self.question)}",
            f"date = {_toml(self.date)}",
            f"seeds = {list(self.seeds)}",
            f"contrasts = {_list(self.contrasts)}",
            f"exclusions = {_list(self.exclusions)}",
            "",
            "[budget]",
            *(f"{name} = {count}" for name, count in self.budget.items()),
            "",
            "# by setting; the science of each study, see neuromodels.study.study",
            "[digests]",
            *(f"{_toml(name)} = {_toml(digest)}" for name, digest in self.digests.items()),
        ]
        return HEAD + "\n".join(lines) + "\n"


def plan_of(
    declared: Study | Sweep,
    now: datetime,
    contrasts: Iterable[str] = (),
    exclusions: Iterable[str] = (),
) -> Plan:
    """Return the plan of a study that is about to be run.

    Parameters
    ----------
    contrasts
        As `contrast_of` reads them.
    exclusions
        Which searches will not count, in words; none: all count.

    Raises
    ------
    DeclarationError
        Where a contrast cannot be read, or is declared twice.
    """
    studies = studies_in(declared)
    first = next(iter(studies.values()))
    return Plan(
        study=declared.name,
        question=first.question,
        date=now.isoformat(timespec="seconds"),
        digests={name: study.digest for name, study in studies.items()},
        seeds=first.seeds,
        contrasts=tuple(map(str, _contrasts(contrasts, studies))),
        exclusions=tuple(exclusions) or (COUNT_ALL,),
        budget=_budget(list(studies.values())),
    )


def studies_in(declared: Study | Sweep) -> dict[str, Study]:
    """Return the studies of a sweep by setting; of a study itself, by the name ``""``."""
    if isinstance(declared, Study):
        return {"": declared}
    return {setting.name: setting.study for setting in declared.settings}


def _contrasts(texts: Iterable[str], studies: dict[str, Study]) -> list[Contrast]:
    tested = {name: study.tested for name, study in studies.items()}
    found = [contrast for text in texts for contrast in contrast_of(text, tested)]
    for number, contrast in enumerate(found):
        if contrast in found[:number]:
            raise DeclarationError("Plan.contrasts", "must not be declared twice", str(contrast))
    return found


def _budget(studies: list[Study]) -> dict[str, int]:
    searches = sum(len(study.searched) * len(study.seeds) for study in studies)
    trials = sum(
        len(study.searched)
        * len(study.seeds)
        * study.search.trials_per_candidate
        * (study.search.candidates + 1)
        for study in studies
    )
    return {
        "searches": searches,
        "searched_trials": trials,
        "tested_trials": max(study.test.trials for study in studies),
    }


def read_plan(path: Path) -> Plan:
    """Return the plan in a file.

    Raises
    ------
    DeclarationError
        Where it is none.
    """
    try:
        return plan_in(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, ValueError, KeyError, TypeError) as error:
        cure = "Write it with `neuromodels declare`."
        raise DeclarationError(f"plan {path}", f"must be a plan ({error})", cure=cure) from None


def plan_in(text: str) -> Plan:
    """Return the plan that a text holds; an error of any kind where it holds none."""
    table = tomllib.loads(text)
    return Plan(
        study=str(table["study"]),
        question=str(table["question"]),
        date=datetime.fromisoformat(table["date"]).isoformat(timespec="seconds"),
        digests={str(name): str(digest) for name, digest in table["digests"].items()},
        seeds=tuple(int(seed) for seed in table["seeds"]),
        contrasts=tuple(map(str, table["contrasts"])),
        exclusions=tuple(map(str, table["exclusions"])),
        budget={str(name): int(count) for name, count in table["budget"].items()},
    )


def path_of_plan(study_file: Path, name: str) -> Path:
    """Return where the plan of a study lies."""
    return study_file.parent / FOLDER / f"{name}.toml"


def _toml(text: Any) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Iterable[str]) -> str:
    lines = "".join(f"    {_toml(text)},\n" for text in texts)
    return f"[\n{lines}]" if lines else "[]"
