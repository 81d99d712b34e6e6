"""Kinds of circuit: which populations there are, who projects to whom, and what is plastic.

A study file has one section for all kinds. A key that a circuit's kind does not have stands in its
table with the value that says nothing, the one in the metadata of the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.study.added_keys import BEFORE, added_key

CONNECTIONS: Mapping[str, tuple[str, str]] = {
    "XE": ("input", "hidden"),
    "XI": ("input", "inhibitory"),
    "EE": ("hidden", "hidden"),
    "EI": ("hidden", "inhibitory"),
    "IE": ("inhibitory", "hidden"),
    "II": ("inhibitory", "inhibitory"),
    "EO": ("hidden", "output"),
}
"""Types of connection of a `Balanced` circuit, the source's letter first: channels X, excitatory
and inhibitory neurons E and I, read-out O; and the populations that they connect."""
SPREAD = 0.1
"""First spread of the search of a constant of one's own, as a share of the range of its scale."""
MEAN = "EO"
"""The type that is the mean over its sources unless a rule is named for it."""


@dataclass(frozen=True)
class Layered:
    """Channels, hidden neurons and a read-out, one layer after the other.

    Parameters
    ----------
    hidden, neuron
        How many hidden neurons, and their model; 0: the channels project to the read-out.
    groups
        Into how many groups of equal size hidden neurons are divided, which share the
        coefficients that are searched per block or group.
    readout
        Model of the read-out.
    plastic
        Which projections follow the rule: ``"all"``, those into the hidden layer (``"input"``) or
        into the read-out (``"output"``), or those between hidden neurons (``"recurrent"``); the
        others have fixed weights, which are searched.
    recurrent
        Whether hidden neurons project to each other.
    modulators, modulator, modulated_by
        How many modulatory neurons a rule with a third factor gets, their model, and who projects
        to them: the ``"hidden"`` neurons, ``"all"`` neurons and channels, or nobody but the
        ``"task"``, whose rewards they hear.
    gru
        How many gated recurrent units there are beside the hidden neurons, as in the released
        copy network of PDLF.
    drawn
        Standard deviation of the weights into hidden neurons, which each trial of a search or test,
        that is each episode, draws anew. Fixed ones stay there, and plastic ones begin there; 0:
        they are searched.
    coefficients
        Changed settings of the neurons' coefficients.
    """

    hidden: int = 32
    neuron: str = "ternary_lif"
    groups: int = added_key(1)
    readout: str = added_key("readout")
    plastic: Literal["all", "input", "output", "recurrent"] = added_key("all")
    recurrent: bool = added_key(False)
    modulators: int = added_key(1)
    modulator: str = added_key("modulator")
    modulated_by: Literal["hidden", "all", "task"] = added_key("hidden")
    gru: int = added_key(0)
    drawn: float = added_key(0.0)
    coefficients: Mapping[str, Mapping[str, object]] = added_key({})


@dataclass(frozen=True)
class Balanced:
    """Channels, excitatory and inhibitory neurons, and a read-out, a rule for each type of pair.

    Every neuron projects to every other one, or to some, see `CONNECTIONS`.

    Parameters
    ----------
    hidden, neuron, groups
        The excitatory neurons: how many, their model, and groups as in `Layered`.
    readout
        Model of the read-out.
    inhibitory, inhibitor
        How many inhibitory neurons, at least 1, and their model.
    probability
        Of a pair to be connected, by type of connection; those not named: 1.
    coefficients
        Changed settings of the neurons' coefficients.

    Raises
    ------
    DeclarationError
        Without an inhibitory neuron.
    """

    hidden: int = 32
    neuron: str = "ternary_lif"
    groups: int = added_key(1)
    readout: str = added_key("readout")
    inhibitory: int = field(kw_only=True, metadata={BEFORE: 0})
    inhibitor: str = added_key("inhibitory_lif")
    probability: Mapping[str, float] = added_key({})
    coefficients: Mapping[str, Mapping[str, object]] = added_key({})

    def __post_init__(self) -> None:
        if not self.inhibitory >= 1:
            raise DeclarationError(
                "Balanced.inhibitory",
                "must be at least 1",
                self.inhibitory,
                "A circuit without inhibitory neurons is Layered.",
            )


@dataclass(frozen=True)
class OwnNetwork:
    """A Brian2 network of one's own between channels and a read-out; some of it is plastic.

    Parameters
    ----------
    build
        File and function that returns the network, ``"my_network.py:build"``.
    input
        Where the channels arrive: group and variable, ``"cells.I"``; several with commas. Their
        weights are fixed and searched.
    plastic
        Names of the `Synapses` that follow the rule, several with commas. ``"input"`` and
        ``"output"`` are the projections from the channels and to the read-out.
    output
        Groups that project to the read-out, with fixed weights that are searched.
    signal, trace
        Variables of your groups: what the read-out hears and rules see as ``sx`` and ``sy``, and
        what rules see as ``x`` and ``y``.
    readout
        Model of the read-out.
    coefficients
        Changed settings of the read-out's coefficients, ``"output.bias"``; and constants of your
        neurons that are searched too, by ``"group.name"``, see `of_groups`.

    Raises
    ------
    DeclarationError
        Where the function, or one of the three places, is not named.
    """

    build: str = added_key("")
    input: str = added_key("")
    plastic: str = added_key("all")
    output: str = added_key("")
    signal: str = added_key("s")
    trace: str = added_key("tr")
    readout: str = added_key("readout")
    coefficients: Mapping[str, Mapping[str, object]] = added_key({})

    def __post_init__(self) -> None:
        for key in ("build", "input", "plastic", "output"):
            if not words_of(getattr(self, key)) or (key, self.plastic) == ("plastic", "all"):
                must = "must be named in a network of one's own"
                raise DeclarationError(f"OwnNetwork.{key}", must, getattr(self, key))
        filled = {a: self._fill_in(a, each) for a, each in self.coefficients.items()}
        object.__setattr__(self, "coefficients", filled)

    @property
    def of_groups(self) -> dict[str, Coefficient]:
        """What is searched in the groups, by ``"group.name"``."""
        given = {a: each for a, each in self.coefficients.items() if is_of_group(a)}
        return {a: Coefficient(a).with_settings(each) for a, each in given.items()}

    def _fill_in(self, address: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if not is_of_group(address):
            return settings
        if missing := {"default", "low", "high"} - set(settings):
            must = "must have default, low and high"
            raise DeclarationError(f"circuit.coefficients.{address!r}", must, sorted(missing)[0])
        return with_scale(settings)


def is_of_group(address: str) -> bool:
    """Whether a coefficient is one of a group of the user's, and none of the read-out."""
    group, dot, _ = address.partition(".")
    return bool(dot) and group != "output"


def with_scale(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a constant of the user's, with its scale and a tenth of it as spread."""
    low, high = settings["low"], settings["high"]
    scale = settings.get("scale", "log" if low > 0 else "range")
    ratio = math.log(high / low) if 0 < low < high else 1.0  # whoever checks refuses the rest
    width = {"log": ratio, "range": 1.0}.get(scale, high - low)
    filled = {"per": "population", "scale": scale, "sigma": SPREAD * width, "frozen": False}
    return {**filled, "unit": "", **settings}


def words_of(text: str) -> list[str]:
    """Return the names in a text with commas between them."""
    return [word.strip() for word in text.split(",") if word.strip()]


AnyCircuit = Layered | Balanced | OwnNetwork
KINDS: tuple[type[AnyCircuit], ...] = (Layered, Balanced, OwnNetwork)
_NAMES = dict.fromkeys(f.name for kind in KINDS for f in fields(kind))
KEYS = (*(name for name in _NAMES if name != "coefficients"), "coefficients")
"""Keys of all kinds, in the order in which stored studies have them."""


def kind_of(settings: Mapping[str, Any]) -> type[AnyCircuit]:
    """Return the kind of circuit that keys of a study file declare."""
    if settings.get("build"):
        return OwnNetwork
    return Balanced if settings.get("inhibitory") else Layered


def silent_keys(kind: type[AnyCircuit]) -> dict[str, Any]:
    """Return the keys that only other kinds have, and the value of each that says nothing."""
    own = {f.name for f in fields(kind)}
    return {
        f.name: f.metadata.get(BEFORE, f.default)
        for other in KINDS
        for f in fields(other)
        if f.name not in own
    }


def circuit_table(circuit: AnyCircuit) -> dict[str, Any]:
    """Return the keys of all kinds with the values that they have in this circuit."""
    own = {f.name: getattr(circuit, f.name) for f in fields(circuit)}
    values = silent_keys(type(circuit)) | own
    return {key: values[key] for key in KEYS}


def CircuitChoice(*values: Any, **settings: Any) -> AnyCircuit:
    """Return a circuit of the kind that its keys declare; Python studies call it.

    Parameters
    ----------
    values, settings
        As in ``[circuit]`` of a study file, see `OwnNetwork`, which has ``build``, `Balanced`,
        where ``inhibitory`` is above 0, and `Layered`.  A key of another kind may have the value
        that says nothing.

    Raises
    ------
    DeclarationError
        Where a key of the other kind says something.
    """
    settings = {**dict(zip(KEYS[: len(values)], values, strict=True)), **settings}
    kind = kind_of(settings)
    for key, nothing in silent_keys(kind).items():
        if (value := settings.pop(key, nothing)) != nothing:
            raise DeclarationError(f"{kind.__name__}.{key}", f"must be {nothing!r}", value)
    return kind(**settings)
