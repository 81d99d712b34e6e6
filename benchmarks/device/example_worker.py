"""One route on one example network, in its own process; called by brian2_examples.py."""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # neuromodels

from example_networks import EXAMPLES


def measured(given: Namespace) -> dict:
    """Run one route; return its times and its outcome, or why the device refused."""
    example = EXAMPLES[given.network]
    if given.route == "standalone":
        import example_standalone

        return example_standalone.measure(example, given.count, given.seconds, given.repeats)
    import example_batch

    return example_batch.measure(
        example, given.count, given.dtype, given.threads, given.seconds, given.repeats
    )


def main() -> None:
    """Measure, write the outcome to an .npz and the times to standard output."""
    parser = ArgumentParser()
    parser.add_argument("route", choices=("batch", "standalone"))
    parser.add_argument("network", choices=EXAMPLES)
    parser.add_argument("--count", type=int, required=True, help="instances, or runs")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--outcome", type=Path, required=True)
    given = parser.parse_args()
    result = measured(given)
    np.savez(given.outcome, **result.pop("outcome", {}))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
