"""Python studies: files with one frozen value, ``STUDY``."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuromodels.catalog import FileFailed, run_file
from neuromodels.errors import DeclarationError, said_by
from neuromodels.study.study import Study


def table_of(path: Path, announce: Callable[[Path], None]) -> dict[str, Any]:
    """Run a Python study and return its value as plain values, shaped as a study file.

    Parameters
    ----------
    announce
        Called with the file before it is run.

    Raises
    ------
    DeclarationError
        When there is no such file, it cannot be run, or it declares no study.
    """
    if not path.is_file():
        raise DeclarationError(
            str(path), "no such study file", cure="`neuromodels list studies` shows what there is."
        )
    announce(path)
    try:
        names = run_file(path)
    except DeclarationError as error:
        raise _failure(path, error) from None
    except FileFailed as failed:
        raise _failure(path, failed.error) from None
    study = names.get("STUDY")
    if not isinstance(study, Study):
        got = "no such name" if study is None else type(study).__name__
        raise DeclarationError(
            str(path),
            "must declare STUDY, a neuromodels.study.Study",
            got,
            "`STUDY = Study(name=..., task=TaskChoice(...), rule=RuleChoice(...))` does.",
        )
    try:
        table = study.to_table()
    except (AttributeError, TypeError, KeyError, RecursionError) as error:
        raise DeclarationError(
            str(path), "STUDY must hold what its class says", said_by(error)
        ) from None
    table.pop("contents", None)
    return table


def _failure(path: Path, error: BaseException) -> DeclarationError:
    """Return a message with the last line of the file that took part."""
    if isinstance(error, SyntaxError):
        line = error.lineno or 1
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename) == path]
        line = lines[-1] if lines and lines[-1] else 1
    text = str(error) if isinstance(error, DeclarationError) else said_by(error)
    return DeclarationError(f"{path}:{line}", f"cannot be run: {text.rstrip('.')}")
