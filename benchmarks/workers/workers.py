"""What worker processes gain and cost: ``python benchmarks/workers/workers.py [--json]``.

Two studies are searched for some generations on one worker and on several, all of one core: one
whose generation takes seconds, for the gain, and a small one, for the cost and for what several
searches at once gain. Nothing else should run on the machine. About two minutes.

Per study, number of workers and searches at once: seconds of the fastest generation and its
instances per second; instances per second from the first generation to the last, of all searches
together; medians of the driver's overhead, which is the time of an evaluation beyond what its
busiest worker worked, and of the optimizer's share of a generation. Gain: instances per second of
the fastest generation on N workers over that on one; of searches at once, from first to last.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from neuromodels.experiment.events import Event, GenerationDone
from neuromodels.experiment.runner import Runner
from neuromodels.experiment.workers import local_workers
from neuromodels.search.plan import SearchPlan
from neuromodels.store.provenance import cpu, usable_cores
from neuromodels.store.store import Store
from neuromodels.study.study import CircuitChoice, RuleChoice, Study, TaskChoice

CANDIDATES = 256
SEARCHES = 4
WANTED_GAIN, WANTED_OVERHEAD = 1.7, 0.05


def study_named(name: str, hidden: int, length: int, trials: int) -> Study:
    """Return a search of the PDLF rule over `trials` sequences per candidate."""
    return Study(
        name=name,
        task=TaskChoice("sequence_copy", {"length": length, "latency": length}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=hidden),
        conditions=("plastic",),
        search=SearchPlan(candidates=CANDIDATES, trials=trials, generations=10**6),
    )


LARGE = study_named("large", hidden=128, length=32, trials=768)
SMALL = study_named("small", hidden=32, length=4, trials=64)


@dataclass(frozen=True)
class Case:
    """What is searched, by how many workers, in how many searches at once."""

    study: Study
    workers: int
    searches: int
    generations: int


def generations(case: Case) -> list[tuple[float, GenerationDone]]:
    """Return the generations of some searches and when they ended, the first of each left out."""
    seen: list[tuple[float, GenerationDone]] = []
    left_out, wanted = case.searches, case.searches * (1 + case.generations)
    study = replace(case.study, seeds=tuple(range(1, 1 + case.searches)))

    def listen(event: Event) -> None:
        if isinstance(event, GenerationDone):
            seen.append((perf_counter(), event))

    with (
        tempfile.TemporaryDirectory() as folder,
        local_workers(case.workers) as started,
        Store(Path(folder), study.to_table(), study.digest) as store,
    ):
        where = started.for_runner(study)
        Runner(study, store, **where, listener=listen, stop=lambda: len(seen) >= wanted).run()
    return seen[left_out:]


def row_of(case: Case) -> dict[str, object]:
    """Return the best speed and the median costs of some generations."""
    done = generations(case)
    records = [event.record for _, event in done]
    instances = (len(done) - 1) * (1 + CANDIDATES) * case.study.search.trials
    return {
        "study": case.study.name,
        "workers": case.workers,
        "searches": case.searches,
        "generations": len(done),
        "seconds_per_generation": min(record.seconds for record in records),
        "instances_per_second": max(record.instances_per_second for record in records),
        "overall_instances_per_second": instances / (done[-1][0] - done[0][0]),
        "overhead_seconds": _median([event.report["overhead_seconds"] for _, event in done]),
        "optimizer_share": _median([record.optimizer_share for record in records]),
    }


def _median(values: list[float]) -> float:
    return float(np.median(values))


def rows(workers: int, count: int) -> Iterator[dict[str, object]]:
    """Yield one row per study, number of workers and searches at once."""
    for number in (1, workers):
        yield row_of(Case(LARGE, number, 1, count))
    for number, searches in ((1, 1), (workers, 1), (workers, SEARCHES)):
        yield row_of(Case(SMALL, number, searches, 20 * count))


def summary(found: list[dict[str, object]]) -> dict[str, object]:
    """Return the rows with gains and overhead, and what was wanted of them."""
    one, several = (row["instances_per_second"] for row in found[:2])
    alone, together = (row["overall_instances_per_second"] for row in found[3:])
    # of searches at once each waits for the others, which is no overhead of the driver
    overhead = max(row["overhead_seconds"] for row in found[:4])  # type: ignore[type-var]
    return {
        "machine": {"processor": cpu(), "cores": usable_cores(), "system": platform.platform()},
        "candidates": CANDIDATES,
        "rows": found,
        "gain": several / one,  # type: ignore[operator]
        "wanted_gain": WANTED_GAIN,
        "gain_of_searches_at_once": together / alone,  # type: ignore[operator]
        "overhead_seconds": overhead,
        "wanted_overhead_seconds": WANTED_OVERHEAD,
    }


def table_of(found: dict[str, object]) -> str:
    """Return the summary as text."""
    lines = ["study  workers  searches  s/generation  instances/s   overall   overhead  optimizer"]
    for row in found["rows"]:  # type: ignore[attr-defined]
        lines.append(
            f"{row['study']:<7}{row['workers']:>7}{row['searches']:>10}"
            f"{row['seconds_per_generation']:>14.3f}{row['instances_per_second']:>13,.0f}"
            f"{row['overall_instances_per_second']:>10,.0f}"
            f"{1e3 * row['overhead_seconds']:>8.1f} ms{row['optimizer_share']:>11.2%}"
        )
    lines.append(f"gain {found['gain']:.2f} (wanted {WANTED_GAIN})")
    lines.append(f"gain of {SEARCHES} searches at once {found['gain_of_searches_at_once']:.2f}")
    overhead = 1e3 * found["overhead_seconds"]  # type: ignore[operator]
    lines.append(f"overhead {overhead:.1f} ms (wanted below {1e3 * WANTED_OVERHEAD:.0f} ms)")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what workers gain and cost.")
    parser.add_argument("--workers", type=int, default=2, help="against one (2)")
    parser.add_argument("--generations", type=int, default=8, help="of the large study (8)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = summary(list(rows(options.workers, options.generations)))
    print(json.dumps(found, indent=2) if options.json else table_of(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
