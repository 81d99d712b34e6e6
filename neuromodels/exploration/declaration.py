"""What was asked of a model, as text and digest: the same question has the same digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuromodels.models.compiled import Compiled
from neuromodels.models.fingerprint import identity_of, source_of
from neuromodels.models.model import Model


def text_of(model: Model) -> str:
    """Return what decides a model's numbers, as text."""
    return _said(source_of(model.build), model)


def _said(build: str, model: Model) -> str:
    parts = [
        build,
        f"{model.begin!r} {model.end!r} {model.wiring} {model.seed} {model.dtype}",
        *(f"{name}: {parameter!r}" for name, parameter in model.parameters.items()),
        *(f"{name}: {measure!r}" for name, measure in model.measures.items()),
    ]
    return "\n".join(parts)


def digest_of(compiled: Compiled, points: Mapping[str, np.ndarray], *more: Any) -> str:
    """Return the digest of a model and its network, of values of its parameters, and of `more`."""
    said = _said(identity_of(compiled.model.build), compiled.model)
    digest = hashlib.sha256(f"{said}\n{compiled.fingerprint}".encode())
    for name, values in points.items():
        digest.update(f"{name} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values, dtype=float).tobytes())
    digest.update(repr(more).encode())
    return digest.hexdigest()[:32]
