"""How often the 95 % intervals of a fit hold the true parameters, as one JSON object.

A noisy adaptive exponential neuron is recorded again and again with other noise, and fitted as in
``examples/fit_adaptive_neuron.py``.

usage: python benchmarks/models/fit_coverage.py [--records N] [--generations N] [--out FILE]
       [--folder FOLDER]     keeps the searches, so that another call only computes intervals
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import fit_adaptive_neuron as example


def fitted(number: int, generations: int, folder: Path | None) -> dict[str, list[float]]:
    """Return best, low and high of each parameter, in SI units, for one record."""
    own = folder and folder / f"record_{number}"
    result = example.main(generations=generations, noise_seed=number, folder=own)
    return {
        name: [float(result.best[name]), *map(float, result.interval[name])]
        for name in example.TRUTH
    }


def summary(rows: list[dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return, for each parameter, in how many records its interval holds the truth, and more."""
    told = {}
    for name, quantity in example.TRUTH.items():
        truth = float(quantity)
        best, low, high = np.array([row[name] for row in rows]).T
        told[name] = {
            "held": int(((low <= truth) & (truth <= high)).sum()),
            "median_error": float(np.median(np.abs(best / truth - 1))),
            "median_width": float(np.median((high - low) / truth)),
        }
    return told


def processor() -> str:
    """Return what this computer calls its processor."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--generations", type=int, default=40)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    rows = []
    for number in range(given.records):
        rows.append(fitted(number + 1, given.generations, given.folder))
        sys.stderr.write(f"{number + 1} of {given.records}: {summary(rows)}\n")
    told = {"processor": processor(), "records": given.records, "parameters": summary(rows)}
    text = json.dumps({**told, "fits": rows})
    if given.out:
        given.out.write_text(text + "\n")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
