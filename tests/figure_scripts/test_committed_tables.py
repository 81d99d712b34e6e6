"""Figures of committed tables: their numbers are those of the tables, and nobody mistakes them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from figure_scripts.inside import cut_off
from figure_scripts.test_figures import assert_readable

from neuromodels.analysis.corrections import max_t
from neuromodels.report.committed import committed_for
from neuromodels.report.figures import Source, load_script, scripts_of

ROOT = Path(__file__).parents[2]
DATA = ROOT / "figures" / "data"
WIDTHS = {
    "bandit_reversal": 170,
    "cheetah_learning": 170,
    "cheetah_novel": 85,
    "cue_learning": 85,
    "cue_sweeps": 85,
    "degeneracy_map": 170,
    "family_transfer": 170,
    "few_shot": 85,
    "kinds_of_memory": 170,
    "maze_sweeps": 85,
    "neighbours": 170,
    "pdlf_fig2b": 170,
    "pdlf_fig3b": 170,
    "pdlf_memory": 85,
    "pdlf_terms": 170,
    "rule_windows": 170,
    "rule_measure_matrix": 170,
}
"""Of every figure that the tables hold, mm."""


def script_of(name):
    return load_script(name, ROOT)


def rows_in(name, **equal):
    """Return the rows of a table, read by nothing of the scripts."""
    with (DATA / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if all(row[key] == value for key, value in equal.items())]


def seeds_of(row):
    return [float(row[key]) for key in row if key.startswith("seed_") and row[key]]


def agrees(found, row, places):
    """Whether median and interval are those that the table has beside its seeds."""
    half = 0.5 * 10**-places + 1e-9
    names = ("median", "low", "high")
    return all(abs(float(row[key]) - getattr(found, key)) <= half for key in names)


# -- each figure -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", scripts_of(ROOT))
def test_every_script_names_its_tables_or_what_they_lack(name):
    committed = committed_for(script_of(name), ROOT)
    assert bool(committed.tables) == (name in WIDTHS)
    assert committed.tables or committed.lacking
    assert all(table.path.is_file() for table in committed.tables)


@pytest.mark.parametrize("name", WIDTHS)
def test_a_figure_of_tables_is_whole_readable_and_says_so(name):
    script = script_of(name)
    committed = committed_for(script, ROOT)
    figure = Source(committed=committed).draw(script)
    assert_readable(figure, WIDTHS[name])
    assert cut_off(figure, is_laid_out=True) == []
    foot = figure.get_supxlabel().replace("\n", " ")
    assert committed.caption in foot
    assert committed.caption.startswith("From committed table")


def test_of_two_learning_figures_only_the_curves_are_missing():
    partly = {name for name in WIDTHS if committed_for(script_of(name), ROOT).lacking}
    assert partly == {"pdlf_fig3b", "cue_learning"}
    for name in partly:
        committed = committed_for(script_of(name), ROOT)
        assert committed.lacking == "learning curves"
        figure = Source(committed=committed).draw(script_of(name))
        assert "generation" not in {axes.get_xlabel() for axes in figure.axes}


# -- their numbers -----------------------------------------------------------------------------


def test_recall_has_the_curves_and_final_scores_of_each_cell():
    panels = script_of("pdlf_fig2b").collect_committed()
    first = [(panel.length, panel.latency, panel.hidden) for panel in panels[:3]]
    assert first == [(4, 4, 32), (8, 0, 128), (8, 0, 128)]
    assert len(panels) == 18
    for panel in panels:
        rows = rows_in("pdlf_copy_curves.csv", study=panel.study, condition="plastic")
        last = str(panel.curves["plastic"].generations[-1])
        scores = [float(row["score"]) for row in rows if row["generation"] == last]
        assert panel.curves["plastic"].median[-1] == pytest.approx(np.median(scores))
        assert panel.curves["plastic"].seeds == len(scores)
    cells = {(p.length, p.latency): p for p in panels if p.study.startswith("pdlf_copy_grid")}
    assert len(cells) == 16
    for (length, latency), panel in cells.items():
        rows = rows_in("pdlf_copy_grid.csv", length=str(length), latency=str(latency))
        assert panel.finals["plastic"].seeds.tolist() == [float(row["score"]) for row in rows]
    quick = json.loads((DATA / "pdlf_copy_quick.json").read_text())
    assert list(panels[0].curves) == ["plastic", "fixed"]
    for each in quick["conditions"]:
        assert panels[0].finals[each["condition"]].median == pytest.approx(each["median"])


def test_control_scores_agree_with_the_medians_and_intervals_of_the_table():
    panels = {panel.study: panel for panel in script_of("pdlf_fig3b").collect_committed()}
    rows = rows_in("control.csv")
    assert len(panels) == 5
    for row in rows:
        panel = panels[row["study"]]
        assert panel.task == row["study"].removeprefix("control_").replace("_", " ")
        assert panel.hidden == 32
        assert agrees(panel.finals[row["condition"]], row, 4)


def test_few_shot_scores_agree_with_the_medians_and_intervals_of_the_table():
    panels = {panel.shots: panel for panel in script_of("few_shot").collect_committed()}
    for row in rows_in("few_shot.csv"):
        assert agrees(panels[int(row["study"][-1])].finals[row["condition"]], row, 4)
    for row in rows_in("few_shot_nearest.csv", characters="held out"):
        assert panels[int(row["shots"])].finals["nearest"].seeds.tolist() == seeds_of(row)


def test_the_maze_agrees_with_the_medians_and_intervals_of_its_tables():
    maze = script_of("maze_sweeps").collect_committed()
    names = {("t_maze_additive", "plastic"): "additive", ("t_maze_fixed", "fixed"): "fixed"}
    for row in rows_in("maze.csv"):
        name = names.get((row["study"], row["condition"]), row["condition"])
        assert agrees(maze.finals[name], row, 4)
    assert len(maze.finals["additive"].seeds) == 3
    for parameter, searched in (("training", 1), ("cues", 7)):
        values, spread, found = maze.sweeps[parameter]
        assert found == searched
        for row in rows_in("maze_transfer.csv", parameter=parameter):
            place = values.tolist().index(float(row["value"]))
            assert spread.each[:, place].tolist() == seeds_of(row)
            assert spread.median[place] == pytest.approx(float(row["median"]), abs=6e-5)


def test_the_bandit_has_each_seed_of_its_table():
    found = script_of("bandit_reversal").collect_committed()
    rows = rows_in("cue_bandit_reversal.csv", heard="own")
    assert {row["rule"] for row in rows} == set(found)
    for row in rows:
        place = int(row["trial"]) + 15
        spread = found[row["rule"]]["own"]
        assert spread.each[:, place].tolist() == seeds_of(row)
        assert len(seeds_of(row)) == 12


def test_the_transfer_matrix_has_the_medians_of_its_table():
    script = script_of("family_transfer")
    matrix = script.collect_committed()
    for row in rows_in("family.csv", searched_on="only_match"):
        found = matrix.scores[matrix.rows.index("match"), script.NAMES.index(row["task"])]
        assert found == pytest.approx(np.median(seeds_of(row)))
        assert found == pytest.approx(float(row["median"]), abs=6e-5)
    (row,) = rows_in("family.csv", searched_on="without_match", task="match")
    found = matrix.scores[matrix.rows.index(script.OTHERS), script.NAMES.index("match")]
    assert found == pytest.approx(np.median(seeds_of(row)))


def test_cue_sweeps_are_those_of_the_table():
    sweeps = {sweep.parameter: sweep for sweep in script_of("cue_sweeps").collect_committed()}
    assert sweeps["noise"].searched == (0, 10)
    assert sweeps["delay"].searched == (1050, 1050)
    rows = rows_in("cue_transfer.csv")
    assert {row["parameter"] for row in rows} == set(sweeps)
    for row in rows:
        values, spread = sweeps[row["parameter"]].scores[row["rule"]]
        place = values.tolist().index(float(row["value"]))
        assert spread.each[:, place].tolist() == seeds_of(row)


def test_cue_scores_are_those_of_the_table():
    found = script_of("cue_learning").collect_committed()
    for rule, search in found.items():
        rows = rows_in("cue_association.csv", rule=rule, condition="plastic")
        assert search.final.seeds.tolist() == [float(row["score"]) for row in rows]
    assert list(found) == ["fixed", "plastic_bcm", "plastic_oja", "nm_bcm", "nm_oja"]


def test_the_runner_agrees_with_its_tables():
    found = script_of("cheetah_learning").collect_committed()
    for row in rows_in("cheetah.csv"):
        searched = found[row["rule"]]
        assert agrees(searched.final, row, 4)
        assert (searched.generations, searched.curve.generations[-1]) == (80, 80)
        curve = rows_in("cheetah_curves.csv", rule=row["rule"], generation="80")
        scores = sorted(float(each["score"]) for each in curve)
        assert (searched.curve.low[-1], searched.curve.high[-1]) == (scores[0], scores[-1])


def test_what_the_runner_keeps_is_that_of_the_table():
    found = script_of("cheetah_novel").collect_committed()
    for rule, kept in found.items():
        assert kept.conditions[0] == "mean of all"
        assert len(kept.conditions) == 22
        mean = kept.retention[:, 1:].mean(axis=1)
        np.testing.assert_allclose(kept.retention[:, 0], mean, atol=2e-3)
        for row in rows_in("cheetah_novel.csv", rule=rule):
            if row["condition"] in kept.conditions:
                each = kept.retention[:, kept.conditions.index(row["condition"])]
                assert np.median(each) == pytest.approx(float(row["retention"]), abs=6e-4)


def test_memory_has_each_seed_of_the_table():
    (memory,) = script_of("pdlf_memory").collect_committed()
    assert (memory.length, memory.latency, memory.hidden, memory.seeds) == (4, 4, 32, 5)
    rows = json.loads((DATA / "pdlf_copy_quick_memory.json").read_text())["rows"]
    drawn = [value for spread in memory.tests.values() for value in spread.each[:, 0]]
    shares = [row["value"] for row in rows if not row["quantity"].endswith(", in bits")]
    assert sorted(shares) == sorted(drawn)
    for name in ("decoded_hashed", "decoded_shuffled"):
        assert memory.tests[name].median[0] == pytest.approx(0.5, abs=0.05)
    assert memory.tests["recipient"].median[0] == pytest.approx(0.5, abs=0.01)


def test_terms_are_those_of_the_declared_start():
    settings = script_of("pdlf_terms").collect_committed()
    assert [setting.dimension for setting in settings] == [640, 384, 384, 384, 256, 169, 10]
    for setting in settings:
        rule, per = setting.key
        wanted = {"start": "eta = 1", "rule": rule, "per": per, "condition": "plastic"}
        rows = rows_in("pdlf_terms.csv", **wanted)
        assert setting.scores == {int(row["seed"]): float(row["score"]) for row in rows}


def test_kinds_of_memory_have_each_seed_of_the_table():
    for panel in script_of("kinds_of_memory").collect_committed():
        rows = rows_in("memories.csv", study=panel.study)
        assert set(panel.kinds) == {row["kind"] for row in rows}
        for kind, scores in panel.scores.items():
            table = {int(r["seed"]): float(r["score"]) for r in rows if r["kind"] == kind}
            assert scores == table


def test_the_matrix_has_the_means_and_the_tests_of_its_table():
    """Of one column worked out here: means, and the largest t over all rows, all signs flipped."""
    script = script_of("rule_measure_matrix")
    panel = script.collect_committed()[0]
    matrix = script.matrix_of(panel)
    place = [column[1] for column in script.COLUMNS[panel.task]].index("score")
    rows = rows_in("rules_and_measures.csv", task=panel.task, probe="score")
    by_form = {}
    for row in rows:
        by_form.setdefault((row["setting"], row["condition"]), {})[row["seed"]] = float(
            row["value"]
        )
    reference = np.array(list(by_form[script.REFERENCE[panel.task]].values()))
    forms = [form for form in script.FORMS[panel.task] if form[:2] in by_form]
    others = [f for f in forms if f[:2] != script.REFERENCE[panel.task]]
    differences = np.array([list(by_form[f[:2]].values()) - reference for f in others]).T
    expected = dict(zip(others, max_t(differences).p < 0.05, strict=True))
    for number, form in enumerate(forms):
        values = np.array(list(by_form[form[:2]].values()))
        assert len(values) == 12
        assert float(matrix.texts[number][place].split()[0]) == pytest.approx(
            values.mean(), abs=0.01
        )
        above = (values[:, None] > reference).mean() + (values[:, None] == reference).mean() / 2
        if form in expected:
            assert matrix.marks[number, place] == expected[form]
            assert matrix.effects[number, place] == pytest.approx(above)


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder without studies, figures and runs: what lies beside the package is used."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_run_the_committed_table_is_drawn_and_named(elsewhere, said):
    code, out, _ = said("figure", "cue_learning")
    source, *figures = out.splitlines()
    assert code == 0
    assert source.startswith("source: committed table, no run: figures/data/cue_association.csv ")
    assert "(code: d5d2d49; study: ab5ffe5027c2, " in source
    assert source.endswith("; without learning curves")
    place = "output/figures/committed/cue_learning"
    assert figures == [f"figure: {place}.pdf", f"figure: {place}.png"]
    assert (elsewhere / f"{place}.png").stat().st_size > 5000


def test_a_figure_that_no_table_holds_is_refused_by_what_is_missing(elsewhere, said):
    for asked in ((), ("--from-tables",)):
        code, _, err = said("figure", "maze_trial", *asked)
        assert code == 2
        assert "the spikes and weights of an episode" in err
        assert "neuromodels run studies/t_maze.toml" in err


TABLE = "condition,score,commit,digest\nplastic,0.5,abc1234,\nfixed,0.4,abc1234,f00\n"
LINE = "source: committed table, no run: figures/data/scores.csv (code: abc1234; study: f00)"
LISTING = """
TABLES = ("scores.csv",)

def collect_committed():
    return ["table"]
"""


@pytest.fixture
def tabled(here):
    """A checkout whose figure can be drawn from a table, and another one that cannot."""
    path = here / "figures" / "fig1.py"
    script = path.read_text()
    (path.parent / "fig2.py").write_text(
        f'LACKS = "the spikes"\n{script}'.replace("small", "other")
    )
    noted = script.replace("class Figure:", "class Figure(Noted):")
    path.write_text(f"from matplotlib.figure import Figure as Noted\n{noted}{LISTING}")
    (path.parent / "data").mkdir()
    (path.parent / "data" / "scores.csv").write_text(TABLE)
    return here


def test_runs_win_over_tables_unless_tables_are_asked_for(tabled, said):
    assert said("figure", "fig1")[1].splitlines()[0] == LINE
    said("run", "studies/small.toml", "--out", "runs/a")
    _, out, _ = said("figure", "fig1")
    assert out.splitlines()[0] == "source: stored run: runs/a"
    assert (tabled / "runs" / "a" / "figures" / "fig1.png").read_text() == "small"
    _, out, _ = said("figure", "fig1", "--from-tables")
    assert out.splitlines()[0] == LINE
    assert (tabled / "output" / "figures" / "committed" / "fig1.png").read_text() == "table"
    assert (tabled / "runs" / "a" / "figures" / "fig1.png").read_text() == "small"


def test_tables_do_not_stand_in_for_runs_that_do_not_fit(tabled, said):
    said("run", "studies/small.toml", "--set", "search.trials=5", "--out", "runs/a")
    code, _, err = said("figure", "fig1")
    assert code == 2
    assert "another declaration" in err
    assert "--from-tables" in err
    assert not (tabled / "output").exists()


def test_all_draws_tables_where_nothing_was_run(tabled, said):
    code, out, _ = said("figure", "all")
    lines = out.splitlines()
    assert (code, lines[0]) == (0, LINE)
    assert lines[-1].startswith("not drawn: fig2: ")
    assert lines[-1].endswith("(No committed table has the spikes.)")
    said("run", "studies/small.toml", "--out", "elsewhere/a")
    code, out, _ = said("figure", "all", "--run", "elsewhere", "--out", "pictures")
    assert (code, out.splitlines()[0]) == (0, "source: stored run: elsewhere/a")


def test_named_runs_and_tables_exclude_each_other(tabled, said):
    code, _, err = said("figure", "fig1", "--run", "runs/a", "--from-tables")
    assert code == 2
    assert "Leave out --run or --from-tables." in err


@pytest.mark.parametrize("content", [None, b"{", b"[1]", b"\xff\xfe"])
def test_a_table_that_cannot_be_read_is_one_message(tabled, said, content):
    table = tabled / "figures" / "data" / "scores.csv"
    if content is None:
        table.unlink()
    else:
        script = tabled / "figures" / "fig1.py"
        script.write_text(script.read_text().replace("scores.csv", "scores.json"))
        table.with_suffix(".json").write_bytes(content)
    code, _, err = said("figure", "fig1")
    assert code == 2
    assert "must be a table" in err
    assert "git checkout figures/data/scores" in err


def test_a_table_without_a_column_that_is_drawn_is_one_message(tabled, said):
    script = tabled / "figures" / "fig1.py"
    script.write_text(script.read_text().replace('return ["table"]', 'return {}["score"]'))
    code, _, err = said("figure", "fig1")
    assert code == 2
    assert "must hold what the figure reads (KeyError: 'score')" in err
