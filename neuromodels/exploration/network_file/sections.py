"""What each section of a network's study file may hold: the arguments of one function or class.

Nothing is listed twice: keys, defaults and kinds are those of the signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from neuromodels.exploration.fit import fit, prepare_fit
from neuromodels.exploration.inference.npe import infer, prepare_inference
from neuromodels.exploration.morris_and_sobol import prepare_sensitivity, sensitivity
from neuromodels.exploration.network_file.arguments import Argument, arguments_of
from neuromodels.exploration.network_file.readers import read_axes, read_loss, read_observed
from neuromodels.exploration.sweep import prepare_sweep, sweep
from neuromodels.models import Model
from neuromodels.simulation.device.targets import DEVICES

#: Arguments that the file as a whole, the command or the folder gives.
GIVEN_OTHERWISE = {"model", "folder", "report"}
NETWORK: Mapping[str, Argument] = {
    **arguments_of(Model, {"parameters", "measures"}),
    "dtype": Argument("dtype", Literal["float32", "float64"], "float32"),
}


@dataclass(frozen=True)
class Action:
    """One of the things to do with a model, and the keys of its section.

    Parameters
    ----------
    function
        Whose arguments they are.
    prepare
        Builds the network and checks the same arguments; runs nothing.
    replaced
        Arguments of the function that a file writes otherwise, each with its keys.
    added
        Keys that are no arguments of it.
    """

    function: Callable[..., Any]
    prepare: Callable[..., Any]
    replaced: Mapping[str, tuple[Argument, ...]] = field(default_factory=dict)
    added: tuple[Argument, ...] = ()

    @property
    def name(self) -> str:
        """Of its section."""
        return self.function.__name__

    @property
    def keys(self) -> dict[str, Argument]:
        """What its section may hold, in the order of the function's arguments."""
        found: dict[str, Argument] = {}
        for name, argument in arguments_of(self.function, GIVEN_OTHERWISE).items():
            by_file = self.replaced.get(name) or (_FOR_ALL.get(name, argument),)
            found |= {each.name: each for each in by_file}
        return found | {each.name: each for each in self.added}


_FOR_ALL = {"device": Argument("device", Literal[tuple(DEVICES)], "cpp")}
_POINTS = (
    Argument("grid", Mapping[str, Any], None, read_axes),
    Argument("table", Mapping[str, Any], None, read_axes),
    Argument("points", int, None),
    Argument("design", Literal["sobol", "latin_hypercube"], None),
)
_CHECKS = (Argument("predictive", int, 200), Argument("calibration", int, 200))
ACTIONS: Mapping[str, Action] = {
    each.name: each
    for each in (
        Action(sweep, prepare_sweep, {"points": _POINTS}),
        Action(fit, prepare_fit, {"loss": (Argument("loss", Any, read=read_loss),)}),
        Action(sensitivity, prepare_sensitivity),
        Action(
            infer,
            prepare_inference,
            {"observed": (Argument("observed", Any, read=read_observed),)},
            _CHECKS,
        ),
    )
}
SECTIONS = ("network", "parameters", "measures", *ACTIONS)
