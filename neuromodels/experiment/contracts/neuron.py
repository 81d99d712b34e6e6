"""What every neuron model keeps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from neuromodels.experiment.contracts.contract import Contract, Same, require
from neuromodels.experiment.contracts.equations import check_bounds, check_use, variables
from neuromodels.experiment.contracts.networks import STEPS, driven_neurons
from neuromodels.experiment.influence import names_read, texts_of
from neuromodels.neurons import NeuronModel
from neuromodels.simulation import Batch
from neuromodels.simulation.network.equations import assigned

STRENGTHS = (0.0, 0.5, 1e3)
"""Inputs of each step: none, some, and far more than any network gives."""


class NeuronContract(Contract):
    """Promises of a neuron model; a subclass gives the fixture ``neuron``."""

    kind = NeuronModel

    def test_says_what_it_is_and_where_it_comes_from(self, neuron: NeuronModel) -> None:
        """It has a summary and a reference."""
        for field in ("summary", "reference"):
            value = getattr(neuron, field)
            require(bool(value.strip()), f"{_name(neuron)}.{field}", "must not be empty", value)

    def test_has_the_variables_that_it_names(self, neuron: NeuronModel) -> None:
        """Signal, trace, input and what it forgets stand in its equations."""
        own = variables(neuron.equations)
        named = {field: [getattr(neuron, field)] for field in ("signal", "trace", "input")}
        named["taught"] = [neuron.taught] if neuron.taught else []
        named["forget"], named["learns"] = assigned(neuron.forget), list(neuron.learns)
        for field, names in named.items():
            strange = [name for name in names if name not in own]
            must = f"variables of its equations are {', '.join(own)}"
            require(not strange, f"{_name(neuron)}.{field}", must, strange)

    def test_can_be_built(self, neuron: NeuronModel) -> None:
        """Brian2 reads its equations, units included, and the device has all that they need."""
        _driven(Same(neuron))

    def test_coefficients_have_bounds_that_a_search_can_use(self, neuron: NeuronModel) -> None:
        """The default of every searched coefficient lies between its bounds."""
        check_bounds(_name(neuron), neuron.coefficients, lambda coefficient: False)

    def test_every_coefficient_is_used(self, neuron: NeuronModel) -> None:
        """Every coefficient stands in the equations or in a statement."""
        check_use(_name(neuron), neuron.coefficients, names_read(texts_of(neuron)))

    def test_is_silent_without_input(self, neuron: NeuronModel) -> None:
        """With its coefficients at their defaults it sends nothing and never spikes."""
        batch = _driven(Same(neuron))
        sent = np.abs(_sent(batch)[0])
        require(
            sent == 0 and _spikes(batch)[0] == 0,
            f"{_name(neuron)}.{neuron.signal}",
            "must stay 0 as long as there is no input",
            f"{sent:g} at the end, {_spikes(batch)[0]:g} spikes",
            "Let coefficients such as a bias be 0 by default.",
        )

    def test_answers_an_input(self, neuron: NeuronModel) -> None:
        """Strong input makes it spike, or changes its signal if it has no threshold."""
        batch = _driven(Same(neuron))
        sent = _sent(batch)
        answers = _spikes(batch)[-1] > 0 if neuron.threshold else sent[-1] != sent[0]
        require(
            bool(answers),
            f"{_name(neuron)}.{(neuron.threshold and 'threshold') or 'signal'}",
            f"must answer an input of {STRENGTHS[-1]:g} in each step",
            "no spike" if neuron.threshold else "the signal of a neuron without input",
            f"See whether {neuron.input!r} reaches it.",
        )

    def test_stays_finite(self, neuron: NeuronModel) -> None:
        """Its variables are numbers, however strong the input is."""
        batch = _driven(Same(neuron))
        for name in _stored(batch, neuron):
            for strength, values in zip(STRENGTHS, _values(batch, name), strict=True):
                require(
                    bool(np.isfinite(values).all()),
                    f"{_name(neuron)}.{name}",
                    "must stay finite",
                    f"{values[0]} at an input of {strength:g}",
                )

    def test_forgets_all_that_it_keeps(self, neuron: NeuronModel) -> None:
        """`forget` leaves a neuron that never had any input, but for what it learns."""
        half = STEPS // 2
        batch = driven_neurons(neuron, STRENGTHS, until=half, forget_at=half)
        for name in (each for each in _stored(batch, neuron) if each not in neuron.learns):
            fresh, *used = _values(batch, name)
            require(
                all(np.array_equal(fresh, each) for each in used),
                f"{_name(neuron)}.forget",
                "must leave nothing of what came before",
                name,
                f"Add the line '{name} = 0', or what {name} depends on.",
            )


def _name(neuron: NeuronModel) -> str:
    return f"NeuronModel.{neuron.name}"


@lru_cache(maxsize=1)
def _driven(same: Same) -> Batch:
    """Return driven neurons, kept for the promises that follow."""
    return driven_neurons(same.declared, STRENGTHS)


def _stored(batch: Batch, neuron: NeuronModel) -> list[str]:
    """Return the variables of a model that hold a number, none that a network adds to it."""
    equations = batch.groups["examined"].equations
    held = equations.parameter_names | equations.diff_eq_names
    return sorted(held & set(variables(neuron.equations)))


def _values(batch: Batch, name: str) -> np.ndarray:
    """Return a variable, (strengths, neurons)."""
    return np.asarray(batch[f"examined.{name}"])


def _sent(batch: Batch) -> np.ndarray:
    """Return what the neurons send in the last step, summed, (strengths,)."""
    return np.asarray(batch["output.o"])[:, 0]


def _spikes(batch: Batch) -> np.ndarray:
    """Return spikes per neuron, (strengths,)."""
    return np.asarray(batch["health.spikes"])[:, 0]
