"""Python code of the user in a network: what runs between the parts of a step, or around a run."""

from __future__ import annotations

from typing import Any

from brian2.core.operations import NetworkOperation

from neuromodels.errors import UnsupportedFeature

#: The template of Python code in a schedule, beside those of Brian2's code objects.
OPERATION = "operation"


def is_own(runner: Any, method: str) -> bool:
    """Whether a method of an object comes from the user, not from Brian2 (nor from its tests)."""
    function = getattr(runner, method)
    module = getattr(getattr(function, "__func__", function), "__module__", None) or ""
    return module.split(".")[0] != "brian2" or "tests" in module.split(".")


def is_operation(runner: Any) -> bool:
    """Whether an object runs Python code in each step: an operation, or a `run` of its own."""
    return isinstance(runner, NetworkOperation) or is_own(runner, "run")


def refuse_python(runner: Any) -> None:
    """Refuse an object of whose Python code a batch would leave something out.

    Raises
    ------
    UnsupportedFeature
        With its name.
    """
    if not runner.active:
        return
    if is_operation(runner):
        raise UnsupportedFeature(
            runner.name,
            "Python code in the loop cannot run in a batch",
            _kind(runner, "run"),
            "Write it as equations or run_regularly, call batch.run in short pieces, or run one"
            " instance with brian2.set_device('batch').",
        )
    for method in ("before_run", "after_run"):
        if is_own(runner, method):
            raise UnsupportedFeature(
                runner.name,
                "a batch calls no Python code before or after a run",
                _kind(runner, method),
                "Call it yourself, around batch.run, or run one instance with"
                " brian2.set_device('batch').",
            )


def refuse_mixture(runner: Any) -> None:
    """Refuse an object that has both a `run` of its own and code that is to be compiled.

    Raises
    ------
    UnsupportedFeature
        With its name.
    """
    if len(runner.code_objects):
        raise UnsupportedFeature(
            runner.name,
            "an object with a run of its own must not have compiled code, too",
            _kind(runner, "run"),
            "Put its Python code into a network_operation.",
        )


def _kind(runner: Any, method: str) -> str:
    if isinstance(runner, NetworkOperation) and method == "run":
        return "network_operation"
    return f"{type(runner).__name__}.{method}"
