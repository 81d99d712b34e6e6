"""What the monitors of a batch saw, as its users ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from brian2.groups.group import Group

from neuromodels.errors import DeclarationError
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.noise_names import Identities
from neuromodels.simulation.device.addresses import checked_whole
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.monitors import (
    SAMPLING,
    Recordings,
    samples_of,
    spikes_of,
    spikes_of_all,
)
from neuromodels.simulation.device.records.neo_objects import (
    check_neo,
    segment_of,
    signals,
    spike_trains,
)
from neuromodels.simulation.device.records.saved_state import SavedState


class Recorder:
    """The part of a batch that records, and stores its state."""

    _instances: Instances
    _identities: Identities
    groups: dict[str, Group]

    def save(self, path: Path | str) -> None:
        """Write the state of all instances to a file, with what monitors have seen.

        `load` takes it from there, in another process too; going on from there gives the numbers
        that going on from here gives, to the bit for ``device="cpp"``.

        Parameters
        ----------
        path
            Of an npz archive of plain arrays; one that is there is replaced.

        Raises
        ------
        StorageError
            Where the file cannot be written, or is of another kind.
        """
        SavedState(self._instances, self._identities, self.groups, Path(path)).save()

    def load(self, path: Path | str) -> None:
        """Let all instances stand where those stood that `save` has written.

        Values, streams, time, random numbers, wirings, delays, spikes under way and recordings are
        those of the file. `restart` goes back to the start of this batch.

        Parameters
        ----------
        path
            Of a file that you trust: indices in it are not all checked.

        Raises
        ------
        StorageError
            Where the file is missing or damaged, or of another network, precision or number of
            instances.
        """
        SavedState(self._instances, self._identities, self.groups, Path(path)).load()

    def record(self, instances: Sequence[int]) -> None:
        """Choose the instances whose monitors record; what was recorded before is dropped."""
        count = len(self._instances.streams)
        chosen = list(dict.fromkeys(np.ravel(checked_whole("Batch.record", instances)).tolist()))
        if not all(0 <= k < count for k in chosen):
            told = f"instances must lie in [0, {count})"
            raise DeclarationError("Batch.record", told, chosen)
        self._instances.recordings = Recordings(chosen)

    def spikes(self, name: str, instance: int = 0) -> dict[str, np.ndarray]:
        """Return ``i``, ``t`` and more of each spike seen by a spike monitor.

        Parameters
        ----------
        name
            Of the monitor, or of the group it watches.
        instance
            Which recorded instance.
        """
        seen = self._monitor(name, ("spikemonitor",))
        return spikes_of(self._instances.recordings, seen, instance)

    def all_spikes(self, name: str) -> dict[str, np.ndarray]:
        """Return the spikes of all recorded instances: ``instance``, ``i``, ``t`` and more.

        They are in the order of instances, and for each one in the order of times.

        Parameters
        ----------
        name
            Of the monitor, or of the group it watches.
        """
        seen = self._monitor(name, ("spikemonitor",))
        recordings = self._instances.recordings
        return spikes_of_all(recordings, seen)

    def samples(self, name: str, instance: int = 0) -> dict[str, np.ndarray]:
        """Return ``t`` and the variables seen by a state or rate monitor, (indices, times).

        Parameters
        ----------
        name
            Of the monitor.
        instance
            Which recorded instance.
        """
        code = self._monitor(name, ("statemonitor", "ratemonitor"))
        return samples_of(self._instances.recordings, code, instance)

    def segment(self, instance: int = 0) -> Any:
        """Return all that monitors saw of an instance as a `neo.Segment`.

        A spike monitor gives a `SpikeTrain` for each neuron, with its ``group`` and ``neuron`` as
        annotations. A state or rate monitor gives an `AnalogSignal` for each variable, a column
        for each recorded neuron. elephant measures them, and neo's ``NWBIO`` writes them as NWB.

        Parameters
        ----------
        instance
            Which recorded instance.

        Raises
        ------
        DeclarationError
            Where the instance is not recorded, neo is not installed, or it has no name for a unit.
        """
        check_neo("Batch.segment")
        sampled = [code for code in self._instances.captured if code.template in SAMPLING]
        spiking = [code for code in self._instances.captured if code.template == "spikemonitor"]
        return segment_of(
            instance,
            [train for code in spiking for train in self._trains(code, instance)],
            [each for code in sampled for each in self._signals(code, instance)],
        )

    def _trains(self, code: Captured, instance: int) -> list[Any]:
        seen, group = spikes_of(self._instances.recordings, code, instance), code.owner.source
        span = self._instances.start, self._instances.time
        return spike_trains(seen["i"], np.asarray(seen["t"]), len(group), span, group.name)

    def _signals(self, code: Captured, instance: int) -> Iterator[Any]:
        seen = samples_of(self._instances.recordings, code, instance)
        return signals(code.name, seen, float(code.clock.dt_))

    def _monitor(self, name: str, templates: Sequence[str]) -> Captured:
        monitors = [code for code in self._instances.captured if code.template in templates]
        for code in monitors:
            if name in (code.name, code.owner.source.name):
                return code
        names = ", ".join(code.name for code in monitors) or "none"
        told = f"the network must have a {templates[0]} of that name"
        raise DeclarationError("Batch.record", told, name, f"There are: {names}.")
