"""Run the fake study in processes of their own that kill themselves at a chosen step.

usage: python killed_run.py FOLDER [KIND STEP]     KIND: evaluate | store | durable
       python killed_run.py        Reads [FOLDER] or [FOLDER, KIND, STEP] as JSON from lines, and
                                   writes how each process ended.
"""

import json
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


def live(folder, kind="", last=0):
    """Run the study, or go on with it, up to the step that kills this process."""
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
        setattr(owner, name, dying(getattr(owner, name), steps, last))
    study = study_of(TABLE, "table", catalogs())
    with Store(Path(folder), study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=fake_recording).run()


def main():
    """Give each line a process that starts from what this one has imported, and nothing else."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(2, 1)
            live(*json.loads(line))
            return
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{ended}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        live(*sys.argv[1:3], *map(int, sys.argv[3:]))
    else:
        main()
