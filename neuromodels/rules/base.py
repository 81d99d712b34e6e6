"""Plasticity rules as data: equations, statements and named coefficients."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from neuromodels.coefficients import GRANULARITIES, Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules.normalisation import NORMALISATIONS
from neuromodels.rules.terms import ALL, names_of, with_terms

RESERVED = {
    "M",
    "N",
    "centre",
    "clock",
    "delay",
    "dt",
    "e",
    "events",
    "i",
    "is_connected",
    "j",
    "lastupdate",
    "m",
    "name",
    "namespace",
    "order",
    "post",
    "pre",
    "source",
    "state",
    "synapses",
    "t",
    "target",
    "variables",
    "when",
    "x",
    "y",
    "sx",
    "sy",
}
"""Names that synapses have already."""
OF_ERROR = {"er", "psi"}
"""Names that synapses of a rule with an error have as well."""
OF_TYPE = {"typed"}
"""The name that synapses of a rule have as well which needs the type of a sample."""
POOLED = {"y", "sy"}
"""What a sum over a population may read of each neuron: its trace and its signal."""


@dataclass(frozen=True)
class PlasticityRule:
    """A plasticity rule, written as Brian2 equations and statements.

    Parameters
    ----------
    name, summary, reference
        For lists and figures.
    model
        Brian2 equations of a synapse.
    weight
        What a synapse multiplies its source's signal with, an expression of its variables: ``w``,
        or a fixed and a plastic part, ``w + alpha*rho``.
    learns
        Variables that plasticity changes; they keep their values through all trials of an episode.
    each_step
        Statements for every synapse in every step.  ``x`` and ``y`` are the traces of the pre-
        and postsynaptic neuron, ``sx`` and ``sy`` their signals, all four as updated in this step.
    on_pre, on_post
        Statements at each spike of the pre- or postsynaptic neuron, whose model must spike.
    centred
        A variable of the synapse, such as an eligibility.  In the statements, ``centre`` is its
        mean over all synapses onto the same neuron at the end of the last step.  Empty: none.
    centred_over
        ``"synapses"``: the mean is over all synapses onto a neuron; ``"group"``: over those from
        the same group of source neurons.
    pooled
        An expression of ``y`` and ``sy``, such as ``y**2``. In the statements, ``pool`` is its sum
        over all neurons of the target population, as updated in this step. Empty: none.
    changed
        A variable of the synapse that says how much it has changed. In the statements, ``q`` is
        the sum of its absolute values over the output synapses of the postsynaptic neuron, over
        the mean of that sum; see `neuromodels.simulation.network.pools`. Empty: none.
    modulator
        The third factor, ``M`` in the statements: an expression of coefficients and of ``m``, the
        input of the postsynaptic neuron from modulatory neurons.  Empty: no third factor.
    forget
        Statements between two trials of an episode: they erase what a synapse must not carry
        over, such as an eligibility trace.
    coefficients
        Numbers that a search may change.  One with the name of a variable of `model` is that
        variable's initial value.
    normalisation
        What a projection's weights are divided by at the start of each step: ``"p8"``, their
        8-norm, or ``"none"``; see `neuromodels.rules.normalisation`.
    choices
        Options: option -> value -> the fields it changes; the first value is the default.
    terms
        Coefficients that each multiply one term of the rule. A study may keep some of these terms
        alone: ``terms = "A B"``, see `neuromodels.rules.terms`.
    needs_error
        Whether the statements read ``er``, the error of the postsynaptic neuron, or ``psi``, the
        pseudo-derivative of its signal; see `neuromodels.simulation.network.errors_back`.
    needs_type
        Whether the statements read ``typed``, the type of the sample that a task shows: 1 for a
        real one, -1 for a false one, 0 where it tells none.
    """

    name: str
    summary: str
    model: str
    coefficients: tuple[Coefficient, ...]
    each_step: str = ""
    weight: str = "w"
    learns: tuple[str, ...] = ("w",)
    centred: str = ""
    centred_over: Literal["synapses", "group"] = "synapses"
    pooled: str = ""
    changed: str = ""
    modulator: str = ""
    forget: str = ""
    on_pre: str = ""
    on_post: str = ""
    normalisation: str = "none"
    constants: Mapping[str, object] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    reference: str = ""
    terms: tuple[str, ...] = ()
    needs_error: bool = False
    needs_type: bool = False

    def __post_init__(self) -> None:
        reserved = RESERVED | self._given
        for coefficient in self.coefficients:
            if coefficient.symbol in reserved:
                raise DeclarationError(
                    f"PlasticityRule.{self.name}",
                    "a coefficient must not have a name of Brian2's"
                    f" or of the network: {', '.join(sorted(reserved))}",
                    coefficient.name,
                )
            if coefficient.per not in GRANULARITIES:
                raise DeclarationError(
                    f"PlasticityRule.{self.name}.{coefficient.name}",
                    f"per must be one of {', '.join(GRANULARITIES)}",
                    coefficient.per,
                )
        if self.normalisation != "none" and self.weight != "w":
            raise DeclarationError(
                f"PlasticityRule.{self.name}.normalisation",
                "only a weight that is one variable, w, can be normalised",
                self.weight,
            )
        if self.normalisation not in NORMALISATIONS:
            raise DeclarationError(
                f"PlasticityRule.{self.name}.normalisation",
                f"must be one of {', '.join(NORMALISATIONS)}",
                self.normalisation,
            )
        self._check_variables()
        self._check_pooled()
        self._check_terms()

    @property
    def _given(self) -> set[str]:
        """Names that synapses have for the sake of this rule."""
        error = OF_ERROR if self.needs_error else set()
        return error | (OF_TYPE if self.needs_type else set()) | {*self.pools, *self.retrogrades}

    def _check_pooled(self) -> None:
        """Refuse a sum over neurons of anything but their traces and signals."""
        if not isinstance(self.pooled, str):
            return  # whoever reads it from a file says so
        read = set(re.findall(r"\b[A-Za-z_]\w*\b(?!\s*\()", self.pooled))
        if self.pooled and (not read or read - POOLED):
            raise DeclarationError(
                f"PlasticityRule.{self.name}.pooled",
                "must be an expression of y and sy, the trace and the signal of a neuron",
                self.pooled,
            )

    def _check_terms(self) -> None:
        """Refuse terms without a coefficient."""
        known = [coefficient.name for coefficient in self.coefficients]
        if strange := [term for term in self.terms if term not in known]:
            raise DeclarationError(
                f"PlasticityRule.{self.name}.terms",
                f"must be names of coefficients: {', '.join(known)}",
                ", ".join(strange),
            )
        elsewhere = set(re.findall(r"\w+", f"{self.model} {self.weight} {self.modulator}"))
        if fixed := [term for term in self.terms if term in elsewhere]:
            raise DeclarationError(
                f"PlasticityRule.{self.name}.terms",
                "must stand in statements alone, not in model, weight or modulator",
                ", ".join(fixed),
            )

    def _check_variables(self) -> None:
        """Refuse names in `learns` and on the left of `forget` that no synapse has."""
        if not isinstance(self.model, str) or not isinstance(self.forget, str):
            return  # whoever reads it from a file says so
        declared = re.findall(r"(?m)^\s*(?:d(\w+)/dt\b|(\w+)\s*[:=])", self.model)
        known = {name for pair in declared for name in pair if name}
        named = {
            "learns": self.learns,
            "changed": [self.changed] if self.changed else [],
            "forget": re.findall(r"(?m)(?:^|;)\s*(\w+)\s*[-+*/%]?=(?!=)", self.forget),
        }
        for field_name, names in named.items():
            for name in names:
                if name not in known:
                    raise DeclarationError(
                        f"PlasticityRule.{self.name}.{field_name}",
                        f"must name variables of the model: {', '.join(sorted(known))}",
                        name,
                    )

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows."""
        from neuromodels.rules.markdown import markdown_of  # it needs this class, and sympy

        return markdown_of(self)

    @property
    def is_plastic(self) -> bool:
        """Whether weights change at all."""
        return any(text.strip() for text in (self.each_step, self.on_pre, self.on_post))

    @property
    def is_normalised(self) -> bool:
        """Whether each projection's weights are divided by a norm at the start of each step."""
        return bool(self.normed)

    @property
    def normed(self) -> Mapping[str, str]:
        """Weights that are divided by a norm of their own: end of the norm's names -> variable."""
        return {} if self.normalisation == "none" else {"": "w"}

    @property
    def third_factors(self) -> Mapping[str, str]:
        """Third factors by their names in the statements, see `modulator`."""
        return {"M": self.modulator} if self.modulator else {}

    @property
    def means(self) -> Mapping[str, tuple[str, str]]:
        """Means by their names in the statements: what is averaged, and over what."""
        return {"centre": (self.centred, self.centred_over)} if self.centred else {}

    @property
    def pools(self) -> Mapping[str, str]:
        """Sums over the target population by their names in the statements, see `pooled`."""
        return {"pool": self.pooled} if self.pooled else {}

    @property
    def retrogrades(self) -> Mapping[str, str]:
        """Factors from output synapses by their names in the statements, see `changed`."""
        return {"q": self.changed} if self.changed else {}

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Names of the mechanisms that it is composed of; none of a plain rule."""
        return ()

    def learns_of(self, mechanism: str) -> tuple[str, ...]:
        """Return the variables that one mechanism changes; empty name: those that all change."""
        return () if mechanism else self.learns

    def weight_without(self, mechanism: str) -> str:
        """Return the weight without what one mechanism adds; empty name: the whole."""
        return self.weight

    @property
    def ways(self) -> Mapping[str, tuple[str, ...]]:
        """How mechanisms may be put together: option -> values, the default first."""
        return {}

    def normalise(self, weights: np.ndarray) -> np.ndarray:
        """Return weights as the next step uses them, (networks, synapses) of one projection."""
        return NORMALISATIONS[self.normalisation](weights)

    def is_start(self, coefficient: Coefficient) -> bool:
        """Whether a coefficient is the initial value of a synapse's variable."""
        lines = (line.split(":")[0].strip() for line in self.model.splitlines())
        return coefficient.symbol in lines

    @property
    def options(self) -> dict[str, tuple[str, ...]]:
        """Allowed values of each option, the default first."""
        return {option: tuple(values) for option, values in self.choices.items()}

    def with_options(self, options: Mapping[str, str]) -> PlasticityRule:
        """Return the rule with some options chosen.

        Raises
        ------
        DeclarationError
            Where an option or its value does not exist.
        """
        rule = self
        chosen = dict(options)
        terms = chosen.pop("terms", ALL) if self.terms else ALL
        for option, value in chosen.items():
            if value not in self.options.get(option, ()):
                raise DeclarationError(
                    f"PlasticityRule.{self.name}.{option}", f"options are {self.options}", value
                )
            rule = replace(rule, **self.choices[option][value])  # type: ignore[arg-type]
        return with_terms(rule, terms) if self.terms else rule

    def are_terms(self, text: object) -> bool:
        """Whether a text names some of the rule's terms, each once, or says ``"all"``."""
        if not isinstance(text, str):
            return False
        named = names_of(text)
        is_choice = bool(named) and set(named) <= set(self.terms) and len(set(named)) == len(named)
        return text == ALL or is_choice

    def kept_terms(self, text: str) -> tuple[str, ...]:
        """Return the terms that a text names, in the rule's order; none where all stay."""
        named = set(self.terms if text == ALL else names_of(text))
        return () if named == set(self.terms) else tuple(t for t in self.terms if t in named)

    def with_coefficients(self, changes: Mapping[str, Mapping[str, object]]) -> PlasticityRule:
        """Return the rule with other settings of some coefficients.

        Raises
        ------
        DeclarationError
            Where a coefficient does not exist, or its settings contradict each other.
        """
        names = [coefficient.name for coefficient in self.coefficients]
        for name in changes:
            if name not in names:
                raise DeclarationError(
                    f"PlasticityRule.{self.name}", f"coefficients are {', '.join(names)}", name
                )
        changed = tuple(c.with_settings(changes.get(c.name, {})) for c in self.coefficients)
        return replace(self, coefficients=changed)
