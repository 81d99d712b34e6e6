"""Studies of arrays: what a study file may say of them, what its digest sees, and a whole run."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest

import neuromodels
from neuromodels.errors import DeclarationError, StorageError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.preflight import check_declared
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import Runner
from neuromodels.experiment.workers.distributed import work_on
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.stored import is_stored_as

STUDY = """\
name = "small"
conditions = ["plastic", "unseen"]
[task]
name = "arrays"
file = "data.npz"
kind = "rates"
substeps = 5
test_share = 0.25
[circuit]
hidden = 6
neuron = "lif"
readout = "leaky_readout"
plastic = "input"
[rule]
name = "hebb"
[search]
candidates = 8
trials = 8
generations = 4
[test]
trials = 60
curve_trials = 20
every = 2
finalists = 2
[device]
threads = 1
"""
LABELS = np.arange(12) % 2
INPUTS = np.repeat(20 + 80.0 * np.eye(2)[LABELS][:, None], 6, axis=1)


@pytest.fixture
def study_file(tmp_path):
    np.savez(tmp_path / "data.npz", inputs=INPUTS, labels=LABELS)
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def run(study, folder, stop=lambda: False):
    with Store(folder, study.to_table(), study.digest) as store:
        return Runner(study, store, stop=stop).run()


def numbers(folder):
    """Return what the ledger says of every generation and test but for times, and the solution."""
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        ledger.row_factory = sqlite3.Row
        rows = {
            table: [
                dict(row) for row in ledger.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")
            ]
            for table in ("generations", "tests")
        }
    ledger.close()
    for row in [*rows["generations"], *rows["tests"]]:
        for name in ("seconds", "optimizer_share", "instances_per_second"):
            row.pop(name, None)
    with np.load(folder / "solutions" / "plastic-seed1.npz") as kept:
        return rows, {name: kept[name].tobytes() for name in kept.files}


def test_a_run_that_stops_goes_on_to_the_same_bits(study_file, tmp_path):
    study = read_study(study_file)
    assert run(study, tmp_path / "whole")
    polls = iter(range(10**6))
    assert not run(study, tmp_path / "parts", stop=lambda: next(polls) > 2)
    stored = StoredRun(tmp_path / "parts")
    again = study_of(stored.study.to_table(), str(stored.folder / "study.json"))
    assert again.digest == study.digest
    assert run(again, tmp_path / "parts")
    assert numbers(tmp_path / "parts") == numbers(tmp_path / "whole")
    tests = numbers(tmp_path / "whole")[0]["tests"]
    assert {row["condition"] for row in tests if row["kind"] == "final"} == {"plastic", "unseen"}


# -- the digest ---------------------------------------------------------------------------------


def test_the_digest_sees_the_numbers_and_not_the_place(study_file, tmp_path):
    known = read_study(study_file).digest
    np.savez_compressed(tmp_path / "other.npz", inputs=INPUTS.astype("f4"), labels=LABELS)
    moved = [f'task.file="{tmp_path / "other.npz"}"']
    assert read_study(study_file, moved).digest == known
    assert read_study(study_file, ['task.loss="squared error"']).digest != known
    np.savez(tmp_path / "data.npz", inputs=INPUTS, labels=LABELS[::-1])
    assert read_study(study_file).digest != known


def test_a_study_without_silence_is_what_it_was_before_there_was_any(tmp_path):
    """The digest, and the table without `prelude`, are those of a stored run of that time."""
    file = tmp_path / "few.npz"
    np.savez(file, inputs=np.arange(24.0).reshape(4, 3, 2), labels=[0, 1, 1, 0])
    table = {
        "name": "few",
        "task": {"name": "arrays", "file": str(file), "kind": "values"},
        "circuit": {"hidden": 4, "neuron": "lif", "readout": "leaky_readout", "plastic": "input"},
        "rule": {"name": "hebb"},
    }
    study = study_of(table, "few")
    assert study.digest == "810a49f7b7c1"
    before = study.to_table()
    assert "prelude" not in before["task"]
    assert study_of(before, "stored").digest == study.digest
    assert is_stored_as(before, "810a49f7b7c1", study)
    table["task"]["prelude"] = 4
    silent = study_of(table, "few")
    assert silent.digest != study.digest
    assert not is_stored_as(before, "810a49f7b7c1", silent)


def test_frozen_weights_settle_in_silence_and_stay(study_file):
    """The rule's D moves weights without activity, up to the first step of the trial."""
    rule = 'rule={ name = "pdlf", normalisation = "none" }'
    study = read_study(study_file, ['conditions=["plastic", "frozen"]', rule])
    experiment = Experiment(study)
    vector = experiment.centre + np.random.default_rng(1).normal(0, 0.3, experiment.dimension)
    weights = {name: trial_of(study, name, vector, 3)["input_hidden.w"] for name in study.tested}
    steps = 6 * 5
    assert weights["plastic"].shape[1] == steps
    assert weights["frozen"].shape[1] == 2 * steps
    assert np.ptp(weights["frozen"][:, :steps], axis=1).max() > 1e-3
    assert np.ptp(weights["frozen"][:, steps:], axis=1).max() == 0
    assert np.ptp(weights["plastic"], axis=1).max() > 1e-3


def test_a_run_is_not_resumed_with_other_arrays(study_file, tmp_path):
    table = read_study(study_file).to_table()
    np.savez(tmp_path / "data.npz", inputs=INPUTS + 1, labels=LABELS)
    with pytest.raises(StudyFileError, match=r"task.file: has other arrays than when this run"):
        study_of(table, "stored")


def test_arrays_that_change_while_a_study_runs_are_refused(study_file, tmp_path):
    study = read_study(study_file)
    circuit_of(study, "plastic")
    np.savez(tmp_path / "data.npz", inputs=INPUTS + 1, labels=LABELS)
    with pytest.raises(DeclarationError, match="have changed since"):
        circuit_of(study, "plastic")


def test_a_study_made_in_python_knows_its_arrays(study_file, tmp_path):
    study = replace(read_study(study_file), contents={})
    loaded = neuromodels.run(study, tmp_path / "a")
    assert StoredRun(tmp_path / "a").study.digest == read_study(study_file).digest
    assert loaded is not None
    np.savez(tmp_path / "data.npz", inputs=INPUTS + 1, labels=LABELS)
    with pytest.raises(StorageError, match="must be empty or hold the study"):
        neuromodels.run(study, tmp_path / "a")


def test_workers_must_read_the_same_file(study_file, tmp_path):
    study = read_study(study_file)
    files = work_on(study, "plastic", build=None, seconds=1.0).files
    assert list(files) == [str(tmp_path / "data.npz")]


OWN = """
import numpy as np
from neuromodels.tasks.arrays import TrialArrays, array_task

with np.load({file!r}) as data:
    DATA = array_task(TrialArrays(data["inputs"], data["labels"]), test_share=0.25)
"""


def test_arrays_of_a_task_in_a_users_file_are_part_of_the_digest(tmp_path):
    digests = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = str(folder / "data.npz")
        np.savez(file, inputs=number * INPUTS, labels=LABELS)
        # the same text in both: the file of arrays is named in another one
        (folder / "own.py").write_text(OWN.format(file=str(tmp_path / "data.npz")))
        (tmp_path / "data.npz").write_bytes((folder / "data.npz").read_bytes())
        text = STUDY.replace('"arrays"\nfile = "data.npz"\nkind = "rates"', '"own.py:DATA"')
        (folder / "study.toml").write_text(text)
        study = read_study(folder / "study.toml")
        assert set(study.contents) == {"task.name", "task.arrays"}
        digests.append((study.contents["task.name"], study.digest))
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]


# -- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("file", r"study.toml:3: task.file: must name an .npz file; got 'nothing'"),
        ('task.file="missing.npz"', "--set task.file: must be an .npz file; there is none; got"),
        ("task.file=3", "--set task.file: must be text; got 3"),
        ('task.kind="volts"', "task.kind: must be one of rates, currents, values, spikes; got"),
        ('task.loss="quadratic"', "task.loss: must be one of cross entropy, squared error, or"),
        ("task.step=0", "task.step: is not possible: step and substeps must be above 0"),
        ("task.substeps=0.5", "task.substeps: must be a whole number >= 0"),
        ("task.step=60", "task.step: is not possible: rates must be at most 83.3333 Hz"),
        ("task.test_share=0", "conditions: 'unseen' is not possible: test_share, or an array"),
        ("task.test_share=1", "task.test_share: is not possible: test_share must leave a trial"),
        ('task.kinds="rates"', "task.kinds: unknown key. Did you mean 'kind'?"),
        ('task.name="sequence_copy"', r"study.toml:5: task.file: unknown key"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(study_file, change, message):
    if change == "file":
        study_file.write_text(STUDY.replace('file = "data.npz"\n', ""))
    changes = [] if change == "file" else [change]
    with pytest.raises(StudyFileError) as refused:
        read_study(study_file, changes)
    assert any(message in line for line in refused.value.lines), refused.value.lines


def test_arrays_that_do_not_fit_are_named_where_the_file_is(study_file, tmp_path):
    np.savez(tmp_path / "data.npz", inputs=INPUTS, labels=LABELS[:3])
    with pytest.raises(StudyFileError) as refused:
        read_study(study_file)
    (line,) = refused.value.lines
    assert "study.toml:5: task.file: ArrayTask.labels: must have as many trials" in line


def test_a_loss_that_brian2_cannot_read_is_shown(study_file):
    study = read_study(study_file, ['task.loss="loss += weight*(y0 - nothing)"'])
    with pytest.raises(DeclarationError, match="nothing") as refused:
        check_declared(study)
    assert "Traceback" not in str(refused.value)
