"""The table of the gradient reference: every seed, and the page that says what it says."""

import csv
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "results" / "working_memory.md").read_text(encoding="utf-8")
CELLS = [("8", "0"), ("8", "8"), ("8", "16"), ("16", "8")]


@pytest.fixture(scope="module")
def rows():
    with open(ROOT / "figures" / "data" / "pdlf_gradient.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def text(score):
    return f"{score:.3f}".removeprefix("0")


@pytest.mark.parametrize("cell", CELLS, ids=", ".join)
def test_the_page_has_the_last_step_of_every_seed(rows, cell):
    own = [row for row in rows if (row["length"], row["latency"]) == cell and row["held_out"]]
    assert [(row["seed"], row["step"]) for row in own] == [(seed, "8000") for seed in "123"]
    held_out = sorted(float(row["held_out"]) for row in own)
    seen = median(float(row["compiled_searched"]) for row in own)
    seeds = ", ".join(map(text, held_out))
    line = f"| {cell[0]}, {cell[1]} | **{text(median(held_out))}** | {seeds} | {text(seen)} |"
    assert line in PAGE


@pytest.mark.parametrize("cell", CELLS, ids=", ".join)
def test_the_page_has_the_course(rows, cell):
    points = []
    for shown in ("16000", "64000", "256000"):
        at = [
            row
            for row in rows
            if (row["length"], row["latency"], row["sequences"]) == (*cell, shown)
        ]
        assert len(at) == 3
        seconds = median(float(row["seconds"]) for row in at)
        told = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
        points.append(f"{text(median(float(row['searched']) for row in at))} ({told} s)")
    assert f"| {cell[0]}, {cell[1]} | {' | '.join(points)} |" in PAGE


WAYS = {
    "direct": "one number per synapse, from the start",
    "lengths 4, 8": "150 generations of four bits first",
    "sequences 16, 32, 64": "16 sequences, then 32, then 64",
    "pre + post": '`per = "pre + post"`',
    "one number per neuron": "one number per neuron, as above",
    "32 hidden": "32 hidden neurons, one number per synapse",
    "32 hidden, recurrent": "the same, and they project to each other",
    "lengths 4, 8, 16": "100 generations of four bits and 140 of eight first",
}


def test_the_page_has_every_way_of_searching():
    with open(ROOT / "figures" / "data" / "pdlf_copy_tuning.csv", encoding="utf-8") as file:
        tests = list(csv.DictReader(file))
    assert {row["seed"] for row in tests} == {"100"}
    found = {(row["length"], row["latency"], row["way"], row["numbers"]) for row in tests}
    assert len(found) == 9
    for length, latency, way, numbers in found:
        own = [
            row
            for row in tests
            if (row["length"], row["latency"], row["way"]) == (length, latency, way)
        ]
        (final,) = (text(float(row["score"])) for row in own if row["kind"] == "final")
        course = {row["generation"]: row["score"] for row in own if row["kind"] == "curve"}
        last = text(float(course["600"]))
        cell = f"| {length}, {latency} | {WAYS[way]} | {int(numbers):,} |"
        assert f"{cell} {last} | {final} |" in PAGE
