"""Constants of a code object, and a site for each of its random calls."""

from __future__ import annotations

import re
from hashlib import sha256

import numpy as np
from brian2.core.variables import Constant

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import DRAWS, SPECIAL
from neuromodels.simulation.source.lines import Lines, indented

RANDOM_CALL = re.compile(
    rf"\b_(rand|randn)\(_vectorisation_idx\)|\b_(rands|randns)\(|\b{DRAWS}\w+(?=\()"
)


def stream_id(name: str) -> int:
    """Return the 32-bit id of an object's random numbers."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "little")


def complete(code: Captured, body: Lines, step: str) -> Lines:
    """Put constants before the body and give each random call its own site."""
    sites = iter(range(256))

    def site(match: re.Match) -> str:
        if match[2] is not None:
            kind = "nm_uniforms" if match[2] == "rands" else "nm_normals"
            return f"{kind}<nm_real>(_noise, {next(sites)}u, "
        if match[1] is None:
            return f"(_draw_at(_noise, {next(sites)}u), {match[0]})"
        kind = "nm_uniform" if match[1] == "rand" else "nm_normal"
        return f"{kind}<nm_real>(_noise, _vectorisation_idx, {next(sites)}u)"

    text = "\n".join(indented(body))
    noise = f"const Noise _noise = noise_of(_key, {stream_id(code.noise)}u, {step});"
    is_random = RANDOM_CALL.search(text) is not None
    lines = RANDOM_CALL.sub(site, text).splitlines()
    return [*_constants(code, text), *([noise] if is_random else []), *lines]


def _constants(code: Captured, text: str) -> Lines:
    lines = []
    for name, variable in sorted(code.variables.items()):
        if isinstance(variable, Constant) and re.search(rf"\b{re.escape(name)}\b", text):
            lines.append(_constant(name, variable.get_value()))
    return lines


def _constant(name: str, value: object) -> str:
    number = np.asarray(value).item()
    if isinstance(number, bool):
        return f"const char {name} = {int(number)};"
    if isinstance(number, int):
        type_ = "int32_t" if abs(number) < 2**31 else "int64_t"
        return f"const {type_} {name} = {number};"
    return f"const nm_real {name} = nm_real({SPECIAL.get(repr(number), repr(number))});"
