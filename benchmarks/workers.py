"""What worker processes gain and cost: ``python benchmarks/workers.py [--json]``.

Two studies are searched for some generations on one worker and on several, all of one core: one
whose generation takes seconds, for the gain, and a small one, for the cost. Nothing else should
run on the machine. About a minute.

Per study and number of workers: seconds of the fastest generation, and its instances per second;
medians of the driver's overhead, which is the time of an evaluation beyond what its busiest worker
worked, and of the optimizer's share of a generation. Gain: instances per second on N workers over
those on one.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuromodels.distribution import local_workers
from neuromodels.events import Event, GenerationDone
from neuromodels.runner import Runner
from neuromodels.search.plan import SearchPlan
from neuromodels.storage.provenance import cpu, usable_cores
from neuromodels.storage.store import Store
from neuromodels.study import CircuitChoice, RuleChoice, Study, TaskChoice

CANDIDATES = 256
WANTED_GAIN, WANTED_OVERHEAD = 1.7, 0.05


def study_named(name: str, hidden: int, length: int, trials: int) -> Study:
    """Return a search of the PDLF rule over `trials` sequences per candidate."""
    return Study(
        name=name,
        task=TaskChoice("sequence_copy", {"length": length, "latency": length}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=hidden),
        search=SearchPlan(candidates=CANDIDATES, trials=trials, generations=10**6),
    )


LARGE = study_named("large", hidden=128, length=32, trials=768)
SMALL = study_named("small", hidden=32, length=4, trials=64)


def generations(study: Study, workers: int, count: int) -> list[GenerationDone]:
    """Return `count` generations of a search, after one that is not counted."""
    seen: list[GenerationDone] = []

    def listen(event: Event) -> None:
        if isinstance(event, GenerationDone):
            seen.append(event)

    with (
        tempfile.TemporaryDirectory() as folder,
        local_workers(workers) as started,
        Store(Path(folder), study.to_table(), study.digest) as store,
    ):
        build = started.build
        Runner(study, store, build=build, listener=listen, stop=lambda: len(seen) > count).run()
    return seen[1:]


def row_of(study: Study, workers: int, count: int) -> dict[str, object]:
    """Return the best speed and the median costs of some generations."""
    done = generations(study, workers, count)
    records = [event.record for event in done]
    return {
        "study": study.name,
        "workers": workers,
        "generations": len(done),
        "seconds_per_generation": min(record.seconds for record in records),
        "instances_per_second": max(record.instances_per_second for record in records),
        "overhead_seconds": _median([event.report["overhead_seconds"] for event in done]),
        "optimizer_share": _median([record.optimizer_share for record in records]),
    }


def _median(values: list[float]) -> float:
    return float(np.median(values))


def rows(workers: int, count: int) -> Iterator[dict[str, object]]:
    """Yield one row per study and number of workers."""
    for study, many in ((LARGE, count), (SMALL, 20 * count)):
        for number in (1, workers):
            yield row_of(study, number, many)


def summary(found: list[dict[str, object]]) -> dict[str, object]:
    """Return the rows with gain and overhead, and what was wanted of them."""
    speeds = [row["instances_per_second"] for row in found if row["study"] == LARGE.name]
    overhead = max(row["overhead_seconds"] for row in found if row["study"] == SMALL.name)  # type: ignore[type-var]
    return {
        "machine": {"processor": cpu(), "cores": usable_cores(), "system": platform.platform()},
        "candidates": CANDIDATES,
        "rows": found,
        "gain": speeds[1] / speeds[0],  # type: ignore[operator]
        "wanted_gain": WANTED_GAIN,
        "overhead_seconds": overhead,
        "wanted_overhead_seconds": WANTED_OVERHEAD,
    }


def table_of(found: dict[str, object]) -> str:
    """Return the summary as text."""
    lines = ["study   workers   s/generation   instances/s   overhead   optimizer"]
    for row in found["rows"]:  # type: ignore[attr-defined]
        lines.append(
            f"{row['study']:<8}{row['workers']:>7}{row['seconds_per_generation']:>15.3f}"
            f"{row['instances_per_second']:>14,.0f}{1e3 * row['overhead_seconds']:>8.1f} ms"
            f"{row['optimizer_share']:>12.2%}"
        )
    lines.append(f"gain {found['gain']:.2f} (wanted {WANTED_GAIN})")
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
