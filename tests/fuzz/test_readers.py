"""Readers of files: any bytes are a value or a message. atheris chooses them, where it is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import strategies as st

from fuzz.budget import fuzz, seconds_for
from fuzz.readers import READERS, examples, judge

ROOT = Path(__file__).parents[2]
TARGET = "readers"
LEAST = 5
"""Seconds in which atheris can find anything."""


@pytest.fixture(scope="module")
def known():
    return examples()


def changed_bytes(known):
    """Return a strategy for a reader and bytes: those of an example, of which some are others."""

    @st.composite
    def draw_bytes(draw):
        name = draw(st.sampled_from(sorted(READERS)))
        content = draw(st.sampled_from(known[name]))
        for _ in range(draw(st.integers(0, 3))):
            place = draw(st.integers(0, len(content)))
            rest = content[place + draw(st.integers(0, 4)) :]
            content = content[:place] + draw(st.binary(max_size=4)) + rest
        return name, content[: draw(st.none() | st.integers(0, len(content)))]

    return draw_bytes() | st.tuples(st.sampled_from(sorted(READERS)), st.binary(max_size=40))


def test_every_reader_reads_its_examples(known, tmp_path):
    for name, reader in READERS.items():
        for number, content in enumerate(known[name]):
            folder = tmp_path / f"{name}-{number}"
            folder.mkdir()
            judge(reader, folder, content)
    assert set(known) == set(READERS)


def test_any_bytes(known, tmp_path):
    if seconds_for(TARGET) and find_spec("atheris"):
        guided(tmp_path, seconds_for(TARGET) / len(READERS))
        return
    if seconds_for(TARGET):
        sys.stdout.write("\nreaders: atheris is not installed, so chance alone chooses bytes\n")
    fuzz(TARGET, changed_bytes(known), lambda case: judge(READERS[case[0]], tmp_path, case[1]), 400)


def guided(folder, seconds):
    """Let atheris search for each reader, and fail with what it found."""
    failures = []
    for name in READERS:
        into = folder / name
        seconds = max(int(seconds), LEAST)
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.guided", name, str(seconds), str(into)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *sys.path])},
            capture_output=True,
            text=True,
            check=False,
        )
        runs = re.search(r"Done (\d+) runs", done.stderr)
        found = sorted(into.glob("failed-*.txt"))
        failures += [
            f"{path.read_text()}\nits bytes: {path.with_suffix('.bytes')}" for path in found
        ]
        if done.returncode or not runs:
            failures.append(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
        count = f"{int(runs[1]):,}" if runs else "no"
        text = f"readers: {name}: {count} cases, {seconds} s, {len(found)} failures"
        sys.stdout.write(f"\n{text}\n")
    assert not failures, "\n\n".join(failures)
