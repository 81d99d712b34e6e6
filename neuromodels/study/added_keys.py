"""Keys that studies did not always have: the digest of a study without them stays what it was.

A key that is added to a section says, in the metadata of its field, which value means what was
meant before there was the key. With that value it is left out of the digest, so that stored runs
of older studies are still recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

BEFORE = "before"
"""Key of a field's metadata: the value that means what was meant before there was the field.

Written out in `neuromodels.search.plan`, which knows nothing of studies."""


def added_key(default: Any) -> Any:
    """Return a field that studies did not always have; its default is what was meant before."""
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={BEFORE: default})
    return field(default=default, metadata={BEFORE: default})


def keys_left_out(section: Any) -> list[str]:
    """Return the added keys of a section, a dataclass, whose values mean what was meant before."""
    return [
        f.name
        for f in fields(section)
        if BEFORE in f.metadata and getattr(section, f.name) == f.metadata[BEFORE]
    ]
