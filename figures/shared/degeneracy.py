"""What was found of solutions, as tables: distances and maps, pairs, windows, directions, rules.

``python -m figures.shared.degeneracy BANDIT COPY --simplified FILE ...`` writes the tables of
``docs/results/degeneracy.md``. BANDIT and COPY are the folders of both sweeps, on which
``degeneracy``, ``measure window`` and ``measure directions`` were run, and each FILE is what
``simplify --json`` printed.
"""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from figures.shared.measures import Arrays, measures_of
from neuromodels.analysis.degeneracy.curvature import curvature_along, verdict_of
from neuromodels.errors import RunNotFound
from neuromodels.measures.degeneracy.run import STORED
from neuromodels.measures.quantities import mean_of
from neuromodels.store.find import required_members
from neuromodels.store.folder import PROVENANCE
from neuromodels.store.provenance import sessions_in
from neuromodels.store.store import StoredRun

DATA = Path(__file__).parents[1] / "data"
CONDITION = "plastic"
KINDS = ("outputs", "numbers", "windows")
Row = dict[str, Any]
THIRD = "modulators_output.w"
FACTORS = {
    "nm_pdlf": ("input_output.eta", "input_output.A", THIRD),
    "taylor_modulated": ("input_output.m110", THIRD),
    "three_factor": ("input_output.a_lead", THIRD),
}
"""Searched numbers whose product multiplies x*y in what a weight learns from a reward, by rule."""


def found_of(run: StoredRun) -> Mapping[str, Any]:
    """Return what ``neuromodels degeneracy`` has stored of a run.

    Raises
    ------
    RunNotFound
        When it was not asked.
    """
    path = run.folder / "measures" / STORED
    if not path.is_file():
        cure = f"Make it with: neuromodels degeneracy {run.folder}"
        raise RunNotFound(run.name, "its solutions were not compared", cure=cure)
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(run: StoredRun) -> str:
    """Return what a run is called in tables: its rule, and for copying how many bits."""
    length = run.study.task.parameters.get("length")
    bits = f", {length} bits" if length is not None else ""
    return f"{run.study.rule.name}{bits}"


def solution_rows(run: StoredRun) -> Iterator[Row]:
    """Yield a row for each solution: its score, its places on the maps, its basin and cluster."""
    found = found_of(run)
    for k, seed in enumerate(found["seeds"]):
        row = {"set": name_of(run), "task": found["task"], "rule": found["rule"], "seed": seed}
        row["score"] = round(found["scores"][k], 4)
        for kind in KINDS:
            shown = found["map"].get(kind)
            places = shown["places"][k] if shown else (None, None)
            row |= {f"x_{kind}": _short(places[0]), f"y_{kind}": _short(places[1])}
            row[f"shown_{kind}"] = _short(shown["shown"]) if shown else ""
        row["basin"] = found["paths"]["basin"][k]
        clusters = found["clusters"]["outputs"]
        row["cluster"] = clusters["labels"][k] if clusters else ""
        row["signs"] = signs_of(run, seed)
        yield row | _origin(run)


def signs_of(run: StoredRun, seed: int) -> str:
    """Return the signs of the factors of a solution, such as ``"+--"``, of `FACTORS`."""
    solution = run.solution(CONDITION, seed)
    names = [str(name) for name in solution["names"]]
    signs = ""
    for factor in FACTORS.get(run.study.rule.name, ()):
        k = names.index(factor)
        part = solution["vector"][solution["starts"][k] : solution["stops"][k]]
        signs += "+" if part.mean() > 0 else "-"
    return signs


def pair_rows(run: StoredRun) -> Iterator[Row]:
    """Yield a row for each pair of solutions: distances, and what the ways between them keep."""
    found = found_of(run)
    bent = {tuple(way["pair"]): way for way in found["paths"]["bent"]}
    for way in found["paths"]["straight"]:
        i, j = way["pair"]
        row = {"set": name_of(run), "first": found["seeds"][i], "second": found["seeds"][j]}
        for kind in KINDS:
            table = found["distances"][kind]
            row[kind] = _short(table[i][j]) if table else ""
        row |= {f"line_{name}": _short(way[name]) for name in ("kept", "low", "high", "place")}
        over = bent.get((i, j))
        row |= {f"bend_{name}": _short(over[name]) if over else "" for name in ("kept", "low")}
        yield row | _origin(run)


def window_rows(run: StoredRun) -> Iterator[Row]:
    """Yield a row for each curve of weight changes, medians over synapses: by delay, ms, or by
    frequency, Hz; its places and changes with spaces between them."""
    for seed, arrays in measures_of(run, "window", [CONDITION])[CONDITION].items():
        for label in labels_in(arrays):
            where = {"set": name_of(run), "of": label, "seed": seed}
            for curve, places, changes in curves_of(arrays, label):
                at = {
                    "curve": curve,
                    "places": " ".join(f"{place:g}" for place in places),
                    "changes": " ".join(f"{change:.3g}" for change in changes),
                }
                yield {**where, **at, **_origin(run)}


def labels_in(arrays: Arrays) -> list[str]:
    """Return projections, with the third factor, of which windows were kept; idle ones left out."""
    labels = [name.removesuffix(".window") for name in arrays if name.endswith(".window")]
    return [label for label in labels if np.any(arrays[f"{label}.window"])]


def curves_of(arrays: Arrays, label: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield curves: what pairs do beyond both sides alone by delay, and all by frequency."""
    window, before, after = (arrays[f"{label}.{n}"] for n in ("window", "before", "after"))
    delays = 1000 * arrays[f"{label}.delays"]
    yield "window", delays, np.median(window, axis=0)
    beyond = window - before[:, None] - after[:, None]
    yield "beyond", delays, np.median(beyond, axis=0)
    frequencies = arrays[f"{label}.frequencies"]
    by_frequency = np.median(arrays[f"{label}.by_frequency"], axis=0)
    yield "pre first", frequencies, by_frequency[0]
    yield "post first", frequencies, by_frequency[1]


def direction_rows(run: StoredRun) -> Iterator[Row]:
    """Yield a row for each direction of each solution, and for the planted ones of PDLF's rule."""
    for seed, arrays in measures_of(run, "directions", [CONDITION])[CONDITION].items():
        curvatures, names = arrays["curvatures"], [str(each) for each in arrays["coordinates"]]
        means = [mean_of(each) for each in curvatures]
        largest = means[0]["value"]
        where = {"set": name_of(run), "seed": seed, "largest": f"{largest:.4g}"}
        for k, mean in enumerate(means):
            parts = arrays["vectors"][k] ** 2
            made_of = " ".join(f"{n}:{p:.2f}" for n, p in zip(names, parts, strict=True) if p > 0.1)
            yield {**where, "direction": k + 1, **_part(mean, largest), "made_of": made_of} | (
                {"random": "", "in_sloppy": "", "random_in_sloppy": "", **_origin(run)}
            )
        vector = run.solution(CONDITION, seed)["vector"]
        for label, planted in planted_of(vector, arrays).items():
            of_trials = arrays["hessians"].astype(float)
            mean = mean_of(curvature_along(of_trials, planted))
            among = f"{random_part(of_trials, planted) / largest:.4f}"
            row = {**where, "direction": f"planted in {label}", **_part(mean, largest)}
            sloppy = [k for k, m in enumerate(means) if _part(m, largest)["verdict"] == "sloppy"]
            inside, others = inside_of(planted, arrays["vectors"][sloppy])
            row |= {"made_of": "", "random": among, "in_sloppy": inside, "random_in_sloppy": others}
            yield row | _origin(run)


def planted_of(vector: np.ndarray, arrays: Arrays) -> dict[str, np.ndarray]:
    """Return by projection the direction, in steps, in which eta*A, eta*B and eta*D stay: eta up,
    and A, B and D down by the same part; none of a rule without them."""
    signs = {"eta": 1.0, "A": -1.0, "B": -1.0, "D": -1.0}
    names = [str(name).rpartition(".") for name in arrays["coordinates"]]
    found: dict[str, np.ndarray] = {}
    for label in dict.fromkeys(projection for projection, _, _ in names):
        direction = np.zeros(len(names))
        for k, (projection, _, name) in enumerate(names):
            if projection == label and name in signs:
                direction[k] = signs[name] * _steps_to_double(vector, arrays, k)
        if np.count_nonzero(direction) == len(signs):
            found[label] = direction
    return found


def _steps_to_double(vector: np.ndarray, arrays: Arrays, k: int) -> float:
    """Return by how many steps a coordinate is doubled, to first order."""
    step = arrays["steps"][k]
    if not step.any():
        return 1.0 / float(arrays["logarithms"][k].max())
    place = int(np.argmax(np.abs(step)))
    return float(vector[place] / step[place])


def inside_of(planted: np.ndarray, vectors: np.ndarray) -> tuple[str, str]:
    """Return how much of a direction lies in others, 0 to 1, and the mean of random directions of
    the same coordinates.

    Parameters
    ----------
    vectors
        The others, orthogonal and of length 1, (n, d).
    """
    unit, free = planted / np.linalg.norm(planted), planted != 0
    inside = float(((vectors @ unit) ** 2).sum())
    return f"{inside:.3f}", f"{float((vectors[:, free] ** 2).sum() / free.sum()):.3f}"


def random_part(of_trials: np.ndarray, planted: np.ndarray) -> float:
    """Return the median size of the curvature along random directions of the same coordinates."""
    rng, free = np.random.default_rng(0), np.flatnonzero(planted)
    mean = of_trials.mean(axis=0)[np.ix_(free, free)]
    drawn = rng.normal(size=(1000, len(free)))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return float(np.median(np.abs(np.einsum("ri,ij,rj->r", drawn, mean, drawn))))


def _part(mean: Mapping[str, Any], largest: float) -> Row:
    low, high = mean["low"], mean["high"]
    verdict = "undecided" if low is None else verdict_of(low, high, largest)
    parts = {"part": mean["value"] / largest, "low": low, "high": high}
    scaled = {k: v if k == "part" or v is None else v / largest for k, v in parts.items()}
    shown = {name: "" if value is None else f"{value:.4f}" for name, value in scaled.items()}
    return {**shown, "verdict": verdict}


def simplest_rows(path: Path) -> Iterator[Row]:
    """Yield a row for each search out of what ``simplify --json`` printed."""
    found = json.loads(path.read_text(encoding="utf-8"))
    run = StoredRun(found["run"])
    for each in found["searches"]:
        full, reduced = each["full"], each["reduced"]
        yield {
            "set": name_of(run),
            "task": run.study.task.name,
            "seed": each["seed"],
            "kept": " ".join(each["kept"]),
            "left_out": " ".join(each["left_out"]),
            "full": _short(full["value"]),
            "full_low": _short(full["low"]),
            "full_high": _short(full["high"]),
            "reduced": _short(reduced["value"]),
            "reduced_low": _short(reduced["low"]),
            "reduced_high": _short(reduced["high"]),
            "trials": found["trials"],
            "rule": each["brian2"].replace("\n", "; "),
            **_origin(run),
        }


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _origin(run: StoredRun) -> Row:
    """Return of which study and by which code a run is."""
    sessions = sessions_in(run.folder / PROVENANCE)
    commit = str(sessions[0].get("commit", ""))[:7] if sessions else ""
    command = f"neuromodels run studies/{run.name}.toml"
    return {"digest": run.digest, "command": command, "commit": commit}


def runs_in(folder: Path) -> list[StoredRun]:
    """Return the runs of a sweep."""
    members = required_members(folder, lambda line: None)
    return [member.run for member in members if member.run is not None]


def write(name: str, rows: Iterable[Row]) -> None:
    """Write a table into figures/data."""
    kept = list(rows)
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)


def measured(runs: Iterable[StoredRun], measure: str) -> list[StoredRun]:
    """Return the runs of which a measure was made."""
    return [r for r in runs if any((r.folder / "measures").glob(f"{measure}-*.npz"))]


def main() -> None:
    """Write all tables."""
    parser = ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--simplified", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    runs = [run for folder in asked.folders for run in runs_in(folder)]
    compared = [run for run in runs if (run.folder / "measures" / STORED).is_file()]
    write("degeneracy.csv", (row for run in compared for row in solution_rows(run)))
    write("degeneracy_pairs.csv", (row for run in compared for row in pair_rows(run)))
    windows = (row for run in measured(runs, "window") for row in window_rows(run))
    write("rule_windows.csv", windows)
    directions = (row for run in measured(runs, "directions") for row in direction_rows(run))
    write("degeneracy_directions.csv", directions)
    if asked.simplified:
        rows = (row for path in asked.simplified for row in simplest_rows(path))
        write("simplest_rules.csv", rows)


if __name__ == "__main__":
    main()
