"""Short episodes from the initial state, of which only a few variables are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from brian2.groups.group import Group
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.simulation.arrays.layout import Array, owner_name
from neuromodels.simulation.capture.identifiers import spoken
from neuromodels.simulation.capture.own_functions import held_name
from neuromodels.simulation.device.addresses import (
    array_variable,
    checked_values,
    checked_whole,
    pathway_of,
)
from neuromodels.simulation.device.beginning import Draw
from neuromodels.simulation.device.inputs import (
    checked_course,
    checked_lists,
    data_name,
    timed_array,
)
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.library import Call
from neuromodels.simulation.device.state import stored_rows
from neuromodels.simulation.source.plan import Plan
from neuromodels.simulation.source.timing import checked_seconds

#: What `Batch.trials` calls the episodes that ended with numbers that are not finite.
FAILED = "failed"

#: An array (None: a timed one), and a row of values for each candidate or one for all.
Values = dict[str, tuple[Array | None, np.ndarray]]

#: By generator: the number of a list of spikes for each candidate, or one for all.
Lists = dict[str, np.ndarray]


class Episodes:
    """Episodes of a batch.

    Parameters
    ----------
    instances
        Whose program runs; they themselves are not touched.
    groups
        Of the network, by name.
    streams
        Noise-stream id of each episode, shape (n,), uint64.
    """

    def __init__(self, instances: Instances, groups: Mapping[str, Group], streams: np.ndarray):
        self.instances = instances
        self.groups = groups
        self.streams = streams

    def run(
        self,
        duration: Quantity,
        outputs: Sequence[str],
        values: Mapping[str, Any],
        rows: np.ndarray | None,
        each: Mapping[str, Any],
        until: str | None,
    ) -> dict[str, np.ndarray]:
        """Run all episodes: see `Batch.trials`."""
        end = self.instances.start + checked_seconds("Batch.trials", duration)
        lists = self._checked_lists(values)
        checked = self._checked({a: v for a, v in values.items() if a not in lists})
        own = self._checked_each(each, values)
        counts = {len(given) for given in [v for _, v in checked.values()] + [*lists.values()]}
        row_of = self._checked_rows(rows, counts - {1}) if checked or lists else None
        kept = {address: self._output(address) for address in _addresses(outputs)}
        ending = None if until is None else self._end(until)
        executable = self.instances.ready(len(self.streams))
        given = {*checked, *own}
        self._refuse_instance_values(executable.plan, given, set(lists))
        call = self.instances.call(executable, self.streams, None)
        _put_candidates(executable.plan, call, checked, row_of)
        _put_candidates(executable.plan, call, own, np.arange(len(self.streams)))
        self._put_lists(executable.plan, call, lists, row_of)
        call.last_steps = self.instances.steps_until(end, from_start=True)
        call.fresh, call.draws = True, self._draws(given)
        call.outputs = [(array.offset or 0, array.bytes, out) for array, out in kept.values()]
        call.failed = np.zeros(len(self.streams), dtype=np.uint8) if FAILED in outputs else None
        if ending is not None:
            call.until, call.ran = ending, np.zeros(len(self.streams), dtype=np.int64)
        self.instances.make(executable, call)
        found = {a: x.wiring.in_brian2_order(v) if x.wiring else v for a, (x, v) in kept.items()}
        return found if call.failed is None else {**found, FAILED: call.failed.astype(bool)}

    # --------------------------------------------------------------------------------- values

    def _checked_lists(self, values: Mapping[str, Any]) -> Lists:
        """Return which spikes a generator fires in the episodes of each candidate."""
        if not isinstance(values, Mapping):
            told = type(values).__name__
            raise DeclarationError("Batch.trials.values", "must be values by address", told)
        found: Lists = {}
        for name, given in values.items():
            if isinstance(self.groups.get(name), SpikeGeneratorGroup):
                spikes = self.instances.spikes.get(name)
                known = 1 if spikes is None else len(spikes.steps)
                where, count = f"Batch.trials[{name!r}]", np.size(given)
                found[name] = checked_lists(where, np.ravel(given), count, known)
        return found

    def _put_lists(self, plan: Plan, call: Call, lists: Lists, row_of: np.ndarray | None) -> None:
        """Let each episode read the row of its list."""
        rows = list(call.rows)
        for place, array in enumerate(plan.tables):
            if owner_name(array) in lists and array.rows is not None:
                chosen = lists[owner_name(array)]
                wide = np.zeros(len(self.streams), np.int64) if len(chosen) == 1 else row_of
                rows[place] = np.ascontiguousarray(chosen[wide])
        call.rows = rows

    def _checked_each(self, each: Mapping[str, Any], values: Mapping[str, Any]) -> Values:
        """Return the values of each episode, refusing what candidates have as well."""
        if twice := sorted(set(each) & set(values)):
            raise DeclarationError(
                "Batch.trials.each", "must not name what `values` names", twice[0]
            )
        checked = self._checked(each)
        for address, (_, given) in zip(each, checked.values(), strict=True):
            if len(given) != len(self.streams):
                raise DeclarationError(
                    f"Batch.trials.each[{address!r}]",
                    f"must have a row for each of the {len(self.streams)} episodes",
                    np.shape(each[address]),
                )
        return checked

    def _checked(self, values: Mapping[str, Any]) -> Values:
        return dict(self._checked_value(address, given) for address, given in values.items())

    def _checked_value(
        self, address: str, given: Any
    ) -> tuple[str, tuple[Array | None, np.ndarray]]:
        where = f"Batch.trials[{address!r}]"
        timed = timed_array(address, self.groups, self.instances.captured)
        if timed is not None:
            count = np.shape(given)[0] if np.ndim(given) > timed.values.ndim else 1
            course = checked_course(address, timed, given, count, "Batch.trials")
            self.instances.check_courses(course)
            return data_name(timed), (None, course)
        variable = array_variable(address, self.groups, "Batch.trials")
        if pathway_of(variable, self.groups) is not None:
            raise DeclarationError(
                where,
                "delays must be those of the batch",
                address,
                "Set them before, the same for all instances.",
            )
        array = self.instances.array(variable)
        shape = np.shape(given)
        if len(shape) > 2 and np.prod(shape[1:]) == array.size:
            given = (
                given.reshape(shape[0], -1)
                if isinstance(given, Quantity)
                else np.reshape(given, (shape[0], -1))
            )
        count = shape[0] if len(shape) > 1 or (shape and array.size == 1) else 1
        checked = checked_values(address, variable, given, count, array.size, "Batch.trials")
        return array.name, (array, checked)

    def _checked_rows(self, rows: Any, counts: set[int]) -> np.ndarray | None:
        """Refuse rows that would be read from behind a table."""
        count = min(counts, default=1)
        if len(counts) > 1:
            raise DeclarationError(
                "Batch.trials.values",
                "there must be as many rows of each variable",
                sorted(counts),
            )
        if rows is None and count != 1:
            raise DeclarationError(
                "Batch.trials.rows",
                "must say which candidate each episode belongs to",
                f"{count} candidates",
                f"Give {len(self.streams)} numbers in [0, {count}).",
            )
        if rows is None:
            return None
        whole = checked_whole("Batch.trials.rows", rows)
        wrong = whole.min(initial=0) < 0 or whole.max(initial=0) >= count
        if whole.shape != self.streams.shape or wrong:
            told = f"there must be {len(self.streams)} of them in [0, {count})"
            raise DeclarationError("Batch.trials.rows", told, rows)
        return np.ascontiguousarray(whole, dtype=np.int64)

    def _draws(self, given: set[str]) -> list[Draw]:
        """Return the initial expressions, less those of variables that have values instead."""
        for late in self.instances.beginning.given:
            if late.name not in given:
                raise DeclarationError(
                    f"Batch.trials[{spoken(late.name)!r}]",
                    "must be set before the initial expressions that read it",
                    cure="Set it, then call initialise once more.",
                )
        return [draw for draw in self.instances.beginning.draws if not draw.writes & given]

    def _refuse_instance_values(self, plan: Plan, given: set[str], lists: set[str]) -> None:
        """Refuse values that were set per instance: an episode is not an instance."""
        for array in plan.tables:
            if array.rows is not None and owner_name(array) not in lists:
                raise DeclarationError(
                    "Batch.trials",
                    "all instances must share wiring, delays and spikes",
                    spoken(array.name),
                    "Draw or give them once for all.",
                )
        state, known = self.instances.state, self.instances.layout.arrays
        for name, table in [*state.first_tables.items(), *state.first_data.items()]:
            owner = owner_name(known[name]) if name in known else ""
            if table.rows is not None and name not in given and owner not in lists:
                raise DeclarationError(
                    f"Batch.trials[{spoken(name)!r}]",
                    "values must not differ between instances",
                    len(table.rows),
                    "Pass them as `values` with `rows`.",
                )

    # -------------------------------------------------------------------------------- outputs

    def _output(self, address: str) -> tuple[Array, np.ndarray]:
        array = self._written(address)
        return array, np.empty((len(self.streams), array.size), dtype=array.initial.dtype)

    def _written(self, address: str) -> Array:
        array = self.instances.array(array_variable(address, self.groups, "Batch.trials"))
        if not array.is_state:
            raise DeclarationError(
                f"Batch.trials[{address!r}]", "an output must be written by the network", address
            )
        return array

    def _end(self, address: str) -> int:
        """Return where in an instance's block the number lies that ends it."""
        array = self._written(address)
        if array.size != 1 or array.type != "nm_real":
            raise DeclarationError(
                "Batch.trials.until", "must be one real number of an instance", address
            )
        return array.offset or 0


def _addresses(outputs: Sequence[str]) -> list[str]:
    if isinstance(outputs, str):
        raise DeclarationError(
            "Batch.trials.outputs", "must be a list of addresses", outputs, f"Write [{outputs!r}]."
        )
    return [address for address in outputs if address != FAILED]


def _put_candidates(plan: Plan, call: Call, values: Values, rows: np.ndarray | None) -> None:
    names = [*(array.name for array in plan.tables), *map(held_name, plan.support.data)]
    tables, row_maps = [*call.tables, *call.data], [*call.rows, *call.data_rows]
    for name, (array, given) in values.items():
        for place in (k for k, known in enumerate(names) if known == name):
            tables[place] = given if array is None else stored_rows(array, given)
            row_maps[place] = rows if len(given) > 1 else None
    count = len(call.tables)
    call.tables, call.data = tables[:count], tables[count:]
    call.rows, call.data_rows = row_maps[:count], row_maps[count:]
