"""What a plan accepts, and how a refusal reads."""

import subprocess
import sys

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.search import OPTIMIZERS, SearchPlan, make_optimizer


def test_defaults():
    plan = SearchPlan()
    assert (plan.optimizer, plan.candidates, plan.trials) == ("pgpe", 256, 64)
    assert (plan.generations, plan.options, plan.checkpoint_every) == (1000, {}, 1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_name_and_its_own_options_are_accepted(name):
    assert SearchPlan(name, options=OPTIMIZERS[name].defaults).optimizer == name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "pgep"}, r"SearchPlan.optimizer: .*got 'pgep'. Did you mean 'pgpe'\?"),
        ({"optimizer": "OpenAI-ES"}, r"Did you mean 'openai_es'\?"),
        ({"optimizer": "PGPE"}, r"Did you mean 'pgpe'\?"),
        ({"optimizer": "zzz"}, r"got 'zzz'. Known: pgpe, snes"),
        ({"optimizer": "CMA"}, r"population is one larger.*use 'cma_es' or 'sep_cma_es'"),
        ({"optimizer": "NGOpt"}, r"fail with recent numpy; use 'pgpe'"),
        ({"optimizer": 3}, r"SearchPlan.optimizer: must be a name from the catalog; got 3"),
        ({"candidates": 255}, r"SearchPlan.candidates: must be even.*got 255. Use 256"),
        ({"candidates": 0}, r"SearchPlan.candidates: must be a whole number from 2 on; got 0"),
        ({"candidates": 2.5}, r"SearchPlan.candidates: must be a whole number"),
        ({"trials": 0}, r"SearchPlan.trials: must be a whole number from 1 on; got 0"),
        ({"generations": True}, r"SearchPlan.generations: must be a whole number"),
        ({"checkpoint_every": -1}, r"SearchPlan.checkpoint_every: .*got -1"),
        ({"options": {"learnin_rate": 1}}, r"got 'learnin_rate'. Did you mean 'learning_rate'\?"),
        ({"options": {"learning_rate": -1}}, r"options\['learning_rate'\]: .*in \[0, inf\)"),
        ({"options": {"beta1": 1.0}}, r"in \[0, 1\); got 1.0. The default is 0.9"),
        ({"options": {"beta1": "high"}}, r"must be a number in \[0, 1\); got 'high'"),
        ({"options": {"beta1": float("nan")}}, r"got nan"),
        ({"optimizer": "PSO", "options": {"omega": 1}}, r"options of 'PSO'; got 'omega'. Known: n"),
    ],
)
def test_refusals(settings, message):
    with pytest.raises(DeclarationError, match=message):
        SearchPlan(**settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"centre": np.zeros((2, 2))}, r"Optimizer.centre: must be a flat vector"),
        ({"centre": []}, r"Optimizer.centre: must be a flat vector"),
        ({"centre": [0.0, np.nan]}, r"Optimizer.centre: must be a flat vector.*finite"),
        ({"sigma": 0.0}, r"Optimizer.sigma: must be positive.*Freeze a coefficient"),
        ({"sigma": [1.0, np.inf]}, r"Optimizer.sigma: must be positive and finite"),
        ({"sigma": [1.0, 1.0, 1.0]}, r"Optimizer.sigma: .*one number or 2"),
        ({"seed": 1.5}, r"Optimizer.seed: must be a whole number"),
        ({"name": "OldCMA", "centre": [0.0]}, r"'OldCMA' searches 2 to 1000 coefficients; got 1"),
        ({"name": "OldCMA", "centre": np.zeros(1001)}, r"got 1001. Use 'pgpe'"),
    ],
)
def test_refused_arguments(arguments, message):
    usual = {"name": "pgpe", "centre": [0.0, 0.0], "sigma": 1.0, "candidates": 4, "seed": 1}
    with pytest.raises(DeclarationError, match=message):
        make_optimizer(**{**usual, **arguments})


def test_own_optimizers_do_not_import_nevergrad():
    code = (
        "import sys, numpy, neuromodels.search as s;"
        "s.SearchPlan(optimizer='OldCMA');"
        "o = s.make_optimizer('pgpe', numpy.zeros(3), 1.0, 4, 1); o.ask();"
        "assert 'nevergrad' not in sys.modules and 'brian2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_numpy_integers_are_whole_numbers():
    assert SearchPlan(candidates=np.int64(8)).candidates == 8
