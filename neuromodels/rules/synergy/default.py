"""The composition that ``name = "synergy"`` stands for where a study names no mechanisms.

Two mechanisms that need neither an error nor a third factor: Oja's rule and Hebb's leaky one.
"""

from neuromodels.rules.hebb import HEBB
from neuromodels.rules.oja import OJA
from neuromodels.rules.synergy.composition import compose

SYNERGY = compose({"hebb": HEBB.with_options({"form": "dense"}), "oja": OJA})
