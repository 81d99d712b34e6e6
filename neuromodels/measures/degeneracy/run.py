"""Are the solutions of a run one rule or many: distances, clusters and paths of all its seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.degeneracy.clusters import SMALLEST, clusters_of
from neuromodels.analysis.degeneracy.distances import (
    apart_by_group,
    classical_map,
    mantel,
    root_mean_square,
)
from neuromodels.analysis.degeneracy.paths import KEEP, basins
from neuromodels.errors import NeuromodelsError
from neuromodels.files import refuse_link, replace_file, writing
from neuromodels.measures.degeneracy.behaviour import between_outputs, between_windows, outputs_of
from neuromodels.measures.degeneracy.connections import Connections, Paths
from neuromodels.measures.examine import finished_solutions
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.find import Member, required_members
from neuromodels.store.neighbours import Tell, ignore
from neuromodels.store.store import StoredRun
from neuromodels.study.file import study_of
from neuromodels.study.limits.demand import check_trials
from neuromodels.study.own_files import Announce
from neuromodels.study.own_files import ignore as ignore_file

SCHEMA = 1
STORED = "degeneracy.json"
CONDITION = "plastic"
SEED = 0
"""Of the probes: all solutions of all runs see the same trials."""
FEWEST = 4
"""Solutions of a run below which nothing is compared."""
ABOVE_CHANCE = 0.05
"""A search that ends nearer to chance has found no solution, and is left out."""
Row = dict[str, Any]


def compare_solutions(
    folder: Path,
    trials: int = 100,
    bends: int = 6,
    announce: Announce = ignore_file,
    tell: Tell = ignore,
) -> dict[str, Any]:
    """Compare all solutions of a run, or of each run of a sweep.

    Parameters
    ----------
    folder
        Of a run, of a sweep, or with runs in it.
    trials
        Probes that all solutions are shown, and trials that judge each path.
    bends
        Paths with a bend that are looked for in a run.
    announce
        Called with each file of the user's own before it is run.
    tell
        Gets a line about each run, and a sentence about each that is left out.

    What is found of a run is stored in its ``measures/degeneracy.json`` at once.

    Returns
    -------
    dict
        ``schema``, ``trials``, ``runs`` (see `of_run`), and ``forms``: distances by outputs within
        and between runs of one task, None where there are fewer than two.

    Raises
    ------
    NeuromodelsError
        When no run has `FEWEST` solutions.
    """
    check_trials("degeneracy --trials", trials)
    rows: list[Row] = []
    outputs: list[np.ndarray] = []
    for name, member in _named(required_members(folder, tell)).items():
        assert member.run is not None
        try:
            row, seen = of_run(member.run, trials, bends, announce)
        except NeuromodelsError as error:
            tell(f"{name} is left out. {error}")
            continue
        _keep(member.run, {"schema": SCHEMA, "trials": trials, **row})
        rows.append({"setting": name, **row})
        outputs.append(seen)
        tell(f"{name}: {len(row['seeds'])} solutions")
    if not rows:
        must = f"needs a run with {FEWEST} solutions"
        raise NeuromodelsError("degeneracy", must, str(folder), "Search with more seeds.")
    forms = _of_forms([row["setting"] for row in rows], outputs)
    return {"schema": SCHEMA, "trials": trials, "runs": rows, "forms": forms}


def _keep(run: StoredRun, row: Row) -> None:
    """Store what was found of a run in its folder, atomically, in place of what was there."""
    path = run.folder / "measures" / STORED
    refuse_link(path.parent)
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    replace_file(path, json.dumps(row, indent=1).encode())


def _named(members: Sequence[Member]) -> dict[str, Member]:
    names = [m.setting.name if m.setting else m.folder.name for m in members]
    return {name: m for name, m in zip(names, members, strict=True) if m.run is not None}


def of_run(
    run: StoredRun, trials: int, bends: int, announce: Announce = ignore_file
) -> tuple[Row, np.ndarray]:
    """Return the comparison of a run's solutions, and their outputs (n, trials, looks, outputs).

    The row has ``rule``, ``task``, ``numbers`` (how many are searched), ``seeds``, ``left_out``
    (seeds without a solution), ``scores``, ``distances`` (by ``numbers``, by ``outputs``, and by
    ``windows`` or None), ``agreement`` of each with the outputs, ``clusters``, ``map`` and
    ``paths``.
    """
    from neuromodels.experiment.embodied import experiment_of  # imports Brian2

    study = study_of(run.table, str(run.folder / "study.json"), announce=announce)
    seeds = [seed for _, seed in finished_solutions(run, (CONDITION,))]
    experiment = experiment_of(study, CONDITION)
    vectors = np.array([_vector(run, seed, experiment.dimension) for seed in seeds])
    streams = trial_streams(SEED, trials, "degeneracy")
    probe = Solution(study, CONDITION, vectors[0], streams, SEED)
    chance = probe.task.chance or 0.0
    paths = Paths(experiment, vectors, chance, SEED, trials)
    scores = paths.ends().mean(axis=1)
    good = scores > chance + ABOVE_CHANCE
    if good.sum() < FEWEST:
        must = f"needs {FEWEST} solutions above chance"
        raise NeuromodelsError("degeneracy", must, int(good.sum()), "Search with more seeds.")
    vectors, kept = (
        vectors[good],
        [seed for seed, is_good in zip(seeds, good, strict=True) if is_good],
    )
    outputs = outputs_of(probe, vectors)
    distances = {
        "numbers": root_mean_square(vectors / experiment.sigma),
        "outputs": between_outputs(outputs),
        "windows": between_windows(probe, vectors),
    }
    row = {
        "rule": study.rule.name,
        "task": study.task.name,
        "numbers": len(vectors[0]),
        "seeds": kept,
        "left_out": [seed for seed in seeds if seed not in kept],
        "scores": scores[good].tolist(),
        "distances": {name: _plain(each) for name, each in distances.items()},
        "agreement": _agreements(distances, outputs),
        "clusters": _clusters(distances),
        "map": _maps(distances),
        "paths": _told(Paths(experiment, vectors, chance, SEED, trials).connections(bends)),
    }
    return row, outputs


def _vector(run: StoredRun, seed: int, dimension: int) -> np.ndarray:
    """Return a solution; refuse one that is not of the study."""
    vector = np.asarray(run.solution(CONDITION, seed)["vector"])
    if vector.shape != (dimension,) or not np.isfinite(vector).all():
        must = f"must have {dimension} finite numbers, as the study's"
        raise NeuromodelsError(f"degeneracy, seed {seed}", must, vector.shape)
    return vector


def _agreements(distances: Mapping[str, np.ndarray | None], outputs: np.ndarray) -> Row:
    """Return how distances by numbers and windows agree with those by outputs.

    ``control``: outputs of one half of the probes with those of the other.
    """
    rng = generator(SEED, "degeneracy", "mantel")
    pairs = {name: distances[name] for name in ("numbers", "windows")}
    found: Row = {
        name: None if each is None else vars(mantel(each, _outputs(distances), rng))
        for name, each in pairs.items()
    }
    one, other = (between_outputs(outputs[:, k::2]) for k in (0, 1))
    return {**found, "control": vars(mantel(one, other, rng))}


def _outputs(distances: Mapping[str, np.ndarray | None]) -> np.ndarray:
    found = distances["outputs"]
    assert found is not None
    return found


def _clusters(distances: Mapping[str, np.ndarray | None]) -> Row:
    rng = generator(SEED, "degeneracy", "clusters")
    found: Row = {}
    for name, each in distances.items():
        if each is None or len(each) < SMALLEST:
            found[name] = None
            continue
        clusters = clusters_of(each, rng)
        found[name] = {
            "count": clusters.count,
            "silhouette": clusters.silhouette,
            "p": clusters.p,
            "labels": clusters.labels.tolist(),
        }
    return found


def _maps(distances: Mapping[str, np.ndarray | None]) -> Row:
    maps = {name: classical_map(each) for name, each in distances.items() if each is not None}
    return {name: {"places": p.tolist(), "shown": s} for name, (p, s) in maps.items()}


def _told(found: Connections) -> Row:
    """Return paths as plain values: each pair, the share of open ones, and the basins."""
    straight = [{"pair": list(pair), **vars(way)} for pair, way in found.straight.items()]
    kept = np.array([way.kept for way in found.straight.values()])
    n = len(found.basin)
    lines = basins(n, [pair for pair, way in found.straight.items() if way.is_open])
    return {
        "keep": KEEP,
        "straight": straight,
        "bent": [{"pair": list(pair), **vars(way)} for pair, way in found.bent.items()],
        "random": [vars(way) for way in found.random],
        "open": int((kept >= KEEP).sum()),
        "surely_open": sum(way.low >= KEEP for way in found.straight.values()),
        "surely_closed": sum(way.high < KEEP for way in found.straight.values()),
        "of": len(kept),
        "random_open": sum(way.is_open for way in found.random),
        "basins_by_lines": int(lines.max()) + 1,
        "basins_at_most": _count(found, n, lambda way: way.low >= KEEP),
        "basins_at_least": _count(found, n, lambda way: way.high >= KEEP),
        "basins": int(found.basin.max()) + 1,
        "basin": found.basin.tolist(),
    }


def _count(found: Connections, n: int, is_open: Any) -> int:
    """Return how many basins there are, by lines and bends that are open in some sense."""
    ways = [*found.straight.items(), *found.bent.items()]
    return int(basins(n, [pair for pair, way in ways if is_open(way)]).max()) + 1


def _of_forms(names: Sequence[str], outputs: Sequence[np.ndarray]) -> Row | None:
    """Return distances by outputs within and between the runs; None where they have no common
    shape, or there is one alone."""
    if len(outputs) < 2 or len({each.shape[1:] for each in outputs}) > 1:
        return None
    every = between_outputs(np.concatenate(outputs))
    groups = [name for name, each in zip(names, outputs, strict=True) for _ in each]
    rng = generator(SEED, "degeneracy", "forms")
    within, between, p = apart_by_group(every, groups, rng)
    places, shown = classical_map(every)
    return {
        "groups": groups,
        "within": within,
        "between": between,
        "p": p,
        "distances": every.tolist(),
        "map": {"places": places.tolist(), "shown": shown},
    }


def _plain(distances: np.ndarray | None) -> list[list[float]] | None:
    return None if distances is None else distances.tolist()
