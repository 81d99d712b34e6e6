"""Questions to a scheduler, answered within a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

ANSWER_WITHIN = 60.0
"""Seconds in which a scheduler or a worker must answer a small question."""


def ask_in_loop(client: Any, ask: Callable[[], Awaitable[Any]]) -> Future:
    """Start a question in the thread of a client's loop, where its methods can be awaited."""

    async def answer() -> Any:
        return await ask()

    return asyncio.run_coroutine_threadsafe(answer(), client.loop.asyncio_loop)


def within(client: Any, seconds: float, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Return the answer to a question.

    Raises
    ------
    OSError
        When there is no answer within `seconds`, or the connection is closed.
    """
    if client.status in ("closing", "closed"):
        raise OSError("the connection is closed")
    task = ask_in_loop(client, ask)
    try:
        return task.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    finally:
        task.cancel()
