"""A wiring of its own for each instance: drawn from its stream, or given pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.variables import ArrayVariable, Subexpression
from brian2.devices.device import get_device
from brian2.groups.group import Group
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.utils.stringtools import get_identifiers

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator, seed_of
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.arrays.wiring import Wiring, is_derived
from neuromodels.simulation.capture.identifiers import spoken
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.addresses import real_numbers
from neuromodels.simulation.device.connecting_code import quick_setup
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.monitors import check_recorded
from neuromodels.simulation.device.state import Table

#: (presynaptic, postsynaptic) indices, counted from the start of source and target.
Pairs = tuple[np.ndarray, np.ndarray]

#: Tells the values of a variable, (rows, size), where they are not those of the network.
Known = Callable[[ArrayVariable], np.ndarray | None]


def indexed_synapses(groups: Mapping[str, Group]) -> dict[str, str]:
    """Return the names of synapses that others begin or end at, and the name of one such other.

    Brian2 links no variable to synapses, so nothing else finds them by their number.
    """
    return {
        end.name: group.name
        for group in groups.values()
        if isinstance(group, Synapses)
        for end in (group.source, group.target)
        if isinstance(end, Synapses)
    }


def checked_choice(
    name: str,
    condition: str | None,
    p: Any,
    ends: tuple[Sequence | None, Sequence | None],
    instances: int,
) -> str | np.ndarray:
    """Return the probability: its text, or one number for each instance.

    Raises
    ------
    DeclarationError
        Where a wiring is both drawn and listed, has one end only, or `p` is no probability.
    """
    where = f"Batch.connect({name!r})"
    is_listed = [end is not None for end in ends]
    if any(is_listed) and not (all(is_listed) and condition is None and np.all(p == 1.0)):
        raise DeclarationError(where, "give condition and p, or both pre and post")
    if isinstance(p, str):
        return p
    numbers = real_numbers(f"{where}.p", p)
    if numbers.shape not in ((), (1,), (instances,)):
        told = f"must be one number, or one for each of {instances} instances"
        raise DeclarationError(f"{where}.p", told, numbers.shape)
    check_probability(f"{where}.p", numbers.reshape(-1))
    return np.broadcast_to(numbers.reshape(-1), instances)


def check_free(name: str, groups: Mapping[str, Group], is_live: bool) -> None:
    """Refuse synapses that cannot be numbered anew: instances or another object know them."""
    where = f"Batch.connect({name!r})"
    if is_live:
        raise DeclarationError(
            where,
            "must come before the first run and before any value is read",
            cure="Make a new Batch.",
        )
    indexed = indexed_synapses(groups)
    if name in indexed:
        raise DeclarationError(
            where,
            "no other object may find these synapses by number",
            indexed[name],
            "Connect them in the network, before the Batch is made.",
        )


def own_start(instances: Instances, variable: ArrayVariable) -> np.ndarray | None:
    """Return the values that instances begin with, (instances, size) or, if shared, (1, size).

    None where they are those of the network.
    """
    name = array_name(variable)
    if instances.beginning.writes(name):
        return instances.begun().get(variable)
    tables, arrays = instances.state.first_tables, instances.layout.arrays
    if name not in tables or arrays[name].rows is not None:
        return None
    array, table = arrays[name], tables[name]
    if np.array_equal(table.values, np.broadcast_to(array.initial, table.values.shape)):
        return None
    return instances.state.get(array)[: None if table.rows is not None else 1]


def shared_start(instances: Instances, variable: ArrayVariable) -> np.ndarray | None:
    """Return the values that all instances begin with, (1, size); None: the network's.

    Raises
    ------
    DeclarationError
        Where they differ between instances.
    """
    values = own_start(instances, variable)
    if values is not None and np.any(values != values[:1]):
        raise DeclarationError(
            "Batch.connect.shared",
            "all instances must have the same values of a variable that decides",
            spoken(array_name(variable)),
            "Leave shared out.",
        )
    return values if values is None else values[:1]


def drawn_pairs(
    synapses: Synapses,
    condition: str | None,
    p: float | str | np.ndarray,
    seed: int,
    streams: np.ndarray,
    namespace: Mapping[str, Any],
    known: Known,
) -> list[Pairs]:
    """Return the pairs that each instance connects, drawn from its stream.

    Parameters
    ----------
    condition
        Which pairs may be connected, in Brian2's syntax; None: all.
    p
        Probability of each of them: a number, one number for each of `streams`, or an expression of
        ``i``, ``j`` and the variables of both groups.
    streams
        Of the instances: equal streams draw equal wirings.
    known
        Tells the values (rows, size) of a variable where they are not those of the network: one
        row for each of `streams`, or one for all.

    Raises
    ------
    EquationError, DeclarationError
        Where the condition or the probability cannot be read, or is no probability.
    """
    own_p = None if isinstance(p, str) else np.broadcast_to(p, len(streams))
    draft = Draft(synapses, condition, p if isinstance(p, str) else 1.0, namespace)
    values = [(v, rows) for v in draft.variables() if (rows := known(v)) is not None]
    alike: dict[tuple, list[int]] = {}
    for k, stream in enumerate(streams):
        noise = seed_of(seed, "condition", int(stream)) if draft.is_random() else None
        alike.setdefault((noise, *(_row(rows, k).tobytes() for _, rows in values)), []).append(k)
    pairs: list[Pairs] = [None] * len(streams)  # type: ignore[list-item]
    for (noise, *_), instances in alike.items():
        own = [(variable, _row(rows, instances[0])) for variable, rows in values]
        pre, post, chance = draft.candidates(own, noise)
        for k in instances:
            chance = chance if own_p is None else np.atleast_1d(own_p[k])
            chosen = _choose(chance, len(pre), generator(seed, int(streams[k])))
            pairs[k] = pre[chosen], post[chosen]
    return pairs


def _row(rows: np.ndarray, instance: int) -> np.ndarray:
    return rows[instance if len(rows) > 1 else 0]


class Draft:
    """Pairs that may be connected, and how likely each of them is.

    Parameters
    ----------
    synapses
        Between whose groups.
    condition, p
        As for `drawn_pairs`; one probability.
    namespace
        Of names that the synapses do not have in their own.
    """

    def __init__(
        self,
        synapses: Synapses,
        condition: str | None,
        p: float | str,
        namespace: Mapping[str, Any],
    ):
        self.synapses, self.condition, self.p = synapses, condition, p
        self.namespace = {**namespace, **(synapses.namespace or {})}
        self._texts = [text for text in (condition, p) if isinstance(text, str)]

    def variables(self) -> list[ArrayVariable]:
        """Return the stored variables that the expressions depend on."""
        pairs = self._pairs()
        found = {id(v): v for v in self._read(self._texts, pairs.variables)}
        return [v for v in found.values() if v.owner.name != pairs.name]  # i and j are its own

    def is_random(self) -> bool:
        """Whether an expression draws numbers itself."""
        names = set().union(*(get_identifiers(text) for text in self._texts))
        known = {**DEFAULT_FUNCTIONS, **self.namespace}
        functions = [known[name] for name in names if isinstance(known.get(name), Function)]
        return any(not function.stateless for function in functions)

    def candidates(
        self, values: Sequence[tuple[ArrayVariable, np.ndarray]], noise: int | None
    ) -> tuple[np.ndarray, ...]:
        """Return both ends of each pair and its chance, where variables have these values."""
        with quick_setup(), _holding(values), _drawing(noise):
            pre, post, chance = self._listed()
        check_probability(f"{self._where}.p", chance)
        return pre, post, chance

    @property
    def _where(self) -> str:
        return f"Batch.connect({self.synapses.name!r})"

    def _pairs(self) -> Synapses:
        pairs = Synapses(
            self.synapses.source,
            self.synapses.target,
            "chance_of_pair : 1",
            name=f"{self.synapses.name}_pairs*",
            namespace=self.namespace,
        )
        pairs._network = "discarded"  # or Brian2 warns that it was never run
        for name, variable in self.synapses.variables.items():
            is_shared = variable.scalar and variable.owner is self.synapses
            if is_shared and isinstance(variable, ArrayVariable) and name not in pairs.variables:
                pairs.variables.add_reference(name, self.synapses)
        return pairs

    def _listed(self) -> tuple[np.ndarray, ...]:
        """Let Brian2 list the pairs that fulfil the condition, and evaluate their probability."""
        pairs = self._pairs()
        with reading(f"{self._where}.condition", self.condition):
            pairs.connect(condition=self.condition)
        if isinstance(self.p, str):
            with reading(f"{self._where}.p", self.p):
                pairs.chance_of_pair = self.p
            chance = np.array(pairs.variables["chance_of_pair"].get_value(), dtype=float)
        else:
            chance = np.atleast_1d(float(self.p))
        return np.array(pairs.i[:]), np.array(pairs.j[:]), chance

    def _read(self, texts: Iterable[str], variables: Mapping) -> Iterator[ArrayVariable]:
        """Yield the arrays that expressions read, through subexpressions too."""
        for name in set().union(*(get_identifiers(text) for text in texts)):
            variable = variables.get(name)
            if isinstance(variable, Subexpression):
                yield from self._read([variable.expr], variable.owner.variables)
            elif isinstance(variable, ArrayVariable):
                yield variable


def check_probability(where: str, p: np.ndarray) -> None:
    """Refuse what is no probability.

    Raises
    ------
    DeclarationError
        With the first number that is none.
    """
    wrong = p[~((p >= 0) & (p <= 1))]
    if len(wrong):
        raise DeclarationError(where, "must lie in [0, 1]", float(wrong[0]))


@contextmanager
def _holding(values: Sequence[tuple[ArrayVariable, np.ndarray]]) -> Iterator[None]:
    """Let variables of the network have other values for a moment."""
    before = [(variable, np.array(variable.get_value())) for variable, _ in values]
    try:
        for variable, row in values:
            variable.get_value()[:] = row
        yield
    finally:
        for variable, row in before:
            variable.get_value()[:] = row


@contextmanager
def _drawing(noise: int | None) -> Iterator[None]:
    """Let Brian2 draw from a seed for a moment; None: nothing is drawn."""
    if noise is None:
        yield
        return
    device = get_device()
    before = device.get_random_state()
    device.seed(noise % 2**32)
    try:
        yield
    finally:
        device.set_random_state(before)


def _choose(chance: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Return which of `count` pairs are drawn, in ascending order."""
    if len(chance) > 1:
        return np.flatnonzero(random.random(count) < chance)
    p = float(chance[0]) if len(chance) else 0.0
    if p in (0.0, 1.0) or count == 0:
        return np.arange(count if p else 0)
    # The gaps between chosen pairs are geometric: far fewer draws than pairs.
    expected = int(count * p + 6 * np.sqrt(count * p) + 16)
    places = np.cumsum(random.geometric(p, expected)) - 1
    while places[-1] < count:
        more = np.cumsum(random.geometric(p, expected)) + places[-1]
        places = np.concatenate([places, more])
    return places[places < count]


def given_pairs(synapses: Synapses, pre: Sequence, post: Sequence, instances: int) -> list[Pairs]:
    """Return checked pairs that a user listed, for each instance or once for all.

    Raises
    ------
    DeclarationError
        Where lengths differ or an index lies outside of its group.
    """
    rows = [_rows(synapses, "pre", pre, instances), _rows(synapses, "post", post, instances)]
    most = max(len(side) for side in rows)
    rows = [side * most if len(side) == 1 else side for side in rows]
    for k, (first, second) in enumerate(zip(*rows, strict=True)):
        if len(first) != len(second):
            raise DeclarationError(
                f"Batch.connect({synapses.name!r})",
                f"instance {k} must have as many pre as post",
                (len(first), len(second)),
            )
    return list(zip(*rows, strict=True))


def _rows(synapses: Synapses, side: str, indices: Sequence, instances: int) -> list[np.ndarray]:
    where = f"Batch.connect({synapses.name!r}).{side}"
    rows: list = list(indices)
    if not rows or np.ndim(rows[0]) == 0:
        rows = [indices]
    elif len(rows) != instances:
        raise DeclarationError(where, f"there must be {instances} lists, one each", len(rows))
    size = len(synapses.source if side == "pre" else synapses.target)
    arrays = [np.atleast_1d(np.asarray(row)) for row in rows]
    for array in arrays:
        if array.size and array.dtype.kind not in "iu":
            raise DeclarationError(where, "indices must be whole numbers", str(array.dtype))
        if array.size and not 0 <= array.min() <= array.max() < size:
            raise DeclarationError(
                where, f"indices must lie in [0, {size})", (int(array.min()), int(array.max()))
            )
    return [array.astype(np.int32) for array in arrays]


def own_wiring(shared: Wiring, pairs: Sequence[Pairs]) -> Wiring:
    """Return a wiring with one row of synapses for each instance, or one for all."""
    counts = np.array([len(pre) for pre, _ in pairs], dtype=np.int32)
    shape = (len(pairs), int(counts.max(initial=0)))
    ends = np.zeros((2, *shape), dtype=np.int32)
    for k, (pre, post) in enumerate(pairs):
        ends[0, k, : counts[k]] = pre + shared.pre_start
        ends[1, k, : counts[k]] = post + shared.post_start
    return Wiring(
        shared.name,
        ends[0],
        ends[1],
        shared.pre_start,
        shared.post_start,
        shared.n_pre,
        shared.n_post,
        dense=False,
        inner="post",
        counts=counts,
    )


def rewire(instances: Instances, wiring: Wiring, pathways: Iterable[SynapticPathway]) -> None:
    """Give synapses another wiring; values that differ between them must be set anew."""
    instances.rewind()
    check_recorded(wiring, instances.captured)
    for pathway in pathways:
        instances.array(pathway.variables["delay"])
        _keep_delay(instances, pathway)
    kept = {}
    for array in instances.layout.arrays.values():
        if array.wiring is not None and array.wiring.name == wiring.name:
            kept[array.name] = _common(instances, array, wiring)
            instances.beginning.drop_values({array.name})
    instances.wirings[wiring.name] = wiring
    instances.lay_out()
    instances.state.tables.update({name: table for name, table in kept.items() if table})


def _keep_delay(instances: Instances, pathway: SynapticPathway) -> None:
    """Keep a delay that was given to all synapses of an instance."""
    present = instances.layout.delays.get(pathway.name)
    if present is not None and len(present.carried):
        raise DeclarationError(
            f"Batch.connect({pathway.synapses.name!r})",
            "no spikes may be under way to the synapses that it replaces",
            f"{len(present.carried)} in {pathway.name}",
            "Make the Batch before the network runs.",
        )
    given = instances.delays.pop(pathway.name, None)
    if given is not None and given.kind != "own":
        instances.delays[pathway.name] = replace(given, steps=given.steps[:, :1])


def _common(instances: Instances, array: Array, wiring: Wiring) -> Table | None:
    """Return the value that all synapses of an instance share, in a table of another wiring.

    Where they differ the variable must be set again.
    """
    table = instances.state.tables.pop(array.name, None)
    if array.variable is None or is_derived(array.variable):
        return None
    values = array.initial[np.newaxis] if table is None else table.values
    if np.any(values != values[:, :1]):
        if not instances.beginning.draws_of(array.name):
            instances.unset.add(array.name)
        return None
    if table is None or not values.size:
        return None
    return Table(np.repeat(values[:, :1], wiring.n_synapses, axis=1), table.rows)
