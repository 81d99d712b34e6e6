"""A neural network that tells how probable parameters are, given measures: NPE of sbi.

It works in the coordinates of `coordinates`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from inspect import signature
from io import StringIO
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, SimulationError, said_by
from neuromodels.exploration.inference.coordinates import Coordinates, coordinates_of
from neuromodels.exploration.progress import Epochs

KINDS = ("maf", "nsf", "mdn")
#: Numbers that one call of the network may return.
MOST_AT_ONCE = 2_000_000


class Density:
    """The trained network.

    Parameters
    ----------
    network
        A conditional density estimator of sbi.
    coordinates
        In which it was trained.
    """

    def __init__(self, network: Any, coordinates: Coordinates):
        self.network, self.coordinates = network, coordinates

    def draw(self, measured: np.ndarray, count: int, seed: int) -> np.ndarray:
        """Return places given measures (rows, columns): (rows, count, axes)."""
        import torch

        rows = max(MOST_AT_ONCE // max(count * measured.shape[1], 1), 1)
        drawn = []
        with _calm(seed), torch.no_grad():
            for first in range(0, len(measured), rows):
                condition = self._condition(measured[first : first + rows])
                found = self.network.sample((count,), condition=condition)
                drawn.append(self.coordinates.places(found.numpy()).transpose(1, 0, 2))
        return np.concatenate(drawn)

    def log_ratio(self, places: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """Return how much denser the posterior is than the prior at places (points, axes).

        Parameters
        ----------
        measured
            Of the posterior, (columns,).
        """
        import torch

        quantiles = self.coordinates.of_places(places)
        with _calm(0), torch.no_grad():
            given = _tensor(quantiles)[:, None, :]
            found = self.network.log_prob(given, condition=self._condition(measured[None, :]))
        return found.numpy()[:, 0].astype(float) - self.coordinates.log_prior(quantiles)

    def _condition(self, measured: np.ndarray) -> Any:
        return _tensor(self.coordinates.measures(measured))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all numbers of the network, to be stored."""
        return {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}


def train(
    places: np.ndarray,
    measured: np.ndarray,
    kind: str,
    seed: int,
    training: Mapping[str, Any],
    tell: Epochs,
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
    tell
        Is called after each step. What it raises ends the training.

    Raises
    ------
    DeclarationError
        Where sbi does not know an argument.
    SimulationError
        Where it cannot be trained.
    """
    from sbi.inference import NPE
    from sbi.neural_nets import posterior_nn

    coordinates = coordinates_of(measured)
    with _calm(seed):
        trainer = NPE(density_estimator=posterior_nn(model=kind), **_silent(NPE))
        trainer.append_simulations(*_seen(coordinates, places, measured))
        try:
            with _told_of_steps(trainer, tell):
                network = trainer.train(**training)
        except TypeError as error:
            raise DeclarationError("infer.training", "sbi must know it", str(error)) from None
        except (RuntimeError, ValueError, AssertionError) as error:
            told = f"sbi could not fit a network to the simulations ({said_by(error)})"
            raise SimulationError("infer", told) from error
    network.eval()
    return Density(network, coordinates)


@contextmanager
def _told_of_steps(trainer: Any, tell: Epochs) -> Iterator[None]:
    """Call a function after each step of a training: an epoch may take minutes."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    def hear(*step: Any) -> None:
        losses = trainer.summary["validation_loss"]
        tell(len(losses), losses[-1] if losses else np.nan)

    hook = register_optimizer_step_post_hook(hear)
    try:
        yield
    finally:
        hook.remove()


def density_of(
    kind: str,
    arrays: Mapping[str, np.ndarray],
    places: np.ndarray,
    measured: np.ndarray,
    law: str,
) -> Density:
    """Make a network anew from its stored numbers, and from the simulations that it has seen.

    Parameters
    ----------
    law
        Of its coordinates, a key of `LAWS`.
    """
    import torch
    from sbi.neural_nets import posterior_nn

    coordinates = coordinates_of(measured, law)
    with _calm(0):
        build = posterior_nn(model=kind)
        network = build(*_seen(coordinates, places, measured))
        network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    network.eval()
    return Density(network, coordinates)


def _seen(coordinates: Coordinates, places: np.ndarray, measured: np.ndarray) -> tuple[Any, Any]:
    """Return what a network sees of simulations."""
    return _tensor(coordinates.of_places(places)), _tensor(coordinates.measures(measured))


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
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), redirect_stdout(_Sink()):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed % 2**63)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


class _Sink(StringIO):
    """Takes what sbi prints. What rich shows goes on to where it went before."""

    def __init__(self) -> None:
        super().__init__()
        # the name by which rich looks for the file behind a stream, see its FileProxy
        self.rich_proxied_file = getattr(sys.stdout, "rich_proxied_file", sys.stdout)


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
