"""A declared circuit and task, written as the text of one network.

Signals cross all populations within one step.  Brian2 orders what happens inside a time slot by
number, so everything lies in the slot ``groups``, and population k works around order 10*(k + 1):

    -9 to -4  weights' 8-norm: the sum of sums, its root, the division
    -1        summed inputs; the sums per source neuron of the norms of the next layer
     0        state update
    +1 to +4  clearing, threshold, reset, statements of each step

followed by the step of a body that the read-out moves, plasticity, erasure of state where a control
asks for it, and the task's score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from brian2.equations import Equations
from brian2.units import second
from brian2.units.fundamentalunits import Quantity
from brian2.utils.stringtools import word_substitute

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules.normalisation import SMALLEST_NORM
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.network.circuit import (
    Circuit,
    Population,
    Projection,
    first_weights,
)
from neuromodels.simulation.network.equations import (
    CONNECTED,
    NORM_SCALE,
    Wording,
    assigned,
    flag_names,
    kept_in,
)
from neuromodels.simulation.network.errors_back import (
    erased_errors,
    error_statements,
    needing_error,
    of_own_error,
)
from neuromodels.simulation.network.health import OVER, SPIKES, health_equations
from neuromodels.simulation.network.pools import pool_parts
from neuromodels.simulation.network.sample_types import VARIABLE, check_types, hears_type
from neuromodels.simulation.network.text import (
    LAST,
    Additions,
    Connection,
    Group,
    Link,
    NetworkText,
    OwnObjects,
    Part,
    PlasticSynapses,
    Recording,
    SpikeFlag,
    Spikes,
    Statements,
    Value,
    with_tables,
)
from neuromodels.study.conditions import Controls
from neuromodels.tasks import Task

READOUT, BODY, PLASTICITY, ERASURE, SCORE, HEALTH = 950, 990, 1000, 1010, 1020, 1030
OWN = (20, 900)
"""Between these a network of the user's runs, behind the channels and before the read-out."""


def write_network(
    circuit: Circuit,
    task: Task,
    parameters: Mapping[str, float],
    step: Quantity | None = None,
    controls: Controls | None = None,
) -> NetworkText:
    """Return the text of a circuit that does a task; no Brian2 object is made.

    Parameters
    ----------
    circuit
        Its first population is the task's channels, its last the read-out.
    parameters
        Of the task; missing ones take their defaults.
    step
        Length of a step; None: the task's.
    controls
        What a control condition does to the network.

    Raises
    ------
    DeclarationError
        Where circuit and task do not fit together.
    """
    parameters = task.with_defaults(parameters)
    step = task.step_length(parameters) * second if step is None else step
    task = task.at(parameters)
    writer = _Writer(circuit, task, parameters, step, controls or Controls())
    return writer.write()


class _Writer:
    """Writes the parts of one network, one after the other."""

    def __init__(
        self,
        circuit: Circuit,
        task: Task,
        parameters: Mapping[str, float],
        step: Quantity,
        controls: Controls,
    ):
        self.circuit, self.task, self.controls = circuit, task, controls
        self.parameters, self.step = parameters, step
        self.steps = task.number(task.steps, parameters)
        self.wording = Wording(circuit, controls, self._between())
        self.parts: list[Part] = []
        self.groups: dict[str, Group] = {}
        self.addresses: dict[str, str] = {}
        self.units: dict[str, Quantity] = {}

    def write(self) -> NetworkText:
        channels, *others = self.circuit.populations
        self._items()
        self._channels(channels)
        if self.circuit.own is not None:
            self.parts.append(OwnObjects(self.circuit.own, *OWN))
        for number, population in enumerate(others, start=2):
            if population.is_own:
                self._own_population(population)
            else:
                self._population(population, READOUT if self.circuit.own else 10 * number)
        for projection in self.circuit.projections:
            self._projection(projection)
        output = self.circuit.populations[-1]
        self._score(output)
        self._actions(output)
        self._teaching(output)
        self._rewarding()
        self._typing()
        self._health()
        if self.controls.record:
            self._recordings()
        return self._text()

    def _between(self) -> str:
        """Return when episodes erase; a user's own objects know no parameters of the task."""
        if self.circuit.own is None:
            return self.task.between
        values = {name: repr(value) for name, value in self.parameters.items()}
        return word_substitute(self.task.between, values)

    def _text(self) -> NetworkText:
        return NetworkText(
            parts=tuple(self.parts),
            constants={**with_tables(self.task.constants), **self.parameters},
            step=self.step,
            steps=self.steps,
            addresses=self.addresses,
            initial=self._draws(),
            loss=f"score.{self.task.loss}",
            accuracy=f"score.{self.task.accuracy}",
            over=f"health.{OVER}",
            spikes=f"health.{SPIKES}" if self.controls.limits.sees_spikes else None,
            shown=self._shown(),
            units=self.units,
        )

    def _shown(self) -> str | None:
        inputs = self.task.inputs(self.parameters)
        return f"items.{inputs.variable}" if inputs and inputs.variable else None

    def _draws(self) -> dict[str, str]:
        """Return what each trial draws: the task's items, and who is connected to whom."""
        items = {f"items.{name}": text for name, text in self.task.item_start.items()}
        pairs = {
            f"{projection.name}.{CONNECTED}": f"int(rand() < {float(projection.probability)!r})"
            for projection in self.circuit.projections
            if projection.is_sparse
        }
        weights = {
            f"{projection.name}.{weight}": f"{float(projection.drawn)!r}*randn()"
            for projection in self.circuit.projections
            if projection.drawn
            for weight in first_weights(projection.rule)
        }
        starts = {
            f"{projection.name}.{c.symbol}": f"{float(c.default)!r} + {float(c.drawn)!r}*randn()"
            for projection in self.circuit.projections
            for c in projection.rule.coefficients
            if c.drawn
        }
        return {**items, **pairs, **weights, **starts, **self.circuit.draws}

    # ----------------------------------------------------------------------------------- the task

    def _items(self) -> None:
        task = self.task
        actions = [f"{name} : 1" for name in task.actions]
        equations = "\n".join([task.item_model, task.dynamics, *actions])
        size = task.number(task.items, self.parameters)
        method = "rk4" if task.dynamics else "exact"
        self._group(Group("items", size, equations, BODY if task.acts else 0, method))
        self._each_step("items", task.item_step, 5, "drawing")
        self._each_step("items", task.body, BODY + 1, "body")

    def _channels(self, channels: Population) -> None:
        equations = self.task.stimulus_model + self.wording.channels(channels)
        self._group(Group(channels.name, channels.size, equations, order=10))
        self._each_step(channels.name, self.task.stimulus, 11, "stimulus")
        self._sum("shown", "items", channels.name, "cue", self.task.shown)

    def _score(self, output: Population) -> None:
        acts, several = self.task.acts, output.size > 1
        answers = [f"y{k}" for k in range(output.size)] if several else []
        lines = "\n".join(f"{name} : 1" for name in answers) or "y : 1 (linked)"
        model = self.task.score_model + ("" if acts else f"\n{lines}")
        self._group(Group("score", 1, model, SCORE))
        if not acts and not several:
            self.parts.append(Link("score", "y", output.name, output.signal))
        for number, name in enumerate([] if acts else answers):
            component = f"{output.signal}_pre*int(i == {number})"
            self._sum(f"answer_{number}", output.name, "score", name, component)
        self._sum("asked", "items", "score", "target", self.task.asked)
        self._each_step("score", self.task.score, SCORE + 1, "scoring")

    def _actions(self, output: Population) -> None:
        """Let each component of the read-out reach the body in the step in which it arises."""
        for number, name in enumerate(self.task.actions):
            component = f"{output.signal}_pre*int(i == {number})"
            self._sum(f"action_{number}", output.name, "items", name, component)

    def _teaching(self, output: Population) -> None:
        """Let the task tell each neuron of the read-out what it should do."""
        if not self.task.taught:
            self._check_told()
            return
        assert output.model is not None
        if not output.model.taught:
            raise DeclarationError(
                "circuit.readout",
                f"must be a model that the task {self.task.name!r} can teach",
                output.model.name,
                "Choose readout = 'leaky_readout'.",
            )
        self._sum("taught", "items", output.name, output.model.taught, self.task.taught)

    def _check_told(self) -> None:
        """Refuse rules and neurons that need an error where the task tells nothing."""
        rules = {each.rule.name for each in self.circuit.projections}
        for name in needing_error(self.circuit):
            noun = "rule" if name in rules else "neuron"
            raise DeclarationError(
                f"{noun}.name" if noun == "rule" else "circuit.neuron",
                f"{name!r} needs an error, and the task {self.task.name!r} tells the read-out"
                " nothing",
                cure=f"Take a task that teaches, such as few_shot, or another {noun}.",
            )

    def _rewarding(self) -> None:
        """Let the task tell modulatory neurons what was earned; without any, nobody hears it."""
        has_third_factor = any(p.rule.modulator for p in self.circuit.projections)
        if not self.task.rewarded or not has_third_factor:
            return
        for population in self._modulators():
            model = population.model
            if model is None or not model.taught:
                raise DeclarationError(
                    "circuit.modulator",
                    f"must be a model that hears the rewards of the task {self.task.name!r}",
                    model.name if model else population.name,
                    "Choose modulator = 'reward_modulator'.",
                )
            name = f"rewarded_{population.name}"
            self._sum(name, "items", population.name, model.taught, self.task.rewarded)

    def _typing(self) -> None:
        """Let the task tell neurons the type of a sample, where a rule onto them needs it."""
        check_types(self.circuit, self.task)
        for name in (each.name for each in self.circuit.populations):
            if hears_type(self.circuit, self.circuit.population(name)):
                self._sum(f"typed_{name}", "items", name, VARIABLE, self.task.typed)

    def _modulators(self) -> list[Population]:
        """Return the populations that set the third factor, each once."""
        sources = {p.source for p in self.circuit.projections if p.into == "modulation"}
        found = [p for p in self.circuit.populations if p.name in sources]
        if found:
            return found
        # a user's own network has a third factor of its own, which no task can reach
        return [p for p in self.circuit.populations if p.has_modulation]

    # ------------------------------------------------------------------------------------- health

    def _health(self) -> None:
        """Write the neuron that ends trials without hope, and what it sees."""
        limits, seconds = self.controls.limits, self.steps * float(self.step / second)
        projections = [projection.name for projection in self.circuit.projections]
        model, check = health_equations(limits, projections, seconds)
        self._group(Group("health", 1, model, HEALTH))
        self.parts.append(Link("health", "loss", "score", self.task.loss))
        # behind the slot in which the spikes of this step are counted
        self.parts.append(Statements("health", "health_check", check, slot=LAST))
        if limits.sees_spikes:
            self._count_spikes()
        if limits.largest_weight:
            for projection in self.circuit.projections:
                beyond = f"beyond_{projection.name}"
                name = f"health_{projection.name}"
                self._sum(name, projection.target, "health", beyond, f"{beyond}_pre")

    def _count_spikes(self) -> None:
        spiking = [p for p in self.circuit.populations if p.model and p.model.threshold]
        neurons = sum(population.size for population in spiking)
        for population in spiking:
            name = f"count_{population.name}"
            counting = f"{SPIKES}_post += 1/{neurons}"
            self.parts.append(Connection(name, population.name, "health", on_pre=counting))

    # -------------------------------------------------------------------------------- populations

    def _population(self, population: Population, order: int) -> None:
        name, model = population.name, population.model
        assert model is not None
        equations = self.wording.population(population)
        self._group(
            Group(
                name,
                population.size,
                equations,
                order,
                constants=model.constants,
                threshold=model.threshold,
                flag=self._flag(population),
            )
        )
        if model.reset is not None:
            self._each_step(name, of_own_error(model.before_spikes), order + 1, "clearing")
            self.parts.append(Spikes(name, model.reset, order + 2, order + 3))
        self._each_step(name, of_own_error(model.each_step), order + 4, "each_step")
        self._each_step(name, error_statements(self.circuit, population), order + 5, "error")
        for coefficient in population.coefficients:
            label = f"{name}.{coefficient.name}"
            self.addresses[label] = label
            self.parts.append(Value(name, coefficient.name, coefficient.default))
        self.parts += pool_parts(self.circuit, population, order)
        learning = self.wording.halted(model.learns, of_own_error(model.plasticity))
        self._each_step(name, learning, PLASTICITY, "plasticity")
        forgotten = f"{model.forget}\n{erased_errors(self.circuit, population)}"
        self._each_step(name, self.wording.erasure(forgotten), ERASURE, "erasure")

    def _own_population(self, population: Population) -> None:
        """Write what a group of the user's gets beside what it has."""
        name, model = population.name, population.model
        assert model is not None
        zeros = re.findall(r"(?m)^(\w+) :", self.wording.channels(population))
        flag = self._flag(population)
        erasure = self.wording.return_to_start(assigned(model.forget))
        starts = assigned(model.forget) if erasure else []
        zeros += [flag] if flag else []
        self.parts.append(Additions(name, tuple(zeros), tuple(starts), population.constants))
        for constant in population.constants:
            address = f"{name}.{constant.name}"
            self.addresses[address], self.units[address] = address, constant.unit
        if flag:
            self.parts.append(SpikeFlag(name, flag, OWN[1]))
        self._each_step(name, erasure, ERASURE, "erasure")

    def _flag(self, population: Population) -> str:
        """Return the name of what notes spikes of hidden neurons; empty where none can be."""
        model, is_last = population.model, population is self.circuit.populations[-1]
        if model is None or model.threshold is None or is_last:
            return ""
        known = set(re.findall(r"\w+", f"{model}{self.wording.population(population)}"))
        known |= {*self.task.constants, *self.parameters}
        return next(name for name in flag_names() if name not in known)

    # -------------------------------------------------------------------------------- projections

    def _projection(self, projection: Projection) -> None:
        rule, name = projection.rule, projection.name
        if self.circuit.begins_in(projection) != projection.source:
            self._echo(projection)
        for end in rule.normed:
            self._norm(projection, end)
        self.parts.append(self._synapses(projection))
        for coefficient in rule.coefficients:
            self._place(projection, coefficient)
        changes = self.wording.changes(rule, rule.each_step)
        self._each_step(name, changes, PLASTICITY, "plasticity")
        self._each_step(name, self.wording.erasure(rule.forget), ERASURE, "erasure")
        if rule.is_normalised:
            order = self.groups[projection.target].order - 4
            divided = (f"{w} *= scale_{name}{end}_post" for end, w in rule.normed.items())
            self._each_step(name, "\n".join(divided), order, "normalisation")

    def _echo(self, projection: Projection) -> None:
        """Write the neurons in which a projection begins that goes back and is normalised."""
        source, name = (
            self.circuit.population(projection.source),
            self.circuit.begins_in(projection),
        )
        order = self.groups[projection.target].order - 10
        self._group(Group(name, source.size, self.wording.echo(projection), order))
        for variable in dict.fromkeys(filter(None, (source.signal, source.trace))):
            self.parts.append(Link(name, variable, source.name, variable))

    def _synapses(self, projection: Projection) -> Connection | PlasticSynapses:
        """Return the synapses of a projection: new ones, or the user's with another weight."""
        rule, equations = projection.rule, self.wording.projection(projection)
        on_pre, on_post = (self.wording.changes(rule, each) for each in (rule.on_pre, rule.on_post))
        if projection.own:
            own = (projection.name, equations, self.wording.acting_weight(rule))
            return PlasticSynapses(*own, on_pre, on_post, rule.constants)
        ends = (self.circuit.begins_in(projection), projection.target)
        return Connection(
            projection.name,
            *ends,
            equations,
            on_pre,
            on_post,
            rule.constants,
            projection.sources,
        )

    def _place(self, projection: Projection, coefficient: Coefficient) -> None:
        """Note where a coefficient's numbers go, and put its default there."""
        owner, name = projection.name, coefficient.symbol
        if side := kept_in(projection, coefficient):
            is_pre = side == "pre"
            owner = self.circuit.begins_in(projection) if is_pre else projection.target
            name = f"{name}_{projection.name}"
        self.addresses[f"{projection.name}.{coefficient.name}"] = f"{owner}.{name}"
        self.parts.append(Value(owner, name, coefficient.default))

    def _norm(self, projection: Projection, end: str) -> None:
        """Write the weights' 8-norm: summed per source neuron, then over source neurons.

        The one number that scales a layer comes back to every target neuron, where synapses can
        read it: Brian2 gives them no way to a variable shared by the whole group.
        """
        name, target = f"{projection.name}{end}", self.groups[projection.target]
        total, spread = f"norm_{name}", f"scale_{name}"
        order = target.order - 8
        self._group(Group(total, 1, "Q : 1\nscale : 1", order))
        self._sum(f"over_{name}", self.circuit.begins_in(projection), total, "Q", f"q_{name}_pre")
        floor = SMALLEST_NORM * NORM_SCALE
        scale = f"scale = {NORM_SCALE}/clip(sqrt(sqrt(sqrt(Q))), {floor}, inf)"
        self._each_step(total, scale, order + 1, "root")
        self._group(Group(spread, target.size, "scale : 1", order + 3))
        self._sum(f"spread_{name}", total, spread, "scale", "scale_pre")
        self.parts.append(Link(target.name, f"scale_{name}", spread, "scale"))

    # ------------------------------------------------------------------------------ small pieces

    def _group(self, group: Group) -> None:
        self.groups[group.name] = group
        self.parts.append(group)

    def _sum(self, name: str, source: str, target: str, variable: str, expression: str) -> None:
        equations = f"{variable}_post = {expression} : 1 (summed)"
        self.parts.append(Connection(name, source, target, equations))

    def _each_step(self, owner: str, statements: str, order: int, name: str) -> None:
        if statements.strip():
            self.parts.append(Statements(owner, f"{owner}_{name}", statements, order))

    def _recordings(self) -> None:
        """Watch signals, traces, weights and a body at the end of a step."""
        for population in self.circuit.populations:
            names = {population.signal, population.trace} - {""}
            names |= {*population.model.learns} if population.model else set()
            if self.circuit.is_modulated(population.name):
                names.add("modulation")
            if names:
                self.parts.append(Recording(population.name, tuple(sorted(names))))
        for projection in self.circuit.projections:
            rule = projection.rule
            names = {*rule.learns, *assigned(rule.forget)}
            self.parts.append(Recording(projection.name, tuple(sorted(names))))
        if self.task.acts:
            self.parts.append(Recording("items", self._body_variables()))

    def _body_variables(self) -> tuple[str, ...]:
        """Return what is recorded of a body: its state and parameters, and its reward."""
        text = self.groups["items"].equations
        with reading("items", text):
            equations = Equations(text)
        reward = sorted({"reward"} & equations.subexpr_names)
        return (*sorted(equations.parameter_names | equations.diff_eq_names), *reward)
