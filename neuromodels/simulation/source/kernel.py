"""Captured code objects into one CUDA kernel: a block for each instance, all of them in each step.

The statements, their order and their random numbers are those of the C++ program; only the loops
are dealt out to the threads of a block, and barriers stand wherever one thread needs what another
one wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays import delays as flights
from neuromodels.simulation.arrays.delays import Delays, flights_name
from neuromodels.simulation.arrays.layout import ALIGNMENT, Array, Layout
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import DRAWS, Block, array_name
from neuromodels.simulation.source.clocks import Clockwork
from neuromodels.simulation.source.device_functions import for_devices
from neuromodels.simulation.source.hazards import Touched, touched
from neuromodels.simulation.source.loops import Lines, indented
from neuromodels.simulation.source.program import (
    Program,
    counter_of,
    extra_names,
    now_of,
    sampled_names,
    section,
)
from neuromodels.simulation.source.thread_loops import (
    BARRIER,
    ThreadedDense,
    ThreadedSparse,
    alone,
    each,
    neurons,
    visits,
)

#: The files that a kernel begins with: for the host, and for both sides.
HOST_SECTIONS, DEVICE_SECTIONS = ("cuda", "run", "process"), ("random", "functions")


class KernelClockwork(Clockwork):
    """The loop over time, which all threads of a block go through together."""

    def _leave(self, counted: Sequence[str] = ()) -> Lines:
        counts = "".join(f"{name}_timestep[0]++; " for name in counted)
        # All have read the number before any of them computes it anew.
        ended = f"if (_over) {{ {counts}break; }}"
        read = [BARRIER, "const bool _over = *_until != 0;", BARRIER]
        return ["if (_until) {", [*read, ended], "}"]

    def _count(self) -> Lines:
        return alone(super()._count())


class Kernel(Program):
    """The source of one network as a kernel, with its host side.

    Parameters
    ----------
    captured, initialisers, layout, real
        As of a `Program`.
    shared_limit
        How much shared memory a block may take, in bytes.
    most_threads
        How many threads a block may have.
    """

    clockwork_type = KernelClockwork

    def __init__(
        self,
        captured: Sequence[Captured],
        initialisers: Sequence[Captured],
        layout: Layout,
        real: str,
        *,
        shared_limit: int,
        most_threads: int,
    ):
        self.shared_limit = shared_limit
        self.most_threads = most_threads
        self.shared: dict[str, int] = {}
        self.shared_bytes = 0
        super().__init__(captured, initialisers, layout, real)

    # ------------------------------------------------------------------------- the whole source

    def _source(self, starts: Lines, steps: Lines) -> Lines:
        own = for_devices("\n".join(self.support.source)).splitlines()
        draws = any(DRAWS in line for line in own)
        self._place(1024 if not draws else 1024 + 28 * self.most_threads)
        return [
            f"typedef {self.real} nm_real;",
            f"#define NM_MOST_THREADS {self.most_threads}",
            *(line for name in HOST_SECTIONS for line in section(name)),
            *(line for name in DEVICE_SECTIONS for line in _device_section(name)),
            *section("kernel"),
            *(_draws() if draws else []),
            *own,
            "",
            "NM_KERNEL neuromodels_kernel(const Run run, char* images, const int64_t instances) {",
            [
                "NM_SHARED_MEMORY;",
                "for (int64_t instance = NM_BLOCK; instance < instances; instance += NM_BLOCKS) {",
                [
                    *self._opening(),
                    BARRIER,
                    *starts,
                    *self.clockwork.loop(steps),
                    BARRIER,
                    *self._closing(),
                ],
                "}",
            ],
            "}",
            *self._facts(),
            *section("launch"),
        ]

    def _place(self, reserved: int) -> None:
        """Put as many arrays as fit into shared memory, the smallest ones first."""
        for array in sorted(self.layout.states, key=lambda array: (array.bytes, array.offset)):
            size = -(-max(array.bytes, 1) // ALIGNMENT) * ALIGNMENT
            if self.shared_bytes + size + reserved > self.shared_limit:
                break
            self.shared[array.name] = self.shared_bytes
            self.shared_bytes += size

    @property
    def is_all_shared(self) -> bool:
        """Whether an instance's whole state lies in shared memory."""
        return len(self.shared) == len(self.layout.states)

    def _opening(self) -> Lines:
        size = max(self.layout.block_bytes, ALIGNMENT)
        image = f"run.blocks ? run.blocks + instance * {size} : images + NM_BLOCK * {size}"
        ends = [array for array in self.layout.states if _can_end(array)]
        return [
            "const uint64_t _key = mixed(mixed(run.seed) + run.streams[instance]);",
            "const int32_t _slot = run.recorded ? run.recorded[instance] : -1;",
            f"char* const image = {image};",
            *(line for k, array in enumerate(self.tables) for line in self._pointer(k, array)),
            *(line for a in self.layout.states if a.scratch for line in self._pointer(-1, a)),
            "const nm_real* _until = 0;",
            *(f"if (run.until == {array.offset}) _until = {array.name};" for array in ends),
            *self.clockwork.arrays(),
            *[f"int64_t {counter_of(code)} = 0;" for code in self.captured if sampled_names(code)],
        ]

    def _pointer(self, number: int, array: Array) -> Lines:
        """Point at an array, and give it the values with which the run begins."""
        type_, name, size = array.type, array.name, array.size
        row = f"(run.rows[{number}] ? run.rows[{number}][instance] : 0)"
        table = f"(const {type_}*)run.tables[{number}] + {row} * {size}"
        if not array.is_state:
            return [f"const {type_}* __restrict {name} = {table};"]
        in_image = f"({type_}*)(image + {array.offset})"
        fresh = [] if array.scratch else [f"if (run.fresh) nm_copy({name}, {table}, {size});"]
        if name not in self.shared:
            return [f"{type_}* const {name} = {in_image};", *fresh]
        place = f"({type_}*)(nm_shared + {self.shared[name]})"
        held = f"if (!run.fresh) nm_copy({name}, (const {type_}*){in_image}, {size});"
        return [f"{type_}* const {name} = {place};", *fresh, held]

    def _closing(self) -> Lines:
        """Hand over what the run leaves, before the next instance takes the place."""
        lines: Lines = []
        for k, array in enumerate(self.layout.states):
            cast, name, size = f"({array.type}*)", array.name, array.size
            if name in self.shared:
                image = f"{cast}(image + {array.offset})"
                lines.append(f"if (run.blocks) nm_copy({image}, {name}, {size});")
            kept = f"{cast}(run.output_data[{k}] + instance * {array.bytes})"
            lines.append(f"if (run.output_data[{k}]) nm_copy({kept}, {name}, {size});")
            if array.type in ("nm_real", "double"):
                wrong = f"run.failed && !nm_finite({name}, {size})"
                lines.append(f"if ({wrong}) run.failed[instance] = 1;")
        return [*lines, BARRIER]

    def _facts(self) -> Lines:
        """Tell the host's side about the sizes of this network."""
        states = self.layout.states
        columns = [2 + len(extra_names(code)) for code in self.spike_monitors]
        sizes = {
            "TABLES": len(self.tables),
            "STATES": len(states),
            "CLOCKS": len(self.layout.clocks),
            "SAMPLES": len(self.sampled),
            "SPIKE_MONITORS": len(self.spike_monitors),
            "DATA": len(self.support.data),
            "SHARED_BYTES": self.shared_bytes,
            "BLOCK_BYTES": max(self.layout.block_bytes, ALIGNMENT),
            "NEEDS_IMAGE": int(not self.is_all_shared),
        }
        set_ = [
            f"{{ const double* _p = (const double*)data[{k}]; "
            f"arena.note(NM_SET(_namespace{name}, _p)); }}"
            for k, name in enumerate(self.support.data)
        ]
        return [
            *(f"static const int64_t NM_{name} = {number};" for name, number in sizes.items()),
            _list("nm_row_bytes", (array.bytes for array in self.tables)),
            _list("nm_state_offsets", (array.offset or 0 for array in states)),
            _list("nm_state_bytes", (array.bytes for array in states)),
            _list("nm_event_columns", columns),
            "struct Arena;",
            "template <typename Data, typename A>",
            "static void nm_set_data(const Data& data, A& arena) {",
            set_,
            "}",
        ]

    # ------------------------------------------------------------------------- one code object

    def _step(self) -> Lines:
        """Put a barrier before what meets an array that was touched since the last one."""
        lines: Lines = []
        states = {array.name for array in self.layout.states}
        pending = Touched(states, set(states))  # anything, by the step before
        for code in self.captured:
            head, body, end = self._code_object(code)
            own = touched("\n".join(indented(body)), states)
            if own.meets(pending) and head.startswith("if"):
                body = [BARRIER, *body]
            elif own.meets(pending):
                lines.append(BARRIER)
                pending = Touched()
            pending.add(own)
            lines += [head, body, end]
        return lines

    def _initialiser(self, number: int, code: Captured) -> Lines:
        head, body, end = super()._initialiser(number, code)
        return [head, [*body, BARRIER], end]

    def _neurons(self, block: Block, count: int | str, tail: Lines) -> Lines:
        return neurons(block, count, tail)

    def _visits(
        self, block: Block, index: str, count: int | str, body: Lines, vector: bool = False
    ) -> Lines:
        return visits(block, index, count, body)

    def _wired(self, wiring: Wiring) -> ThreadedDense | ThreadedSparse:
        return ThreadedDense(wiring) if wiring.dense else ThreadedSparse(wiring, self.layout)

    def _scalar(self, code: Captured) -> Lines:
        """Compute scalars in every thread; one thread stores those that are written."""
        block, lines = code.scalar, super()._scalar(code)
        if block.writes:
            stores = [access.write for access in block.writes]
            return [*lines[: -len(stores)], BARRIER, *alone(stores), BARRIER]
        written = {array_name(access.array) for access in code.vector.writes}
        read = {array_name(access.array) for access in block.reads}
        return [*lines, BARRIER] if written & read else lines

    def _listing(self, space: str, count: int) -> Lines:
        rank = f"const int32_t _rank = nm_rank({space}_fired, _idx);"
        entry = f"if ({space}_fired[_idx]) {space}[_rank] = _idx;"
        total = f"if (_idx == {count - 1}) {space}[{count}] = _rank + {space}_fired[_idx];"
        needed = f"if ({space}_fired[_idx] || _idx == {count - 1}) {{"
        return [BARRIER, *each("_idx", count, [needed, [rank, entry, total], "}"])]

    def _refractory(self, code: Captured, space: str) -> Lines:
        return [BARRIER, *super()._refractory(code, space)]

    def _carried(self, code: Captured, delays: Delays) -> Lines:
        lines = super()._carried(code, delays)
        return [*alone(lines), BARRIER] if lines else []

    def _events_with_common_delay(self, code: Captured, pathway: SynapticPathway) -> Lines:
        loops = self._wired(self.layout.wirings[code.owner.name])
        name, now = flights_name(pathway.name), now_of(code)
        pushed = [*flights.tidy(name), *flights.push(name, 2, self._fired(code, pathway), now)]
        due, taken = flights.due(name, f"{name}_delay", now)
        visited = loops.of_events(code.vector, pathway.prepost, due)
        return [*alone(pushed), BARRIER, *visited, BARRIER, *alone(taken)]

    def _events_with_own_delay(self, code: Captured, pathway: SynapticPathway) -> Lines:
        return alone(super()._events_with_own_delay(code, pathway))

    def _spikegenerator(self, code: Captured) -> Lines:
        return alone(super()._spikegenerator(code))

    def _spikemonitor(self, code: Captured) -> Lines:
        return alone(super()._spikemonitor(code))

    def _ratemonitor(self, code: Captured) -> Lines:
        return alone(super()._ratemonitor(code))


def width(layout: Layout) -> int:
    """Return the largest number of neurons or synapses that a step visits together."""
    sizes = [wiring.n_synapses for wiring in layout.wirings.values()]
    return max([*sizes, *(a.size for a in layout.states if not a.scratch)], default=1)


def _can_end(array: Array) -> bool:
    """Whether an array can tell that its instance is over."""
    return array.size == 1 and array.type == "nm_real" and not array.scratch


def _device_section(name: str) -> list[str]:
    return for_devices("\n".join(section(name))).splitlines()


def _draws() -> Lines:
    """Functions that draw random numbers, with a place for each thread of a block."""
    lines = [line for line in section("draws") if not line.startswith("static thread_local")]
    return [
        "static NM_BLOCK_WIDE Noise _drawings[NM_MOST_THREADS];",
        "static NM_BLOCK_WIDE uint32_t _drawing_sites[NM_MOST_THREADS];",
        "#define _drawing _drawings[NM_THREAD]",
        "#define _drawing_site _drawing_sites[NM_THREAD]",
        *for_devices("\n".join(lines)).splitlines(),
    ]


def _list(name: str, numbers: Iterable[int]) -> str:
    shown = ", ".join(str(number) for number in [*numbers, 0])
    return f"static const int64_t {name}[] = {{{shown}}};"
