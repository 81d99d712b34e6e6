"""A model made ready to run: built once, its parameters found, its measures added."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import Quantity
from brian2.utils.logger import catch_logs
from brian2.utils.stringtools import get_identifiers

from neuromodels.errors import DeclarationError, NeuromodelsError
from neuromodels.models.building import Built, build, set_up_with_numpy
from neuromodels.models.expressions import to_set_again
from neuromodels.models.fingerprint import fingerprint_of
from neuromodels.models.measures.base import Kept, Measure, Reading, Record
from neuromodels.models.measures.scene import Scene
from neuromodels.models.model import Model
from neuromodels.models.names import Groups
from neuromodels.models.parameters import unit_name
from neuromodels.models.places import PROBABILITY, Place, Places
from neuromodels.simulation import FAILED, Batch, Cuda, Emulation
from neuromodels.simulation.capture.capture import Captured, capture
from neuromodels.simulation.capture.messages import discarding
from neuromodels.simulation.device.addresses import MONITORS, groups_of
from neuromodels.simulation.device.connect import check_probability
from neuromodels.simulation.device.library import core_count

#: Values of parameters in SI units: by name, (points, numbers).
Points = Mapping[str, np.ndarray]
#: What was measured: by name, (instances, ...).
Measured = dict[str, np.ndarray]
#: Takes points, the point of each instance, the ids of their noise and a number of stretches; see
#: `Compiled.run`.
Run = Callable[[Points, np.ndarray, np.ndarray, int], Measured]
#: Ends the name under which the sums of each stretch stand.
IN_STRETCHES = " in stretches"

#: Bytes of what is kept of the instances whose measures are worked out together.
SLICE_BYTES = 2**20


@dataclass(frozen=True)
class Choice:
    """What a model runs on.

    Parameters
    ----------
    device
        As for `Batch`.
    threads
        Cores; None for all.
    """

    device: str | Cuda | Emulation = "cpp"
    threads: int | None = None


class Compiled:
    """A model whose network is built and can be run with any values of its parameters.

    Parameters
    ----------
    model
        What is run.
    choice
        On what.

    Attributes
    ----------
    places
        Of the parameters, by name.
    readings
        Of the measures, by name.
    fingerprint
        A digest of the network that was built, whatever it was built from.
    elsewhere
        Runs instances in place of this process; None: nothing does.
    """

    def __init__(self, model: Model, choice: Choice | None = None):
        self.model, self.choice = model, choice or Choice()
        self.built: Built = build(model.build, model.seed)
        network, names = self.built.network, self.built.names
        start = float(network.t)
        span = (start, start + model.begin, start + model.end)
        self._scene = Scene(network, Groups(network, names), names, span)
        with discarding(self._scene.objects()):
            self._prepare()
        self.watched = {n: r.watched for n, r in self.readings.items() if r.watched}
        changed = [a for place in self.places.values() for a in place.addresses]
        self.expressions = to_set_again(self.built.expressions, changed)
        self.is_own = model.wiring == "own" or any(p.is_wiring for p in self.places.values())
        self.elsewhere: Run | None = None
        #: Whether instances have blocks of their own, for their wiring or their recordings.
        self.has_blocks = self.is_own or bool(self.watched)
        self._batch: Batch | None = None
        self._given: frozenset[str] = frozenset()  # generators that instances have lists of

    def _prepare(self) -> None:
        """Find the places of parameters, and add what measures need."""
        network, scene = self.built.network, self._scene
        with catch_logs():  # of names that mean one thing in a group and another around it
            captured = capture(network, self.built.names)
        places = Places(self.built, scene.groups, captured)
        parameters, measures = self.model.parameters.items(), self.model.measures.items()
        self.places: dict[str, Place] = {name: places.of(name, each) for name, each in parameters}
        with set_up_with_numpy():
            self.readings = {name: _reading(name, each, scene) for name, each in measures}
        self.names = _names_for(self.built, captured, places.declared)
        self.fingerprint = fingerprint_of(network, self.names)  # without what measures add
        if any(reading.watched for reading in self.readings.values()):
            _silence_monitors(network)  # memory is for what a measure asks for
        with set_up_with_numpy():
            self.kept = scene.add()

    def discard(self) -> None:
        """Keep Brian2 from warning about objects that were never run."""
        for each in self._scene.objects():
            each._network = each._network or "discarded"

    @property
    def cores(self) -> int:
        """Cores that instances run on."""
        return self.choice.threads or core_count()

    @property
    def bytes_kept(self) -> int:
        """Memory that one instance takes until its measures are worked out."""
        return self._bytes_of_kept + (self.state_bytes if self.has_blocks else 0)

    def bytes_in_stretches(self, stretches: int) -> int:
        """Memory that one instance takes where the time is cut into stretches."""
        return self._bytes_of_kept * (stretches + 1) + self.state_bytes

    @property
    def _bytes_of_kept(self) -> int:
        groups = groups_of(self.built.network)
        parts = (address.partition(".") for address in self.kept)
        numbers = sum(int(groups[owner].variables[name].size) for owner, _, name in parts)
        return 16 * numbers + 64

    @property
    def bytes_recorded(self) -> int:
        """Memory of what functions of measures see of one instance."""
        return sum(each.watch.bytes_of_instance for each in self.watched.values())

    @property
    def most_recorded(self) -> float:
        """How many instances may be recorded at a time."""
        watches = [each.watch for each in self.watched.values()]
        return min((w.memory // w.bytes_of_instance for w in watches), default=math.inf)

    @property
    def state_bytes(self) -> int:
        """Memory of all variables of an instance, while it runs or where each has its own."""
        groups = groups_of(self.built.network).values()
        arrays = (v for g in groups for v in g.variables.values() if isinstance(v, ArrayVariable))
        return sum(2 * 8 * int(np.size(v.get_value())) for v in arrays)

    def numbers_given(self, name: str, width: int) -> int:
        """Return how many numbers the variables of an instance take from a parameter of `width`."""
        place = self.places[name]
        spread = width if place.spread is None or width == 1 else len(place.spread)
        parts = (place.part is not None and self._present(a).size for a in place.addresses)
        return width + sum(int(part or spread) for part in parts)

    def check_points(self, points: Points) -> None:
        """Refuse values that the variables cannot have.

        Raises
        ------
        DeclarationError
            With the parameter and the value.
        """
        for name, values in points.items():
            place = self.places[name]
            where = f"parameter {name!r}"
            if place.lists is not None:
                check_list_numbers(where, values, len(place.lists))
            if (
                place.largest is not None
                and not ((values >= 0) & (values <= place.largest * (1 + 1e-9))).all()
            ):
                told = f"values must lie in [0, {place.largest:g}] {unit_name(place.dim)}"
                raise DeclarationError(where, told, f"{values.min():g} to {values.max():g}")
            if any(a.endswith(f".{PROBABILITY}") for a in place.addresses):
                check_probability(where, values.ravel())
            if values.shape[1] != place.size and (place.shape or values.shape[1] != 1):
                told = f"must be {place.size} numbers for each point"
                raise DeclarationError(where, told, values.shape[1])

    # ------------------------------------------------------------------------------------- runs

    def run(
        self,
        points: Points,
        rows: np.ndarray,
        streams: np.ndarray,
        first: int = 0,
        stretches: int = 0,
    ) -> Measured:
        """Run instances and return what was measured of each.

        Parameters
        ----------
        points
            Values of the parameters.
        rows
            The point of each instance, shape (instances,).
        streams
            Ids of their noise, shape (instances,), uint64.
        first
            Number of the first one, for messages.
        stretches
            Into how many equal ones the measured time is cut for measures that compare with
            recorded data; 0: it is not cut.

        Returns
        -------
        By measure, (instances, ...), SI units; NaN where an instance has failed. ``"failed"`` says
        which have. With stretches, the sums of each `Record` stand under the name of its measure
        with `IN_STRETCHES` behind it, (instances, stretches, ...).
        """
        if self.elsewhere is not None:
            return self.elsewhere(points, rows, streams, stretches)
        cut: Measured = {}
        if self.has_blocks or stretches:
            kept, cut = self._with_blocks(points, rows, streams, first, stretches)
        else:
            kept = self._episodes(points, rows, streams)
        return {**self._in_slices(kept), **cut}

    def _in_slices(self, kept: Kept) -> Measured:
        """Return what was measured, worked out from a few instances at a time: it needs copies."""
        size = max(SLICE_BYTES // self.bytes_kept, 1)
        starts = range(0, len(kept[FAILED]), size)
        parts = [self._measured({a: v[k : k + size] for a, v in kept.items()}) for k in starts]
        return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}

    def _measured(self, kept: Kept) -> Measured:
        failed = np.asarray(kept[FAILED])
        measured = {name: _without(failed, r.values(kept)) for name, r in self.readings.items()}
        counts = {f"{n}_count": r.counted(kept) for n, r in self.readings.items() if r.counted}
        return {**measured, **counts, FAILED: failed}

    def _episodes(self, points: Points, rows: np.ndarray, streams: np.ndarray) -> Kept:
        lists = self._lists(points)
        batch = self._ready(1, lists)
        values = {**self._values(points), **lists}
        count = len(next(iter(points.values()))) if points else 1
        row_of = rows if values and count > 1 else None
        outputs = [*self.kept, FAILED]
        return batch.trials(
            self.model.end * second, outputs, streams=streams, values=values, rows=row_of
        )

    def _with_blocks(
        self, points: Points, rows: np.ndarray, streams: np.ndarray, first: int, stretches: int
    ) -> tuple[Kept, Measured]:
        lists = self._lists(points)
        batch = self._ready(len(streams), lists)
        batch.restart()
        batch.streams = streams
        for generator, numbers in lists.items():
            self._give_spikes(batch, generator, numbers[rows] if len(numbers) > 1 else numbers)
        values = {a: v[rows] if len(v) > 1 else v for a, v in self._values(points).items()}
        for address, given in values.items():
            batch[address] = given
        self._draw(batch, values)
        batch.record(range(len(streams)) if self.watched else [])
        cut = self._run_through(batch, stretches)
        kept = self._kept_of(batch)
        for address, numbers in kept.items() if self.is_own else ():
            owner = groups_of(self.built.network)[address.partition(".")[0]]
            if isinstance(owner, Synapses) and owner.name in self.built.connections:
                _leave_out_padding(numbers, batch, owner.name)
        found = self._worked_out(batch, first)
        batch.record([])  # lets the recordings go
        return {**kept, **found, FAILED: batch.failed}, cut

    def _kept_of(self, batch: Batch) -> dict[str, np.ndarray]:
        return {address: np.array(batch[address], dtype=float) for address in self.kept}

    def _run_through(self, batch: Batch, stretches: int) -> Measured:
        """Run to the end; return what the records add up in each stretch of the measured time."""
        records = {n: r.record for n, r in self.readings.items() if r.record} if stretches else {}
        start, begin, end = self._scene.span
        taken: dict[str, list[np.ndarray]] = {name: [] for name in records}
        for time in np.linspace(begin, end, stretches + 1)[1:-1] if records else []:
            batch.run(time * second - batch.time)
            self._take(batch, records, float(time), taken)
        batch.run(self.model.end * second - (batch.time - start * second))
        self._take(batch, records, end, taken)
        sums = {name: np.stack(each, axis=1) for name, each in taken.items()}
        return {f"{n}{IN_STRETCHES}": np.diff(s, axis=1, prepend=0) for n, s in sums.items()}

    def _take(
        self,
        batch: Batch,
        records: Mapping[str, Record],
        time: float,
        taken: Mapping[str, list[np.ndarray]],
    ) -> None:
        """Add what the records have added up until now."""
        kept = self._kept_of(batch) if records else {}
        for name, record in records.items():
            taken[name].append(record.sums(kept, time))

    def _worked_out(self, batch: Batch, first: int) -> Kept:
        """Return what the functions of measures say of each instance, NaN of one that failed."""
        found = {}
        for name, each in self.watched.items():
            values = np.full((batch.instances, *each.shape), np.nan)
            for instance in map(int, np.flatnonzero(~batch.failed)):
                where = f"Model.measures[{name!r}], instance {first + instance}"
                values[instance] = each.value(where, each.watch.recording(batch, instance))
            found[each.key] = values
        return found

    def _ready(self, instances: int, generators: Collection[str]) -> Batch:
        """Return the batch, made anew where it has other instances or inputs."""
        given = frozenset(generators)
        if self._batch is None or (self._batch.instances, self._given) != (instances, given):
            self._given = given
            self._batch = None  # lets its memory go before there is another
            self._batch = Batch(
                self.built.network,
                instances,
                seed=self.model.seed,
                dtype=self.model.dtype,
                threads=self.choice.threads,
                device=self.choice.device,
                namespace=self.names,
            )
            if not self.has_blocks:
                self._draw(self._batch, {})
                for generator in given:
                    self._give_spikes(self._batch, generator, np.zeros(1, dtype=np.int64))
        return self._batch

    # ----------------------------------------------------------------------------------- values

    def _values(self, points: Points) -> dict[str, Quantity]:
        """Return what each variable gets, (points, size), with its unit."""
        merged: dict[str, np.ndarray] = {}
        dims = {}
        for name, numbers in points.items():
            place = self.places[name]
            if place.lists is not None:
                continue
            is_one = place.spread is None or numbers.shape[1] == 1
            spread = numbers if is_one else numbers[:, place.spread]
            for address in place.addresses:
                dims[address] = place.dim
                if place.part is None:
                    merged[address] = spread
                    continue
                if address not in merged:
                    merged[address] = np.tile(self._present(address), (len(numbers), 1))
                merged[address][:, place.part] = spread
        shapes = {a: p.shape for p in self.places.values() for a in p.addresses if p.shape}
        return {
            address: Quantity(
                rows.reshape(-1, *shapes.get(address, rows.shape[1:])), dim=dims[address]
            )
            for address, rows in merged.items()
        }

    def _lists(self, points: Points) -> dict[str, np.ndarray]:
        """Return the number of a list of spikes at each point, (points,) by generator."""
        found = {n: v for n, v in points.items() if self.places[n].lists is not None}
        return {self.places[n].addresses[0]: v.ravel().astype(np.int64) for n, v in found.items()}

    def _give_spikes(self, batch: Batch, generator: str, numbers: np.ndarray) -> None:
        """Let a generator have all lists of its parameter, and each instance take one."""
        places = self.places.values()
        lists = next(p.lists for p in places if p.lists and p.addresses == (generator,))
        times = [spikes.times for spikes in lists]
        numbers = np.broadcast_to(numbers, batch.instances)
        batch.set_spikes(generator, [spikes.indices for spikes in lists], times, numbers)

    def _present(self, address: str) -> np.ndarray:
        """Return the values that `build` gave to a variable."""
        owner, _, name = address.partition(".")
        return np.asarray(groups_of(self.built.network)[owner].variables[name].get_value())

    def _draw(self, batch: Batch, values: Mapping[str, Quantity]) -> None:
        """Set again what differs between instances: wirings first, then values, in order."""
        is_all = self.model.wiring == "own"
        for name, call in self.built.connections.items() if self.is_own else ():
            p = values.get(f"{name}.{PROBABILITY}")
            if is_all or p is not None:
                batch.connect(name, call.condition, call.p if p is None else np.ravel(p))
        for address, text in self.expressions.items():
            if self.is_own or not address.endswith(".delay"):
                batch.initialise(address, text)


def _reading(name: str, measure: Measure, scene: Scene) -> Reading:
    """Return the reading of a measure; an error says in `owner` whose it is."""
    try:
        return measure.read_in(scene)
    except NeuromodelsError as error:
        error.owner = f"Model.measures[{name!r}]"
        raise


def compiled_of(model: Model | Compiled, choice: Choice) -> Compiled:
    """Return a model compiled; one that is already stays as it is, whatever it runs on."""
    return model if isinstance(model, Compiled) else Compiled(model, choice)


def _silence_monitors(network: Network) -> None:
    """Let monitors of the user's rest."""
    for obj in network.objects:
        if isinstance(obj, MONITORS):
            obj.active = False


def check_list_numbers(where: str, values: np.ndarray, known: int) -> None:
    """Refuse what is no number of a list of spikes."""
    if not known:
        cure = "Sweep over pairs [([0, 1], [5, 10]*ms), ...], or give the parameter choices."
        raise DeclarationError(where, "a generator needs lists of spikes", cure=cure)
    if not np.isin(values, np.arange(known)).all():
        told = f"must be numbers of its lists of spikes, in [0, {known})"
        raise DeclarationError(where, told, f"{values.min():g} to {values.max():g}")


def _names_for(built: Built, captured: list[Captured], declared: set[str]) -> dict[str, Any]:
    """Return the names that the network's code uses from around its groups."""
    texts = [*built.expressions.values()]
    texts += [str(t) for c in built.connections.values() for t in (c.condition, c.p)]
    used = {name for text in texts for name in get_identifiers(text)}
    for code in captured:
        used |= {name for name in code.variables if name not in code.owner.variables}
    return {n: v for n, v in built.names.items() if n in used and n not in declared}


def _leave_out_padding(rows: np.ndarray, batch: Batch, synapses: str) -> None:
    """Write NaN behind the last synapse of each instance: rows are as long as the longest."""
    for instance, row in enumerate(rows):
        row[len(batch.wiring(synapses, instance)[0]) :] = np.nan


def _without(failed: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values as real numbers, NaN where an instance has failed."""
    values = np.array(values, dtype=float)
    values[failed] = np.nan
    return values
