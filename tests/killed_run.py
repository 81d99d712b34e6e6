"""Run the fake study in a process of its own that kills itself at a chosen step.

usage: python killed_run.py FOLDER [KIND STEP]     KIND: evaluate | store | durable
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

import neuromodels.store.store
from neuromodels.experiment.runner import Runner
from neuromodels.store.store import Store
from neuromodels.study.file import study_of


def dying(function, steps, last):
    """Return `function`, which kills its process at step `last` of a shared count."""

    def wrapped(*arguments, **options):
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return wrapped


def main(folder, kind="", last="0"):
    if kind == "durable":
        neuromodels.store.store.SYNC_EVERY = 0.0
    storing = [(os, "fsync"), (os, "replace"), (os, "link")]
    places = {
        "evaluate": [(FakeExperiment, "evaluate")],
        "store": storing,
        "durable": storing,
    }
    steps = count(1)
    for owner, name in places.get(kind, []):
        setattr(owner, name, dying(getattr(owner, name), steps, int(last)))
    study = study_of(TABLE, "table", catalogs())
    with Store(Path(folder), study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=fake_recording).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
