"""Which parameters of a model would explain what was observed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.box import Box
from neuromodels.exploration.checkpoint import read_arrays, write_arrays
from neuromodels.exploration.dataset import provenance_of
from neuromodels.exploration.declaration import digest_of
from neuromodels.exploration.evaluation import Report
from neuromodels.exploration.extras import need
from neuromodels.exploration.inference.density import KINDS, Density, train
from neuromodels.exploration.inference.observed import observed_of
from neuromodels.exploration.inference.posterior import Posterior
from neuromodels.exploration.inference.simulations import Laboratory, Simulations
from neuromodels.exploration.inference.truncation import Region, places_within
from neuromodels.exploration.progress import training_here
from neuromodels.exploration.simulated import Keeping
from neuromodels.exploration.sweep import check_count
from neuromodels.models.compiled import Choice, Compiled, compiled_of
from neuromodels.models.model import Model
from neuromodels.seeding import seed_of

MOST_SIMULATIONS, MOST_ROUNDS = 10_000_000, 100
#: Simulations with all measures that a network needs at the very least.
FEWEST = 50
PLACES = "places.npz"


def infer(
    model: Model | Compiled,
    observed: Mapping[str, Any],
    simulations: int = 2000,
    rounds: int = 1,
    *,
    samples: int = 5000,
    network: Literal["maf", "nsf", "mdn"] | None = None,
    training: Mapping[str, Any] | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    report: bool | Report = True,
) -> Posterior:
    """Infer the parameters of a model from measures of its activity.

    The prior is uniform between the bounds of each parameter, along its scale. The model is run at
    parameters drawn from it, and a neural network learns from these runs which parameters belong to
    which measures: neural posterior estimation (Papamakarios and Murray 2016; Greenberg et al.
    2019), by the package sbi.

    Parameters
    ----------
    model
        The network, its parameters with bounds, and its measures.
    observed
        Values of measures, with their units. Measures that are not named play no part.
    simulations
        Runs in each round.
    rounds
        After the first round, parameters are drawn from the prior only where the posterior of the
        round before is not negligible (Deistler et al. 2022). The posterior then holds for what was
        observed, and for nothing else.
    samples
        Of the posterior.
    network
        Which kind of sbi; by default ``"maf"``, and ``"nsf"`` for a single number.
    training
        Further arguments of sbi's ``train``, such as ``{"stop_after_epochs": 50}``.
    seed
        Of the prior, the noise, the network and the samples.
    folder
        Where simulations are kept while they come. The same call goes on from there after a stop,
        to the same numbers.
    device, threads, report
        As for `sweep`.

    Returns
    -------
    Posterior
        With samples, intervals and checks.

    Raises
    ------
    DeclarationError
        Where something is wrong with what was asked, or sbi is not installed. Nothing has run then,
        unless a measure turns out not to vary, or to be missing in nearly all runs.
    StorageError
        Where `folder` keeps results of another declaration.
    """
    laboratory = prepare_inference(
        model,
        observed,
        simulations,
        rounds,
        samples=samples,
        network=network,
        seed=seed,
        folder=folder,
        device=device,
        threads=threads,
        report=report,
    )
    box = laboratory.box
    kind = network or ("maf" if len(box.axes) > 1 else "nsf")
    rounds_of = _Rounds(laboratory, simulations, kind, dict(training or {}))
    for number in range(1, rounds + 1):
        rounds_of.add(number)
    looked = laboratory.observed.values[None, :]
    places = rounds_of.density.draw(looked, samples, seed_of(seed, "samples"))[0]
    about = {
        **provenance_of(box.compiled, seed),
        "rounds": rounds,
        "simulations": simulations,
        "network": kind,
        "law": "normal",
    }
    found = Posterior(
        tuple(box.axes),
        laboratory.observed,
        places,
        rounds_of.done,
        rounds_of.density,
        about,
        laboratory,
    )
    _warn_of_what_was_never_seen(found)
    return found


def prepare_inference(
    model: Model | Compiled,
    observed: Mapping[str, Any],
    simulations: int = 2000,
    rounds: int = 1,
    *,
    samples: int = 5000,
    network: str | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    report: bool | Report = True,
    **_: Any,
) -> Laboratory:
    """Build the network and check what was asked; parameters as of `infer`."""
    need("infer", "sbi", "sbi")
    _check(simulations, rounds, samples, network)
    compiled = compiled_of(model, Choice(device, threads))
    box = Box(compiled, "infer")
    box.refuse_choices("infer", "Give bounds, or infer once for each choice.")
    keeping = Keeping(None if folder is None else Path(folder), report)
    return Laboratory(box, observed_of(compiled, observed), seed, keeping)


@dataclass
class _Rounds:
    """Rounds of simulation and training.

    Parameters
    ----------
    laboratory
        Where the model is run.
    simulations
        Runs in each round.
    kind, training
        Of the network.
    """

    laboratory: Laboratory
    simulations: int
    kind: str
    training: Mapping[str, Any]
    done: Simulations = field(init=False)
    density: Density = field(init=False)
    regions: list[Region] = field(default_factory=list)

    def add(self, number: int) -> None:
        """Run a round, and train a network with all simulations so far."""
        name = f"round_{number}"
        made = self.laboratory.simulations(name, self._places(number, name))
        self.done = made if number == 1 else self.done.and_(made)
        self._check()
        self.density = self._trained(number)

    def _trained(self, number: int) -> Density:
        seed = seed_of(self.laboratory.seed, "network", number)
        done, report = self.done, self.laboratory.keeping.report
        with training_here(f"training of round {number}", report) as tell:
            return train(done.places, done.measured, self.kind, seed, self.training, tell)

    def _places(self, number: int, name: str) -> np.ndarray:
        """Return where a round looks: later rounds keep it, since it depends on a network."""
        if number == 1:
            return self.laboratory.uniform(self.simulations, name)
        path = self.laboratory.keeping.inside(name).folder
        digest = self._digest(number)
        seed = seed_of(self.laboratory.seed, "region", number)
        looked = self.laboratory.observed.values
        self.regions.append(Region.around(self.density, looked, seed))
        if path is not None and (path / PLACES).exists():
            return read_arrays(path / PLACES, digest)["places"]
        places = places_within(self.regions, self.simulations, seed)
        if path is not None:
            write_arrays(path / PLACES, digest, {"places": places})
        return places

    def _digest(self, number: int) -> str:
        looked = self.laboratory.observed
        asked = (looked.labels, looked.values.tolist(), self.kind, sorted(self.training.items()))
        compiled = self.laboratory.box.compiled
        return digest_of(compiled, {}, number, self.simulations, self.laboratory.seed, asked)

    def _check(self) -> None:
        """Refuse simulations that nothing can be learned from."""
        done, looked = self.done, self.laboratory.observed
        if len(done) < FEWEST:
            told = f"needs {FEWEST} simulations with all measures"
            got = f"{len(done)} of {len(done) + done.left_out}"
            cure = "Take more simulations, or bounds in which the network is active."
            raise DeclarationError("infer.simulations", told, got, cure)
        for label, column in zip(looked.labels, done.measured.T, strict=True):
            if np.ptp(column) == 0:
                told = "must vary between simulations"
                cure = "Leave it out: it says nothing about the parameters."
                raise DeclarationError(
                    f"infer.observed[{label!r}]", told, f"always {column[0]:g}", cure
                )


def _check(simulations: Any, rounds: Any, samples: Any, network: Any) -> None:
    check_count("infer.simulations", simulations, MOST_SIMULATIONS)
    check_count("infer.rounds", rounds, MOST_ROUNDS)
    check_count("infer.samples", samples, MOST_SIMULATIONS)
    if network is not None and network not in KINDS:
        raise DeclarationError("infer.network", f"must be one of {KINDS}", network)
    if simulations < FEWEST:
        raise DeclarationError("infer.simulations", f"must be at least {FEWEST}", simulations)


def _warn_of_what_was_never_seen(found: Posterior) -> None:
    if found.outside:
        told = (
            f"infer: no simulation reached the observed value of {', '.join(found.outside)}."
            " The posterior is a guess beyond all that the network has learned from."
        )
        warnings.warn(told, stacklevel=3)
