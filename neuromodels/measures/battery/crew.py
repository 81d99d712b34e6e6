"""Questions answered one after another, or by several processes: the answers are the same.

Each process builds its own networks, from the cache of compiled ones. An instance's numbers depend
on its stream alone, and not on who runs it beside what.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.workers.answers import Refusal
from neuromodels.measures.battery.examiner import Cell, Examiner, Question

LOOK = 1.0
"""Seconds between two looks of a process at whether the one that started it still is there."""
Answer = Cell | Refusal
_examiners: dict[Path, Examiner] = {}
"""Of the run that a process was asked about last."""


def answers_of(
    questions: Sequence[Question], workers: int
) -> Iterator[tuple[Question, Cell | NeuromodelsError]]:
    """Answer questions with several processes, each as soon as it is known.

    Yields
    ------
    Question, and its cell or why there is none

    Raises
    ------
    NeuromodelsError
        When a process is lost. What was answered before was handed out.
    """
    threads = max(1, (os.cpu_count() or 1) // workers)
    context = get_context("spawn")
    with ProcessPoolExecutor(
        workers, context, initializer=_end_with, initargs=(os.getpid(),)
    ) as pool:
        asked = {pool.submit(_answer, question, threads): question for question in questions}
        try:
            for future in as_completed(asked):
                yield asked[future], _cell_in(future)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _cell_in(future: Future[Answer]) -> Cell | NeuromodelsError:
    try:
        answer = future.result()
    except BrokenProcessPool:
        cure = "What was answered is stored. Call the command again, with fewer workers."
        told = "lost a process, perhaps for want of memory"
        raise NeuromodelsError("battery --workers", told, cure=cure) from None
    return answer.error() if isinstance(answer, Refusal) else answer


def _answer(question: Question, threads: int) -> Answer:
    try:
        if question.folder not in _examiners:
            _examiners.clear()
            _examiners[question.folder] = Examiner(question.folder, threads=threads)
        return _examiners[question.folder].answer(question)
    except NeuromodelsError as error:
        return Refusal.of(error, f"process {os.getpid()}")


def _end_with(parent: int) -> None:
    """End this process when the one that started it has ended, however that came about."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
