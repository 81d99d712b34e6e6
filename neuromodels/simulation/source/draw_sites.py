"""Constants of a code object, and a site for each of its random calls."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import count

import numpy as np
from brian2.core.variables import Constant

from neuromodels.simulation.capture.arithmetic import whole_literal
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import local_name
from neuromodels.simulation.capture.magnitudes import fits_single
from neuromodels.simulation.capture.own_functions import DRAWS
from neuromodels.simulation.capture.rendering import SPECIAL
from neuromodels.simulation.source.lines import Lines, indented

RANDOM_CALL = re.compile(
    rf"(?<!:)\b_(rand|randn)\(_vectorisation_idx\)|(?<!:)\b_(rands|randns)\(|\b{DRAWS}[\w:]+(?=\()"
)

#: How many calls can be told apart by the counter of one stream.
SITES = 256


def stream_id(name: str) -> int:
    """Return the 32-bit id of an object's random numbers."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "little")


def complete(code: Captured, body: Lines, step: str, stream: str | None = None) -> Lines:
    """Put constants before the body and give each random call its own site.

    `stream` says where the id of the random numbers is found, if it is not that of the code.
    """
    calls = count()

    def site(match: re.Match) -> str:
        page, number = divmod(next(calls), SITES)
        noise = noise_name(page)
        if match[2] is not None:
            kind = "nm_uniforms" if match[2] == "rands" else "nm_normals"
            return f"{kind}<nm_real>({noise}, {number}u, "
        if match[1] is None:
            return f"(_draw_at({noise}, {number}u), {match[0]})"
        kind = "nm_uniform" if match[1] == "rand" else "nm_normal"
        return f"{kind}<nm_real>({noise}, _vectorisation_idx, {number}u)"

    text = "\n".join(indented(body))
    lines = RANDOM_CALL.sub(site, text).splitlines()
    pages = range(-(-next(calls) // SITES))
    return [
        *_constants(code, text),
        *(_noise(page, _stream(code, page, stream), step) for page in pages),
        *lines,
    ]


def noise_name(page: int) -> str:
    """Return what noise is called: a counter has room for so many sites, then it is another's."""
    return f"_noise_{page}" if page else "_noise"


def _stream(code: Captured, page: int, given: str | None) -> str:
    """Return the id of the random numbers of a page."""
    if given is None:
        return f"{stream_id(f'{code.noise} page {page}' if page else code.noise)}u"
    return f"({given} ^ {stream_id(f'page {page}')}u)" if page else given


def _noise(page: int, stream: str, step: str) -> str:
    return f"const Noise {noise_name(page)} = noise_of(_key, {stream}, {step});"


def _constants(code: Captured, text: str) -> Lines:
    lines = []
    for key, variable in sorted(code.variables.items()):
        name = local_name(key)
        if isinstance(variable, Constant) and re.search(rf"\b{name}\b", text):
            lines.append(_constant(name, variable.get_value()))
    return lines


def _constant(name: str, value: object) -> str:
    number = np.asarray(value).item()
    if isinstance(number, bool):
        return f"const char {name} = {int(number)};"
    if isinstance(number, int):
        return _whole_constant(name, number)
    if repr(number) in SPECIAL:
        return f"const nm_real {name} = nm_real({SPECIAL[repr(number)]});"
    type_ = "nm_real" if fits_single(number) else "double"
    return f"const {type_} {name} = {type_}({number!r});"


def _whole_constant(name: str, number: int) -> str:
    type_ = "int32_t" if abs(number) < 2**31 else "int64_t"
    fits = -(2**63) <= number < 2**63
    return f"const {type_ if fits else 'nm_real'} {name} = {whole_literal(number)};"
