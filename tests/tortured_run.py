"""Run a study of a kind with the fake network, slowly, and say where it is; somebody may kill it.

usage: python tortured_run.py FOLDER KIND SLOWNESS     KIND: one of `KINDS`
"""

import os
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

import neuromodels.experiment.warm_start
from neuromodels.coefficients import FIXED_WEIGHT, Coefficient
from neuromodels.experiment.events import Building, GenerationDone, Scored, Scoring, SearchStarted
from neuromodels.experiment.runner import Runner
from neuromodels.experiment.sweep import run_sweep
from neuromodels.experiment.warm_start import Part
from neuromodels.store.store import Store
from neuromodels.study.file import study_of
from neuromodels.study.sweep import Setting, Sweep

CONDITIONS = ["plastic", "fixed", "reset", "random"]
SEARCH = {**TABLE["search"], "generations": 16}
PLAIN = {**TABLE, "name": "tortured", "conditions": CONDITIONS, "search": SEARCH}
OFTEN = {**TABLE["test"], "every": 2, "archive": 3, "archive_margin": 0.5}
FEW = {**PLAIN, "seeds": [1], "conditions": ["plastic", "reset"]}
GOALS = {"terms": {"loss": {}, "rate": {"weight": 0.5}}, "pareto": True}
KINDS = {
    "plain": PLAIN,
    "warm": PLAIN,
    "extended": {**PLAIN, "search": {**SEARCH, "generations": 24}},
    "sweep": {**PLAIN, "conditions": ["plastic", "reset"]},
    "workers": PLAIN,
    "pareto": {**FEW, "objective": GOALS, "test": OFTEN},
    "stages": {
        **PLAIN,
        "search": {**SEARCH, "stages": [{"generations": 5, "task": {"length": 3}, "trials": 2}]},
        "test": OFTEN,
    },
    "patience": {**PLAIN, "search": {**SEARCH, "patience": 1, "generations": 24}, "test": OFTEN},
}
RATES = (0.05, 0.1, 0.2)
"""Learning rates of the settings of the sweep."""
SLOWNESS = "TORTURED_SLOWNESS"
PHASES = {
    Building: "before a search",
    SearchStarted: "generations",
    GenerationDone: "generations",
    Scoring: "final tests",
    Scored: "after a score",
}


class SlowExperiment(FakeExperiment):
    """Takes its time over each evaluation, and more over tests."""

    def evaluate(self, xs, streams):
        pause = float(os.environ.get(SLOWNESS, "0"))
        time.sleep(pause * (3 if len(streams) > 4 else 1))
        return super().evaluate(xs, streams)


def say(phase):
    """Tell the parent where this process is."""
    sys.stdout.write(f"{phase}\n")
    sys.stdout.flush()


def say_phase(event):
    """Tell the parent what an event begins."""
    if type(event) in PHASES:
        say(PHASES[type(event)])


def announced(function, pause):
    """Return `function`, which says that it stores, and takes its time before and after."""

    def wrapped(*arguments, **options):
        say("+storing")
        time.sleep(pause)
        result = function(*arguments, **options)
        time.sleep(pause)
        say("-storing")
        return result

    return wrapped


def parts_of(study, condition):
    """Return the parts of the fake network's vector, for a warm start."""
    letter = FIXED_WEIGHT if condition == "fixed" else Coefficient("A", per="synapse")
    return [
        Part(f"input_hidden.{letter.name}", letter, (2, 2)),
        Part(f"hidden_output.{letter.name}", letter, (2, 1)),
    ]


def study_of_kind(kind, folder, **search):
    """Return the study of a kind; a warm one starts from the run beside its folder."""
    table = {**KINDS[kind], "search": {**KINDS[kind]["search"], **search}}
    if kind == "warm":
        table["search"]["start"] = str(Path(folder).parent / "source")
    return study_of(table, "table", catalogs())


def carry_out(study, folder, build=FakeExperiment, listener=lambda event: None, workers=None):
    """Run a study with the fake network, side by side on workers; return whether it finished."""
    how = workers.for_runner(study) if workers else {}
    how |= {"build": build, "record": fake_recording, "listener": listener}
    with Store(folder, study.to_table(), study.digest) as store:
        return Runner(study, store, **how).run()


def run_kind(kind, folder, **how):
    """Run, or go on with, everything of a kind."""
    neuromodels.experiment.warm_start.parts_of = parts_of
    if kind != "sweep":
        carry_out(study_of_kind(kind, folder), folder, **how)
        return
    studies = {rate: study_of_kind(kind, folder, options={"learning_rate": rate}) for rate in RATES}
    key = "search.options.learning_rate"
    settings = [Setting(f"rate-{rate}", {key: rate}, each) for rate, each in studies.items()]

    def begin(setting, number, count, into):
        return carry_out(setting.study, into, **how)

    run_sweep(Sweep("tortured", (key,), tuple(settings)), folder, begin)


def main(folder, kind, slowness):
    """Run slowly, and say each phase."""
    os.environ[SLOWNESS] = slowness
    for name in ("fsync", "replace", "link"):
        setattr(os, name, announced(getattr(os, name), float(slowness) / 10))
    with ExitStack() as stack:
        how = {"build": SlowExperiment}
        if kind == "workers":
            workers = stack.enter_context(_two_workers())
            how = {"build": partial(_on_workers, workers), "workers": workers}
        say("before the first generation")
        run_kind(kind, Path(folder), listener=say_phase, **how)
        say("after everything")


def _two_workers():
    from neuromodels.experiment.workers import local_workers

    return local_workers(2)


def _on_workers(workers, study, condition):
    from neuromodels.experiment.workers import DistributedExperiment

    return DistributedExperiment(study, condition, workers.crew, build=SlowExperiment)


if __name__ == "__main__":
    main(*sys.argv[1:])
