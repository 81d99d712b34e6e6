"""A declared circuit's populations and projections as Brian2 equations and statements.

Everything here is text: nothing is simulated and no Brian2 object is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, count, pairwise

from neuromodels.coefficients import SUMMED, Coefficient
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.simulation.network.errors_back import errors_of, errors_seen
from neuromodels.simulation.network.health import beyond
from neuromodels.simulation.network.pools import factors_seen, kept_by, pools_of, pools_seen
from neuromodels.simulation.network.sample_types import VARIABLE, hears_type, types_seen
from neuromodels.study.conditions import Controls

#: Powers of two keep single precision exact and weights from 3e-7 to 400 inside its range.
NORM_SCALE = 64
FLAG = "has_fired"
"""Variable that notes which neurons fired, where a model has none of that name."""
CONNECTED = "is_connected"
"""Variable of a sparse projection: 1 where a pair is connected, 0 elsewhere."""


class Wording:
    """The equations of one circuit under given controls.

    Parameters
    ----------
    circuit
        Populations and projections.
    controls
        What a control experiment does to them.
    between
        Expression of the steps at whose end episodes erase what does not outlive a trial.
    """

    def __init__(self, circuit: Circuit, controls: Controls, between: str = ""):
        self.circuit, self.controls, self.between = circuit, controls, between

    # -------------------------------------------------------------------------------- populations

    def population(self, population: Population) -> str:
        """Return all equations of a population."""
        assert population.model is not None
        return self._with_inputs(population) + self.channels(population) + self._scales(population)

    def _with_inputs(self, population: Population) -> str:
        """Return a population's own equations, with one variable for each of several inputs.

        Brian2 lets only one projection sum into a variable.
        """
        model = population.model
        assert model is not None
        modulated = self.circuit.is_modulated(population.name)
        equations = "\n".join([model.equations, *(["modulation : 1"] if modulated else [])])
        lines = [f"{c.name} : 1 (constant)" for c in population.coefficients]
        for variable, arriving in self._arrivals(population).items():
            if len(arriving) > 1:
                names = [self._input_of(projection) for projection in arriving]
                total = f"{variable} = {' + '.join(names)} : 1"
                equations = re.sub(rf"(?m)^\s*{variable}\s*:\s*1\b", total, equations)
                lines += [f"{name} : 1" for name in names]
        return "\n".join([equations, *lines])

    def channels(self, population: Population) -> str:
        """Return what projections keep in the neurons of a population, channels or others."""
        sent = [
            line
            for projection in self.circuit.projections
            if self.circuit.begins_in(projection) == population.name
            for line in self._kept_by_source(projection)
        ]
        received = [
            f"{coefficient.symbol}_{projection.name} : 1 (constant)"
            for projection in self.circuit.projections
            for coefficient in projection.rule.coefficients
            if kept_in(projection, coefficient) == "post" and projection.target == population.name
        ]
        counted = [
            f"beyond_{projection.name} : 1"
            for projection in self.circuit.projections
            if projection.target == population.name and self.controls.limits.largest_weight
        ]
        centred = [
            f"{name} : 1"
            for projection in self.circuit.projections
            if projection.target == population.name
            for name in self._means(projection)
        ]
        told = errors_of(self.circuit, population)
        told += kept_by(self.circuit, population)
        if hears_type(self.circuit, population):
            told.append(f"{VARIABLE} : 1")
        return "\n" + "\n".join(sent + received + counted + centred + told)

    def echo(self, projection: Projection) -> str:
        """Return the equations of an echo in which a projection begins: `Circuit.begins_in`."""
        source = self.circuit.population(projection.source)
        heard = dict.fromkeys(filter(None, (source.signal, source.trace)))
        lines = [f"{name} : 1 (linked)" for name in heard]
        return "\n".join([*lines, *self._kept_by_source(projection)])

    def _kept_by_source(self, projection: Projection) -> list[str]:
        """Return what a projection keeps in its source neurons."""
        coefficients = [c for c in projection.rule.coefficients if kept_in(projection, c) == "pre"]
        lines = [f"{c.symbol}_{projection.name} : 1 (constant)" for c in coefficients]
        return lines + [f"q_{projection.name}{end} : 1" for end in projection.rule.normed]

    def _scales(self, population: Population) -> str:
        lines = [
            f"scale_{projection.name}{end} : 1 (linked)"
            for projection in self.circuit.projections
            if projection.target == population.name
            for end in projection.rule.normed
        ]
        lines += [f"{name} : 1 (linked)" for name, _ in pools_of(self.circuit, population)]
        return "\n" + "\n".join(lines)

    def _arrivals(self, target: Population) -> dict[str, list[Projection]]:
        """Return the variables of a population in which projections arrive, and which do."""
        found: dict[str, list[Projection]] = {}
        for projection in self.circuit.projections:
            if projection.target == target.name and not projection.own:
                found.setdefault(_variable(projection, target), []).append(projection)
        return found

    # -------------------------------------------------------------------------------- projections

    def projection(self, projection: Projection) -> str:
        """Return all equations of a projection's synapses."""
        source = self.circuit.population(projection.source)
        target = self.circuit.population(projection.target)
        lines = [projection.rule.model]
        if not projection.own:
            sent = self._sent(projection)
            lines.append(f"{self._input_of(projection)}_post = {sent} : 1 (summed)")
        seen = {
            "x": (source.trace, "pre"),
            "y": (target.trace, "post"),
            "sx": (source.signal, "pre"),
            "sy": (target.signal, "post"),
        }
        lines += [f"{name} = {v}_{end} : 1" for name, (v, end) in seen.items() if v]
        for end, variable in projection.rule.normed.items():
            power = f"({NORM_SCALE}*{variable})**8"
            lines.append(f"q_{projection.name}{end}_pre = {power} : 1 (summed)")
        lines += self._centring(projection)
        if projection.rule.modulator:
            lines += self._third_factor(projection)
        lines += errors_seen(self.circuit, projection, self._weight(projection))
        lines += pools_seen(projection) + types_seen(projection)
        lines += factors_seen(self.circuit, projection)
        if projection.is_sparse:
            lines.append(f"{CONNECTED} : 1 (constant)")
        lines += [self._coefficient_line(c, projection) for c in projection.rule.coefficients]
        lines.append(beyond(projection.name, self._weight(projection), self.controls.limits))
        return "\n".join(lines)

    def _sent(self, projection: Projection) -> str:
        """Return what arrives from one source neuron."""
        source, weight = self.circuit.population(projection.source), self._weight(projection)
        weight = weight if weight.isidentifier() else f"({weight})"
        carried = source.trace if projection.carries == "trace" else source.signal
        return f"{weight}*{carried}_pre"

    def _weight(self, projection: Projection) -> str:
        """Return what multiplies the signal of a source, 0 between pairs without a synapse."""
        weight = self.acting_weight(projection.rule)
        return f"{CONNECTED}*({weight})" if projection.is_sparse else weight

    def acting_weight(self, rule: PlasticityRule) -> str:
        """Return the weight of a rule, without a mechanism that a control removes."""
        return rule.weight_without(self.controls.removed)

    def _input_of(self, projection: Projection) -> str:
        """Return the variable of the target in which a projection arrives."""
        target = self.circuit.population(projection.target)
        name = _variable(projection, target)
        alone = len(self._arrivals(target)[name]) == 1
        return name if alone else f"{name}_{projection.part or projection.source}"

    def _means(self, projection: Projection) -> dict[str, tuple[str, str]]:
        """Return the means that a target neuron keeps: the mean in the rule, and the sources."""
        return {
            name: (mean, among)
            for mean, (_, over) in projection.rule.means.items()
            for name, among in self._kept_means(projection, mean, over).items()
        }

    def _kept_means(self, projection: Projection, mean: str, over: str) -> dict[str, str]:
        source, name = self.circuit.population(projection.source), f"{mean}_{projection.name}"
        if over == "synapses":
            return {name: f"0:{source.size}"}
        ends = list(accumulate(source.side.groups, initial=0))
        return {f"{name}_{k}": f"{a}:{b}" for k, (a, b) in enumerate(pairwise(ends))}

    def _centring(self, projection: Projection) -> list[str]:
        """Return the sums of means, and what a synapse sees of them."""
        lines: list[str] = []
        seen: dict[str, list[str]] = {}
        for kept, (mean, sources) in self._means(projection).items():
            first, end = map(int, sources.split(":"))
            among = f"int(i >= {first} and i < {end})"
            summand = f"{among}*({projection.rule.means[mean][0]})/{end - first}"
            lines.append(f"{kept}_post = {summand} : 1 (summed)")
            seen.setdefault(mean, []).append(f"{among}*{kept}_post")
        return [*lines, *(f"{mean} = {' + '.join(each)} : 1" for mean, each in seen.items())]

    def _third_factor(self, projection: Projection) -> list[str]:
        held = self.controls.modulation
        factors = projection.rule.third_factors.items()
        said = {name: each if held is None else repr(float(held)) for name, each in factors}
        return ["m = modulation_post : 1", *(f"{name} = {each} : 1" for name, each in said.items())]

    def _coefficient_line(self, coefficient: Coefficient, projection: Projection) -> str:
        name = coefficient.symbol
        if projection.rule.is_start(coefficient):
            return ""
        kinds = {
            "synapse": f"{name} : 1 (constant)",
            SUMMED: f"{name} : 1 (constant)",
            "block": f"{name} : 1 (constant)",
            "projection": f"{name} : 1 (shared, constant)",
            "pre": f"{name} = {name}_{projection.name}_pre : 1",
            "post": f"{name} = {name}_{projection.name}_post : 1",
        }
        return kinds[coefficient.per]

    def changes(self, rule: PlasticityRule, statements: str) -> str:
        """Return a rule's statements, without effect from the step at which a control freezes."""
        return self._halted(rule.learns_of(self.controls.only), statements)

    def halted(self, learns: Sequence[str], statements: str) -> str:
        """Return what neurons learn by, without effect from the step at which rules freeze."""
        return self._halted(() if self.controls.only else learns, statements)

    def _halted(self, frozen: Sequence[str], statements: str) -> str:
        if self.controls.freeze_at is None or not statements.strip():
            return statements
        changing = f"int(timestep(t, dt) < {self.controls.freeze_at})"
        before = [f"before_{name} = {name}" for name in frozen]
        after = [f"{name} = before_{name} + {changing}*({name} - before_{name})" for name in frozen]
        return "\n".join([*before, statements, *after])

    def erasure(self, statements: str) -> str:
        """Return statements that erase variables in the delay of a control, and between trials.

        Parameters
        ----------
        statements
            One line ``variable = 0`` for each.
        """
        kept = assigned(statements)
        if not self._erased_when() or not kept:
            return ""
        lines = [f"is_kept = 1 - int({self._erased_when()})"]
        return "\n".join(lines + [f"{name} = is_kept*{name}" for name in kept])

    def return_to_start(self, names: list[str]) -> str:
        """Return statements that set variables back to ``start_v`` where others are erased."""
        if not self._erased_when() or not names:
            return ""
        lines = [f"is_kept = 1 - int({self._erased_when()})"]
        back = "{0} = is_kept*{0} + (1 - is_kept)*start_{0}"
        return "\n".join(lines + [back.format(name) for name in names])

    def _erased_when(self) -> str:
        """Return the condition of the steps at whose end something is erased; empty: in none."""
        when = [f"({self.between})"] if self.between else []
        if self.controls.forget is not None:
            now, (first, last) = "timestep(t, dt)", self.controls.forget
            when.append(f"({now} >= {first} and {now} < {last})")
        return " or ".join(when)


def kept_in(projection: Projection, coefficient: Coefficient) -> str:
    """Return the side whose neurons keep a coefficient; empty: its synapses do.

    Where a variable begins is kept by the synapses, whatever the number of neurons it is one for.
    """
    is_of_side = coefficient.per in ("pre", "post")
    return coefficient.per if is_of_side and not projection.rule.is_start(coefficient) else ""


def _variable(projection: Projection, target: Population) -> str:
    """Return the variable of the target for which a projection is meant."""
    assert target.model is not None
    return target.model.input if projection.into == "input" else projection.into


def assigned(statements: str) -> list[str]:
    """Return the variables to which statements assign."""
    return [line.split("=")[0].strip() for line in statements.splitlines() if line.strip()]


def flag_names() -> Iterator[str]:
    """Yield names for the variable that notes a neuron's spikes: a model may have the first."""
    yield FLAG
    yield from (f"{FLAG}_{number}" for number in count(2))
