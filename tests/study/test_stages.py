"""What a study file may say of the stages of a search, and what its digest makes of it."""

import json
from datetime import datetime

import pytest
from fake_experiment import TABLE, catalogs

from neuromodels.errors import DeclarationError
from neuromodels.search.plan import SearchPlan, Stage
from neuromodels.study import RuleChoice, Study, TaskChoice
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.plan.plan import plan_of
from neuromodels.study.stages.studies import studies_of_stages
from neuromodels.study.stored import is_stored_as, stored_study

STAGES = [{"generations": 3, "trials": 2, "task": {"length": 2}}, {"generations": 4}]
PARETO = {"pareto": True, "terms": {"loss": {}, "error": {}}}
FILE = """\
name = "staged"
[task]
name = "sequence_copy"
length = 4
[rule]
name = "pdlf"
[search]
generations = 12
trials = 4
[[search.stages]]
generations = 3
trials = 2
task.length = 2
[[search.stages]]
generations = 4
"""


def study(stages=STAGES, **search):
    search = {**TABLE["search"], "stages": stages, **search}
    return study_of({**TABLE, "search": search}, "table", catalogs())


def said(change):
    """What is said of a study file with a change; empty where it is read."""
    table = {**TABLE, "task": {"name": "sequence_copy", "test_share": 0.25, "length": 4}}
    try:
        study_of({**table, **change}, "table")
    except DeclarationError as error:
        return str(error)
    return ""


def staged(*stages, **search):
    return {"search": {**TABLE["search"], "stages": list(stages), **search}}


def test_stages_come_before_the_generations_of_the_study():
    plan = study().search
    assert plan.stages == (Stage(3, 2, {"length": 2}), Stage(4, 4, {}))
    assert plan.all_stages == (*plan.stages, Stage(5, 4))
    assert [plan.stage_at(generation) for generation in range(12)] == [0] * 3 + [1] * 4 + [2] * 5
    assert [g for g in range(12) if plan.begins_stage(g)] == [3, 7]
    assert plan.trials_per_candidate == 3 * 2 + 4 * 4 + 5 * 4
    assert SearchPlan(generations=7, trials=3).trials_per_candidate == 21


def test_each_stage_is_a_study():
    easier, grown, own = studies_of_stages(study())
    assert easier.task.parameters == {"length": 2, "latency": 4}
    assert (easier.search.trials, easier.search.generations) == (2, 3)
    assert grown.task == own.task == study().task
    assert studies_of_stages(study([])) == [study([])]


def test_the_digest_follows_the_stages_and_knows_older_studies():
    plain, known = study([]), study()
    assert plain.digest == study_of(TABLE, "table", catalogs()).digest
    changes = [{"generations": 4}, {"trials": 3}, {"task": {"length": 3}}]
    digests = {study([{**STAGES[0], **change}]).digest for change in changes}
    assert len({*digests, plain.digest, known.digest}) == 5
    # what is said as the study says it is one meaning
    assert study([{"generations": 3, "trials": 4, "task": {"length": 4}}]).digest == (
        study([{"generations": 3}]).digest
    )
    assert study(generations=30).digest == known.digest


def test_a_stored_study_has_its_stages():
    known = study()
    table = json.loads(json.dumps(known.to_table()))
    assert stored_study(table).search == known.search
    assert study_of(table, "table", catalogs()) == known
    assert is_stored_as(table, "", known)
    assert not is_stored_as(table, "", study([]))


def test_a_file_and_a_python_study_say_the_same(tmp_path):
    path = tmp_path / "staged.toml"
    path.write_text(FILE)
    python = tmp_path / "staged.py"
    python.write_text(
        "from neuromodels.study import RuleChoice, SearchPlan, Stage, Study, TaskChoice\n"
        "STAGES = (Stage(3, 2, {'length': 2}), Stage(4))\n"
        "STUDY = Study(name='staged', task=TaskChoice('sequence_copy', {'length': 4}),\n"
        "    rule=RuleChoice('pdlf'),\n"
        "    search=SearchPlan(generations=12, trials=4, stages=STAGES))\n"
    )
    assert read_study(path).digest == read_study(python).digest
    changed = read_study(path, ["search.stages=[{generations=2, task={latency=0}}]"])
    assert changed.search.stages == (Stage(2, 4),)


def test_a_plan_counts_the_trials_of_each_stage():
    known = study()
    budget = plan_of(known, datetime(2026, 1, 1), ["plastic > fixed"]).budget
    assert budget["searched_trials"] == 2 * 2 * 9 * known.search.trials_per_candidate


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (staged({}), ["search.stages.0.generations: is missing"]),
        (staged({"generations": 0}), ["search.stages.0.generations: must be a whole number >= 1"]),
        (staged({"generations": 1, "trials": -1}), ["search.stages.0.trials: must be"]),
        (staged({"generations": 1, "trails": 1}), ["Did you mean 'trials'?"]),
        (staged({"generations": 1, "task": 3}), ["search.stages.0.task: must be a table"]),
        (
            staged({"generations": 1}, {"generations": 1, "task": {"lenght": 3}}),
            ["search.stages.1.task.lenght: unknown key", "Did you mean 'length'?"],
        ),
        (staged({"generations": 1, "task": {"length": "3"}}), ["stages.0.task.length: must be"]),
        (staged({"generations": 1, "task": {"length": 0}}), ["nothing to show"]),
        (staged({"generations": 1, "task": {"length": 1}}), ["test_share must keep one"]),
        (staged({"generations": 1, "task": {"test_share": 0.0}}), ["what it keeps"]),
        (staged({"generations": 1, "task": {"name": "t_maze"}}), ["must be that of the study"]),
        (staged({"generations": 12}), ["search.stages: must be shorter than the search"]),
        (staged({"generations": 6}, {"generations": 6}), ["12 generations; got 12."]),
        (staged({"generations": 1}, patience=2), ["search.patience: must be 0"]),
        (staged(3), ["search.stages: must be a list of tables"]),
        ({"search": {"stages": 3}}, ["search.stages: must be a list of tables"]),
        (
            {
                **staged({"generations": 1}),
                "objective": {"pareto": True, "terms": {"loss": {}, "error": {}}},
            },
            ["search.stages: cannot be used with objective.pareto"],
        ),
        (
            staged({"generations": 1, "task": {"length": 10**9}}),
            ["search.stages.0: needs", "1,000,000,000 items"],
        ),
    ],
    ids=range(18),
)
def test_what_is_no_stage_is_refused_where_it_stands(change, words):
    message = said(change)
    assert all(word in message for word in words), message


def test_several_mistakes_are_told_at_once_with_their_lines(tmp_path):
    path = tmp_path / "staged.toml"
    path.write_text(FILE.replace("task.length = 2", "task.length = 2.5").replace("= 4\n", "= 0\n"))
    with pytest.raises(StudyFileError) as error:
        read_study(path)
    assert "staged.toml:13: search.stages.0.task.length: must be" in str(error.value)
    assert "staged.toml:15: search.stages.1.generations: must be" in str(error.value)


def test_goals_that_no_search_has_seen_stay_so():
    table = {**TABLE, **staged({"generations": 1, "task": {"latency": 3}})}
    with pytest.raises(StudyFileError, match=r"stages\.0\.task\.latency: .*what it keeps"):
        study_of(table, "table", catalogs())


def test_a_plan_in_python_is_checked_too():
    for stages, words in [((Stage(3),), "shorter"), ((Stage(2),), "patience")]:
        with pytest.raises(DeclarationError, match=words):
            SearchPlan(generations=3, patience=1, stages=stages)
    with pytest.raises(DeclarationError, match=r"Stage\.generations"):
        Stage(0)
    with pytest.raises(DeclarationError, match=r"Stage\.trials"):
        Stage(1, -1)
    assert Study("s", TaskChoice("x"), RuleChoice("y")).search.stages == ()
