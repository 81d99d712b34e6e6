"""What a batch has cost so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuromodels.simulation.build.cache import Build

#: What of a report is not a number.
WORDS = ("profile", "device", "why")


@dataclass
class Report:
    """What a batch has cost so far.

    Parameters
    ----------
    builds, cache_hits
        Programs compiled, and found compiled.
    build_seconds, seconds
        Time spent compiling, and running.
    bytes
        State and tables of all instances, and what was recorded of them.
    device, why
        What it ran on, and why on that.
    block_threads, shared_bytes, device_bytes, passes
        On a GPU: threads and shared memory of a block, memory that the largest pass took there,
        and passes of the last call.
    profile
        Seconds spent by each object, where that was measured.
    """

    builds: int = 0
    cache_hits: int = 0
    build_seconds: float = 0.0
    seconds: float = 0.0
    instances_run: int = 0
    synapse_updates: int = 0
    bytes: int = 0
    threads: int = 1
    device: str = "cpp"
    why: str = ""
    block_threads: int = 0
    shared_bytes: int = 0
    device_bytes: int = 0
    passes: int = 0
    profile: dict[str, float] = field(default_factory=dict)

    @property
    def instances_per_second(self) -> float:
        return self.instances_run / self.seconds if self.seconds else 0.0

    @property
    def synapse_updates_per_second(self) -> float:
        return self.synapse_updates / self.seconds if self.seconds else 0.0

    def note_build(self, build: Build) -> None:
        """Add what it took to compile a program, or to find it compiled."""
        self.builds += not build.hit
        self.cache_hits += build.hit
        self.build_seconds += build.seconds

    def as_dict(self) -> dict[str, float]:
        """Return all numbers, rates included, by name."""
        rates = ("instances_per_second", "synapse_updates_per_second")
        numbers = {name: value for name, value in vars(self).items() if name not in WORDS}
        return {**numbers, **{name: getattr(self, name) for name in rates}}

    def __getitem__(self, name: str) -> float:
        return self.as_dict()[name]
