"""A neural network that tells how probable parameters are, given measures: NPE of sbi.

It works with the logits of places in the box of parameters. They have no bounds, so no probability
leaks out of the box, and none has to be thrown away. Where the prior is uniform along the axes,
that of logits is logistic, which a flow from a Gaussian finds easily.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from inspect import signature
from io import StringIO
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, SimulationError, said_by

#: Places nearer to a bound than this are as good as at it: in float32 a logit knows no more.
NEAREST = 1e-6
KINDS = ("maf", "nsf", "mdn")
#: Numbers that one call of the network may return.
MOST_AT_ONCE = 2_000_000


def logits(places: np.ndarray) -> np.ndarray:
    """Return the logits of places between 0 and 1."""
    inside = np.clip(places, NEAREST, 1 - NEAREST)
    return np.log(inside) - np.log1p(-inside)


def places_at(logit: np.ndarray) -> np.ndarray:
    """Return the places of logits."""
    return 1 / (1 + np.exp(-np.asarray(logit, dtype=float)))


class Density:
    """The trained network.

    Parameters
    ----------
    network
        A conditional density estimator of sbi.
    scale
        Mean and standard deviation of the measures that it was trained with, (2, columns). In SI
        units measures may be so small that single precision loses them.
    """

    def __init__(self, network: Any, scale: np.ndarray):
        self.network, self.scale = network, scale

    def draw(self, measured: np.ndarray, count: int, seed: int) -> np.ndarray:
        """Return places given measures (rows, columns): (rows, count, axes)."""
        import torch

        rows = max(MOST_AT_ONCE // max(count * measured.shape[1], 1), 1)
        drawn = []
        with _calm(seed), torch.no_grad():
            for first in range(0, len(measured), rows):
                condition = _scaled(measured[first : first + rows], self.scale)
                found = self.network.sample((count,), condition=condition)
                drawn.append(places_at(found.numpy()).transpose(1, 0, 2))
        return np.concatenate(drawn)

    def log_ratio(self, places: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """Return how much denser the posterior is than the prior at places (points, axes).

        Parameters
        ----------
        measured
            Of the posterior, (columns,).
        """
        import torch

        inside = np.clip(places, NEAREST, 1 - NEAREST)
        with _calm(0), torch.no_grad():
            given = _tensor(logits(inside))[:, None, :]
            found = self.network.log_prob(given, condition=_scaled(measured[None, :], self.scale))
        of_logit = found.numpy()[:, 0].astype(float)
        return of_logit - (np.log(inside) + np.log1p(-inside)).sum(axis=1)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all numbers of the network, to be stored."""
        return {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}


def train(
    places: np.ndarray, measured: np.ndarray, kind: str, seed: int, training: Mapping[str, Any]
) -> Density:
    """Fit a network to simulations.

    Parameters
    ----------
    places
        Of the parameters, (simulations, axes).
    measured
        What came out, (simulations, columns).
    training
        Further arguments of sbi's ``train``.

    Raises
    ------
    DeclarationError
        Where sbi does not know an argument.
    SimulationError
        Where it cannot be trained.
    """
    from sbi.inference import NPE
    from sbi.neural_nets import posterior_nn

    scale = np.stack([measured.mean(axis=0), measured.std(axis=0)])
    with _calm(seed):
        trainer = NPE(density_estimator=posterior_nn(model=kind), **_silent(NPE))
        trainer.append_simulations(_tensor(logits(places)), _scaled(measured, scale))
        try:
            network = trainer.train(**training)
        except TypeError as error:
            raise DeclarationError("infer.training", "sbi must know it", str(error)) from None
        except (RuntimeError, ValueError, AssertionError) as error:
            told = f"sbi could not fit a network to the simulations ({said_by(error)})"
            raise SimulationError("infer", told) from error
    network.eval()
    return Density(network, scale)


def density_of(
    kind: str, arrays: Mapping[str, np.ndarray], places: np.ndarray, measured: np.ndarray
) -> Density:
    """Make a network anew from its stored numbers, and from the simulations that it has seen."""
    import torch
    from sbi.neural_nets import posterior_nn

    scale = np.stack([measured.mean(axis=0), measured.std(axis=0)])
    with _calm(0):
        build = posterior_nn(model=kind)
        network = build(_tensor(logits(places)), _scaled(measured, scale))
        network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    network.eval()
    return Density(network, scale)


def _scaled(measured: np.ndarray, scale: np.ndarray) -> Any:
    return _tensor((measured - scale[0]) / scale[1])


def _tensor(numbers: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(numbers, dtype=np.float32))


@contextmanager
def _calm(seed: int) -> Iterator[None]:
    """Use torch with a seed of our own and one thread, and let nobody else notice.

    With one thread the same numbers come out whatever the number of cores.
    """
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed % 2**63)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _silent(trainer: Any) -> dict[str, Any]:
    """Return the settings that keep sbi from writing logs into the working folder."""
    known = signature(trainer.__init__).parameters
    quiet: dict[str, Any] = {"show_progress_bars": False}
    if "tracker" in known:
        return {**quiet, "tracker": _Nobody()}
    return {**quiet, "summary_writer": _Nobody()}


class _Nobody:
    """Is told how training goes, and keeps nothing."""

    log_dir = None

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **more: None
