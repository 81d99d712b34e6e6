"""One condition of a study in the words of a methods section."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neuromodels.report.methods.circuit import (
    populations_in_words,
    projections_in_words,
    rules_in_words,
)
from neuromodels.report.methods.coefficients import coefficient_rows, coefficients_in_words
from neuromodels.report.methods.columns import paragraph
from neuromodels.report.methods.described import Described
from neuromodels.report.methods.parts import all_parts, plain_values
from neuromodels.report.methods.step_order import events_of, order_in_words
from neuromodels.report.methods.task import (
    body_in_words,
    condition_in_words,
    end_in_words,
    score_in_words,
    task_in_words,
)
from neuromodels.study.conditions import CONDITIONS


def _notation(described: Described) -> list[str]:
    own = " Only what the network's own function has set begins as it says."
    return paragraph(
        "Equations and statements are written as for the simulator Brian2. After a colon stands the"
        " unit, 1 where there is none; (shared) marks one number for a whole group and"
        " (event-driven) what is computed when a spike needs it. Statements run"
        " from top to bottom. int(...) is 1 where its condition holds and 0 elsewhere;"
        " timestep(t, dt) is the number of the step, from 0; rand() is uniform in [0, 1). i is the"
        " number of an item, channel or neuron, from 0; in a sum it is the source's, and j is the"
        " target's. _pre and _post mark variables of a synapse's source and target. Every variable"
        " that is neither drawn nor a coefficient is 0 at the start of a trial."
        + own
        * (described.circuit.own is not None)
    )


def _step(described: Described) -> list[str]:
    events = events_of(described.text, described.labels, described.is_own)
    return order_in_words(events, described.labels)


_SECTIONS: Mapping[str, Callable[[Described], list[str]]] = {
    "Condition": condition_in_words,
    "Task": task_in_words,
    "Body": body_in_words,
    "Populations": populations_in_words,
    "Projections": projections_in_words,
    "Weights and plasticity": rules_in_words,
    "Coefficients": coefficients_in_words,
    "Order within a step": _step,
    "Score and loss": score_in_words,
    "End of a trial": end_in_words,
    "Notation": _notation,
}


def methods_of(described: Described, with_all_parts: bool = False) -> str:
    """Return a condition as the text of a methods section.

    Parameters
    ----------
    with_all_parts
        Whether every part of the network follows, in the order in which it is made.
    """
    lines = _title(described)
    for heading, section in _SECTIONS.items():
        if found := section(described):
            lines += ["", heading, "-" * len(heading), *found]
    if with_all_parts:
        heading = "All parts of the network"
        lines += ["", heading, "-" * len(heading), *all_parts(described.text)]
    return "\n".join(lines)


def _title(described: Described) -> list[str]:
    study = described.study
    title = f"{study.name}: condition {described.condition}"
    setting = ["", f"Setting of the sweep: {described.setting}"] if described.setting else []
    question = ["", *paragraph(study.question)] if study.question else []
    return [title, "=" * len(title), *question, *setting]


def values_of(described: Described) -> dict[str, Any]:
    """Return a condition as plain values, as ``neuromodels show --json`` prints them."""
    study = described.study
    return {
        "study": study.name,
        "setting": described.setting or None,
        "question": study.question,
        "condition": described.condition,
        "meaning": CONDITIONS[described.condition].meaning,
        "task": {"name": described.task.name, "parameters": described.told_parameters},
        "coefficients": coefficient_rows(described.circuit),
        "searched": described.circuit.coefficients.dimension,
        "network": plain_values(described.text),
    }
