"""Small random networks made of what the batch device covers.

Every network is deterministic, and its result does not depend on the order of its synapses: a
pathway adds to one variable of its ends at most, and reads only others.  No comparison can be a
tie: thresholds have eight digits, all other numbers four.  Where a subexpression reads a weight
that the same pathway has changed before, Brian2's own numpy and C++ targets differ, so no pathway
does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from neuromodels.simulation.source.plan import MASKED_RESET
from simulation.declared import (
    Cells,
    Declaration,
    Declared,
    Event,
    Pathway,
    Rate,
    Regular,
    Slot,
    Source,
    Spikes,
    States,
    Wires,
)

#: Whether pathways have delays.
DELAYS = True

T = TypeVar("T")

SLOTS = (
    "start",
    "before_groups",
    "groups",
    "after_groups",
    "thresholds",
    "after_thresholds",
    "synapses",
    "before_resets",
    "resets",
    "after_resets",
    "end",
    "after_end",
)

#: Equations of v and u by kind, and the state updaters that can solve them.
DYNAMICS = {
    "linear": (
        "dv/dt = ({drive} + 0.3137*u - v)/tau : 1{guard}\ndu/dt = -u/(3.1*tau) : 1",
        ("exact", "euler", "exponential_euler", "rk4"),
    ),
    "nonlinear": (
        "dv/dt = ({drive} + 0.4713*sin(2.3*v) - u - v)/tau : 1{guard}\n"
        "du/dt = (0.2137*tanh(v) - u)/(2.3*tau) : 1",
        ("euler", "rk2", "rk4"),
    ),
    "gated": (
        "dv/dt = ({drive} + 1.3137*u*(1.7 - v) - v)/tau : 1{guard}\n"
        "du/dt = opening*(1 - u) - closing*u : 1\n"
        "opening = 0.1371*exp(-v**2)/ms : Hz\nclosing = (0.1713 + 0.0937*tanh(v)**2)/ms : Hz",
        ("exponential_euler", "euler", "rk2"),
    ),
}

#: What a neuron's drive can be, with the equations it needs.
DRIVES = {
    "drive": "drive : 1",
    "1.0137*drive": "drive : 1 (constant)",
    "scaled": "drive : 1 (constant)\nlevel : 1 (shared)\nscaled = level*drive : 1",
    "gain*drive": "drive : 1\ngain : 1 (shared, constant)",
}
EXTRAS = {
    "": "",
    " + held": "\nheld = 0.1713*v + 7.3*t/second : 1 (constant over dt)",
    " + pulse": "\npulse = 0.2137*int(t > 5.05*ms) : 1 (shared, constant over dt)",
    " + pull": "\npull = 0.1937*twice - 0.0713*u : 1\ntwice = 2*inflow : 1",
}
BEGINNINGS = {"level": 0.9371, "gain": 1.0713, "rest": "(1.1371 + 0.9133*i/N)*ms"}

RESETS = (
    "v = 0.0713*i/N",
    "v -= 0.9137",
    "v = 0.1137\nu += 0.1713",
    "v = 0\nn += 1\nu *= 0.7137",
    "v = 0.0513*int(n % 3 == 1)\nn += 1",
)
REFRACTORY = (None, 1.37, "0.8713*ms + 1.7137*ms*i/N", "rest", "u > 0.11372911")

#: Connections by any pair of sizes.
CONNECTIONS: tuple[tuple[tuple[str, Any], ...], ...] = (
    (),
    (("condition", "i != j"),),
    (("condition", "(3*i + 2*j) % 5 < 2"),),
    (("condition", "abs(i - j) <= 1"), ("n", 2)),
    (("j", "(i + 2) % N_post"),),
    (("j", "k for k in range(i, N_post, 2)"),),
    (("n", 2),),
)

#: Variables of synapses beside their weight.
TRACES = {
    "none": "",
    "counted": "\nk : integer\nleast : 1 (constant)",
    "clock-driven": "\ndx/dt = -x/(1.7*tau) : 1 (clock-driven)",
    "event-driven": "\ndx/dt = -x/(1.7*tau) : 1 (event-driven)\n"
    "dy/dt = -y/(2.9*tau) : 1 (event-driven)",
    "scaled": "\nboost : 1 (shared)\nx = boost*w : 1",
}
#: What a pathway can do to a synapse itself, by its kind of trace.
CHANGES = {
    "none": (
        "w = clip(w - 0.0931*i/N_pre, -0.3137, 0.7137)",
        "w *= 0.9371",
        "w += 0.0137*j/N_post",
    ),
    "counted": ("k += 1", "w = clip(w + 0.0137*k, least, 0.7137)", "w = 0.8371*w + least"),
    "clock-driven": ("x += 0.2137", "w = clip(w + 0.0713*x, -0.3137, 0.7137)", "w -= 0.0371*x"),
    "event-driven": (
        "x += 0.2137\nw = clip(w + 0.1713*y, -0.3137, 0.7137)",
        "y -= 0.1937\nw = clip(w + 0.1371*x, -0.3137, 0.7137)",
    ),
    "scaled": ("w = clip(w + 0.0713*x, -0.3137, 0.7137)", "w = 0.9137*w + 0.0237*i/N_pre"),
}

#: A weight with dynamics of its own.
SLOW_WEIGHT = "dw/dt = (0.1371*tanh(v_pre*v_post) - w)/(4*tau) : 1 (clock-driven)"

WEIGHTS = ("0.1437 - 0.1331*i/N_pre + 0.1171*j/N_post", "0.2137", "-0.1137 + 0.4313*i/N_pre")

#: What synapses can do regularly; the last needs a boost.
WEIGHT_CODES = ("w = 0.9971*w + 0.0017*j/N_post", "w *= 0.9713", "boost *= 0.99")


def network(rng: Random) -> Declared:
    """Return a random network; equal states of `rng` give equal networks."""
    return _Grammar(rng).network()


def features(declared: Declared) -> set[str]:
    """Return which productions of the grammar a network uses."""
    found = {type(made).__name__ for made in declared.objects}
    for made in declared.objects:
        found |= _of_cells(made) if isinstance(made, Cells) else set()
        found |= _of_wires(made) if isinstance(made, Wires) else set()
        found |= {"part"} if "[" in f"{getattr(made, 'of', '')}" else set()
        found |= {"own dt"} if getattr(made, "dt", None) not in (None, 0.1) else set()
    return found


def _of_cells(cells: Cells) -> set[str]:
    found = {name for name in BEGINNINGS if f"{name} :" in cells.model}
    found |= {name for name in ("held", "pulse", "pull", "n :", "scaled") if name in cells.model}
    found |= {f"refractory {type(cells.refractory).__name__}", cells.method}
    found |= {name for name in ("events", "regular") if getattr(cells, name)}
    found |= {"large"} if cells.size > MASKED_RESET else set()
    return found | ({"silent"} if cells.threshold is None else set())


def _of_wires(wires: Wires) -> set[str]:
    found = {word for word in ("summed", "clock-driven", "event-driven") if word in wires.model}
    found |= {f"connect {name}" for name, _ in wires.connect} or {"connect all"}
    found |= {f"on_{end}" for end in wires.pathways}
    found |= {"event pathway" for way in wires.pathways.values() if way.event != "spike"}
    found |= {f"delay {type(way.delay).__name__}" for way in wires.pathways.values()}
    found |= {"wires regular"} if wires.regular else set()
    summed = wires.target if "inflow_post" in wires.model else wires.source
    found |= {"summed part"} if "summed" in found and "[" in summed else set()
    return found | ({"wires part"} if "[" in wires.source + wires.target else set())


class _Grammar:
    """Draws one network; the first choice is always the simplest."""

    def __init__(self, rng: Random):
        self.rng = rng
        self.steps = self.pick((None,), (None,), (None, 0.1, 0.2), (None, 0.25, 0.3, 0.7))
        self.cells: list[Cells] = []
        self.sources: list[Source] = []
        self.wires: list[Wires] = []
        self.summed: set[str] = set()
        self.counts: dict[str, int] = {}  # of synapses, where that is known here

    def network(self) -> Declared:
        if self.maybe(3, 2):
            self.sources.append(self._source())
        for number in range(self.rng.randint(1, 3)):
            self.cells.append(self._cells(f"cells{number}"))
        for number in range(self.pick(0, 1, 2, 3, 1, 2, 3)):
            self.wires.append(self._wires(f"wires{number}"))
        made: list[Declaration] = [*self.sources, *self.cells, *self.wires]
        made += self._monitors()
        return Declared(tuple(made), self.pick(9.8, 14.7, 20.3), self._changes())

    # --------------------------------------------------------------------------- single choices

    def pick(self, *options: T) -> T:
        return self.rng.choice(options)

    def maybe(self, among: int = 2, wins: int = 1) -> bool:
        """Whether something is there: in `wins` of `among` cases."""
        return self.rng.randrange(among) >= among - wins

    def some(self, options: Sequence[T], most: int) -> tuple[T, ...]:
        """Return up to `most` options, each once, in a random order."""
        return tuple(self.rng.sample(options, self.rng.randint(0, min(most, len(options)))))

    def dt(self) -> float | None:
        return self.pick(*self.steps)

    def slot(self, rare: int = 2) -> Slot:
        if not self.maybe(rare):
            return Slot()
        return Slot(self.pick(*SLOTS), self.pick(0, 1, -2))

    def part(self, group: Cells | Source) -> str:
        """Return a group or a part of it."""
        if isinstance(group, Source) or group.size < 3 or not self.maybe():
            return group.name
        first = self.rng.randint(0, group.size - 2)
        return f"{group.name}[{first}:{self.rng.randint(first + 1, group.size)}]"

    # ------------------------------------------------------------------------------------ groups

    def _source(self) -> Source:
        size, period = self.pick(1, 3, 6), self.pick(0, 0, 17)
        pairs = [(neuron, step) for neuron in range(size) for step in range(period or 60)]
        spikes = self.rng.sample(pairs, min(self.pick(1, 4, 12, 30), len(pairs)))
        return Source("source", size, tuple(spikes), period, self.dt() or 0.1)

    def _cells(self, name: str) -> Cells:
        equations, methods = DYNAMICS[self.pick(*DYNAMICS)]
        threshold = f"v > {self.pick('1.03718291', '0.87361947')}" if self.maybe(6, 5) else None
        refractory = self.pick(*REFRACTORY) if threshold else None
        guard = "" if refractory is None else " (unless refractory)"
        drive, extra = self.pick(*DRIVES), self.pick(*EXTRAS)
        model = equations.format(drive=f"{drive}{extra} + inflow", guard=guard)
        model += f"\n{DRIVES[drive]}{EXTRAS[extra]}\ninflow : 1\nn : integer"
        model += "\nrest : second" if refractory == "rest" else ""
        events = (self._event(),) if self.maybe(4) else ()
        return Cells(
            name,
            self._size(),
            model,
            self.pick(*methods),
            threshold,
            self.pick(*RESETS) if threshold else None,
            refractory,
            self.pick(0, 0, 1, -1),
            self.dt(),
            self.slot(5) if threshold else Slot(),
            events,
            self._regular(self._codes(model)),
            self._initial(model),
        )

    def _size(self) -> int:
        """Return a size; one group may be too large for its spikes to be a mask only."""
        return self.pick(1, 3, 5, 18) if self.cells or not self.maybe(8) else MASKED_RESET + 9

    def _event(self) -> Event:
        condition = self.pick("u > 0.21372911", "v < 0.31372911 and u > 0.07132911")
        code = self.pick("u -= 0.1137", "n += 1\nv += 0.0371", "u *= 0.4137")
        return Event("alarm", condition, code, self.slot(), self.slot())

    def _codes(self, model: str) -> list[str]:
        """Return what neurons can do regularly."""
        codes = ["v *= 0.9713", "u = clip(u + 0.0137*i/N, -0.7131, 0.9137)", "n += 1\nu -= 0.01*v"]
        codes += ["level = 0.9*level + 0.0971"] * ("level" in model)
        codes += ["drive += 0.0137*int(v > 0.51372911)"] * ("drive : 1 (" not in model)
        return codes

    def _regular(self, codes: Sequence[str]) -> tuple[Regular, ...]:
        return tuple(Regular(code, self.slot(), self.dt()) for code in self.some(codes, 2))

    def _initial(self, model: str) -> tuple[tuple[str, str | float], ...]:
        drive = self.pick("1.5313 + 0.2137*i/N", "0.9131 + 0.2137*i/N", "2.7137 - 0.8937*i/N")
        begun = {"v": self.pick("0.9137*i/N", "0.2137"), "drive": drive, **BEGINNINGS}
        return tuple(
            (name, text) for name, text in begun.items() if f"{name} :" in model or name == "v"
        )

    # ---------------------------------------------------------------------------------- synapses

    def _wires(self, name: str) -> Wires:
        firing = [*self.sources, *(cells for cells in self.cells if cells.threshold)]
        source = self.pick(*firing, *self.cells)
        target = self.pick(*self.cells)
        trace = self.pick(*TRACES)
        parts = self.part(source), self.part(target)
        extents = extent(parts[0], source), extent(parts[1], target)
        connect = self._connect(*extents)
        if "i" in dict(connect) or not connect:
            self.counts[name] = len(dict(connect).get("i", range(extents[0] * extents[1])))
        model, method = self._model(source, target, trace)
        codes = WEIGHT_CODES if trace == "scaled" else WEIGHT_CODES[:-1]
        return Wires(
            name,
            *parts,
            model,
            connect,
            self._pathway({"pre": source, "post": target}, "pre", trace),
            self._pathway({"pre": source, "post": target}, "post", trace),
            method,
            self.pick(0, 0, 2, -3),
            self.dt(),
            self._regular(codes),
            self._weights(trace),
        )

    def _model(self, source: Cells | Source, target: Cells, trace: str) -> tuple[str, str]:
        """Return equations and a state updater for them."""
        summed = self._summed(source, target)
        if trace == "none" and isinstance(source, Cells) and self.maybe(3):
            return f"{SLOW_WEIGHT}{summed}", self.pick("euler", "rk2")
        return f"w : 1{TRACES[trace]}{summed}", "exact"

    def _summed(self, source: Cells | Source, target: Cells) -> str:
        """Return a sum over synapses; each group receives one at most."""
        neurons = isinstance(source, Cells)
        side, group = self.pick(("post", target), ("pre", source)) if neurons else ("post", target)
        if group.name in self.summed or not self.maybe():
            return ""
        self.summed.add(group.name)
        terms = ["0.2137*w", "w*cos(v_post)", *(["w*tanh(v_pre)", "0.3137*w*u_pre"] * neurons)]
        return f"\ninflow_{side} = {self.pick(*terms)} : 1 (summed)"

    def _connect(self, n_pre: int, n_post: int) -> tuple[tuple[str, Any], ...]:
        if not self.maybe(4):
            return self.pick(*CONNECTIONS)
        pairs = range(self.rng.randint(1, 7))
        i = tuple(self.rng.randrange(n_pre) for _ in pairs)
        return ("i", i), ("j", tuple(self.rng.randrange(n_post) for _ in pairs))

    def _pathway(self, ends: dict[str, Any], firing: str, trace: str) -> Pathway | None:
        """Return what happens when neurons at the end `firing` fire."""
        names = [event.name for event in getattr(ends[firing], "events", ())]
        names += ["spike"] if getattr(ends[firing], "threshold", "given") else []
        if not names or (firing == "post" and not self.maybe()):
            return None
        neurons = [end for end, group in ends.items() if isinstance(group, Cells)]
        # The last is the one that most code changes: the far end, where that has variables.
        neurons.sort(key=lambda end: end != firing)
        code = "\n".join(self._statements(neurons, trace))
        return Pathway(code, self.pick(*names[::-1]), self.slot(5), self._delay())

    def _statements(self, ends: Sequence[str], trace: str) -> Sequence[str]:
        """Return changes of the synapse, around one addition to one variable of one end."""
        hit, read = self.pick(("v", "u"), ("v", "u"), ("u", "v"))
        changes = [*CHANGES[trace], f"w += 0.0171*tanh({read}_{self.pick(*ends)})"]
        own = self.some(changes, 1 if trace == "scaled" else 3)
        amounts = ["w", "0.3713*w", "0.3213*w*(j + 1)/N_post"]
        amounts += ["0.1371*x"] * ("x" in TRACES[trace])
        push = f"{hit}_{ends[-1]} {self.pick('+=', '-=')} {self.pick(*amounts)}"
        place = 0 if trace == "scaled" else self.rng.randint(0, len(own))
        return own if own and self.maybe(5) else [*own[:place], push, *own[place:]]

    def _delay(self) -> float | str | None:
        if not DELAYS:
            return None
        return self.pick(None, 0.73, "0.13717*ms*(i % 4) + 0.21339*ms*(j % 5)", 0.27, "1.3137*ms")

    def _weights(self, trace: str) -> tuple[tuple[str, str | float], ...]:
        begun: list[tuple[str, str | float]] = [("w", self.pick(*WEIGHTS))]
        begun += [("least", "-0.3713*i/N_pre - 0.0513*j/N_post")] * (trace == "counted")
        begun += [("boost", 1.1713)] * (trace == "scaled")
        return tuple(begun)

    # ---------------------------------------------------------------------------------- monitors

    def _monitors(self) -> list[Declaration]:
        firing = [*self.sources, *(cells for cells in self.cells if cells.threshold)]
        made: list[Declaration] = [
            Spikes(f"{group.name}_spikes", self.part(group), self._watched(group), self.slot(4))
            for group in firing
        ]
        made += [Rate(f"{group.name}_rate", self.part(group)) for group in self.some(firing, 1)]
        made += [
            self._states(cells, ("v", "u", "inflow"), self.pick((), (0,)))
            for cells in self.some(self.cells, 1)
        ]
        counted = [wires for wires in self.wires if wires.name in self.counts]
        return made + [
            self._states(wires, ("w",), tuple({0, self.counts[wires.name] - 1}))
            for wires in self.some(counted, 1)
        ]

    def _watched(self, group: Cells | Source) -> tuple[str, ...]:
        return self.some(("v", "n", "u"), 2) if isinstance(group, Cells) else ()

    def _states(self, group: Cells | Wires, names: Sequence[str], indices: tuple) -> States:
        chosen, name = self.some(names, 3) or (names[0],), f"{group.name}_states"
        return States(name, group.name, chosen, indices, self.slot(), self.dt())

    def _changes(self) -> tuple[tuple[str, float], ...]:
        """Return new values for some variables."""
        addresses = [f"{cells.name}.v" for cells in self.cells]
        addresses += [f"{wires.name}.w" for wires in self.wires]
        return tuple((address, 0.1937) for address in self.some(addresses, 2))


def extent(text: str, group: Cells | Source) -> int:
    """Return the size of a group or of a part of it."""
    first, _, last = text.partition("[")[2].rstrip("]").partition(":")
    return int(last) - int(first) if last else group.size
