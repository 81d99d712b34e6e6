"""Plans that are declared: what is written, what a run notes of it, and what reports say."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.report.declared.badge import badge_lines, plan_of_run, plan_of_settings
from neuromodels.report.declared.outcomes import outcome_lines, outcomes_of
from neuromodels.report.declared.written import declare
from neuromodels.report.run import summary
from neuromodels.store.declared.commits import commits_of, is_as_committed
from neuromodels.store.declared.record import MEANING, plan_record
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of
from neuromodels.study.plan.contrast import contrast_of
from neuromodels.study.plan.plan import COUNT_ALL, path_of_plan, plan_of, read_plan
from neuromodels.study.sweep import read_declared

TABLE = {
    "name": "small",
    "question": 'Does it "hold"?',
    "seeds": [3, 4],
    "conditions": ["plastic", "fixed", "reset"],
    "task": {"name": "sequence_copy", "length": 2, "latency": 1},
    "circuit": {"hidden": 4, "neuron": "ternary_lif"},
    "rule": {"name": "pdlf"},
    "search": {"candidates": 8, "trials": 4, "generations": 3},
    "test": {"trials": 50},
}
ME = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A"}
ME |= {"GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
TESTED = {"": ("plastic", "fixed", "reset")}


@pytest.fixture
def study():
    return study_of(TABLE, "study.toml")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name, value in ME.items():
        monkeypatch.setenv(name, value)
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(tmp_path, "init", "-q")
    return tmp_path


def git(folder, *words):
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def commit(folder, message="plan"):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)


def later(seconds=10):
    return datetime.now(UTC) + timedelta(seconds=seconds)


# ------------------------------------------------------------------------------------- contrasts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plastic > fixed", "plastic > fixed"),
        ("plastic<fixed", "plastic < fixed"),
        (" reset != plastic ", "reset != plastic"),
        ("plastic > 0.5", "plastic > 0.5"),
        ("plastic = reset within 0.02", "plastic = reset within 0.02"),
    ],
)
def test_a_contrast_is_two_scores_and_a_sign(text, told) -> None:
    (found,) = contrast_of(text, TESTED)
    assert str(found) == told
    assert contrast_of(str(found), TESTED) == [found]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plastic", "two scores"),
        ("plastic >> fixed", "two scores"),
        ("plastic > fixd", "Did you mean 'fixed'"),
        ("plastic = reset", "margin"),
        ("plastic > reset within 0.1", "margin"),
        ("plastic = reset within none", "above 0"),
        ("plastic = reset within -1", "above 0"),
        ("0.5 > 0.4", "must name a condition"),
        ("length=4 / plastic > fixed", "setting of the sweep"),
        ("", "two scores"),
    ],
)
def test_contrasts_that_cannot_be_read(text, told) -> None:
    with pytest.raises(DeclarationError, match=told):
        contrast_of(text, TESTED)


def test_in_a_sweep_a_condition_stands_for_that_of_each_setting() -> None:
    settings = {"latency=1": ("plastic", "fixed"), "latency=2": ("plastic", "fixed")}
    each = contrast_of("plastic > fixed", settings)
    assert list(map(str, each)) == [
        "latency=1 / plastic > latency=1 / fixed",
        "latency=2 / plastic > latency=2 / fixed",
    ]
    (one,) = contrast_of("latency=1 / plastic > latency=2 / plastic", settings)
    assert (one.left.setting, one.right.setting) == ("latency=1", "latency=2")


# ---------------------------------------------------------------------------------------- a plan


def test_a_plan_reads_back_as_it_was_written(study, tmp_path) -> None:
    plan = plan_of(study, datetime.now(UTC), ["plastic > fixed"], ['stuck "at .5"\nin the end'])
    path = tmp_path / "plan.toml"
    path.write_text(plan.to_text())
    assert read_plan(path) == plan
    assert plan.digests == {"": study.digest}
    # three searched conditions are two: reset tests the plastic solution
    assert plan.budget["searches"] == 4
    assert plan.budget["searched_trials"] == 4 * 3 * 9 * 4


def test_a_plan_of_a_sweep_has_the_digest_of_each_setting(tmp_path) -> None:
    text = '[sweep]\n"task.latency" = [1, 2]\n'
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP + text)
    sweep = read_declared(path)
    plan = plan_of(sweep, datetime.now(UTC), ["plastic > fixed"])
    assert plan.digests == {each.name: each.study.digest for each in sweep.settings}
    assert len(plan.digests) == 2
    assert len(plan.contrasts) == 2
    assert plan.exclusions == (COUNT_ALL,)


SWEEP = """\
name = "small"
conditions = ["plastic", "fixed"]
[task]
name = "sequence_copy"
length = 2
[rule]
name = "pdlf"
"""


def test_a_contrast_is_declared_once(study) -> None:
    with pytest.raises(DeclarationError, match="twice"):
        plan_of(study, datetime.now(UTC), ["plastic > fixed", "plastic>fixed"])


# ------------------------------------------------------------------------------ what a run notes


def test_a_committed_plan_is_noted_and_others_say_what_is_wrong(study, repository) -> None:
    file = repository / "study.toml"
    assert plan_record(file, study, later()) is None
    declare(file, study, ["plastic > fixed"])

    def standing(of=study, began=None):
        return plan_record(file, of, began or later())["standing"]

    assert standing() == "not committed"
    commit(repository)
    assert standing() == "declared"
    assert standing(began=later(-3600)) == "late"
    assert standing(study_of({**TABLE, "seeds": [3, 4, 5]}, "study.toml")) == "other"
    wider = {**TABLE, "circuit": {**TABLE["circuit"], "hidden": 5}}
    assert standing(study_of(wider, "study.toml")) == "other"
    path = path_of_plan(file, "small")
    path.write_text(path.read_text() + "# more\n")
    assert standing() == "changed"
    with pytest.raises(StorageError, match="changed after its commit"):
        declare(file, study)
    path.write_text("no plan")
    assert standing() == "unreadable"
    path.write_text("seeds = 3\n")
    assert standing() == "unreadable"


def test_every_earlier_plan_is_listed(study, repository) -> None:
    file = repository / "study.toml"
    for claim in ("plastic > fixed", "plastic > reset", "plastic > 0.5"):
        declare(file, study, [claim])
        commit(repository, claim)
    record = plan_record(file, study, later())
    claims = [each["contrasts"] for each in record["earlier"]]
    assert claims == [("plastic > reset",), ("plastic > fixed",)]
    lines = badge_lines(record)
    assert lines[0].startswith("✓")
    assert record["commit"][:10] in lines[0]
    assert lines[1] == "Contrasts: plastic > 0.5."
    assert len(lines) == 4
    assert "plastic > reset" in lines[2]


def test_a_plan_outside_of_a_repository_is_not_committed(study, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    declare(tmp_path / "study.toml", study)
    assert plan_record(tmp_path / "study.toml", study, later())["standing"] == "not committed"
    assert commits_of(path_of_plan(tmp_path / "study.toml", "small")) == []


def test_a_file_that_git_ignores_is_not_as_committed(repository) -> None:
    (repository / ".gitignore").write_text("plan.toml\n")
    commit(repository)
    path = repository / "plan.toml"
    path.write_text("x = 1\n")
    assert not is_as_committed(path)


def test_a_run_keeps_what_its_first_session_saw(study, repository) -> None:
    file, folder = repository / "study.toml", repository / "run"

    def session():
        began = datetime.now(UTC).isoformat(timespec="seconds")
        with Store(folder, study.to_table(), study.digest) as store:
            store.add_provenance({"time": began, "packages": {}})
            store.note_plan(file, study)

    session()
    assert plan_of_run(folder) is None
    declare(file, study)
    commit(repository)
    session()  # too late: it has begun
    assert plan_of_run(folder) is None


def test_a_report_shows_the_badge(study, repository) -> None:
    file, folder = repository / "study.toml", repository / "run"
    declare(file, study, ["plastic > fixed"])
    commit(repository)
    with Store(folder, study.to_table(), study.digest) as store:
        store.add_provenance({"time": later().isoformat(timespec="seconds"), "packages": {}})
        store.note_plan(file, study)
    told = summary(StoredRun(folder))["plan"]
    assert told["standing"] == "declared"
    assert told["contrasts"] == ["plastic > fixed"]


# ------------------------------------------------------------------------------ what came of it

SEEDS = range(1, 13)


def scores_of(**means):
    rng = np.random.default_rng(5)
    noise = 0.02 * rng.standard_normal((len(means), len(SEEDS)))
    rows = zip(means.items(), noise, strict=True)
    return {name: dict(zip(SEEDS, mean + row, strict=True)) for (name, mean), row in rows}


def test_contrasts_are_tested_by_pairs_of_seeds_and_corrected_for_their_number():
    scores = scores_of(plastic=0.9, fixed=0.5, reset=0.9)
    claims = ["plastic > fixed", "plastic < fixed", "plastic = reset within 0.05", "plastic > 0.5"]
    found = outcomes_of({"contrasts": claims}, {"": scores})
    assert [each["holds"] for each in found] == [True, False, True, True]
    differences = np.array([scores["plastic"][s] - scores["fixed"][s] for s in SEEDS])
    assert found[0]["difference"] == pytest.approx(differences.mean())
    # all differences have one sign: two of the 2**12 flips are as far from 0
    assert found[0]["p"] == pytest.approx(2 / 2**12)
    # the p of the equality is smaller: three claims are left to correct for
    assert found[0]["p_holm"] == pytest.approx(3 * 2 / 2**12)
    ends = stats.t.interval(0.95, 11, differences.mean(), stats.sem(differences))
    assert (found[0]["low"], found[0]["high"]) == pytest.approx(ends)
    plastic, reset = (np.array(list(scores[name].values())) for name in ("plastic", "reset"))
    tost = max(
        stats.ttest_1samp(plastic - reset, bound, alternative=side).pvalue
        for bound, side in ((-0.05, "greater"), (0.05, "less"))
    )
    assert found[2]["p"] == pytest.approx(tost)


def test_what_is_not_so_is_not_shown():
    found = outcomes_of(
        {"contrasts": ["plastic > fixed", "plastic = fixed within 0.005"]},
        {"": scores_of(plastic=0.5, fixed=0.5)},
    )
    assert [each["holds"] for each in found] == [False, False]


def test_a_contrast_without_seeds_is_not_tested():
    scores = {"plastic": {1: 0.9}, "fixed": {2: 0.5}}
    (found,) = outcomes_of({"contrasts": ["plastic > fixed"]}, {"": scores})
    assert (found["n"], found["p_holm"], found["holds"]) == (0, None, None)
    (other,) = outcomes_of({"contrasts": ["a=1 / plastic > a=2 / plastic"]}, {"a=1": scores})
    assert other["holds"] is None
    assert outcome_lines([other])[0].endswith("not tested, 0 seeds")


def test_contrasts_between_settings_are_tested_where_both_are_known():
    scores = {"a=1": scores_of(plastic=0.9), "a=2": scores_of(plastic=0.5)}
    claims = ["a=1 / plastic > a=2 / plastic", "a=3 / plastic > 0.5"]
    first, second = outcomes_of({"contrasts": claims}, scores)
    assert first["p"] == pytest.approx(2 / 2**12)
    # the setting that is not there yet counts among the contrasts
    assert first["p_holm"] == pytest.approx(2 * 2 / 2**12)
    assert second["holds"] is None


def test_the_runs_of_a_sweep_share_their_plan():
    plan = {"standing": "declared", "content": "1", "contrasts": ["a=1 / plastic > 0.5"]}

    def report(setting, mean, **changes):
        seeds = [{"seed": s, "score": v} for s, v in scores_of(plastic=mean)["plastic"].items()]
        told = {**plan, "setting": setting, **changes}
        return {"plan": told, "conditions": [{"condition": "plastic", "seeds": seeds}]}

    both = [report("a=1", 0.9), None, report("a=2", 0.5)]
    assert plan_of_settings(both)["outcomes"][0]["holds"]
    assert plan_of_settings([*both, report("a=3", 0.5, content="2")]) is None
    assert plan_of_settings([*both, {"plan": None, "conditions": []}]) is None
    assert plan_of_settings([None]) is None


def test_every_standing_has_words() -> None:
    source = Path(plan_record.__code__.co_filename).read_text()
    assert all(f'"{name}"' in source for name in MEANING)
