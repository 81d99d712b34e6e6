"""Circuits: which populations there are, who projects to whom, and with which rule."""

from __future__ import annotations

from dataclasses import dataclass

from neuromodels.coefficients import Block, CoefficientVector
from neuromodels.errors import DeclarationError
from neuromodels.models import NeuronModel
from neuromodels.models.readout import READOUT
from neuromodels.rules import PlasticityRule


@dataclass(frozen=True)
class Population:
    """Neurons of one model.

    Parameters
    ----------
    name
        Unique in the circuit.
    size
        Number of neurons.
    model
        Their equations; None for input channels, which a task drives.
    """

    name: str
    size: int
    model: NeuronModel | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise DeclarationError(
                f"Population.{self.name}.size", "there must be at least 1 neuron", self.size
            )

    @property
    def signal(self) -> str:
        return self.model.signal if self.model else "u"

    @property
    def trace(self) -> str:
        return self.model.trace if self.model else "u"


@dataclass(frozen=True)
class Projection:
    """All-to-all synapses from one population to another.

    Parameters
    ----------
    source, target
        Names of populations.
    rule
        How the weights change.
    """

    source: str
    target: str
    rule: PlasticityRule

    @property
    def name(self) -> str:
        return f"{self.source}_{self.target}"


@dataclass(frozen=True)
class Circuit:
    """Populations in the order of signal flow, and projections between them."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    def __post_init__(self) -> None:
        names = [population.name for population in self.populations]
        for projection in self.projections:
            missing = {projection.source, projection.target} - set(names)
            if missing:
                raise DeclarationError(
                    f"Projection.{projection.name}", f"populations are {', '.join(names)}",
                    sorted(missing)[0],
                )  # fmt: skip
            self._check_normalisation(projection, names)
            self._check_spikes(projection)

    def population(self, name: str) -> Population:
        """Return a population by name."""
        return next(p for p in self.populations if p.name == name)

    @property
    def coefficients(self) -> CoefficientVector:
        """The searched numbers of all projections as one vector."""
        return CoefficientVector(
            tuple(
                Block(projection.name, coefficient, coefficient.size(*self._sizes(projection)))
                for projection in self.projections
                for coefficient in projection.rule.coefficients
            )
        )

    def _sizes(self, projection: Projection) -> tuple[int, int]:
        return self.population(projection.source).size, self.population(projection.target).size

    def _check_spikes(self, projection: Projection) -> None:
        """Refuse a rule that acts at spikes of neurons that have none."""
        rule = projection.rule
        acting = {projection.source: rule.on_pre, projection.target: rule.on_post}
        for name, statements in acting.items():
            model = self.population(name).model
            if statements.strip() and (model is None or model.threshold is None):
                raise DeclarationError(
                    f"Projection.{projection.name}.rule",
                    f"the rule {rule.name!r} acts at spikes of {name!r}, which has none",
                    cure="Choose a rule that acts in each step.",
                )

    def _check_normalisation(self, projection: Projection, names: list[str]) -> None:
        forward = names.index(projection.source) < names.index(projection.target)
        if projection.rule.normalisation != "none" and not forward:
            raise DeclarationError(
                f"Projection.{projection.name}.rule", "only forward projections can be normalised",
                projection.rule.normalisation, "Choose normalisation = 'none'.",
            )  # fmt: skip


def feedforward(
    channels: int, hidden: int, neuron: NeuronModel, rule: PlasticityRule, outputs: int = 1
) -> Circuit:
    """Return channels -> hidden -> linear read-out, the circuit of PDLF (arXiv:2308.12063)."""
    populations = (
        Population("input", channels),
        Population("hidden", hidden, neuron),
        Population("output", outputs, READOUT),
    )
    pairs = (("input", "hidden"), ("hidden", "output"))
    return Circuit(populations, tuple(Projection(a, b, rule) for a, b in pairs))
