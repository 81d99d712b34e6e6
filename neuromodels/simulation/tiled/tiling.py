"""Many copies of a declared network as blocks of one large network, for stock Brian2 devices.

Copy k of a group's n elements has the indices k*n to (k + 1)*n - 1; a synapse connects neurons of
one copy.  The large network is made of the same equations, statements and schedule; only what
would tell copies apart is rewritten: ``i``, ``j`` and ``N`` count within a copy, and a value that a
copy's group shares becomes a value of its neurons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    linked_var,
)
from brian2.core.clocks import BaseClock, EventClock
from brian2.core.variables import ArrayVariable
from brian2.devices.device import get_device
from brian2.equations.codestrings import Expression
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
)
from brian2.groups.group import CodeRunner, Group
from brian2.groups.neurongroup import Resetter, StateUpdater, SubexpressionUpdater, Thresholder
from brian2.synapses.synapses import StateUpdater as SynapticStateUpdater
from brian2.synapses.synapses import SummedVariableUpdater, SynapticPathway
from brian2.units import Hz, second
from brian2.utils.stringtools import get_identifiers, word_substitute

from neuromodels.errors import UnsupportedFeature

GROUPS = (NeuronGroup, PoissonGroup, SpikeGeneratorGroup, Synapses)
PARTS = (
    StateUpdater,
    SynapticStateUpdater,
    Thresholder,
    Resetter,
    SubexpressionUpdater,
    SummedVariableUpdater,
    SynapticPathway,
    CodeRunner,
)
DRAWING = {"rand", "randn", "poisson"}


@dataclass(frozen=True)
class Place:
    """Where the values of a declared variable lie in the large network.

    Parameters
    ----------
    owner, name
        Group and variable of the large network.
    size
        Numbers per copy as declared: 1 for a shared variable.
    width
        Numbers per copy in the large network; a shared variable's are all equal.
    """

    owner: str
    name: str
    size: int
    width: int


class Tiling:
    """A large network of copies.

    Parameters
    ----------
    network
        One copy, set up on the runtime device.
    instances
        How many copies.

    Attributes
    ----------
    network
        The large network, made on the active device.
    places
        Address of each stored variable of the declared network -> its place.
    sizes
        Elements of one copy by group.
    large
        Groups and monitors of the large network, by name.

    Raises
    ------
    UnsupportedFeature
        Where something cannot be tiled; names it.
    """

    def __init__(self, network: Network, instances: int):
        check_tileable(network)
        self.instances = instances
        self.declared = {obj.name: obj for obj in whole_objects(network)}
        self.large: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.sizes = {group.name: len(group) for group in self._of(GROUPS)}
        self._clocks = self._main_clock(network)
        self._carried = self._carriers()
        for source in self._of(SpikeGeneratorGroup):
            self.large[source.name] = self._generator(source)
        for group in self._of((NeuronGroup, PoissonGroup)):
            self._tile_neurons(group)
        for group in self._of(NeuronGroup):
            self._link(group)
        for synapses in self._of(Synapses):
            self._tile_synapses(synapses)
        for monitor in self._of(SpikeMonitor):
            self._tile_monitor(monitor)
        self.network = Network(*self.large.values(), name=network.name)
        self.network.schedule = network.schedule

    def _of(self, kinds: type | tuple[type, ...]) -> Iterable[Any]:
        return [obj for obj in self.declared.values() if isinstance(obj, kinds)]

    # ------------------------------------------------------------------------------------ neurons

    def _tile_neurons(self, group: NeuronGroup | PoissonGroup) -> None:
        large = self._poisson(group) if isinstance(group, PoissonGroup) else self._neurons(group)
        self.large[group.name] = large
        self._schedule(large.thresholder, group.thresholder)
        self._run_regularly(large, group)
        self._copy_values(large, group)

    def _generator(self, source: SpikeGeneratorGroup) -> SpikeGeneratorGroup:
        neurons, times, period = (
            np.atleast_1d(np.asarray(source.variables[name].get_value()))
            for name in ("neuron_index", "spike_time", "period")
        )
        return SpikeGeneratorGroup(
            self.instances * len(source),
            self._block_indices(neurons, len(source)),
            np.tile(times, self.instances) * second,
            period=float(period[0]) * second,
            clock=self._clock(source.clock),
            when=source.when,
            order=source.order,
            name=source.name,
        )

    def _poisson(self, group: PoissonGroup) -> PoissonGroup:
        rates = group._rates
        rates = word_substitute(rates, self._words(group)) if isinstance(rates, str) else 0 * Hz
        return PoissonGroup(
            self.instances * len(group),
            rates,
            clock=self._clock(group.clock),
            name=group.name,
            order=group.order,
            namespace=group.namespace,
        )

    def _neurons(self, group: NeuronGroup) -> NeuronGroup:
        words = self._words(group)
        equations = [_of_one_copy(eq, words) for eq in group.user_equations.values()]
        large = NeuronGroup(
            self.instances * len(group),
            Equations([*equations, *self._carrier_equations(group)]),
            method=group.method_choice,
            method_options=group.state_updater.method_options,
            events={name: word_substitute(text, words) for name, text in group.events.items()},
            refractory=_rewrite(group._refractory, words),
            dtype=_other_dtypes(group),
            namespace=group.namespace,
            clock=self._clock(group.clock),
            order=group.order,
            name=group.name,
        )
        for event, code in group.event_codes.items():
            large.run_on_event(event, word_substitute(code, words))
        self._schedule(large.resetter, group.resetter)
        for part in ("state_updater", "subexpression_updater"):
            _same_slot(getattr(large, part), getattr(group, part))
        return large

    def _link(self, group: NeuronGroup) -> None:
        for name in group._linked_variables:
            source = group.variables[name]
            if source.owner is None or source.owner.name not in self.large:
                raise UnsupportedFeature(
                    f"{group.name}.{name}", "a linked variable must lead to a group of the network"
                )
            where = self.large[source.owner.name]
            index = self._link_index(group, name, len(where) // self.instances)
            setattr(self.large[group.name], name, linked_var(where, source.name, index=index))

    def _link_index(self, group: NeuronGroup, name: str, size: int) -> np.ndarray | None:
        """Return the neurons of the source to read, None for those of the same index."""
        index = group.variables.indices[name]
        if index == "_idx":
            return None
        one = np.zeros(len(group), int) if index == "0" else group.variables[index].get_value()
        return self._block_indices(np.asarray(one), size)

    # ----------------------------------------------------------------------------------- synapses

    def _tile_synapses(self, synapses: Synapses) -> None:
        words, source, target = self._words(synapses), synapses.source, synapses.target
        pre, post = ([p for p in synapses._pathways if p.prepost == end] for end in ("pre", "post"))
        updater = synapses.state_updater
        method = {} if updater is None else {"method": updater.method_choice}
        large = Synapses(
            self.large[source.name],
            self.large[target.name],
            Equations(list(self._synaptic_equations(synapses, words))),
            on_pre={p.objname: word_substitute(p.code, words) for p in pre} or None,
            on_post={p.objname: word_substitute(p.code, words) for p in post} or None,
            delay={p.objname: d for p in pre + post if (d := _common_delay(p)) is not None},
            on_event={p.objname: p.event for p in pre + post},
            method_options=updater and updater.method_options,
            dtype=_other_dtypes(synapses),
            namespace=synapses.namespace,
            clock=self._clock(synapses.clock),
            order=synapses.order,
            name=synapses.name,
            **method,
        )
        large.connect(
            i=self._block_indices(np.asarray(synapses.i[:]), len(source)),
            j=self._block_indices(np.asarray(synapses.j[:]), len(target)),
        )
        self.large[synapses.name] = large
        self._same_synaptic_slots(large, synapses, words)
        self._copy_values(large, synapses)

    def _synaptic_equations(
        self, synapses: Synapses, words: Mapping[str, str]
    ) -> Iterable[SingleEquation]:
        """Yield all equations of synapses; Brian2 keeps each kind of them in another place."""
        carried = {
            name: place for (owner, name), place in self._carried.items() if owner == synapses.name
        }
        for equation in synapses.equations.values():
            if equation.varname in carried:
                _, variable, suffix = carried[equation.varname]
                yield _expression(equation, f"{variable}{suffix}")
            else:
                yield _of_one_copy(equation, words)
        for equation in (synapses.event_driven or {}).values():
            if equation.type == DIFFERENTIAL_EQUATION:
                yield _of_one_copy(equation, words)
        for name, updater in synapses.summed_updaters.items():
            code = word_substitute(updater.expression.code, words)
            dim = synapses.variables[name].dim
            yield SingleEquation(SUBEXPRESSION, name, dim, expr=Expression(code), flags=["summed"])

    def _same_synaptic_slots(
        self, large: Synapses, synapses: Synapses, words: Mapping[str, str]
    ) -> None:
        for path in synapses._pathways:
            copy = getattr(large, path.objname)
            _same_slot(copy, path)
            if _common_delay(path) is None:
                copy.delay = np.tile(np.asarray(path.delay[:]), self.instances) * second
        self._schedule(large.summed_updaters, synapses.summed_updaters)
        _same_slot(large.state_updater, synapses.state_updater)
        self._run_regularly(large, synapses)
        # Brian2 keeps the statements of "constant over dt", not the equations
        if synapses.subexpression_updater is not None:
            self._regularly(large, synapses.subexpression_updater, words)

    def _carriers(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """Return (synapses, name) of each shared value -> its carrier: group, variable and suffix.

        In the large network a value is shared by all copies, so each copy's value becomes a
        constant of its neurons: it is read from memory ten to a hundred times less often than a
        constant per synapse.
        """
        carriers = {}
        for synapses in self._of(Synapses):
            for end, suffix in ((synapses.target, "_post"), (synapses.source, "_pre")):
                if isinstance(end, NeuronGroup):
                    for name in _shared_parameters(synapses):
                        variable = f"shared_{synapses.name}_{name}"
                        carriers[synapses.name, name] = (end.name, variable, suffix)
                    break
        return carriers

    def _carrier_equations(self, group: NeuronGroup) -> Iterable[SingleEquation]:
        for (owner, name), (carrier, variable, _) in self._carried.items():
            if carrier == group.name:
                original = self.declared[owner].equations[name]
                yield SingleEquation(
                    PARAMETER, variable, original.dim, original.var_type, flags=["constant"]
                )

    # ------------------------------------------------------------------------ neurons and synapses

    def _words(self, group: Group) -> dict[str, str]:
        """Return replacements of ``i``, ``j`` and sizes, which would count over all copies."""
        if isinstance(group, Synapses):
            ends = {"i": len(group.source), "j": len(group.target)}
            sizes = {"N": len(group), "N_pre": len(group.source), "N_post": len(group.target)}
        else:
            ends, sizes = {"i": len(group)}, {"N": len(group)}
        within = {name: f"({name} % {n})" if n > 1 else "0" for name, n in ends.items()}
        return within | {name: str(n) for name, n in sizes.items()}

    def _block_indices(self, of_one: np.ndarray, size: int) -> np.ndarray:
        """Return the indices of one copy, shifted by `size` for each copy."""
        copies = np.arange(self.instances)[:, None]
        return (copies * size + of_one).ravel()

    def _clock(self, clock: BaseClock) -> BaseClock:
        """Return the clock of the large network; most objects run on the device's own."""
        if clock.name not in self._clocks:
            self._clocks[clock.name] = Clock(clock.dt, name=f"{clock.name}_of_copies")
        return self._clocks[clock.name]

    def _main_clock(self, network: Network) -> dict[str, BaseClock]:
        """Give the device's own clock to most objects: brian2cuda reads its steps by name."""
        clocks = {obj.clock.name: obj.clock for obj in network.sorted_objects}
        uses = Counter(obj.clock.name for obj in network.sorted_objects)
        name, _ = uses.most_common(1)[0]
        own = get_device().defaultclock
        own.dt = clocks[name].dt
        return {name: own}

    def _run_regularly(self, large: Group, group: Group) -> None:
        for part in group.contained_objects:
            if type(part) is CodeRunner:
                self._regularly(large, part, self._words(group))

    def _regularly(self, large: Group, part: CodeRunner, words: Mapping[str, str]) -> None:
        code = word_substitute(part.abstract_code, dict(words))
        clock = self._clock(part.clock)
        large.run_regularly(code, when=part.when, order=part.order, clock=clock, name=part.name)

    def _schedule(self, large: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
        for name, part in declared.items():
            _same_slot(large[name], part)

    def _copy_values(self, large: Group, group: Group) -> None:
        """Copy the values of the declared network to all copies, and note their places."""
        for name, variable in stored_variables(group).items():
            value = np.atleast_1d(np.asarray(variable.get_value()))
            owner, target, width = large.name, name, len(group)
            if (group.name, name) in self._carried:
                owner, target, _ = self._carried[group.name, name]
                width = self.sizes[owner]
            size = 1 if variable.scalar else len(group)
            self.places[f"{group.name}.{name}"] = Place(owner, target, size, width)
            same = value.size and (value == value[0]).all()
            if not (same and value[0] == 0):
                every = value[:1] if same else np.tile(value, self.instances)
                self.large[owner].variables[target].set_value(every)

    def _tile_monitor(self, monitor: SpikeMonitor) -> None:
        self.large[monitor.name] = SpikeMonitor(
            self.large[monitor.source.name],
            sorted(monitor.record_variables - {"i", "t"}) or None,
            record=monitor.record,
            when=monitor.when,
            order=monitor.order,
            name=monitor.name,
        )


def stored_variables(group: Group) -> dict[str, ArrayVariable]:
    """Return the arrays of a group itself that can be set, by name."""
    return {
        name: variable
        for name, variable in group.variables.items()
        if isinstance(variable, ArrayVariable)
        and not variable.read_only
        and variable.name == name  # Brian2 2.11 gives synapses a second name for delays
        and not name.startswith("_")
        and getattr(variable.owner, "name", None) == group.name
    }


def whole_objects(network: Network) -> list[Any]:
    """Return groups and monitors by name, without the parts of which they consist."""
    whole = [obj for obj in network.sorted_objects if type(obj) in (*GROUPS, SpikeMonitor)]
    return sorted(whole, key=lambda obj: str(obj.name))


def check_tileable(network: Network) -> None:
    """Refuse what has no meaning, or no translation, in a network of copies.

    Raises
    ------
    UnsupportedFeature
        Names the object.
    """
    whole = whole_objects(network)
    for obj in network.sorted_objects:
        known = (*GROUPS, SpikeMonitor, *PARTS)
        if type(obj) not in known:
            _refuse(obj.name, "cannot be tiled", type(obj).__name__)
        if isinstance(obj.clock, EventClock):
            _refuse(obj.name, "cannot be tiled", "run_at")
    for obj in whole:
        _check_ends(obj, {id(known) for known in whole})
        _check_shared(obj)


def _check_ends(obj: Any, known: set[int]) -> None:
    ends = {Synapses: ("source", "target"), SpikeMonitor: ("source",)}.get(type(obj), ())
    for end in ends:
        group = getattr(obj, end)
        if isinstance(group, Synapses) or id(group) not in known:
            _refuse(
                f"{obj.name}.{end}",
                "must be a whole group of neurons of the network",
                type(group).__name__,
            )
    if isinstance(obj, SpikeMonitor) and obj.record is not True:
        _refuse(obj.name, "must record all neurons", obj.record)


def _check_shared(obj: Any) -> None:
    for equation in _equations(obj).values():
        if "shared" not in equation.flags:
            continue
        name = f"{obj.name}.{equation.varname}"
        if equation.type == PARAMETER and "constant" not in equation.flags:
            _refuse(name, "a shared variable can be tiled only if it is constant", "(shared)")
        if equation.identifiers & DRAWING:
            _refuse(name, "shared noise cannot be tiled", str(equation.expr))
    if isinstance(obj, Synapses) and obj._linked_variables:
        _refuse(obj.name, "linked variables of synapses cannot be tiled", obj._linked_variables)


def _refuse(where: str, must: str, got: Any) -> None:
    raise UnsupportedFeature(where, must, got, "Leave it out, or use Batch.")


def _equations(group: Any) -> Mapping[str, SingleEquation]:
    return getattr(group, "user_equations", None) or getattr(group, "equations", None) or {}


def _shared_parameters(synapses: Synapses) -> list[str]:
    return [
        name
        for name, equation in synapses.equations.items()
        if equation.type == PARAMETER and "shared" in equation.flags
    ]


def _of_one_copy(equation: SingleEquation, words: Mapping[str, str]) -> SingleEquation:
    """Return the equation of a copy's element in the large network."""
    expression = equation.expr
    if expression is not None and get_identifiers(expression.code) & set(words):
        expression = Expression(word_substitute(expression.code, dict(words)))
    flags = [flag for flag in equation.flags if flag != "shared"]
    return SingleEquation(
        equation.type, equation.varname, equation.dim, equation.var_type, expression, flags
    )


def _expression(equation: SingleEquation, code: str) -> SingleEquation:
    return SingleEquation(
        SUBEXPRESSION, equation.varname, equation.dim, equation.var_type, Expression(code)
    )


def _rewrite(value: Any, words: Mapping[str, str]) -> Any:
    return word_substitute(value, dict(words)) if isinstance(value, str) else value


def _other_dtypes(group: Group) -> dict[str, Any]:
    """Return the types that are not real numbers: those take the precision of the large network."""
    stored = stored_variables(group)
    return {name: v.dtype for name, v in stored.items() if np.dtype(v.dtype).kind != "f"}


def _common_delay(path: SynapticPathway) -> Any:
    """Return the delay of all synapses of a pathway, None where they differ."""
    delays = np.unique(np.asarray(path.variables["delay"].get_value()))
    return delays[0] * second if len(delays) == 1 else None


def _same_slot(large: Any, declared: Any) -> None:
    if declared is not None:
        large.when, large.order, large.active = declared.when, declared.order, declared.active
