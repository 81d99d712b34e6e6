"""A declared circuit and task as one Brian2 network.

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

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    linked_var,
    prefs,
)
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from neuromodels.circuits import Circuit, Population, Projection
from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.simulation.health import OVER, SPIKES, Limits, beyond, health_equations
from neuromodels.simulation.messages import discarding, reading
from neuromodels.tasks import Task
from neuromodels.tasks.base import NEEDED

BODY, PLASTICITY, ERASURE, SCORE, HEALTH = 990, 1000, 1010, 1020, 1030

#: Powers of two keep single precision exact and weights from 3e-7 to 400 inside its range.
NORM_SCALE, SMALLEST_NORM = 64, 1e-6


@dataclass(frozen=True)
class Controls:
    """What a control experiment does to the network.

    Parameters
    ----------
    freeze_at
        Step from which no weight changes; None: never.
    forget
        First and last step (exclusive) at whose end membrane and traces are erased; None: never.
    record
        Whether to add monitors of signals, traces and weights.
    """

    freeze_at: int | None = None
    forget: tuple[int, int] | None = None
    record: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass
class Assembly:
    """A network and the addresses of what a search reads and writes.

    Parameters
    ----------
    addresses
        Coefficient label -> ``"group.variable"``.
    initial
        Expressions that draw the trial, by address.
    loss, accuracy
        Addresses of the score.
    over
        Address of what ends a trial without hope.
    spikes
        Address of the spikes of a trial per spiking neuron; None where nobody asks.
    duration
        Of one trial.
    """

    network: Network
    addresses: dict[str, str]
    initial: dict[str, str]
    loss: str
    accuracy: str
    over: str
    spikes: str | None
    duration: Quantity

    @property
    def seconds(self) -> float:
        """The duration as a plain number."""
        return float(self.duration / second)


def assemble(
    circuit: Circuit,
    task: Task,
    parameters: Mapping[str, float],
    dt: Quantity = 20 * ms,
    controls: Controls = Controls(),
) -> Assembly:
    """Return the network of a circuit that does a task.

    Parameters
    ----------
    circuit
        Its first population is the task's channels, its last the read-out.
    parameters
        Of the task; missing ones take their defaults.
    dt
        Length of a step.
    """
    assembler = _Assembler(circuit, task, task.with_defaults(parameters), dt, controls)
    with quick_setup(), discarding(assembler.objects):
        return assembler.assembled()


@contextmanager
def quick_setup() -> Iterator[None]:
    """Let Brian2 connect synapses with numpy: compiling that for one network takes longer."""
    target = prefs.codegen.target
    prefs.codegen.target = "numpy"
    try:
        yield
    finally:
        prefs.codegen.target = target


class _Assembler:
    """Makes the groups of one network, all on one clock."""

    def __init__(self, circuit: Circuit, task: Task, parameters, dt, controls: Controls):
        self.circuit, self.task, self.controls = circuit, task, controls
        self.clock = Clock(dt, name="trial_clock")
        self.namespace = {**task.constants, **parameters}
        self.parameters = parameters
        self.objects: list = []
        self.groups: dict[str, NeuronGroup] = {}
        self.synapses: dict[str, Synapses] = {}
        self.addresses: dict[str, str] = {}

    def assembled(self) -> Assembly:
        first, *others = self.circuit.populations
        items = self._items()
        self._channels(first, items)
        for number, population in enumerate(others, start=2):
            self._population(population, 10 * number)
        for projection in self.circuit.projections:
            self._projection(projection)
        self._score(items, self.circuit.populations[-1])
        self._actions(items, self.circuit.populations[-1])
        self._health()
        if self.controls.record:
            self._monitors()
        network = Network(*self.objects, name="trial")
        steps = self.task.number(self.task.steps, self.parameters)
        return Assembly(
            network=network, addresses=self.addresses,
            initial={f"items.{name}": text for name, text in self.task.item_start.items()},
            loss=f"score.{self.task.loss}", accuracy=f"score.{self.task.accuracy}",
            over=f"health.{OVER}",
            spikes=f"health.{SPIKES}" if self.controls.limits.sees_spikes else None,
            duration=steps * self.clock.dt,
        )  # fmt: skip

    # ----------------------------------------------------------------------------------- the task

    def _items(self) -> NeuronGroup:
        task = self.task
        actions = [f"{name} : 1" for name in task.actions]
        model = "\n".join([task.item_model, task.dynamics, *actions])
        size = task.number(task.items, self.parameters)
        method = "rk4" if task.dynamics else "exact"
        items = self._group("items", size, model, BODY if task.acts else 0, method=method)
        self._each_step(items, task.body, BODY + 1, "body")
        return items

    def _actions(self, items: NeuronGroup, output: Population) -> None:
        """Let each component of the read-out reach the body in the step in which it arises."""
        for number, name in enumerate(self.task.actions):
            component = f"{output.signal}_pre*int(i == {number})"
            self._sum(f"action_{number}", self.groups[output.name], items, name, component)

    def _channels(self, population: Population, items: NeuronGroup) -> None:
        model = self.task.stimulus_model + self._coefficients_of(population.name)
        group = self._group(population.name, population.size, model, order=10)
        self._each_step(group, self.task.stimulus, 11, "stimulus")
        self._sum("shown", items, group, "cue", self.task.shown)

    def _score(self, items: NeuronGroup, output: Population) -> None:
        answers = "" if self.task.acts else "\ny : 1 (linked)"
        group = self._group("score", 1, self.task.score_model + answers, order=SCORE)
        if answers:
            group.y = linked_var(self.groups[output.name], output.signal)
        self._sum("asked", items, group, "target", self.task.asked)
        self._each_step(group, self.task.score, SCORE + 1, "scoring")

    # ------------------------------------------------------------------------------------- health

    def _health(self) -> None:
        """Make the neuron that sees a trial lose its hope, and what it sees."""
        limits, steps = self.controls.limits, self.task.number(self.task.steps, self.parameters)
        seconds = steps * float(self.clock.dt / second)
        model, check = health_equations(limits, list(self.synapses), seconds)
        health = self._group("health", 1, model, HEALTH)
        health.loss = linked_var(self.groups["score"], self.task.loss)
        # behind the slot in which the spikes of this step are counted
        health.run_regularly(check, when="end", clock=self.clock, name="health_check")
        if limits.sees_spikes:
            self._count_spikes(health)
        if limits.largest_weight:
            for name, synapses in self.synapses.items():
                seen = f"beyond_{name}"
                self._sum(f"health_{name}", synapses.target, health, seen, f"{seen}_pre")

    def _count_spikes(self, health: NeuronGroup) -> None:
        spiking = [p for p in self.circuit.populations if p.model and p.model.threshold]
        neurons = sum(population.size for population in spiking)
        for population in spiking:
            counted = Synapses(
                self.groups[population.name], health, on_pre=f"{SPIKES}_post += 1/{neurons}",
                namespace={}, name=f"count_{population.name}", clock=self.clock,
            )  # fmt: skip
            counted.connect()
            self._keep(counted)

    # -------------------------------------------------------------------------------- populations

    def _population(self, population: Population, order: int) -> None:
        model = population.model
        assert model is not None
        equations = model.equations + self._coefficients_of(population.name)
        equations += self._scales_of(population.name)
        group = self._group(
            population.name, population.size, equations, order, namespace=model.constants,
            threshold=model.threshold,
        )  # fmt: skip
        if model.threshold is not None:
            self._each_step(group, model.before_spikes, order + 1, "clearing")
            group.set_event_schedule("spike", when="groups", order=order + 2)
            group.run_on_event("spike", model.reset, when="groups", order=order + 3)
        self._each_step(group, model.each_step, order + 4, "each_step")
        if self.controls.forget is not None:
            self._each_step(group, self._erasure(model.forget), ERASURE, "erasure")

    def _erasure(self, statements: str) -> str:
        first, last = self.controls.forget or (0, 0)
        now = "timestep(t, dt)"
        kept = [line.split("=")[0].strip() for line in statements.splitlines() if line.strip()]
        lines = [f"keep = 1 - int({now} >= {first} and {now} < {last})"]
        return "\n".join(lines + [f"{name} = keep*{name}" for name in kept])

    # -------------------------------------------------------------------------------- projections

    def _projection(self, projection: Projection) -> None:
        rule = projection.rule
        normalised = rule.normalisation == "p8"
        if normalised:
            self._norm(projection)
        equations = self._synapse_model(projection)
        with reading(projection.name, equations):
            synapses = Synapses(
                self.groups[projection.source], self.groups[projection.target], equations,
                on_pre=self._change(rule.on_pre) or None,
                on_post=self._change(rule.on_post) or None,
                namespace={**self.namespace, **rule.constants}, name=projection.name,
                clock=self.clock, method="exact",
            )  # fmt: skip
        synapses.connect()
        self._keep(synapses)
        self.synapses[projection.name] = synapses
        for coefficient in rule.coefficients:
            self._place(projection, coefficient)
        self._each_step(synapses, self._change(rule.each_step), PLASTICITY, "plasticity")
        if normalised:
            order = self.groups[projection.target].order - 4
            scaling = f"w *= scale_{projection.name}_post"
            self._each_step(synapses, scaling, order, "normalisation")

    def _synapse_model(self, projection: Projection) -> str:
        source = self.circuit.population(projection.source)
        target = self.circuit.population(projection.target)
        lines = [
            projection.rule.model,
            f"{self._input_of(target)}_post = w*{source.signal}_pre : 1 (summed)",
            f"x = {source.trace}_pre : 1",
            f"y = {target.trace}_post : 1",
        ]
        if projection.rule.normalisation == "p8":
            power = f"({NORM_SCALE}*w)**8"
            lines.append(f"q_{projection.name}_pre = {power} : 1 (summed)")
        lines += [self._coefficient_line(c, projection) for c in projection.rule.coefficients]
        lines.append(beyond(projection.name, self.controls.limits))
        return "\n".join(lines)

    def _input_of(self, target: Population) -> str:
        assert target.model is not None
        return target.model.input

    def _coefficient_line(self, coefficient: Coefficient, projection: Projection) -> str:
        name = coefficient.name
        if _is_initial_value(coefficient, projection):
            return ""
        kinds = {
            "synapse": f"{name} : 1 (constant)",
            "projection": f"{name} : 1 (shared, constant)",
            "pre": f"{name} = {name}_{projection.name}_pre : 1",
            "post": f"{name} = {name}_{projection.name}_post : 1",
        }
        return kinds[coefficient.per]

    def _place(self, projection: Projection, coefficient: Coefficient) -> None:
        """Note where a coefficient's numbers go, and put its default there."""
        owner, name = projection.name, coefficient.name
        if coefficient.per in ("pre", "post"):
            owner = projection.source if coefficient.per == "pre" else projection.target
            name = f"{name}_{projection.name}"
        self.addresses[f"{projection.name}.{coefficient.name}"] = f"{owner}.{name}"
        group = self.synapses.get(owner) or self.groups[owner]
        setattr(group, name, coefficient.default)

    def _coefficients_of(self, population: str) -> str:
        """Equations for the coefficients that stand for numbers per neuron of a population."""
        sides = {"pre": "source", "post": "target"}
        lines = [
            f"{coefficient.name}_{projection.name} : 1 (constant)"
            for projection in self.circuit.projections
            for coefficient in projection.rule.coefficients
            if getattr(projection, sides.get(coefficient.per, "rule")) == population
        ]
        normalised = [
            f"q_{projection.name} : 1"
            for projection in self.circuit.projections
            if projection.source == population and projection.rule.normalisation == "p8"
        ]
        counted = [
            f"beyond_{projection.name} : 1"
            for projection in self.circuit.projections
            if projection.target == population and self.controls.limits.largest_weight
        ]
        return "\n" + "\n".join(lines + normalised + counted)

    def _change(self, statements: str) -> str:
        """Return a rule's statements, without effect from the step at which a control freezes."""
        if self.controls.freeze_at is None or not statements.strip():
            return statements
        changing = f"int(timestep(t, dt) < {self.controls.freeze_at})"
        return f"before = w\n{statements}\nw = before + {changing}*(w - before)"

    # ------------------------------------------------------------------------------ normalisation

    def _scales_of(self, population: str) -> str:
        lines = [
            f"scale_{projection.name} : 1 (linked)"
            for projection in self.circuit.projections
            if projection.target == population and projection.rule.normalisation == "p8"
        ]
        return "\n" + "\n".join(lines)

    def _norm(self, projection: Projection) -> None:
        """Make the weights' 8-norm: summed per source neuron, then over source neurons.

        The one number that scales a layer comes back to every target neuron, where synapses can
        read it: Brian2 gives them no way to a variable shared by the whole group.
        """
        name, target = projection.name, self.groups[projection.target]
        order = target.order - 8
        total = self._group(f"norm_{name}", 1, "Q : 1\nscale : 1", order)
        self._sum(f"over_{name}", self.groups[projection.source], total, "Q", f"q_{name}_pre")
        floor = SMALLEST_NORM * NORM_SCALE
        root = "sqrt(sqrt(sqrt(Q)))"
        scale = f"scale = {NORM_SCALE}/clip({root}, {floor}, inf)"
        self._each_step(total, scale, order + 1, "root")
        spread = self._group(f"scale_{name}", len(target), "scale : 1", order + 3)
        self._sum(f"spread_{name}", total, spread, "scale", "scale_pre")
        setattr(target, f"scale_{name}", linked_var(spread, "scale"))

    # ------------------------------------------------------------------------------- small pieces

    def _group(
        self, name, size, equations, order, namespace=None, threshold=None, method="exact"
    ) -> NeuronGroup:
        with reading(name, equations, threshold):
            group = NeuronGroup(
                size, equations, events={} if threshold is None else {"spike": threshold},
                method=method, order=order, name=name, clock=self.clock,
                namespace={**self.namespace, **(namespace or {})},
            )  # fmt: skip
        self.groups[name] = group
        return self._keep(group)

    def _sum(self, name, source, target, variable, expression) -> None:
        synapses = Synapses(
            source, target, f"{variable}_post = {expression} : 1 (summed)", name=name,
            namespace=self.namespace, clock=self.clock,
        )  # fmt: skip
        synapses.connect()
        self._keep(synapses)

    def _each_step(self, owner, statements: str, order: int, name: str) -> None:
        if statements.strip():
            owner.run_regularly(
                statements, when="groups", order=order, clock=self.clock,
                name=f"{owner.name}_{name}",
            )  # fmt: skip

    def _keep(self, made):
        self.objects.append(made)
        return made

    def _monitors(self) -> None:
        """Watch signals, traces, weights and a body at the end of a step."""
        for population in self.circuit.populations:
            names = {population.signal, population.trace}
            self._watch(self.groups[population.name], sorted(names))
        for synapses in self.synapses.values():
            self._watch(synapses, ["w"])
        if self.task.acts:
            items = self.groups["items"]
            known = items.equations
            told = [name for name in ("reward",) if name in known.subexpr_names]
            self._watch(items, sorted(known.parameter_names | known.diff_eq_names) + told)

    def _watch(self, owner, names: list[str]) -> None:
        self._keep(StateMonitor(
            owner, names, record=True, name=f"watch_{owner.name}", when="end", clock=self.clock
        ))  # fmt: skip


def _is_initial_value(coefficient: Coefficient, projection: Projection) -> bool:
    lines = (line.split(":")[0].strip() for line in projection.rule.model.splitlines())
    return coefficient.name in lines


def controlled(
    task: Task, parameters: Mapping[str, float], condition: str
) -> tuple[dict[str, float], Controls]:
    """Return parameters and controls of a condition, such as ``reset``."""
    chosen = task.with_defaults(parameters)
    if condition in NEEDED:
        _check_declared(task, condition)
    if NEEDED.get(condition) == "unseen":
        return {**chosen, **task.unseen}, Controls()
    if condition == "frozen":
        settling = task.number(task.settling, chosen)
        chosen["prelude"] = max(chosen["prelude"], settling)
        return chosen, Controls(freeze_at=int(chosen["prelude"]))
    if condition in ("halted", "reset"):
        first, last = (task.number(text, chosen) for text in task.delay)
        halted = condition == "halted"
        return chosen, Controls(freeze_at=first) if halted else Controls(forget=(first, last))
    return chosen, Controls()


def _check_declared(task: Task, condition: str) -> None:
    field = NEEDED[condition]
    if not getattr(task, field):
        raise DeclarationError(
            f"Task.{task.name}.{field}", f"the condition {condition!r} needs it",
            cure="Declare it, or leave the condition out.",
        )  # fmt: skip


def recorded(controls: Controls) -> Controls:
    """Return the same controls with monitors."""
    return replace(controls, record=True)
