"""One condition of a study, built once: vectors of coefficients in, losses and scores out."""

from __future__ import annotations

import numpy as np

from neuromodels import tasks
from neuromodels.experiment.batches import batch_of, check_size, shown_in, values_of
from neuromodels.simulation import FAILED
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.outcome import FAILURES, SILENT, Outcome
from neuromodels.study.study import Study


class Experiment:
    """The compiled network of one condition.

    Parameters
    ----------
    study
        What is asked.
    condition
        One of `neuromodels.study.conditions.BUILT`.

    Raises
    ------
    DeclarationError
        Where the condition has no network of its own, or the study lacks what it needs.
    """

    def __init__(self, study: Study, condition: str = "plastic"):
        self.circuit = circuit_of(study, condition)
        self.coefficients = self.circuit.coefficients
        self.dimension = self.coefficients.dimension
        self.centre = self.coefficients.centre
        self.sigma = self.coefficients.sigma
        self.slices = self.coefficients.slices
        self._lowest_rate = study.failures.lowest_rate
        self._is_outside = study.task_out_of(tasks.CATALOG).is_outside
        self._assembly = network_of(study, condition, self.circuit)
        self._batch = batch_of(self._assembly, study)
        self._study = study

    def check_size(self) -> None:
        """Refuse a network of one's own that this machine cannot hold.

        Raises
        ------
        DeclarationError
            With bytes and seconds.
        """
        check_size(self._study, self.circuit, self._assembly, self._batch)

    def evaluate(
        self, xs: np.ndarray, streams: np.ndarray, inputs: np.ndarray | None = None
    ) -> Outcome:
        """Run every candidate on every trial.

        Parameters
        ----------
        xs
            Vectors of coefficients, shape (candidates, d).
        streams
            Noise-stream ids, uint64. (trials,): all candidates see the same trials. (candidates,
            trials): each sees its own.
        inputs
            Numbers of the inputs that trials show, shaped as `streams`; None: each trial draws its
            own.
        """
        assembly, (count, trials) = self._assembly, (len(xs), np.shape(streams)[-1])
        spikes = [assembly.spikes] if assembly.spikes else []
        kept = [assembly.loss, assembly.accuracy, assembly.over, *spikes, FAILED]
        results = self._batch.trials(
            assembly.duration,
            [*kept, *assembly.flags.values()],
            streams=per_instance(np.asarray(streams, dtype=np.uint64), count),
            values=values_of(self.circuit, assembly, xs),
            rows=np.repeat(np.arange(count), trials),
            each=shown_in(assembly, inputs if inputs is None else per_instance(inputs, count)),
            until=assembly.over,
        )
        numbers = {name: results[name].reshape(count, trials).astype(float) for name in kept}
        measures = {"rate": numbers[assembly.spikes] / assembly.seconds} if assembly.spikes else {}
        for name, address in assembly.flags.items():
            measures[SILENT + name] = is_silent(results[address]).reshape(count, trials)
        losses, scores = numbers[assembly.loss], numbers[assembly.accuracy]
        infinite = (numbers[FAILED] > 0) | ~np.isfinite(scores)
        over = numbers[assembly.over]
        failed = self._failure_kinds(infinite, over, scores, measures.get("rate"))
        losses, scores = (np.where(failed, np.nan, each) for each in (losses, scores))
        return Outcome(losses, scores, failed, measures)

    def _failure_kinds(
        self,
        infinite: np.ndarray,
        over: np.ndarray,
        scores: np.ndarray,
        rates: np.ndarray | None,
    ) -> np.ndarray:
        """Return each trial's kind of failure, 0 where it ran, see `Outcome.failed`."""
        outside = self._is_outside(scores)
        kinds = {"nan": infinite, "explosion": over != 0, "outside": outside}
        if rates is not None:
            kinds["silence"] = rates < self._lowest_rate
        numbers = [1 + FAILURES.index(kind) for kind in kinds]
        return np.select(list(kinds.values()), numbers, 0).astype(np.uint8)

    @property
    def report(self) -> dict[str, float]:
        """Builds, cache hits, seconds, rates, bytes and threads so far."""
        return self._batch.report.as_dict()


def per_instance(values: np.ndarray, count: int) -> np.ndarray:
    """Return values of each trial of each candidate, (candidates*trials,), `count` candidates.

    Parameters
    ----------
    values
        (trials,), the same for all candidates, or (candidates, trials).
    """
    values = np.asarray(values)
    return np.broadcast_to(values, (count, values.shape[-1])).reshape(-1)


def is_silent(flags: np.ndarray) -> np.ndarray:
    """Return 1.0 where no neuron of an instance has fired, (n,), from flags (n, size)."""
    return 1.0 - np.any(flags, axis=1)
