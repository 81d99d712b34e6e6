"""Questions to a scheduler that are not waited for without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

ANSWER_WITHIN = 60.0
"""Seconds in which a scheduler or a worker must answer a small question."""


def begun(client: Any, ask: Callable[[], Awaitable[Any]]) -> Future:
    """Ask in the thread of a client's loop, where its methods can be awaited."""

    async def asked() -> Any:
        return await ask()

    return asyncio.run_coroutine_threadsafe(asked(), client.loop.asyncio_loop)


def within(client: Any, seconds: float, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Return the answer to a question.

    Raises
    ------
    OSError
        When there is none within some seconds, or nobody to ask.
    """
    if client.status in ("closing", "closed"):
        raise OSError("the connection is closed")
    task = begun(client, ask)
    try:
        return task.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    finally:
        task.cancel()
