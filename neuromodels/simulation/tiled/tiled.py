"""The stock route: many copies of a network side by side, in one program of a standalone device.

This is what Brian2 and brian2cuda can do without the batch device, kept for comparison and for
single networks too large for a block of a GPU.  The program is compiled once per duration and
started anew for each run, with new values and seeds.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import brian2
import numpy as np
from brian2 import Network, SpikeGeneratorGroup, prefs, second
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import ArrayVariable
from brian2.devices.device import RuntimeDevice, get_device, reset_device, set_device
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import BuildError, DeclarationError, SimulationError
from neuromodels.simulation.build import gpu
from neuromodels.simulation.device.addresses import array_variable, checked_values, groups_of
from neuromodels.simulation.device.library import core_count
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.source.timing import checked_seconds
from neuromodels.simulation.tiled import brian2cuda as cuda
from neuromodels.simulation.tiled.tiling import Place, Tiling, check_tileable, stored_variables

CPP, CUDA = "cpp_standalone", "cuda_standalone"
DEVICES = (CPP, CUDA)
DTYPES = ("float32", "float64")

#: Brian2 compiles a seed in; this line reads one when the program starts.
CPP_SEED_LINE = (
    f'if (std::getenv("{cuda.SEED_VARIABLE}")) for (size_t k = 0; k < _random_generators.size();'
    f' k++) _random_generators[k].seed(std::strtoul(std::getenv("{cuda.SEED_VARIABLE}"), NULL, 10)'
    " + k);"
)
SEED_LINES = {CPP: CPP_SEED_LINE, CUDA: cuda.SEED_LINE}

#: How long the loop took, once all its work is done; both programs include <time.h> and <fstream>.
LOOP_SECONDS = "loop_seconds.txt"
CLOCK_LINES = {
    "before_network_run": "struct timespec nm_begin; clock_gettime(CLOCK_MONOTONIC, &nm_begin);",
    "after_network_run": (
        "struct timespec nm_end; clock_gettime(CLOCK_MONOTONIC, &nm_end);"
        f' {{ std::ofstream file((brian::results_dir + "{LOOP_SECONDS}").c_str());'
        " file.precision(9); file << std::fixed << (nm_end.tv_sec - nm_begin.tv_sec)"
        " + 1e-9*(nm_end.tv_nsec - nm_begin.tv_nsec); }"
    ),
}
LOG_LINES = 15


@dataclass(frozen=True)
class Stored:
    """The file to which a program writes an array, and the type of its numbers."""

    file: str
    dtype: np.dtype


@dataclass(frozen=True)
class TiledProgram:
    """A compiled program.

    Parameters
    ----------
    arrays
        ``(owner, name)`` of each array of the large network -> its file.
    """

    folder: Path
    arrays: Mapping[tuple[str, str], Stored]


class Tiled:
    """Copies of a network as blocks of one large network, on a standalone device of Brian2.

    Parameters
    ----------
    network
        One copy, set up on the runtime device: groups made, synapses connected, initial values
        set.  It is not changed and does not run.
    instances
        How many copies.
    device
        ``"cpp_standalone"``, or ``"cuda_standalone"`` (needs brian2cuda, nvcc and a GPU).
    directory
        Where programs are built, empty or absent; default: a folder that goes with this object.
    dtype
        ``"float32"`` or ``"float64"``.
    namespace
        As for `Batch`.

    Attributes
    ----------
    report
        ``builds``, ``build_seconds`` (code generation and compiler), ``seconds`` (of the loops,
        without reading values and writing results) and ``instances_run`` so far.

    Raises
    ------
    UnsupportedFeature
        Where something in the network cannot be tiled; names it.
    SimulationError
        Where brian2cuda is missing.

    Examples
    --------
    >>> tiled = Tiled(network, 512, device="cpp_standalone")   # doctest: +SKIP
    >>> tiled.run(1*second, values={"plastic.A": values}, seed=1)
    >>> tiled["plastic.w"]                                     # (512, n), a Quantity
    """

    def __init__(
        self,
        network: Network,
        instances: int,
        *,
        device: str = CPP,
        directory: str | Path | None = None,
        dtype: str = "float32",
        namespace: Mapping[str, Any] | None = None,
    ):
        _check_choices(instances, device, dtype)
        check_tileable(network)
        if device == CUDA:
            cuda.load()
            cuda.check_clocks(network)
        self.instances, self.device, self.dtype = int(instances), device, dtype
        self.namespace = get_local_namespace(level=1) if namespace is None else dict(namespace)
        self.report = Report()
        self._network, self._groups = network, groups_of(network)
        self._places: Mapping[str, Place] = {}
        self._programs: dict[float, TiledProgram] = {}
        self._results: tuple[TiledProgram, Path] | None = None
        self._own = None if directory else TemporaryDirectory(prefix="neuromodels_")
        self._folder = _fresh_folder(Path(directory or self._own.name))  # type: ignore[union-attr]

    # ------------------------------------------------------------------------------------- build

    def build(self, duration: Quantity, jobs: int | None = None) -> Path:
        """Generate and compile the program for a duration; return its folder.

        Parameters
        ----------
        duration
            Simulated time; Brian2 compiles it in.
        jobs
            Compilers at once; default: one per core.

        Raises
        ------
        BuildError
            With the last lines that the compiler printed.
        """
        seconds = checked_seconds("Tiled.build", duration)
        if seconds not in self._programs:
            start = perf_counter()
            program = self._generate(seconds)
            _compile(program.folder, jobs or core_count(), self.device)
            self._programs[seconds] = program
            self.report.builds += 1
            self.report.build_seconds += perf_counter() - start
        return self._programs[seconds].folder

    def _generate(self, seconds: float) -> TiledProgram:
        folder = self._folder / f"program_{len(self._programs)}"
        with _standalone(self.device, folder, self.dtype) as device:
            _insert_lines(device, self.device)
            tiling = Tiling(self._network, self.instances)
            tiling.network.run(seconds * second, namespace=self.namespace)
            device.build(directory=str(folder), compile=False, run=False)
            arrays = {
                key: Stored(device.get_array_filename(variable), np.dtype(variable.dtype))
                for key, variable in _arrays(tiling)
            }
        self._places = tiling.places
        return TiledProgram(folder, arrays)

    # --------------------------------------------------------------------------------------- run

    def run(
        self, duration: Quantity, values: Mapping[str, Any] | None = None, seed: int = 0
    ) -> None:
        """Run all copies from the start.

        Parameters
        ----------
        duration
            Simulated time.  The program is built at the first run of this duration.
        values
            By address, ``(instances, size)``, or ``(size,)`` for all, or ``(instances,)`` where the
            variable is shared; others have the values of the declared network.
        seed
            Of the noise.  Copies share one generator: unlike on the batch device, a copy's noise
            depends on how many there are.

        Raises
        ------
        DeclarationError
            Where a value has the wrong unit or length; nothing runs then.
        SimulationError
            Where the program fails, does not read a value, or finds no GPU.
        """
        checked = {address: self._check_value(address, v) for address, v in (values or {}).items()}
        if self.device == CUDA and gpu.first_device() is None:
            raise _no_gpu("none")
        self.build(duration)
        program = self._programs[checked_seconds("Tiled.run", duration)]
        arguments = [self._write_value(program, k, *item) for k, item in enumerate(checked.items())]
        results = program.folder / "results"
        self._results = None
        _start(program.folder, results, arguments, seed)
        self._results = program, results
        self.report.seconds += float((results / LOOP_SECONDS).read_text())
        self.report.instances_run += self.instances

    def _check_value(self, address: str, values: Any) -> np.ndarray:
        variable = self._variable(address)
        size = 1 if variable.scalar else len(self._groups[address.partition(".")[0]])
        return checked_values(address, variable, values, self.instances, size, "Tiled")

    def _write_value(
        self, program: TiledProgram, number: int, address: str, values: np.ndarray
    ) -> str:
        """Write values where the program reads them; return its argument.

        The file's name has no capital letter: programs of brian2cuda turn it into lower case, do
        not find it, and go on with the default.  A name that begins with a digit would be a value.
        """
        place = self._places[address]
        stored = program.arrays[place.owner, place.name]
        every = np.broadcast_to(values, (self.instances, place.size))
        wide = np.repeat(every, place.width // place.size, axis=1)
        file = Path("static_arrays", f"given_{number}.dat")
        np.ascontiguousarray(wide, dtype=stored.dtype).tofile(program.folder / file)
        return f"{place.owner}.{place.name}={file}"

    # -------------------------------------------------------------------------------------- read

    def __getitem__(self, address: str) -> np.ndarray:
        """Return a variable after the last run, shape (instances, size), with its unit."""
        variable = self._variable(address)
        program, results = self._last_run()
        place = self._places[address]
        flat = _read(program, results, (place.owner, place.name))
        values = flat.reshape(self.instances, place.width)[:, : place.size]
        if variable.dtype == bool:
            return values.astype(bool)
        return Quantity(values, dim=variable.dim) if values.dtype.kind == "f" else values

    def spikes(self, monitor: str, instance: int = 0) -> dict[str, np.ndarray]:
        """Return ``i`` and ``t`` of the spikes of a copy in the last run.

        Parameters
        ----------
        monitor
            Name of a `SpikeMonitor` of the network.
        """
        names = {obj.name: obj for obj in self._network.objects}
        if not isinstance(names.get(monitor), brian2.SpikeMonitor):
            raise DeclarationError("Tiled.spikes", "must be a SpikeMonitor of the network", monitor)
        program, results = self._last_run()
        size = len(names[monitor].source)
        i, t = (_read(program, results, (monitor, name)) for name in "it")
        mine = i // size == instance
        return {"i": i[mine] % size, "t": t[mine] * second}

    def _last_run(self) -> tuple[TiledProgram, Path]:
        """Return the program that ran last and the folder of its results."""
        if self._results is None:
            raise DeclarationError("Tiled", "must have run before anything is read")
        return self._results

    def _variable(self, address: str) -> ArrayVariable:
        variable = array_variable(address, self._groups, "Tiled")
        owner, _, name = address.partition(".")
        group = self._groups[owner]
        own = stored_variables(group).get(name) is variable
        if not own or isinstance(group, SpikeGeneratorGroup):
            raise DeclarationError(
                f"Tiled[{address!r}]",
                "only variables that a group itself stores can be read or set",
                f"{getattr(variable.owner, 'name', '')}.{variable.name}",
            )
        return variable


# -- the device and its program ------------------------------------------------------------------


@contextmanager
def _standalone(name: str, folder: Path, dtype: str) -> Iterator[Any]:
    """Make a standalone device the active one during the block, then restore the old one."""
    before, step = prefs.core.default_float_dtype, brian2.defaultclock.dt
    settings = cuda.preferences(folder / "lib") if name == CUDA else nullcontext()
    with settings:
        set_device(name, directory=str(folder), build_on_run=False)
        device = get_device()
        device.reinit()
        device.activate(directory=str(folder), build_on_run=False)
        prefs.core.default_float_dtype = getattr(np, dtype)
        try:
            yield device
        finally:
            prefs.core.default_float_dtype = before
            device.reinit()
            reset_device()
            brian2.defaultclock.dt = step  # Brian2 takes it from one device to the next


def _insert_lines(device: Any, name: str) -> None:
    """Let the program read a seed, and write how long its loop took."""
    device.insert_code("main", SEED_LINES[name])
    for slot, line in CLOCK_LINES.items():
        device.insert_code(slot, f"{cuda.WAIT} {line}" if name == CUDA else line)


def _arrays(tiling: Tiling) -> Iterator[tuple[tuple[str, str], ArrayVariable]]:
    """Yield every array that can be set or read after a run."""
    for place in tiling.places.values():
        yield (place.owner, place.name), tiling.large[place.owner].variables[place.name]
    for owner, large in tiling.large.items():
        if isinstance(large, brian2.SpikeMonitor):
            yield from (((owner, name), large.variables[name]) for name in "it")


def _read(program: TiledProgram, results: Path, key: tuple[str, str]) -> np.ndarray:
    stored = program.arrays[key]
    return np.fromfile(results / stored.file, dtype=stored.dtype)


def _compile(folder: Path, jobs: int, device: str) -> None:
    environment = cuda.environment() if device == CUDA else None
    done = subprocess.run(
        ["make", f"-j{jobs}"], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildError(f"Tiled.{device}", "the program must compile", cure=_end(done))


def _start(folder: Path, results: Path, arguments: list[str], seed: int) -> None:
    """Run a program; raise also where it only prints an error and goes on."""
    results.mkdir(exist_ok=True)
    command = ["./main", "--results_dir", f"{results.resolve()}/", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, cuda.SEED_VARIABLE: str(int(seed))},
        capture_output=True,
        text=True,
        errors="replace",
    )
    output = done.stdout + done.stderr
    if done.returncode and any(words in output for words in cuda.NO_GPU):
        raise _no_gpu(_end(done, 1))
    if done.returncode or any(words in output for words in cuda.UNREAD):
        must = "the program must end without complaints"
        raise SimulationError("Tiled.run", must, f"exit status {done.returncode}", _end(done))


def _end(done: subprocess.CompletedProcess[str], lines: int = LOG_LINES) -> str:
    """Return the last lines that a program printed."""
    printed = (done.stdout + done.stderr).strip().splitlines()
    return "It said:\n" + "\n".join(printed[-lines:])


# -- checks ---------------------------------------------------------------------------------------


def _no_gpu(reason: str) -> SimulationError:
    return SimulationError(
        "Tiled.device",
        "'cuda_standalone' needs an NVIDIA GPU",
        reason,
        "Use device='cpp_standalone', or build() here and run the program elsewhere.",
    )


def _check_choices(instances: int, device: str, dtype: str) -> None:
    if int(instances) < 1:
        raise DeclarationError("Tiled.instances", "there must be at least 1", instances)
    if device not in DEVICES:
        raise DeclarationError("Tiled.device", f"must be one of {', '.join(DEVICES)}", device)
    if dtype not in DTYPES:
        raise DeclarationError("Tiled.dtype", f"must be one of {', '.join(DTYPES)}", dtype)
    active = get_device()
    if not isinstance(active, RuntimeDevice):
        raise DeclarationError(
            "Tiled.network",
            "must be set up on Brian2's runtime device",
            type(active).__name__,
            "Leave set_device out: Tiled chooses the device itself.",
        )


def _fresh_folder(folder: Path) -> Path:
    """Return an empty or absent folder: in another one, makefiles do not notice old headers."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DeclarationError("Tiled.directory", "must be empty or absent", str(folder))
    return folder
