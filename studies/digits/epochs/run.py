"""The digits study: ten arms, each searched eight times, five new networks for each search.

    python studies/digits/epochs/run.py declare            # writes the plan; commit it
    python studies/digits/epochs/run.py run FOLDER         # goes on where it was stopped
    python studies/digits/epochs/run.py table FOLDER       # tables into figures/data, and tests

All searches of an arm run side by side, and all arms share two compiled programs. The fitness is
the share of validation images named right after the last epoch, of one new network per candidate
and generation. The best candidates are scored again on other networks, and the first of them is
tested on images that no search has seen.
"""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time

import brian2
import numpy as np
from arms import ARMS
from brian2 import ms
from network import EVALUATED, PHASE, PHASES
from trials import batch_of, firsts, orders, scores

from neuromodels.search import make_optimizer
from neuromodels.seeding import seed_of, trial_streams

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PLAN = HERE.parent / "declared" / "digits_over_epochs.toml"
SEED = 19
SEARCHES = range(1, 9)
NETWORKS = 5
EPOCHS, LATER = 3, 4
"""The last epoch of fitness and claims, and that of learning curves."""
OPTIMIZER, SIGMA, CANDIDATES, GENERATIONS = "TwoPointsDE", 0.3, 12, 3
FINALISTS, AGAIN = 3, 4
"""Candidates that are scored again, and on how many networks each."""
SETTINGS = {
    "seed": SEED,
    "searches": len(SEARCHES),
    "networks": NETWORKS,
    "epochs": EPOCHS,
    "optimizer": OPTIMIZER,
    "sigma": SIGMA,
    "candidates": CANDIDATES,
    "generations": GENERATIONS,
    "finalists": FINALISTS,
    "networks_of_finalists": AGAIN,
}
MARGIN = 0.005
CONTRASTS = (
    "primary: searched > uniform, mean of five networks, pairs of searches, all flips of signs",
    f"secondary: searched = the best single within {MARGIN} (TOST over pairs of searches);"
    " the best of error, hebb and contrast by the mean fitness of its finalists on validation",
)


def digest():
    """Return the digest of what decides the numbers: programs, numbers, arms and settings."""
    parts = [(HERE / f"{name}.py").read_bytes() for name in ("network", "arms", "images", "trials")]
    parts.append(json.dumps(SETTINGS, sort_keys=True).encode())
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def declare():
    """Write the plan."""
    PLAN.write_text(plan())
    print(f"{PLAN.relative_to(ROOT)}: commit it before the run.")


def plan():
    """Return the text of the plan."""
    lines = [
        "# The plan of a study, written by `run.py declare`. Commit it before the run.",
        'study = "digits_over_epochs"',
        'question = "Does it matter which share of the current each mechanism has?"',
        f'digest = "{digest()}"',
        f"arms = {json.dumps([arm.name for arm in ARMS])}",
        "contrasts = [",
        *(f"    {json.dumps(each)}," for each in CONTRASTS),
        "]",
        'correction = "Holm over both contrasts"',
        'described = "share of networks below .5 after the last epoch; curves of four epochs"',
        'exclusions = "none: every search and every network counts"',
        "",
        "[settings]",
        *(f"{key} = {json.dumps(value)}" for key, value in SETTINGS.items()),
    ]
    return "\n".join(lines) + "\n"


def committed():
    """Return the commit of the plan, and refuse a plan that is not the one of this study."""
    if not PLAN.exists() or PLAN.read_text() != plan():
        sys.exit(f"{PLAN.name}: must be the plan of this study. Declare it and commit it.")
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%H %cI", "--", str(PLAN)]
    changed = ["git", "-C", str(ROOT), "status", "--porcelain", "--", str(PLAN)]
    found = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    if not found or subprocess.run(changed, capture_output=True, text=True).stdout.strip():
        sys.exit(f"{PLAN.name}: must be committed before the run.")
    return found


class Programs:
    """The compiled programs: shares that stay, and shares that are learned."""

    def __init__(self):
        self._found = {}

    def of(self, arm):
        """Return the batch of an arm."""
        is_learned = arm.shares == "learned"
        if is_learned not in self._found:
            self._found[is_learned] = batch_of(is_learned)
        return self._found[is_learned]


def searched(arm, batch, report):
    """Search an arm from each seed; return all places and losses, by search."""
    optimizers = [
        make_optimizer(
            OPTIMIZER,
            np.zeros(arm.dimension),
            SIGMA,
            CANDIDATES,
            seed_of(SEED, arm.name, s) % 2**31,
        )
        for s in SEARCHES
    ]
    kept = [([], []) for _ in SEARCHES]
    for generation in range(GENERATIONS):
        asked = [optimizer.ask() for optimizer in optimizers]
        streams = [trial_streams(SEED, 1, "search", s, generation) for s in SEARCHES]
        found = scores(
            batch,
            arm.values(np.concatenate(asked)),
            np.arange(len(SEARCHES) * CANDIDATES),
            np.repeat(np.concatenate(streams), CANDIDATES),
            EPOCHS,
        ).reshape(len(SEARCHES), CANDIDATES)
        for optimizer, places, right, (all_places, all_right) in zip(
            optimizers, asked, found, kept, strict=True
        ):
            optimizer.tell(places, 1 - right)
            all_places.extend(places)
            all_right.extend(right)
        report(f"{arm.name} {generation + 1}/{GENERATIONS}: best {found.max():.3f}")
    return [(np.array(places), np.array(right)) for places, right in kept]


def chosen(arm, batch, found):
    """Score the best candidates of each search again; return the first of them and its score."""
    best = np.array([places[np.argsort(-right)[:FINALISTS]] for places, right in found])
    streams = [trial_streams(SEED, AGAIN, "finalists", s) for s in SEARCHES]
    again = scores(
        batch,
        arm.values(best.reshape(-1, arm.dimension)),
        np.repeat(np.arange(len(SEARCHES) * FINALISTS), AGAIN),
        np.concatenate([np.tile(each, FINALISTS) for each in streams]),
        EPOCHS,
    ).reshape(len(SEARCHES), FINALISTS, AGAIN)
    first = again.mean(axis=2).argmax(axis=1)
    rows = np.arange(len(SEARCHES))
    return best[rows, first], again.mean(axis=2)[rows, first]


def tested(arm, places):
    """Return test scores of new networks after each epoch, (searches, networks, epochs).

    One network lives through all epochs: its state is kept from one call of ``run`` to the next.
    """
    streams = np.concatenate([trial_streams(SEED, NETWORKS, "networks", s) for s in SEARCHES])
    values = arm.values(np.repeat(places, NETWORKS, axis=0)) | firsts("test") | orders(streams)
    batch = batch_of(arm.shares == "learned", streams, values)
    batch.run(1 * ms)
    curves = []
    for _ in range(LATER):
        batch.run(PHASES * PHASE * ms)
        right = np.asarray(batch["output.right"]).sum(axis=1) / EVALUATED
        curves.append(np.where(batch.failed, 0.0, right))
    return np.array(curves).T.reshape(len(SEARCHES), NETWORKS, LATER)


def run(folder):
    """Run all arms that the folder does not hold yet."""
    commit, programs, start = committed(), Programs(), perf_counter()
    folder.mkdir(parents=True, exist_ok=True)

    def report(line):
        print(f"{perf_counter() - start:7.0f} s  {line}", flush=True)

    for arm in ARMS:
        kept = folder / f"{arm.name}.npz"
        if kept.exists():
            continue
        began, cpu, batch = perf_counter(), process_time(), programs.of(arm)
        found = searched(arm, batch, report)
        places, fitness = chosen(arm, batch, found)
        curves = tested(arm, places)
        right = np.array([right for _, right in found])
        spent = np.array([perf_counter() - began, process_time() - cpu])
        np.savez(
            kept,
            places=places,
            fitness=fitness,
            curves=curves,
            searched=right,
            spent=spent,
            plan=commit,
            digest=digest(),
        )
        last = curves[:, :, EPOCHS - 1].mean()
        report(f"{arm.name}: test {last:.3f}, {spent[1] / 60:.1f} minutes of a core")


def table(folder):
    """Write the tables of a finished run, and print its tests."""
    from results import print_arms, print_tests, write_tables

    data = ROOT / "figures" / "data"
    write_tables(folder, data)
    print_arms(data)
    print_tests(data)


def main(words):
    """Do what the command line says."""
    brian2.prefs.codegen.target = "numpy"  # of set-up alone: the batch compiles its own program
    if words[:1] == ["declare"]:
        return declare()
    if len(words) == 2 and words[0] in ("run", "table"):
        return {"run": run, "table": table}[words[0]](Path(words[1]))
    return sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
