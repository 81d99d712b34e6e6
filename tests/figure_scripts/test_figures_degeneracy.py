"""Figures of degeneracy: what they collect from runs, and that committed tables agree."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from figure_scripts.test_committed_tables import rows_in

from neuromodels.analysis.degeneracy.paths import KEEP, basins
from neuromodels.errors import RunNotFound
from neuromodels.report.figures import load_script

ROOT = Path(__file__).parents[2]
SETS = {"nm_pdlf", "taylor_modulated", "three_factor", "pdlf, 4 bits", "pdlf, 8 bits"}


def pairs_of(name):
    """Return what lines and bends keep of a set, by pair of seeds."""
    return {
        (row["first"], row["second"]): max(
            float(row["line_kept"]), float(row["bend_kept"] or "-inf")
        )
        for row in rows_in("degeneracy_pairs.csv", set=name)
    }


@pytest.mark.parametrize("name", sorted(SETS))
def test_basins_of_the_map_are_those_of_the_pairs(name):
    solutions = rows_in("degeneracy.csv", set=name)
    seeds = [row["seed"] for row in solutions]
    links = [
        (seeds.index(one), seeds.index(other))
        for (one, other), kept in pairs_of(name).items()
        if kept >= KEEP
    ]
    assert [int(row["basin"]) for row in solutions] == basins(len(seeds), links).tolist()


def test_of_nm_pdlf_just_lines_between_the_same_signs_are_open():
    """As docs/results/degeneracy.md says."""
    signs = {row["seed"]: row["signs"] for row in rows_in("degeneracy.csv", set="nm_pdlf")}
    assert set(signs.values()) == {"+++", "+--", "-+-", "--+"}
    for (one, other), kept in pairs_of("nm_pdlf").items():
        assert (kept >= KEEP) == (signs[one] == signs[other])


def test_a_map_shows_what_was_stored_of_a_run(tmp_path):
    script = load_script("degeneracy_map", ROOT)
    (tmp_path / "measures").mkdir()
    run = SimpleNamespace(
        folder=tmp_path,
        name="degeneracy_copy",
        digest="abc",
        study=SimpleNamespace(
            rule=SimpleNamespace(name="pdlf"), task=SimpleNamespace(parameters={"length": 4})
        ),
        solution=lambda condition, seed: {"names": np.array([]), "vector": np.zeros(0)},
    )
    with pytest.raises(RunNotFound, match="its solutions were not compared"):
        script.collect([run])
    places = [[0.1, 0.2], [0.3, -0.4]]
    found = {
        "task": "sequence_copy",
        "rule": "pdlf",
        "seeds": [1, 2],
        "scores": [0.9, 0.8],
        "map": {kind: {"places": places, "shown": 0.5} for kind in script.ROWS},
        "paths": {"basin": [0, 1]},
        "clusters": {"outputs": None},
    }
    (tmp_path / "measures" / "degeneracy.json").write_text(json.dumps(found))
    (one,) = script.collect([run]).values()
    np.testing.assert_allclose(one.places["outputs"], places)
    assert (one.scores.tolist(), one.basins.tolist()) == ([0.9, 0.8], [0, 1])
