"""Captured code objects into one CUDA kernel: a block for each instance, all of them in each step.

The statements, their order and their random numbers are those of the C++ program; only the loops
are dealt out to the threads of a block, and barriers stand wherever one thread needs what another
one wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from neuromodels.simulation.arrays.layout import ALIGNMENT, Array, Layout
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.own_functions import DRAWS
from neuromodels.simulation.source.block_loops import BARRIER, BlockLoops
from neuromodels.simulation.source.clocks import Clockwork
from neuromodels.simulation.source.code_objects import start_lines, step_scopes
from neuromodels.simulation.source.device_functions import for_devices
from neuromodels.simulation.source.lines import Lines, indented
from neuromodels.simulation.source.plan import Plan, counter_lines, extra_names, plan_of
from neuromodels.simulation.source.program import section

#: The files that a kernel begins with: for the host, and for both sides.
HOST_SECTIONS, DEVICE_SECTIONS = (
    ("cuda", "run", "guard", "process"),
    ("random", "arithmetic", "functions", "times"),
)

#: Of shared memory: what a block takes for itself, and more for each thread if functions draw.
RESERVED, DRAWING = 1024, 28


class Kernel:
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
        self.plan = plan_of(captured, initialisers, layout, BlockLoops.sums)
        own = for_devices("\n".join(self.plan.support.source)).splitlines()
        draws = any(DRAWS in line for line in own)
        reserved = RESERVED + DRAWING * most_threads if draws else RESERVED
        #: Offsets of the arrays in shared memory.
        self.shared = _shared_places(layout.states, shared_limit - reserved)
        self.shared_bytes = sum(_room(a) for a in layout.states if a.name in self.shared)
        loops = BlockLoops(self.plan.layout)
        clockwork = Clockwork(layout.clocks, loops)
        source = [
            f"typedef {real} nm_real;",
            f"#define NM_MOST_THREADS {most_threads}",
            *_headers(draws),
            *own,
            "",
            "NM_KERNEL neuromodels_kernel(const Run run, char* images, const int64_t instances) {",
            _kernel_body(self._run(loops, clockwork)),
            "}",
            *self._facts(),
            *section("launch"),
        ]
        self.source = clockwork.number_clocks("\n".join(indented(source)) + "\n")

    @property
    def is_all_shared(self) -> bool:
        """Whether an instance's whole state lies in shared memory."""
        return len(self.shared) == len(self.plan.layout.states)

    def _run(self, loops: BlockLoops, clockwork: Clockwork) -> Lines:
        """Take one instance from its first values to what it leaves."""
        plan, states = self.plan, self.plan.layout.states
        step = loops.in_turn(step_scopes(plan, loops, clockwork), [a.name for a in states])
        return [
            *_opening(plan, self.shared),
            *clockwork.arrays(),
            *counter_lines(plan),
            BARRIER,
            *start_lines(plan, loops),
            *clockwork.loop(step),
            BARRIER,
            *_closing(states, self.shared),
        ]

    def _facts(self) -> Lines:
        """Tell the host's side about the sizes of this network."""
        plan, states = self.plan, self.plan.layout.states
        columns = [2 + len(extra_names(code)) for code in plan.spike_monitors]
        sizes = {
            "TABLES": len(plan.tables),
            "STATES": len(states),
            "CLOCKS": len(plan.layout.clocks),
            "SAMPLES": len(plan.sampled),
            "SPIKE_MONITORS": len(plan.spike_monitors),
            "DATA": len(plan.support.data),
            "SHARED_BYTES": self.shared_bytes,
            "BLOCK_BYTES": max(plan.layout.block_bytes, ALIGNMENT),
            "NEEDS_IMAGE": int(not self.is_all_shared),
        }
        return [
            *(f"static const int64_t NM_{name} = {number};" for name, number in sizes.items()),
            _number_list("nm_row_bytes", (array.bytes for array in plan.tables)),
            _number_list("nm_state_offsets", (array.offset or 0 for array in states)),
            _number_list("nm_state_bytes", (array.bytes for array in states)),
            _number_list("nm_event_columns", columns),
            "struct Arena;",
            "template <typename Data, typename A>",
            "static void nm_set_data(const Data& data, A& arena) {",
            [_namespace(k, name) for k, name in enumerate(plan.support.data)],
            "}",
        ]


def width(layout: Layout) -> int:
    """Return the largest number of neurons or synapses that a step visits together."""
    sizes = [wiring.n_synapses for wiring in layout.wirings.values()]
    return max([*sizes, *(a.size for a in layout.states if not a.scratch)], default=1)


def _shared_places(states: Sequence[Array], limit: int) -> dict[str, int]:
    """Put as many arrays as fit into shared memory, the smallest ones first."""
    places: dict[str, int] = {}
    end = 0
    for array in sorted(states, key=lambda array: (array.bytes, array.offset)):
        if end + _room(array) > limit:
            break
        places[array.name] = end
        end += _room(array)
    return places


def _room(array: Array) -> int:
    return -(-max(array.bytes, 1) // ALIGNMENT) * ALIGNMENT


def _headers(draws: bool) -> Lines:
    return [
        *(line for name in HOST_SECTIONS for line in section(name)),
        *(line for name in DEVICE_SECTIONS for line in _device_section(name)),
        *section("kernel"),
        *(_draws() if draws else []),
    ]


def _kernel_body(run: Lines) -> Lines:
    return [
        "NM_SHARED_MEMORY;",
        "for (int64_t instance = NM_BLOCK; instance < instances; instance += NM_BLOCKS) {",
        run,
        "}",
    ]


def _opening(plan: Plan, shared: Mapping[str, int]) -> Lines:
    """Name everything that an instance has, and give it its first values."""
    size, states = max(plan.layout.block_bytes, ALIGNMENT), plan.layout.states
    image = f"run.blocks ? run.blocks + instance * {size} : images + NM_BLOCK * {size}"
    ends = [array for array in states if _can_end(array)]
    scratch = [array for array in states if array.scratch]
    return [
        "const uint64_t _key = mixed(mixed(run.seed) + run.streams[instance]);",
        "const int32_t _slot = run.recorded ? run.recorded[instance] : -1;",
        f"char* const image = {image};",
        *(line for k, array in enumerate(plan.tables) for line in _pointer(k, array, shared)),
        *(line for array in scratch for line in _pointer(-1, array, shared)),
        "const nm_real* _until = 0;",
        *(f"if (run.until == {array.offset}) _until = {array.name};" for array in ends),
    ]


def _pointer(number: int, array: Array, shared: Mapping[str, int]) -> Lines:
    """Point at an array, and give it the values with which the run begins."""
    type_, name, size = array.type, array.name, array.size
    row = f"(run.rows[{number}] ? run.rows[{number}][instance] : 0)"
    table = f"(const {type_}*)run.tables[{number}] + {row} * {size}"
    if not array.is_state:
        return [f"const {type_}* __restrict {name} = {table};"]
    in_image = f"({type_}*)(image + {array.offset})"
    fresh = [] if array.scratch else [f"if (run.fresh) nm_copy({name}, {table}, {size});"]
    if name not in shared:
        return [f"{type_}* const {name} = {in_image};", *fresh]
    place = f"({type_}*)(nm_shared + {shared[name]})"
    held = f"if (!run.fresh) nm_copy({name}, (const {type_}*){in_image}, {size});"
    return [f"{type_}* const {name} = {place};", *fresh, held]


def _closing(states: Sequence[Array], shared: Mapping[str, int]) -> Lines:
    """Hand over what the run leaves, before the next instance takes the place."""
    lines: Lines = []
    for k, array in enumerate(states):
        cast, name, size = f"({array.type}*)", array.name, array.size
        if name in shared:
            image = f"{cast}(image + {array.offset})"
            lines.append(f"if (run.blocks) nm_copy({image}, {name}, {size});")
        kept = f"{cast}(run.output_data[{k}] + instance * {array.bytes})"
        lines.append(f"if (run.output_data[{k}]) nm_copy({kept}, {name}, {size});")
        if array.type in ("nm_real", "double"):
            wrong = f"run.failed && !nm_finite({name}, {size})"
            lines.append(f"if ({wrong}) run.failed[instance] = 1;")
    return [*lines, BARRIER]


def _namespace(number: int, name: str) -> str:
    """Have the host set the data of a function, and note where they lie."""
    data = f"const double* _p = (const double*)data[{number}];"
    return f"{{ {data} arena.note(NM_SET({name}, _p)); }}"


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


def _number_list(name: str, numbers: Iterable[int]) -> str:
    text = ", ".join(str(number) for number in [*numbers, 0])
    return f"static const int64_t {name}[] = {{{text}}};"
