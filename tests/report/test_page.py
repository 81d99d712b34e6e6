"""The HTML page of a run: whole, offline, and with the numbers of the report."""

import json
import os
import re
import signal
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

from neuromodels.experiment.runner import Runner
from neuromodels.report.pages.run import _centre_scores, _coefficient_rows, page_of
from neuromodels.store.ledger import Ledger
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of
from neuromodels.study.study import CircuitChoice, RuleChoice

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """Notes open tags, what they refer to, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.references += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.references += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]

    def handle_endtag(self, tag) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(tag)

    def handle_data(self, data) -> None:
        self.text += data


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


def page(here, said, *changes: str) -> str:
    said("run", "studies/small.toml", "--out", "here", *changes)
    code, out, _ = said("report", "here", "--html")
    assert code == 0
    assert str(here / "here" / "report.html") in out or "here/report.html" in out
    return (here / "here" / "report.html").read_text()


def test_page_is_whole_and_loads_nothing(here, said) -> None:
    found = outline(page(here, said))
    assert found.open == []
    assert found.problems == []
    assert [each for each in found.references if not each.startswith("#")] == []


def test_page_says_what_the_report_says(here, said) -> None:
    text = outline(page(here, said)).text
    _, report, _ = said("report", "here")
    for number in re.findall(r"\d\.\d{3}", report):
        assert number in text
    for words in (
        "Does it run?",
        "Learning curves",
        "input_hidden.A",
        "search.generations = 6",
        "Provenance (1 sessions)",
    ):
        assert words in text


def test_page_of_an_unfinished_run(here, said, monkeypatch) -> None:
    """Whatever is stored is shown; nothing waits for the end."""
    evaluate = FakeExperiment.evaluate

    def interrupted(self, xs, streams):
        if len(self.calls) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", interrupted)
    text = outline(page(here, said)).text
    for words in (
        "unfinished",
        "No condition is finished yet.",
        "Learning curves",
        "4 / 6",
        "with its 95 % t interval over trials",
    ):
        assert words in text
    assert "Coefficients of the solutions" not in text


# -- a long run ---------------------------------------------------------------------------------


def generation(seed, condition, number, **more) -> GenerationRecord:
    score = 1 - 0.5 * np.exp(-number / 300) + 0.05 * np.sin(seed * number**2)
    return GenerationRecord(
        condition,
        seed,
        number,
        0.1,
        score,
        0.1,
        score + 0.03,
        0.2,
        sum(more.values()),
        2.0,
        0.01,
        500.0,
        **more,
    )


def lengthened(folder: Path, generations: int, **failures) -> None:
    """Give every search of a run more generations and a test every ten of them."""
    ledger = Ledger(folder / "ledger.sqlite")
    for seed in (1, 2, 3):
        for condition in ("plastic", "fixed"):
            rows = [generation(seed, condition, number) for number in range(generations)]
            rows[41] = generation(seed, condition, 41, **failures)
            at = range(10, generations + 1, 10)
            tests = [TestRecord(condition, seed, "curve", k, 100, 0.9, 0.8, 1.0, 0.1) for k in at]
            ledger.add(*rows, *tests)
    ledger.close(finished=True)


@pytest.fixture(scope="module")
def long_page(tmp_path_factory) -> str:
    """The page of a run of 2,000 generations, two conditions and three seeds."""
    folder = tmp_path_factory.mktemp("runs") / "long"
    study = study_of({**TABLE, "seeds": [1, 2, 3]}, "table", catalogs())
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=fake_recording).run()
    lengthened(folder, 2000, nan=30, silence=12)
    return page_of(StoredRun(folder))


def test_a_page_of_two_thousand_generations_is_small(long_page) -> None:
    assert len(long_page.encode()) < 150_000
    found = outline(long_page)
    assert found.problems == []
    assert "running median over 41 generations, one line per seed" in found.text
    assert "on fresh sequences, median and range over seeds" in found.text


def test_failures_are_counted_by_kind(long_page) -> None:
    text = " ".join(outline(long_page).text.split())
    # 42 of 2,000 generations with 1,000 instances each, in generation 42
    assert text.count("42" + "0.0021 %" + "30 nan, 12 silence" + "42") == 6


def test_a_run_without_failures_says_so(here, said) -> None:
    assert "No instance failed." in outline(page(here, said)).text


def test_a_score_of_zero_is_a_score() -> None:
    rows = [
        replace(generation(1, "plastic", k), centre_score=score)
        for k, score in enumerate([0.0, None, 0.5])
    ]
    np.testing.assert_array_equal(_centre_scores(rows), [[1, 0.0], [2, np.nan], [3, 0.5]])


def test_names_in_pictures_are_unique(long_page) -> None:
    names = re.findall(r' id="([^"]*)"', long_page)
    assert len(names) == len(set(names)) > 10
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', long_page)
    assert {first or second for first, second in used} <= set(names)


def test_pictures_take_the_colour_of_the_text(long_page) -> None:
    """In a dark window, too."""
    assert "currentColor" in long_page
    assert "#222222" not in long_page
    assert "background" not in long_page
    assert "color-scheme: light dark" in long_page


def test_cells_name_their_column_for_narrow_screens(long_page) -> None:
    heads = {unescape(head) for head in re.findall(r"<th[^>]*>([^<]*)</th>", long_page)}
    cells = re.findall(r"<td([^>]*)>", long_page)
    assert len(cells) > 50
    assert all(re.search(r'data-of="([^"]*)"', each) for each in cells)
    assert {unescape(each) for each in re.findall(r'data-of="([^"]*)"', long_page)} <= heads


def test_sessions_that_say_the_same_are_not_repeated(here, said) -> None:
    page(here, said)
    once = len((here / "here" / "report.html").read_text())
    for _ in range(5):
        said("resume", "here")
    code, _, _ = said("report", "here", "--html")
    text = (here / "here" / "report.html").read_text()
    assert code == 0
    assert "Provenance (6 sessions)" in text
    assert len(text) < once + 6 * 300


def test_text_of_the_user_stays_text(here, said) -> None:
    text = page(here, said, "--set", 'question="Is <b>a</b> & b?"')
    assert "Is &lt;b&gt;a&lt;/b&gt; &amp; b?" in text


def test_page_can_be_written_elsewhere(here, said) -> None:
    said("run", "studies/small.toml", "--out", "here")
    code, _, _ = said("report", "here", "--html", "page.html")
    assert code == 0
    assert (here / "page.html").read_text().startswith("<!doctype html>")


def test_failed_trials_of_final_scores_are_told_on_the_page_in_json_and_in_comparisons(here, said):
    said("run", "studies/small.toml", "--out", "here")
    ledger = Ledger(Path("here") / "ledger.sqlite")
    first, *_ = ledger.tests("final", "plastic")
    ledger.add(replace(first, failures=6, nan=4, outside=2))
    ledger.close(finished=True)
    told = "6 of 100 (4 nan, 2 outside)"  # of both seeds
    text = unescape(page_of(StoredRun(Path("here"))))
    assert told in text
    assert "A failed trial counts as a score of 0." in text
    assert told in said("report", "here")[1]
    assert "6 of 100" in said("compare", "here")[1]
    (plastic, random) = json.loads(said("report", "here", "--json")[1])["conditions"]
    assert plastic["seeds"][0]["failures"] == 6
    assert plastic["seeds"][0]["failures_by_kind"]["outside"] == 2
    assert random["seeds"][0]["failures"] == 0
    (run,) = json.loads(said("compare", "here", "--json")[1])["runs"]
    assert [row["failed_trials"] for row in run["conditions"]] == [6, 0]


def with_silent_trials(folder: str, condition: str, seed: int, text: str) -> None:
    """Let the final test of a run say so of its silent trials."""
    ledger = Ledger(Path(folder) / "ledger.sqlite")
    (test,) = (each for each in ledger.tests("final", condition) if each.seed == seed)
    ledger.add(replace(test, silent_trials=text))
    ledger.close(finished=True)


def test_solutions_of_silent_networks_are_told_on_the_page_in_json_and_in_the_tables(here, said):
    said("run", "studies/small.toml", "--out", "here")
    assert json.loads(said("report", "here", "--json")[1])["silent"] == []
    assert "silent" not in said("report", "here")[1].lower()
    with_silent_trials("here", "plastic", 2, '{"hidden": 50, "inhibitory": 49}')
    report = json.loads(said("report", "here", "--json")[1])
    expected = {"condition": "plastic", "seed": 2, "population": "hidden", "trials": 50}
    assert report["silent"] == [{**expected, "seen_in": "final tests"}]
    counts = [seed["silent_trials"] for seed in report["conditions"][0]["seeds"]]
    assert counts == [{}, {"hidden": 50, "inhibitory": 49}]
    told = "Silent: no neuron fired in plastic, seed 2 (hidden neurons, 50 trials)"
    text = said("report", "here")[1]
    page = unescape(page_of(StoredRun(Path("here"))))
    for each in (text, page):
        assert told in each
        assert "hidden (1 of 2)" in each
    (run,) = json.loads(said("compare", "here", "--json")[1])["runs"]
    assert [row["silent"] for row in run["conditions"]] == ["hidden (1 of 2)", ""]
    assert "hidden (1 of 2)" in said("compare", "here")[1]
    assert "hidden silent" in said("watch", "here", "--once")[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[50]",
        '{"[red]": 50}',
        '{"\\u001b[31m": 50}',
        '{"hidden": "50"}',
        '{"hidden": 49}',
        "50",
    ],
)
def test_of_trials_that_nobody_counted_nothing_is_said(here, said, text):
    """Also where the column was damaged, or one trial had a spike."""
    said("run", "studies/small.toml", "--out", "here")
    with_silent_trials("here", "plastic", 2, text)
    assert json.loads(said("report", "here", "--json")[1])["silent"] == []


def test_counted_spikes_of_the_tests_tell_silence_where_there_are_any(here, said):
    said("run", "studies/small.toml", "--out", "here")
    ledger = Ledger(Path("here") / "ledger.sqlite")
    random = [replace(test, rate=0.0) for test in ledger.tests("final", "random")]
    ledger.add(*random)
    ledger.close(finished=True)
    found = json.loads(said("report", "here", "--json")[1])["silent"]
    assert [(each["condition"], each["seen_in"]) for each in found] == 2 * [
        ("random", "final tests")
    ]
    assert "random" in said("report", "here")[1].split("Silent:")[1]


def test_coefficients_are_shown_as_they_stand_in_the_equations():
    """A coefficient searched on a logarithmic scale, and one beyond its bound."""
    study = SimpleNamespace(
        rule=RuleChoice("own", {}, {"tau_ca": {"scale": "log", "low": 1.0, "default": 2.0}}),
        rules={"IE": RuleChoice("own", {}, {"gain": {"low": 0.0, "high": 1.0}})},
        circuit=CircuitChoice(inhibitory=2),
    )
    names = ["input_hidden.tau_ca", "inhibitory_hidden.gain"]
    arrays = {"names": names, "starts": [0, 2], "stops": [2, 3]}
    vector = np.array([np.log(23.7), np.log(23.7), 5.0])
    run = SimpleNamespace(study=study, solution=lambda *where: {**arrays, "vector": vector})
    rows = _coefficient_rows(run, "plastic", 1)
    assert [row[4] for row in rows] == ["23.7", "1"]
