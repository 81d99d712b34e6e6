"""A first question to an address, before anybody relies on it: does a scheduler answer there?

Dask waits without end for one that accepts a connection and says nothing, and it takes whatever
else speaks there at its word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any

from neuromodels.errors import SimulationError

_OTHERS = ("Worker", "Nanny")
"""Who else of Dask listens at an address."""


def greet(address: str, security: Any, seconds: float) -> None:
    """Ask who listens at an address.

    Parameters
    ----------
    security
        Dask's certificates.
    seconds
        How long to wait for an answer.

    Raises
    ------
    SimulationError
        When none answers in time, or somebody who is no scheduler.
    """
    keys = security.get_connection_args("client")
    try:
        identity = _in_a_thread(asyncio.wait_for(_identity(address, keys), seconds))
    except TimeoutError:
        raise unanswered(address, f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise unanswered(address, _reason(error)) from None
    except Exception:  # whatever reading something else ends in
        identity = None
    if not isinstance(identity, Mapping) or identity.get("type", "Worker") in _OTHERS:
        raise unanswered(address, "what answers is no Dask scheduler")


def connect_within() -> float:
    """Return how long Dask's configuration allows for a connection, s."""
    from dask import config
    from dask.utils import parse_timedelta

    return float(parse_timedelta(config.get("distributed.comm.timeouts.connect"), "seconds"))


def unanswered(address: str, reason: str) -> SimulationError:
    """Return the error of an address at which no scheduler answers."""
    return SimulationError(
        "Distribution.scheduler",
        f"must answer: {reason}",
        address,
        "Start it with `dask scheduler`, or take the address from its log.",
    )


async def _identity(address: str, keys: Mapping[str, Any]) -> Any:
    from distributed.comm import connect

    comm = await connect(address, **keys)
    try:
        await comm.write({"op": "identity", "reply": True, "close": True})
        return await comm.read()
    finally:
        comm.abort()


def _in_a_thread(question: Coroutine[Any, Any, Any]) -> Any:
    """Return the answer to a question, asked in a loop of its own: a notebook has one already."""
    answer: Future[Any] = Future()

    def ask() -> None:
        try:
            answer.set_result(asyncio.run(question))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result()


def _reason(error: OSError) -> str:
    from distributed.comm import CommClosedError

    if type(error) is CommClosedError:  # others of its kind say what is wrong with the keys
        return "it closes the connection"
    return " ".join((str(error) or type(error).__name__).split())
