"""What a search may change, and the arms of the study: who learns, and with what share."""

from dataclasses import dataclass

import numpy as np

MECHANISMS = ("error", "hebb", "contrast")
LAYERS = ("below", "above")
GROUPS = ("channels", "hidden", "output")


@dataclass(frozen=True)
class Number:
    """A searched number: where it lies, and between which bounds."""

    name: str
    addresses: tuple[str, ...]
    low: float
    high: float
    is_log: bool = False

    def value(self, u):
        """Return values of places from -1 to 1, beyond which a place is reflected."""
        share = np.abs((np.asarray(u) + 1) / 2 % 2)
        share = np.where(share > 1, 2 - share, share)
        if self.is_log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


def _log(name, addresses, low, high):
    return Number(name, tuple(addresses.split()), low, high, is_log=True)


def _flat(name, addresses, low, high):
    return Number(name, tuple(addresses.split()), low, high)


SHARED = (
    _log("aw", "hidden.aw output.aw", 0.5, 4),
    _log("gin", "channels.gin", 0.25, 1),
    _log("wsc", "below.wsc above.wsc", 0.3, 3),
    _flat("rho", "hidden.rho output.rho", 0.6, 0.95),
    _flat("tgt", "hidden.tgt", 1, 8),
    _flat("rr", "hidden.rr output.rr", 0.7, 0.97),
)
OWN = {
    "error": (
        _log("e1 below", "below.e1", 1e-4, 0.1),
        _log("e1 above", "above.e1", 1e-3, 0.1),
    ),
    "hebb": (
        _log("e2 below", "below.e2", 1e-5, 0.03),
        _log("e2 above", "above.e2", 1e-4, 0.03),
        _flat("th2", "hidden.th2 output.th2", -0.5, 1),
        _log("g2", "below.g2 above.g2", 0.2, 3),
    ),
    "contrast": (
        _log("e3 below", "below.e3", 1e-5, 0.03),
        _log("e3 above", "above.e3", 1e-3, 0.1),
        _flat("kap", "hidden.kap", 0, 1),
    ),
}
TAUGHT = (_log("kfb", "above.kfb", 0.005, 1), _log("gt", "output.gt", 0.1, 3))
"""Of the nudge, for mechanisms that learn in the taught phase."""
LEARNED = (_log("el", "hidden.el output.el", 1e-5, 1e-2),)


@dataclass(frozen=True)
class Arm:
    """Which mechanisms have a share in the current, which of them learn, and whose shares move.

    Parameters
    ----------
    name
        In tables.
    present, learning
        Mechanisms; one that is present and does not learn keeps its random weights.
    shares
        ``"uniform"``, ``"searched"`` or ``"learned"`` from uniform ones.
    """

    name: str
    present: tuple[str, ...]
    learning: tuple[str, ...]
    shares: str = "searched"

    @property
    def numbers(self):
        """The searched numbers but for shares."""
        own = [number for each in self.learning for number in OWN[each]]
        taught = TAUGHT if set(self.learning) & {"hebb", "contrast"} else ()
        return (*SHARED, *own, *taught, *(LEARNED if self.shares == "learned" else ()))

    @property
    def logits(self):
        """How many logits are searched."""
        is_searched = self.shares == "searched" and len(self.present) > 1
        return len(LAYERS) * len(self.present) if is_searched else 0

    @property
    def dimension(self):
        """How many numbers are searched in all."""
        return len(self.numbers) + self.logits

    def shares_at(self, places):
        """Return the share of each mechanism in each layer, (n, layers, mechanisms)."""
        n, chosen = len(places), [MECHANISMS.index(each) for each in self.present]
        shape = n, len(LAYERS), len(chosen)
        z = 3 * places[:, len(self.numbers) :].reshape(shape) if self.logits else np.zeros(shape)
        z = np.exp(np.clip(z, -9, 9))
        found = np.zeros((n, len(LAYERS), len(MECHANISMS)))
        found[:, :, chosen] = z / z.sum(axis=2, keepdims=True)
        return found

    def values(self, places):
        """Return what a batch is given: address -> (n, 1), of places (n, dimension)."""
        given = {address: np.zeros(len(places)) for address in ALL}
        given |= {address: np.ones(len(places)) for address in NEVER_ZERO}
        for k, number in enumerate(self.numbers):
            given |= dict.fromkeys(number.addresses, number.value(places[:, k]))
        shares = self.shares_at(places)
        sides = ("hidden", "output") if self.shares == "learned" else LAYERS
        for layer, side in enumerate(sides):
            given |= {f"{side}.l{m + 1}": shares[:, layer, m] for m in range(len(MECHANISMS))}
        return {address: value[:, None] for address, value in given.items()}


ALL = [address for own in (*OWN.values(), TAUGHT) for number in own for address in number.addresses]
NEVER_ZERO = ("below.g2", "above.g2")

ARMS = (
    Arm("searched", MECHANISMS, MECHANISMS),
    Arm("uniform", MECHANISMS, MECHANISMS, "uniform"),
    Arm("error", ("error",), ("error",)),
    Arm("contrast", ("contrast",), ("contrast",)),
    Arm("hebb", ("hebb",), ("hebb",)),
    Arm("capacity", MECHANISMS, ("error",)),
    Arm("learned", MECHANISMS, MECHANISMS, "learned"),
    Arm("error+contrast", ("error", "contrast"), ("error", "contrast")),
    Arm("error+hebb", ("error", "hebb"), ("error", "hebb")),
    Arm("hebb+contrast", ("hebb", "contrast"), ("hebb", "contrast")),
)
"""In the order of the run, those of the contrasts first."""
