"""The condition and the task of a network in words, from what a trial draws to what ends it."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from neuromodels.report.methods.columns import (
    Equation,
    align,
    count_of,
    equations_in,
    in_words,
    named_values,
    paragraph,
    reference_in,
    under_heading,
)
from neuromodels.report.methods.described import Described
from neuromodels.report.methods.parts import constants_in_words, quantity_in_words
from neuromodels.simulation.network.health import LARGEST_LOSS
from neuromodels.simulation.network.text import Link
from neuromodels.study.conditions import CONDITIONS, SEARCH_OF
from neuromodels.tasks.embodied import EmbodiedTask


def condition_in_words(described: Described) -> list[str]:
    """Return what the condition is, and what it does to task and network."""
    study, condition = described.study, described.condition
    sentences = [f"{condition}: {CONDITIONS[condition].meaning}."]
    if condition in SEARCH_OF:
        sentences.append(f"It tests what the search of {SEARCH_OF[condition]!r} has found.")
    sentences += [*_changed_parameters(described), *_changed_network(described)]
    if condition not in study.tested:
        sentences.append("The study does not run this condition.")
    return paragraph(*sentences)


def _changed_parameters(described: Described) -> list[str]:
    usual = described.task.with_defaults(described.study.task.parameters)
    changed = [
        f"{name} = {quantity_in_words(value)} in place of {quantity_in_words(usual[name])}"
        for name, value in described.parameters.items()
        if value != usual[name]
    ]
    return [f"Parameters of the task differ: {in_words(changed)}."] if changed else []


def _changed_network(described: Described) -> list[str]:
    controls, sentences = described.controls, []
    if controls.freeze_at is not None:
        step = controls.freeze_at
        sentences.append(f"From step {step} on (the first is 0) plasticity changes no weight.")
    if controls.forget is not None:
        sentences.append(_erased_in_delay(described, *controls.forget))
    if controls.modulation is not None:
        sentences.append(f"The third factor M of every rule is held at {controls.modulation:g}.")
    return sentences


def _erased_in_delay(described: Described, first: int, end: int) -> str:
    if first >= end:
        return "The delay has no step, so that nothing is erased."
    span = f"of step {first}" if end == first + 1 else f"of each step from {first} to {end - 1}"
    return f"At the end {span} (the first is 0) {_erasure(described)}."


def _erasure(described: Described) -> str:
    """Return what is erased of neurons and synapses, between trials or by a control."""
    erased = {}
    for owner, label in described.labels.items():
        variables = [line.partition(" = ")[0] for line in described.statements(owner, "erasure")]
        if variables:
            erased[label] = in_words(name for name in variables if name != "is_kept")
    said = "; ".join(f"{names} of {label}" for label, names in erased.items())
    return f"state, but no weight, is set to 0: {said}"


def task_in_words(described: Described) -> list[str]:
    """Return the task: its parameters, the length of a trial, and what is drawn for it."""
    task = described.task
    lines = paragraph(f"{task.name}: {task.summary}{reference_in(task.reference)}.")
    if options := described.study.task.options:
        lines += ["", "Options:", *named_values({k: v for k, v in options.items() if v})]
    if described.told_parameters:
        said = {name: quantity_in_words(v) for name, v in described.told_parameters.items()}
        lines += ["", "Parameters:", *named_values(said)]
    constants = {name: described.text.constants[name] for name in task.constants}
    lines += ["", *_length(described), *_held_out(described)]
    if items := _items(described):
        lines += ["", *items]
    return [*lines, *constants_in_words(constants)]


def _held_out(described: Described) -> list[str]:
    """Return which inputs no search sees, and whether final scores are on them."""
    inputs = described.task.inputs(described.task.with_defaults(described.study.task.parameters))
    if inputs is None or not inputs.held_out:
        return []
    sentences = [
        f"Of {count_of(inputs.searched + inputs.held_out, 'input')} {inputs.held_out:,} are held"
        f" out: no search shows them. They are those whose {inputs.variable!r} is"
        f" {inputs.searched:,} or more."
    ]
    if described.study.test.inputs == "held out":
        sentences.append("Final scores are on these.")
    return ["", *paragraph(*sentences)]


def _length(described: Described) -> list[str]:
    text = described.text
    step, duration = quantity_in_words(text.step), quantity_in_words(text.steps * text.step)
    sentences = [f"A trial lasts {count_of(text.steps, 'step')} of {step}, that is {duration}."]
    if described.task.between:
        sentences += [
            "It is an episode of several shorter trials: at the end of each step in which"
            f" {' '.join(described.task.between.split())}, {_erasure(described)}."
        ]
    return paragraph(*sentences)


def _items(described: Described) -> list[str]:
    """Return what is drawn for a trial, in order, and the other variables of an item."""
    items, drawn = described.groups["items"], _draws(described)
    number = "" if items.size == 1 else f", for each of {items.size} items"
    lines = [f"Drawn at the start of each trial{number}:", *align(drawn)] if drawn else []
    others = [] if described.task.acts else _state(described)
    if others:
        lines += ["Other variables of an item:", *align(others)]
    again = described.statements("items", "drawing")
    return lines + under_heading("Drawn anew in each step:", again)


def _draws(described: Described) -> list[Equation]:
    """Return each draw of an item's variable, with the unit and comment of the variable."""
    equations = equations_in(described.groups["items"].equations)
    known = {each.variable: each for each in equations}
    draws = [
        (address.removeprefix("items."), expression)
        for address, expression in described.text.initial.items()
        if address.startswith("items.")
    ]
    return [
        replace(known.get(name, Equation(name, name)), text=f"{name} = {drawn}")
        for name, drawn in draws
    ]


def _state(described: Described) -> list[Equation]:
    """Return the equations of an item that are more than the name of what is drawn or summed."""
    known = {*described.task.actions, *(each.variable for each in _draws(described))}
    equations = equations_in(described.groups["items"].equations)
    return [each for each in equations if each.text != each.variable or each.variable not in known]


def body_in_words(described: Described) -> list[str]:
    """Return the body that the read-out moves; nothing where there is none."""
    task = described.task
    if isinstance(task, EmbodiedTask):
        return paragraph(
            f"The read-out moves {task.mover} outside of the"
            f" network. It makes {task.number(task.decisions, described.parameters):,} steps in a"
            " trial. Before each its observations and its goal are put into u of the input"
            f" channels; then its action is {task.action}."
        )
    if not task.acts:
        return []
    method = " It is integrated by the classical Runge-Kutta method." if task.dynamics else ""
    lines = paragraph(f"The read-out moves a body in each step.{method}")
    lines += align(described.arriving_from_task("items"))
    lines += ["State of the body, and what follows from it:", *align(_state(described))]
    moves = described.statements("items", "body")
    return lines + under_heading("In each step:", moves)


def score_in_words(described: Described) -> list[str]:
    """Return what loss and score are, and how they arise."""
    task, text = described.task, described.text
    name = task.score_name[:1].lower() + task.score_name[1:]
    meaning = name if task.chance is None else f"{name}; chance is {task.chance:g}"
    if isinstance(task, EmbodiedTask):
        return paragraph(
            f"The score is what the body earns, divided by its steps in a trial: {meaning}. The"
            " loss is minus the score."
        )
    loss, score = (address.partition(".")[2] for address in (text.loss, text.accuracy))
    counted = f"What counts is, at the end of a trial, its loss {loss!r} and its score {score!r}"
    return [
        *paragraph(f"{counted}: {meaning}."),
        *align([*_score(described), *described.arriving_from_task("score")]),
        *under_heading("In each step:", described.statements("score", "scoring")),
    ]


def _score(described: Described) -> list[Equation]:
    """Return the equations of the score, a variable of the read-out as what it is."""
    links = [part for part in described.text.parts if isinstance(part, Link)]
    texts = {
        each.variable: f"{each.variable} = {each.source_variable} of {each.source}"
        for each in links
        if each.owner == "score"
    }
    return [
        replace(each, text=texts[each.variable], unit="") if each.variable in texts else each
        for each in equations_in(described.groups["score"].equations)
    ]


def end_in_words(described: Described) -> list[str]:
    """Return what ends a trial, and what a failed one costs."""
    plan = described.study.failures
    fails = [(f"its loss is no number, or {LARGEST_LOSS:g} or more", plan.nan)]
    if plan.highest_rate:
        rate = f"it has more spikes than {plan.highest_rate:g} Hz make in a whole trial"
        fails.append((rate, plan.explosion))
    if plan.largest_weight:
        fails.append((f"a weight is beyond {plan.largest_weight:g}", plan.explosion))
    sentences = [f"A trial ends after its {described.text.steps:,} steps."]
    if isinstance(described.task, EmbodiedTask):
        sentences.append("A body that has fallen earns nothing more.")
        stopped = ""
    else:
        stopped = "is stopped at once and "
    sentences += [f"It {stopped}counts a loss of {loss:g} where {why}." for why, loss in fails]
    if described.task.scores is not None:
        low, high = described.task.scores
        beyond = f"beyond {high:g}" if low == -inf else f"outside {low:g} to {high:g}"
        sentences.append(f"It counts a loss of {plan.outside:g} where its score is {beyond}.")
    if plan.lowest_rate:
        silence = f"its mean rate is below {plan.lowest_rate:g} Hz"
        sentences.append(f"It counts a loss of {plan.silence:g} where {silence}.")
    return paragraph(*sentences)
