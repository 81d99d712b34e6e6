"""Captured code objects into one C++ source: for each instance, for each step, all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.resources import files

import numpy as np
from brian2.core.variables import Constant
from brian2.synapses.synapses import SynapticPathway

from neuromodels.simulation.arrays import delays as flights
from neuromodels.simulation.arrays.delays import Delays, flights_name
from neuromodels.simulation.arrays.layout import Array, Layout, event_space
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import DRAWS, SPECIAL, Block, Support, array_name
from neuromodels.simulation.source.clocks import Clockwork, clock_name
from neuromodels.simulation.source.loops import (
    DenseLoops,
    Lines,
    SparseLoops,
    count_loop,
    indented,
    loops_of,
    neuron_loop,
    vectorises,
)

#: The files that every program begins with.
SECTIONS = ("mathlib", "run", "process", "random", "randoms", "draws", "functions")

#: Up to this size all neurons are visited with a mask, which vectorises; above, only spikes are.
MASKED_RESET = 512

RANDOM_CALL = re.compile(
    rf"\b_(rand|randn)\(_vectorisation_idx\)|\b_(rands|randns)\(|\b{DRAWS}\w+(?=\()"
)


def stream_id(name: str) -> int:
    """Return the 32-bit id of an object's random numbers."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "little")


def section(name: str) -> list[str]:
    """Return the lines of a file that programs share."""
    header = files("neuromodels.simulation.source") / "include" / f"{name}.hpp"
    return header.read_text().splitlines()


class Program:
    """The source of one network and what its run must be given.

    Parameters
    ----------
    captured
        Code objects in schedule order.
    initialisers
        Code objects that set initial values, evaluated before the first step.
    layout
        Where the arrays live.
    real
        ``"float"`` or ``"double"``.
    profiled
        Whether to measure the time that each object takes.
    """

    clockwork_type = Clockwork

    def __init__(
        self,
        captured: Sequence[Captured],
        initialisers: Sequence[Captured],
        layout: Layout,
        real: str,
        profiled: bool = False,
    ):
        self.captured = list(captured)
        self.initialisers = list(initialisers)
        self.layout = layout
        self.real = real
        self.profiled = profiled
        self.clockwork = self.clockwork_type(layout.clocks)
        self.spike_monitors = [c for c in captured if c.template == "spikemonitor"]
        self.sampled = [(code, name) for code in captured for name in sampled_names(code)]
        self.listed = self._listed_spaces()
        steps = self._step()
        numbered = enumerate(self.initialisers)
        starts = [line for k, code in numbered for line in self._initialiser(k, code)]
        #: Arrays read from tables, in the order in which the run passes them.
        self.tables = [array for array in layout.arrays.values() if not array.scratch]
        self.support = _support(self.captured)
        source = "\n".join(indented(self._source(starts, steps))) + "\n"
        self.source = self.clockwork.numbered(source)

    # ------------------------------------------------------------------------- the whole source

    def _source(self, starts: Lines, steps: Lines) -> Lines:
        return [
            f"typedef {self.real} nm_real;",
            *(line for name in SECTIONS for line in section(name)),
            *(line for text in self.support.source for line in text.splitlines()),
            "",
            "static void simulate(const Run& run, int64_t instance, char* block) {",
            [*self._opening(), *starts, *self.clockwork.loop(steps)],
            "}",
            *_finite(self.layout.states),
            *_entry(self.layout.block_bytes, list(self.support.data)),
        ]

    def _opening(self) -> Lines:
        return [
            "const uint64_t _key = mixed(mixed(run.seed) + run.streams[instance]);",
            "const int32_t _slot = run.recorded ? run.recorded[instance] : -1;",
            *(line for k, array in enumerate(self.tables) for line in _pointer(k, array)),
            *(_place(array) for array in self.layout.arrays.values() if array.scratch),
            *self.clockwork.arrays(),
            *[f"int64_t {counter_of(code)} = 0;" for code in self.captured if sampled_names(code)],
        ]

    def _step(self) -> Lines:
        return [line for code in self.captured for line in self._code_object(code)]

    # ------------------------------------------------------------------------- one code object

    def _code_object(self, code: Captured) -> Lines:
        render: Callable[[Captured], Lines] = getattr(self, f"_{code.template}")
        condition = self._condition(code)
        body = self._finished(code, render(code), f"{clock_name(code.clock)}_timestep[0]")
        if self.profiled:
            number = self.captured.index(code)
            body = [f"const Stopwatch _watch(run.profile + {number});", *body]
        return self._enclosed(f"{condition}{{  // {code.name}", body)

    # What follows is the loops of one core; a block of threads has others.

    def _enclosed(self, head: str, body: Lines) -> Lines:
        """Put a code object's own names into a scope."""
        return [head, body, "}"]

    def _neurons(self, block: Block, count: int | str, tail: Lines) -> Lines:
        """Visit all neurons of a group."""
        return neuron_loop(block, count, tail)

    def _visits(
        self, block: Block, index: str, count: int | str, body: Lines, vector: bool = False
    ) -> Lines:
        """Visit neurons, of which `body` changes what `block` does."""
        return count_loop(index, count, body, vector)

    def _wired(self, wiring: Wiring) -> DenseLoops | SparseLoops:
        """Return the loops over synapses."""
        return loops_of(wiring, self.layout)

    def _listing(self, space: str, count: int) -> Lines:
        """Collect the neurons above threshold."""
        return [f"{space}[{count}] = list_of({space}_fired, {count}, {space});"]

    def _condition(self, code: Captured) -> str:
        due = self.clockwork.condition(code.clock)
        conditions = [due] if due else []
        if code.template.endswith("monitor"):
            conditions.append("_slot >= 0")
        return f"if ({' && '.join(conditions)}) " if conditions else ""

    def _initialiser(self, number: int, code: Captured) -> Lines:
        body = self._finished(code, self._stateupdate(code), "int64_t(-1)")
        return self._enclosed(f"if (run.initialisers >> {number} & 1) {{  // {code.name}", body)

    def _finished(self, code: Captured, body: Lines, step: str) -> Lines:
        """Put constants before the body and give each random call its own site."""
        sites = iter(range(256))

        def site(match: re.Match) -> str:
            if match[2] is not None:
                kind = "nm_uniforms" if match[2] == "rands" else "nm_normals"
                return f"{kind}<nm_real>(_noise, {next(sites)}u, "
            if match[1] is None:
                return f"(_draw_at(_noise, {next(sites)}u), {match[0]})"
            kind = "nm_uniform" if match[1] == "rand" else "nm_normal"
            return f"{kind}<nm_real>(_noise, _vectorisation_idx, {next(sites)}u)"

        text = "\n".join(indented(body))
        noise = f"const Noise _noise = noise_of(_key, {stream_id(code.noise)}u, {step});"
        is_random = RANDOM_CALL.search(text) is not None
        lines = RANDOM_CALL.sub(site, text).splitlines()
        return [*_constants(code, text), *([noise] if is_random else []), *lines]

    def _scalar(self, code: Captured) -> Lines:
        lines = code.scalar.lines
        if any("_vectorisation_idx" in line for line in lines):
            lines = ["const int32_t _vectorisation_idx = -1;", *lines]
        return lines

    def _stateupdate(self, code: Captured) -> Lines:
        block = code.vector
        if not (block.reads or block.statements):
            return self._scalar(code)
        synapses = getattr(code.owner, "synapses", code.owner)  # a pathway's delays are theirs
        wiring = self.layout.wirings.get(synapses.name)
        if wiring is None:
            return [*self._scalar(code), *self._neurons(block, _count(code), [])]
        return [*self._scalar(code), *self._wired(wiring).all_synapses(block, [])]

    def _summed_variable(self, code: Captured) -> Lines:
        wiring = self.layout.wirings[code.owner.name]
        side: Side = "pre" if code.options["_index_var"].name == "_synaptic_pre" else "post"
        target = array_name(code.options["_target_var"])
        start = code.options["_target_start"]
        sums = self._wired(wiring).summed(code.vector, target, side, start)
        return [*self._scalar(code), *sums]

    def _threshold(self, code: Captured) -> Lines:
        space = array_name(code.options["eventspace_variable"])
        fired = [f"{space}_fired[_idx] = _cond;"]
        lines = [*self._scalar(code), *self._neurons(code.vector, _count(code), fired)]
        if space in self.listed:
            lines += self._listing(space, _count(code))
        if code.options["_uses_refractory"]:
            lines += self._refractory(code, space)
        return lines

    def _refractory(self, code: Captured, space: str) -> Lines:
        """Silence the neurons that fired: they are few, and the loop over all stays simple."""
        inactive, last = (array_name(code.variables[k]) for k in ("not_refractory", "lastspike"))
        now = f"{clock_name(code.clock)}_t[0]"
        each = [f"{inactive}[{space}[_k]] = 0;", f"{last}[{space}[_k]] = {now};"]
        return self._visits(Block(), "_k", f"{space}[{_count(code)}]", each)

    def _reset(self, code: Captured) -> Lines:
        space, count = array_name(code.options["eventspace_variable"]), _count(code)
        head = ["const int32_t _vectorisation_idx = _idx;"]
        if space in self.listed and not self._is_masked(code):
            pick = f"const int32_t _idx = {space}[_k];"
            body = [pick, *head, *code.vector.lines]
            loop = self._visits(code.vector, "_k", f"{space}[{count}]", body)
        else:
            masked = [f"if ({space}_fired[_idx]) {{", [*head, *code.vector.lines], "}"]
            safe = vectorises(code.vector, ["_idx"])
            loop = self._visits(code.vector, "_idx", count, masked, vector=safe)
        return [*self._scalar(code), *loop]

    def _synapses(self, code: Captured) -> Lines:
        pathway = code.options["pathway"]
        delays = self.layout.delays[pathway.name]
        render = getattr(self, f"_events_with_{delays.kind}_delay")
        return [*self._scalar(code), *self._carried(code, delays), *render(code, pathway)]

    def _events_with_none_delay(self, code: Captured, pathway: SynapticPathway) -> Lines:
        loops = self._wired(self.layout.wirings[code.owner.name])
        return loops.of_events(code.vector, pathway.prepost, self._fired(code, pathway))

    def _events_with_common_delay(self, code: Captured, pathway: SynapticPathway) -> Lines:
        loops = self._wired(self.layout.wirings[code.owner.name])
        name, now = flights_name(pathway.name), now_of(code)
        pushed = flights.push(name, 2, self._fired(code, pathway), now)
        due = flights.arriving(name, f"{name}_delay", now)
        return [
            *flights.tidy(name),
            *pushed,
            *loops.of_events(code.vector, pathway.prepost, due),
        ]

    def _events_with_own_delay(self, code: Captured, pathway: SynapticPathway) -> Lines:
        wiring, side = self.layout.wirings[code.owner.name], pathway.prepost
        name, now = flights_name(pathway.name), now_of(code)
        steps = self.layout.delays[pathway.name].steps
        order = wiring.by_source(side, steps)
        steps = np.broadcast_to(steps, order.shape)
        self.layout.add_data(f"{name}_start", wiring.starts(side))
        self.layout.add_data(f"{name}_order", order)
        self.layout.add_data(f"{name}_steps", np.take_along_axis(steps, order, axis=1))
        head = f"const int32_t _idx = {name}_order[_k], _vectorisation_idx = _idx;"
        picks = self._fired(code, pathway)
        return [
            *flights.push(name, 3, picks, now, cursor=f"{name}_start[_source]"),
            *flights.sweep(name, f"{name}_start", f"{name}_steps", now, [head, *code.vector.lines]),
        ]

    def _carried(self, code: Captured, delays: Delays) -> Lines:
        """Deliver the spikes that were under way when the program was built."""
        if not len(delays.carried):
            return []
        return flights.carried(flights_name(delays.name), now_of(code), code.vector.lines)

    def _fired(self, code: Captured, pathway: SynapticPathway) -> Lines:
        """Open a loop over this step's events that concern a pathway, each a ``_source``."""
        wiring = self.layout.wirings[code.owner.name]
        space = array_name(pathway.source.variables[pathway.eventspace_name])
        first = wiring.pre_start if pathway.prepost == "pre" else wiring.post_start
        size = wiring.size(pathway.prepost)
        total = pathway.source.variables[pathway.eventspace_name].size - 1
        events = [
            f"for (int32_t _event = 0; _event < {space}[{total}]; _event++) {{",
            [f"const int32_t _source = {space}[_event] - {first};"],
        ]
        if size < total:
            events.append([f"if (_source < 0 || _source >= {size}) continue;"])
        return events

    def _spikegenerator(self, code: Captured) -> Lines:
        names = ("_spikespace", "neuron_index", "_timebins", "_period_bins", "_lastindex")
        space, neuron, bins, period, last = (array_name(code.variables[k]) for k in names)
        return [
            f"const int32_t _period = {period}[0];",
            f"int32_t _bin = (int32_t)_array_{code.clock.name}_timestep[0], _count = 0;",
            "if (_period > 0) {",
            [
                "_bin %= _period;",
                f"if ({last}[0] > 0 && {bins}[{last}[0] - 1] >= _bin) {last}[0] = 0;",
            ],
            "}",
            f"for (int32_t _k = {last}[0]; _k < {code.variables['_timebins'].size}; _k++) {{",
            [f"if ({bins}[_k] > _bin) break;", f"{space}[_count++] = {neuron}[_k];"],
            "}",
            f"{space}[{_count(code)}] = _count;",
            f"{last}[0] += _count;",
        ]

    # ------------------------------------------------------------------------------- monitors

    def _spikemonitor(self, code: Captured) -> Lines:
        number = self.spike_monitors.index(code)
        space = code.options["eventspace_variable"]
        first, last = _value(code, "_source_start"), _value(code, "_source_stop")
        names = extra_names(code)
        row = [f"(double)(_idx - {first})", f"_array_{code.clock.name}_t[0]"]
        row += [f"(double)_to_record_{name}" for name in names]
        return [
            *self._scalar(code),
            f"Events& _events = run.events[{number} * run.slots + _slot];",
            *count_loop(
                "_k",
                f"{array_name(space)}[{space.size - 1}]",
                [
                    f"const int32_t _idx = {array_name(space)}[_k], _vectorisation_idx = _idx;",
                    f"if (_idx < {first} || _idx >= {last}) continue;",
                    *code.vector.lines,
                    f"const double _row[{len(row)}] = {{{', '.join(row)}}};",
                    f"append(_events, _row, {len(row)});",
                ],
            ),
        ]

    def _statemonitor(self, code: Captured) -> Lines:
        indices = code.variables["_indices"]
        body = [
            f"const int32_t _idx = {array_name(indices)}[_i], _vectorisation_idx = _idx;",
            *code.vector.lines,
        ]
        for name in sampled_names(code):
            place = self._sample(code, name, indices.size)
            body.append(f"{place} + _i] = (double)_to_record_{name};")
        if not sampled_names(code):
            return []
        count = f"{counter_of(code)}++;"
        loop = self._visits(code.vector, "_i", indices.size, body)
        return [*self._scalar(code), *loop, count]

    def _ratemonitor(self, code: Captured) -> Lines:
        space = code.variables["_spikespace"]
        first, last = _value(code, "_source_start"), _value(code, "_source_stop")
        within = f"{array_name(space)}[_k] >= {first} && {array_name(space)}[_k] < {last}"
        loop = count_loop("_k", f"{array_name(space)}[{space.size - 1}]", [f"_n += {within};"])
        neurons = _value(code, "_num_source_neurons")
        rate = f"_n / (_array_{code.clock.name}_dt[0] * {neurons})"
        place = self._sample(code, "rate", 1)
        return ["int32_t _n = 0;", *loop, f"{place}] = {rate};", f"{counter_of(code)}++;"]

    def _sample(self, code: Captured, name: str, width: int) -> str:
        number = next(k for k, (c, n) in enumerate(self.sampled) if c is code and n == name)
        clock = self.layout.clocks.index(code.clock)
        steps = f"(run.last_steps[{clock}] - run.first_steps[{clock}])"
        row = f"_slot * {steps} + {counter_of(code)}"
        return f"run.samples[{number}][({row}) * {width}"

    # ---------------------------------------------------------------------------- what is needed

    def _listed_spaces(self) -> set[str]:
        """Names of the event spaces that something reads as a list."""
        listed = set()
        for code in self.captured:
            space = event_space(code)
            if space is not None and self._reads_list(code):
                listed.add(array_name(space))
        return listed

    def _reads_list(self, code: Captured) -> bool:
        if code.template == "threshold":
            return code.options["_uses_refractory"]
        return code.template != "reset" or not self._is_masked(code)

    def _is_masked(self, code: Captured) -> bool:
        return _count(code) <= MASKED_RESET and vectorises(code.vector, ["_idx"])


def sampled_names(code: Captured) -> list[str]:
    """Return what a monitor writes down at every step of its clock."""
    if code.template == "statemonitor":
        return sorted(code.options["_recorded_variables"])
    return ["rate"] if code.template == "ratemonitor" else []


def extra_names(code: Captured) -> list[str]:
    """Return what a spike monitor writes down beside index and time."""
    return sorted(set(code.options["record_variables"]) - {"i", "t"})


def now_of(code: Captured) -> str:
    """Return the step of an object's clock."""
    return f"{clock_name(code.clock)}_timestep[0]"


def counter_of(code: Captured) -> str:
    return f"_samples_{code.name}"


def _value(code: Captured, name: str) -> int:
    return int(np.asarray(code.variables[name].get_value()).item())


def _count(code: Captured) -> int:
    return _value(code, "N")


def _constants(code: Captured, text: str) -> Lines:
    lines = []
    for name, variable in sorted(code.variables.items()):
        if isinstance(variable, Constant) and re.search(rf"\b{re.escape(name)}\b", text):
            lines.append(_constant(name, variable.get_value()))
    return lines


def _constant(name: str, value: object) -> str:
    number = np.asarray(value).item()
    if isinstance(number, bool):
        return f"const char {name} = {int(number)};"
    if isinstance(number, int):
        type_ = "int32_t" if abs(number) < 2**31 else "int64_t"
        return f"const {type_} {name} = {number};"
    return f"const nm_real {name} = nm_real({SPECIAL.get(repr(number), repr(number))});"


def _pointer(number: int, array: Array) -> Lines:
    """Point at an array: its row of a table, or its place in the block after a fresh start."""
    type_ = array.type
    row = f"(run.rows[{number}] ? run.rows[{number}][instance] : 0)"
    table = f"(const {type_}*)run.tables[{number}] + {row} * {array.size}"
    if not array.is_state:
        return [f"const {type_}* __restrict {array.name} = {table};"]
    return [
        f"{type_}* __restrict {array.name} = ({type_}*)(block + {array.offset});",
        f"if (run.fresh) memcpy({array.name}, {table}, {array.bytes});",
    ]


def _place(array: Array) -> str:
    """Point at an array in the block that needs no values to start with."""
    return f"{array.type}* __restrict {array.name} = ({array.type}*)(block + {array.offset});"


def _support(captured: Sequence[Captured]) -> Support:
    """Merge what the functions of all code objects need, each piece once."""
    merged = Support()
    for code in captured:
        merged.source += [text for text in code.support.source if text not in merged.source]
        merged.data.update(code.support.data)
    return merged


def _finite(states: Sequence[Array]) -> Lines:
    """Check every floating-point number of a block."""
    checks = [
        f"finite_all<{array.type}>(block + {array.offset}, {array.size})"
        for array in states
        if array.type in ("nm_real", "double")
    ]
    tests = " && ".join(checks) or "true"
    return ["", "static bool finite(const char* block) {", [f"return {tests};"], "}"]


def _entry(block_bytes: int, data: Sequence[str]) -> Lines:
    size = max(block_bytes, 64)
    copy = "memcpy(run->output_data[k] + i * run->output_bytes[k], block + run->output_offsets[k],"
    return [
        "",
        'extern "C" void neuromodels_run(const Run* run, int64_t first, int64_t last) {',
        [
            *[f"_namespace{name} = run->data[{k}];" for k, name in enumerate(data)],
            "FlushDenormals _flush;",
            f"char* scratch = run->blocks ? 0 : (char*)aligned_alloc(64, {size});",
            f"if (scratch) memset(scratch, 0, {size});",
            "for (int64_t i = first; i < last; i++) {",
            [
                f"char* block = scratch ? scratch : run->blocks + i * {size};",
                "simulate(*run, i, block);",
                "if (run->failed) run->failed[i] = !finite(block);",
                "for (int64_t k = 0; k < run->outputs; k++)",
                [copy, ["run->output_bytes[k]);"]],
            ],
            "}",
            "free(scratch);",
        ],
        "}",
    ]
