"""A noisy parabola in place of a network, and catalogs in place of the real ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from neuromodels.coefficients import Coefficient
from neuromodels.search.optimizers import OPTIMIZERS
from neuromodels.study.checks import Catalogs
from neuromodels.study.outcome import Outcome

TARGET = np.linspace(-0.5, 0.5, 6)
HANDICAP = {
    "plastic": 0.0,
    "fixed": 0.3,
    "frozen": 1.5,
    "reset": 0.1,
    "unseen": 0.2,
    "unseen_fixed": 0.6,
}


@dataclass
class FakeExperiment:
    """Loss = squared distance to a target + noise of the stream; score = quarters of 1 - loss."""

    study: object = None
    condition: str = "plastic"
    fails: float = np.inf
    calls: list = field(default_factory=list)
    dimension: int = TARGET.size

    def __post_init__(self) -> None:
        self.centre = np.zeros(self.dimension)
        self.sigma = np.full(self.dimension, 0.1)
        name = "w" if self.condition == "fixed" else "A"
        self.slices = {f"input_hidden.{name}": slice(0, 4), f"hidden_output.{name}": slice(4, 6)}
        self.report = {"builds": 1, "cache_hits": 0, "threads": 1, "bytes": 100}

    def check_size(self) -> None:
        """It takes next to nothing."""

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome:
        self.calls.append((np.array(xs), np.array(streams)))
        distance = ((xs - TARGET) ** 2).sum(axis=1) + HANDICAP[self.condition]
        noise = np.array([np.random.default_rng(s).normal(scale=0.1) for s in streams])
        losses = distance[:, None] + noise[None, :]
        failed = np.broadcast_to(xs[:, :1] > self.fails, losses.shape)
        scores = np.round(np.clip(1 - losses, 0, 1) * 4) / 4
        losses = np.where(failed, np.nan, losses)
        rate = {"rate": np.broadcast_to(np.abs(xs).sum(axis=1)[:, None], losses.shape)}
        return Outcome(losses, np.where(failed, np.nan, scores), failed.astype(np.uint8), rate)


def fake_recording(study, condition, vector, stream):
    """Return a made-up trial of the sequence copy task: two hidden neurons echo the bits."""
    task = study.task.parameters
    length, steps = task["length"], 2 * task["length"] + task["latency"]
    rng = np.random.default_rng(stream)
    bits = rng.integers(2, size=length).astype(float)
    channels, output = np.zeros((3, steps)), np.zeros((1, steps))
    channels[0, :length], channels[1, :length], channels[2, -length:] = bits, 1, 1
    output[0, -length:] = 2 * bits - 1
    spikes = np.vstack([np.sign(output), -np.sign(output)])
    return {
        "t": 0.02 * np.arange(steps),
        "items": bits,
        "input.u": channels,
        "hidden.s": spikes,
        "hidden.tr": 0.6 * spikes,
        "output.o": output,
        "output.z": np.tanh(output),
        "input_hidden.w": rng.normal(size=(6, steps)),
        "hidden_output.w": rng.normal(size=(2, steps)),
    }


def _named(name: str, **more: object) -> SimpleNamespace:
    return SimpleNamespace(name=name, summary=f"{name} in short", reference="X 2000", **more)


def catalogs() -> Catalogs:
    letters = tuple(Coefficient(name, per="synapse") for name in ("eta", "A", "B", "C", "D"))
    options = {"normalisation": ("p8", "none"), "pdp_side": ("post", "pre")}
    rule = _named("pdlf", coefficients=letters, options=options, modulator="m", model="")
    rule.with_options = lambda options: rule
    rule.is_normalised, rule.terms = False, ()
    rule.ways, rule.mechanisms = {}, ()
    rule.needs_error, rule.needs_type = False, False
    rule.each_step = rule.on_pre = rule.on_post = rule.weight = ""
    task = _named(
        "sequence_copy",
        parameters={"length": 4, "latency": 4},
        items="length",
        steps="length",
        channels=3,
        outputs=1,
        number=lambda expression, parameters: parameters[expression],
        settling="length",
        delay=("length", "2*length"),
        unseen={"latency": 9},
        refusal=lambda parameters: "",
        options={},
        added={},
        content="",
    )
    task.with_options = lambda options: task
    return Catalogs(
        rules={"pdlf": rule},
        models={
            name: _named(name, coefficients=(), equations="", threshold="v > 1")
            for name in ("ternary_lif", "readout", "modulator", "inhibitory_lif")
        },
        tasks={"sequence_copy": task},
        optimizers=OPTIMIZERS,
    )


TABLE = {
    "name": "parabola",
    "seeds": [1, 2],
    "conditions": ["plastic", "fixed", "frozen", "reset", "random"],
    "task": {"name": "sequence_copy"},
    "rule": {"name": "pdlf"},
    "circuit": {"hidden": 4},
    "search": {"candidates": 8, "trials": 4, "generations": 12},
    "test": {"trials": 200, "finalists": 2, "every": 4, "curve_trials": 32, "random_rules": 5},
}
