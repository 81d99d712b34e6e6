"""A part of Brian2's own tests on the CUDA device; called by gpu_check.py.

Prints one JSON object per expression as soon as its tests are done.
"""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from functools import partial
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # neuromodels

KINDS = ("passed", "refused", "failed", "skipped")


def judged(select: str, precision: str, device: str) -> dict:
    """Run the tests that match on a device; return counts and the reasons of what failed."""
    import brian2

    from neuromodels.simulation.brian2_suite import suite as brian2_suite

    options = {} if device == "cpp" else {"on": device}
    with patch.object(brian2, "test", partial(brian2.test, build_options=options)):
        tests = brian2_suite.judge(precision, select)
    counts = Counter(test.outcome for test in tests)
    failed = {test.name: test.reason for test in tests if test.outcome == "failed"}
    return {
        "precision": precision,
        "select": select,
        "device": device,
        **{kind: counts[kind] for kind in KINDS},
        "failures": failed,
    }


def main() -> int:
    """Print counts; return 1 if a test failed."""
    parser = ArgumentParser(description="A part of Brian2's own tests.")
    parser.add_argument("select", nargs="+", help="as pytest's -k")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    bad = 0
    for select in given.select:
        found = judged(select, given.precision, given.device)
        print(json.dumps(found), flush=True)
        bad += found["failed"]
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
