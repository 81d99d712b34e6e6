"""Signals during a call: those of its own code end it by name, Ctrl-C waits for its end."""

from __future__ import annotations

import ctypes as ct
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from neuromodels.errors import BrokenRun, OutOfMemory
from neuromodels.simulation.build.cache import sanitizes

#: What a signal says of the code in which it came; Windows has not all of them.
CAUSES = {
    getattr(signal, name): text
    for name, text in {
        "SIGFPE": "a division that the processor refuses",
        "SIGSEGV": "an address that is not its own",
        "SIGBUS": "an address that does not exist",
        "SIGILL": "an instruction that does not exist",
    }.items()
    if hasattr(signal, name)
}

_lock = threading.Lock()
_guards: list[ct.CDLL] = []
_calls = 0


@contextmanager
def guarded(library: ct.CDLL) -> Iterator[None]:
    """Let signals in a program's code end its calls; what handled them before does so again after.

    Programs may run at the same time: their guards pass a signal on to each other, and leave
    together, the last one first.
    """
    global _calls
    with _lock:
        if library not in _guards and not sanitizes():
            library.neuromodels_guard(1)
            _guards.append(library)
        _calls += 1
    try:
        yield
    finally:
        with _lock:
            _calls -= 1
            while _guards and _calls == 0:
                _guards.pop().neuromodels_guard(0)


def check_outcomes(outcomes: Sequence[int], names: Sequence[str]) -> None:
    """Raise what ended a call.

    Parameters
    ----------
    outcomes
        As `nm_attempt` in guard.hpp returns them.
    names
        Of the code objects.

    Raises
    ------
    OutOfMemory
        With the bytes that a call asked for.
    BrokenRun
        Where a signal ended it; names the object.
    """
    for outcome in outcomes:
        if outcome < 0:
            raise OutOfMemory(
                "Batch.run",
                "there must be memory for the spikes and the state of an instance",
                f"{-outcome} bytes asked for",
                "Record fewer instances or spikes, or run a shorter time.",
            )
        if outcome > 0:
            raise _broken(outcome & 255, (outcome >> 8) - 1, names)


def _broken(number: int, place: int, names: Sequence[str]) -> BrokenRun:
    name = names[place] if 0 <= place < len(names) else "Batch.run"
    found = signal.Signals(number)
    return BrokenRun(
        name,
        "its code must not end with a signal",
        f"{found.name}, {CAUSES.get(found, 'unknown')}",
        "Look at the C++ functions that it calls.",
    )


@contextmanager
def held_interrupt() -> Iterator[None]:
    """Let Ctrl-C act at the end of the block, as it would have acted inside."""
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or before is None or before == signal.SIG_IGN:
        yield
        return
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if asked:
            signal.raise_signal(signal.SIGINT)
