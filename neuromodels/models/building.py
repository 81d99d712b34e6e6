"""A user's function becomes a network: what it set by expression, and which names it knew."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable, VariableView
from brian2.devices.device import RuntimeDevice, get_device
from brian2.synapses.synapses import Synapses

from neuromodels.errors import DeclarationError, said_by
from neuromodels.models.names import address_of
from neuromodels.simulation.build.memo_keys import quick_keys
from neuromodels.simulation.device.addresses import groups_of

WHERE = "Model.build"


@dataclass(frozen=True)
class Connection:
    """One call of ``connect`` by a rule, not by a list of pairs.

    Parameters
    ----------
    condition, p
        As they were given, in Brian2's syntax.
    """

    condition: str | None
    p: float | str


@dataclass
class Built:
    """A network and how it came about.

    Parameters
    ----------
    network
        Made on Brian2's runtime device.
    names
        What equations may use: the names in the function that built it.
    expressions
        By address, in order: what variables were set to as a whole, and not otherwise since.
    connections
        By name of the synapses: those with a single rule.
    """

    network: Network
    names: dict[str, Any]
    expressions: dict[str, str] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)


def build(make: Callable[[], Network], seed: int, where: str = WHERE) -> Built:
    """Call the function that makes a network, and note what it does.

    Parameters
    ----------
    seed
        Of the random numbers that it draws; those of the caller go on as if nothing had happened.
    where
        Begins a message.

    Raises
    ------
    DeclarationError
        Where it raises, returns no network, or builds for another device.
    """
    device = get_device()
    if not isinstance(device, RuntimeDevice):
        cure = "Call brian2.set_device('runtime') first."
        raise DeclarationError(where, "needs Brian2's runtime device", type(device).__name__, cure)
    notes = _Notes(device)
    before = device.get_random_state()
    device.seed(seed)
    try:
        with notes.taken(), set_up_with_numpy(), _locals_at_the_end(make) as names:
            network = _call(make, where)
    finally:
        device.set_random_state(before)
    known = {n: v for n, v in {**_globals(make), **names}.items() if not n.startswith("_")}
    if float(network.t) > 0:  # values have changed since they were set
        notes.expressions.clear()
    groups = groups_of(network)
    texts = {address_of(v, groups): text for v, text in notes.expressions.values()}
    return Built(network, known, texts, notes.single_connections())


def _call(make: Callable[[], Network], where: str) -> Network:
    try:
        network = make()
    except (Exception, SystemExit) as error:
        told = f"must return a network; {place_of(error, make)}raised {said_by(error)}"
        raise DeclarationError(where, told) from error
    if not isinstance(network, Network):
        cure = "End it with: return Network(collect())."
        raise DeclarationError(where, "must return a Brian2 Network", type(network).__name__, cure)
    return network


def place_of(error: BaseException, function: Callable) -> str:
    """Return where in the user's own file an error arose."""
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{Path(file).name}:{own[-1].lineno} " if own else "it "


def _globals(make: Callable) -> dict[str, Any]:
    """Return the names of a function's module, and those it took from functions around it."""
    inner = getattr(make, "__func__", make)
    cells = zip(
        getattr(getattr(inner, "__code__", None), "co_freevars", ()),
        getattr(inner, "__closure__", None) or (),
        strict=False,
    )
    return {**getattr(inner, "__globals__", {}), **{n: c.cell_contents for n, c in cells}}


@contextmanager
def _locals_at_the_end(make: Callable) -> Iterator[dict[str, Any]]:
    """Give a dictionary that holds the function's own names once it has returned.

    Brian2 looks constants up where ``run`` is called, usually inside this function. Here the run
    comes later, so the names must be kept.
    """
    code = getattr(getattr(make, "__func__", make), "__code__", None)
    names: dict[str, Any] = {}

    def note(frame: FrameType, event: str, result: Any) -> None:
        if event == "return" and frame.f_code is code:
            names.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(before)


def _numpy_code(codeobj_class: Any = None, fallback_pref: str = "") -> Any:
    """Code that sets a network up runs once: it is not worth a compiler's time."""
    return codeobj_class or NumpyCodeObject


@contextmanager
def set_up_with_numpy() -> Iterator[None]:
    """Let Brian2 run set-up code with numpy during the block."""
    device = get_device()
    device.code_object_class = _numpy_code
    try:
        with quick_keys():
            yield
    finally:
        del device.code_object_class


class _Notes:
    """What is set and connected while a function runs."""

    def __init__(self, device: RuntimeDevice):
        self.device = device
        self.expressions: dict[int, tuple[ArrayVariable, str]] = {}
        self.connections: dict[str, list[Connection | None]] = {}

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take notes during the block: Brian2 asks its device before it does these things."""
        hooks: dict[str, Any] = {
            "variableview_set_with_expression": self._set_part,
            "variableview_set_with_expression_conditional": self._set_where,
            "variableview_set_with_index_array": self._set_values,
            "synapses_connect": self._connect,
        }
        for name, hook in hooks.items():
            setattr(self.device, name, hook)
        try:
            yield
        finally:
            for name in hooks:
                delattr(self.device, name)

    def single_connections(self) -> dict[str, Connection]:
        """Return the synapses that were connected once, by a rule."""
        first = {name: calls[0] for name, calls in self.connections.items() if len(calls) == 1}
        return {name: call for name, call in first.items() if call is not None}

    def _set_part(self, view: VariableView, *given: Any, **more: Any) -> None:
        VariableView.set_with_expression.original_function(view, *given, **more)
        self._forget(view)

    def _set_where(
        self, view: VariableView, where: str, code: str, *given: Any, **more: Any
    ) -> None:
        set_values = VariableView.set_with_expression_conditional.original_function
        set_values(view, where, code, *given, **more)
        self._forget(view)
        if where == "True" and view.index_var_name in ("_idx", "0"):  # no subgroup
            self.expressions[id(view.variable)] = view.variable, code

    def _set_values(self, view: VariableView, *given: Any, **more: Any) -> None:
        VariableView.set_with_index_array.original_function(view, *given, **more)
        self._forget(view)

    def _forget(self, view: VariableView) -> None:
        """Drop what was noted of a variable."""
        self.expressions.pop(id(view.variable), None)

    def _connect(
        self,
        synapses: Synapses,
        condition: Any = None,
        i: Any = None,
        j: Any = None,
        p: Any = 1.0,
        n: Any = 1,
        skip_if_invalid: bool = False,
        namespace: Mapping | None = None,
        level: int = 0,
    ) -> None:
        Synapses.connect.original_function(
            synapses, condition, i, j, p, n, skip_if_invalid, namespace, level + 1
        )
        is_rule = i is None and j is None and isinstance(n, int) and n == 1
        call = Connection(_text_of(condition), p) if is_rule else None
        self.connections.setdefault(synapses.name, []).append(call)


def _text_of(condition: Any) -> str | None:
    return None if condition is None or condition is True else str(condition)
