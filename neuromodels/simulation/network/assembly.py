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
from dataclasses import dataclass

from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
    prefs,
)
from brian2.units import second
from brian2.units.fundamentalunits import Quantity
from numpy import ndarray

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules.normalisation import SMALLEST_NORM
from neuromodels.simulation.capture.messages import discarding, reading
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.simulation.network.equations import (
    CONNECTED,
    NORM_SCALE,
    Wording,
    assigned,
)
from neuromodels.simulation.network.health import OVER, SPIKES, health_equations
from neuromodels.study.conditions import Controls
from neuromodels.tasks import Task

BODY, PLASTICITY, ERASURE, SCORE, HEALTH = 990, 1000, 1010, 1020, 1030


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
    dt: Quantity | None = None,
    controls: Controls | None = None,
) -> Assembly:
    """Return the network of a circuit that does a task.

    Parameters
    ----------
    circuit
        Its first population is the task's channels, its last the read-out.
    parameters
        Of the task; missing ones take their defaults.
    dt
        Length of a step; None: the task's.
    """
    step = task.step * second if dt is None else dt
    chosen = task.with_defaults(parameters)
    assembler = _Assembler(circuit, task, chosen, step, controls or Controls())
    with quick_setup(), discarding(assembler.objects):
        return assembler.assembled()


def tabled(constants: Mapping[str, object]) -> dict[str, object]:
    """Return a task's constants, arrays as tables that statements read as name(row*second, j)."""
    return {
        name: TimedArray(value, dt=1 * second, name=name) if isinstance(value, ndarray) else value
        for name, value in constants.items()
    }


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
        self.wording = Wording(circuit, controls, task.between)
        self.clock = Clock(dt, name="trial_clock")
        self.namespace = {**tabled(task.constants), **parameters}
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
        output = self.circuit.populations[-1]
        self._score(items, output)
        self._actions(items, output)
        self._teaching(items, output)
        self._health()
        if self.controls.record:
            self._monitors()
        network = Network(*self.objects, name="trial")
        steps = self.task.number(self.task.steps, self.parameters)
        return Assembly(
            network=network,
            addresses=self.addresses,
            initial=self._drawn(),
            loss=f"score.{self.task.loss}",
            accuracy=f"score.{self.task.accuracy}",
            over=f"health.{OVER}",
            spikes=f"health.{SPIKES}" if self.controls.limits.sees_spikes else None,
            duration=steps * self.clock.dt,
        )

    def _drawn(self) -> dict[str, str]:
        """Return what each trial draws: the task's items, and who is connected to whom."""
        items = {f"items.{name}": text for name, text in self.task.item_start.items()}
        sparse = [each for each in self.circuit.projections if each.is_sparse]
        pairs = {
            f"{each.name}.{CONNECTED}": f"int(rand() < {float(each.probability)!r})"
            for each in sparse
        }
        return items | pairs

    # ----------------------------------------------------------------------------------- the task

    def _items(self) -> NeuronGroup:
        task = self.task
        actions = [f"{name} : 1" for name in task.actions]
        model = "\n".join([task.item_model, task.dynamics, *actions])
        size = task.number(task.items, self.parameters)
        method = "rk4" if task.dynamics else "exact"
        items = self._group("items", size, model, BODY if task.acts else 0, method=method)
        self._each_step(items, task.item_step, 5, "drawing")
        self._each_step(items, task.body, BODY + 1, "body")
        return items

    def _actions(self, items: NeuronGroup, output: Population) -> None:
        """Let each component of the read-out reach the body in the step in which it arises."""
        for number, name in enumerate(self.task.actions):
            component = f"{output.signal}_pre*int(i == {number})"
            self._sum(f"action_{number}", self.groups[output.name], items, name, component)

    def _teaching(self, items: NeuronGroup, output: Population) -> None:
        """Let the task tell each neuron of the read-out what it should do."""
        if not self.task.taught:
            return
        assert output.model is not None
        if not output.model.taught:
            raise DeclarationError(
                "circuit.readout",
                f"must be a model that the task {self.task.name!r} can teach",
                output.model.name,
                "Choose readout = 'leaky_readout'.",
            )
        told = self.groups[output.name]
        self._sum("taught", items, told, output.model.taught, self.task.taught)

    def _channels(self, population: Population, items: NeuronGroup) -> None:
        model = self.task.stimulus_model + self.wording.channels(population)
        group = self._group(population.name, population.size, model, order=10)
        self._each_step(group, self.task.stimulus, 11, "stimulus")
        self._sum("shown", items, group, "cue", self.task.shown)

    def _score(self, items: NeuronGroup, output: Population) -> None:
        several = [f"y{k}" for k in range(output.size)] if output.size > 1 else []
        answers = "\n".join(f"{name} : 1" for name in several) or "y : 1 (linked)"
        model = self.task.score_model + ("" if self.task.acts else f"\n{answers}")
        group = self._group("score", 1, model, order=SCORE)
        if not self.task.acts and not several:
            group.y = linked_var(self.groups[output.name], output.signal)
        for number, name in enumerate([] if self.task.acts else several):
            component = f"{output.signal}_pre*int(i == {number})"
            self._sum(f"answer_{number}", self.groups[output.name], group, name, component)
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
                self.groups[population.name],
                health,
                on_pre=f"{SPIKES}_post += 1/{neurons}",
                namespace={},
                name=f"count_{population.name}",
                clock=self.clock,
            )
            counted.connect()
            self._keep(counted)

    # -------------------------------------------------------------------------------- populations

    def _population(self, population: Population, order: int) -> None:
        model = population.model
        assert model is not None
        group = self._group(
            population.name,
            population.size,
            self.wording.population(population),
            order,
            namespace=model.constants,
            threshold=model.threshold,
        )
        if model.threshold is not None:
            self._each_step(group, model.before_spikes, order + 1, "clearing")
            group.set_event_schedule("spike", when="groups", order=order + 2)
            group.run_on_event("spike", model.reset, when="groups", order=order + 3)
        self._each_step(group, model.each_step, order + 4, "each_step")
        for coefficient in population.coefficients:
            label = f"{population.name}.{coefficient.name}"
            self.addresses[label] = label
            setattr(group, coefficient.name, coefficient.default)
        self._each_step(group, self.wording.erasure(model.forget), ERASURE, "erasure")

    # -------------------------------------------------------------------------------- projections

    def _projection(self, projection: Projection) -> None:
        rule = projection.rule
        normalised = rule.normalisation == "p8"
        if normalised:
            self._norm(projection)
        equations = self.wording.projection(projection)
        with reading(projection.name, equations):
            synapses = Synapses(
                self.groups[projection.source],
                self.groups[projection.target],
                equations,
                on_pre=self.wording.changes(rule, rule.on_pre) or None,
                on_post=self.wording.changes(rule, rule.on_post) or None,
                namespace={**self.namespace, **rule.constants},
                name=projection.name,
                clock=self.clock,
                method="exact",
            )
        synapses.connect()
        self._keep(synapses)
        self.synapses[projection.name] = synapses
        for coefficient in rule.coefficients:
            self._place(projection, coefficient)
        changes = self.wording.changes(rule, rule.each_step)
        self._each_step(synapses, changes, PLASTICITY, "plasticity")
        self._each_step(synapses, self.wording.erasure(rule.forget), ERASURE, "erasure")
        if normalised:
            order = self.groups[projection.target].order - 4
            scaling = f"w *= scale_{projection.name}_post"
            self._each_step(synapses, scaling, order, "normalisation")

    def _place(self, projection: Projection, coefficient: Coefficient) -> None:
        """Note where a coefficient's numbers go, and put its default there."""
        owner, name = projection.name, coefficient.name
        if coefficient.per in ("pre", "post"):
            owner = projection.source if coefficient.per == "pre" else projection.target
            name = f"{name}_{projection.name}"
        self.addresses[f"{projection.name}.{coefficient.name}"] = f"{owner}.{name}"
        group = self.synapses.get(owner) or self.groups[owner]
        setattr(group, name, coefficient.default)

    # ------------------------------------------------------------------------------ normalisation

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
                size,
                equations,
                events={} if threshold is None else {"spike": threshold},
                method=method,
                order=order,
                name=name,
                clock=self.clock,
                namespace={**self.namespace, **(namespace or {})},
            )
        self.groups[name] = group
        return self._keep(group)

    def _sum(self, name, source, target, variable, expression) -> None:
        synapses = Synapses(
            source,
            target,
            f"{variable}_post = {expression} : 1 (summed)",
            name=name,
            namespace=self.namespace,
            clock=self.clock,
        )
        synapses.connect()
        self._keep(synapses)

    def _each_step(self, owner, statements: str, order: int, name: str) -> None:
        if statements.strip():
            owner.run_regularly(
                statements,
                when="groups",
                order=order,
                clock=self.clock,
                name=f"{owner.name}_{name}",
            )

    def _keep(self, made):
        self.objects.append(made)
        return made

    def _monitors(self) -> None:
        """Watch signals, traces, weights and a body at the end of a step."""
        for population in self.circuit.populations:
            names = {population.signal, population.trace}
            if self.circuit.is_modulated(population.name):
                names.add("modulation")
            self._watch(self.groups[population.name], sorted(names))
        for projection in self.circuit.projections:
            rule = projection.rule
            names = {*rule.learns, *assigned(rule.forget)}
            self._watch(self.synapses[projection.name], sorted(names))
        if self.task.acts:
            items = self.groups["items"]
            known = items.equations
            told = [name for name in ("reward",) if name in known.subexpr_names]
            self._watch(items, sorted(known.parameter_names | known.diff_eq_names) + told)

    def _watch(self, owner, names: list[str]) -> None:
        self._keep(
            StateMonitor(
                owner, names, record=True, name=f"watch_{owner.name}", when="end", clock=self.clock
            )
        )
