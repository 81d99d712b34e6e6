"""Brian2's numpy code that connects neurons, mended where it fails.

``connect(condition, n="...")`` evaluates the number of synapses of each pair for the pairs that
fulfil the condition.  Brian2's numpy target then looks it up by the postsynaptic index, as if it
had one for every neuron: an error, or the number of another pair.  Its other targets are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.codegen.templates import Templater
from brian2.core.preferences import prefs
from jinja2 import ChoiceLoader, DictLoader

from neuromodels.simulation.build.memo_keys import quick_keys

NUMPY = "brian2.codegen.runtime.numpy_rt"
GENERATOR = "synapses_create_generator"

#: What a pair's number is taken from, and what else must be kept for these pairs alone.
MENDED = {
    "repeat(_n[_j])": "repeat(_n)",
    "_{{result_index}}, _cond = _numpy.broadcast_arrays(_{{result_index}}, _cond)": (
        "_{{result_index}}, _cond, {{inner_variable}} = "
        "_numpy.broadcast_arrays(_{{result_index}}, _cond, {{inner_variable}})\n"
        "    {{inner_variable}} = {{inner_variable}}[_cond]"
    ),
    "_{{result_index}} = _{{result_index}}[_in_range]": (
        "_{{result_index}}, {{inner_variable}} = "
        "_numpy.broadcast_arrays(_{{result_index}}, {{inner_variable}})\n"
        "        {{inner_variable}} = {{inner_variable}}[_in_range]\n"
        "        _{{result_index}} = _{{result_index}}[_in_range]"
    ),
}


def mended_templates() -> Templater:
    """Return Brian2's templates for numpy, with one number of synapses for each pair."""
    given = NumpyCodeObject.templater
    name = f"{GENERATOR}{given.extension}"
    source = (files(NUMPY) / "templates" / name).read_text()
    for old, new in MENDED.items():
        source = source.replace(old, new)
    templates = Templater(NUMPY, given.extension, env_globals=given.env_globals)
    templates.env.loader = ChoiceLoader([DictLoader({name: source}), templates.env.loader])
    return templates


@contextmanager
def quick_setup() -> Iterator[None]:
    """Let Brian2 connect synapses with numpy: compiling that for one network takes longer.

    Random numbers of conditions do not depend on what else is installed, either.
    """
    target = prefs.codegen.target
    prefs.codegen.target = "numpy"
    try:
        with quick_keys():
            yield
    finally:
        prefs.codegen.target = target


class ConnectingCode(NumpyCodeObject):
    """Code that lists pairs of neurons, with numpy."""

    templater = mended_templates()
