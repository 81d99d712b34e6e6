"""Whatever a study file says, it is read, or refused with its place: soon, and on one screen."""

import time
from unicodedata import category

import pytest
from bad_input import GOOD, TEXTS, any_change, any_text, changes
from fake_experiment import catalogs
from hypothesis import HealthCheck, given, settings

from neuromodels.errors import MOST_LETTERS, MOST_LINES, DeclarationError, on_one_screen
from neuromodels.study.file import read_study
from neuromodels.study.sweep import read_declared


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(GOOD)
    return path


def refusal(path, *given):
    """Return what is said of a study, as a terminal shows it; empty where it is read."""
    begun = time.process_time()
    try:
        read_declared(path, given, catalogs())
        message = ""
    except DeclarationError as error:
        message = on_one_screen(f"neuromodels: {error}")
    assert time.process_time() - begun < 5
    assert message.count("\n") < MOST_LINES
    assert len(message) <= MOST_LETTERS
    assert all(letter in "\n\t" or category(letter) != "Cc" for letter in message), message
    return message


def test_what_the_table_is_made_of_is_right(path):
    assert refusal(path) == ""
    assert len(changes()) > 300


def test_every_bad_value_is_refused_where_it_stands(path):
    """One test for all: a thousand of them take a few seconds."""
    accepted = [change[:100] for change in changes() if "--set" not in refusal(path, change)]
    assert accepted == []


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_every_bad_text_is_refused(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    message = refusal(path)
    assert message
    assert "bad.toml" in message


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_change())
def test_any_change_is_read_or_refused(path, change):
    refusal(path, change)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_text())
def test_any_text_is_read_or_refused(path, text):
    other = path.with_name("other.toml")
    other.write_text(text, encoding="utf-8", errors="replace")
    refusal(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\nb = 2\nb = 3", ["bad.toml:3", "'b' stands on line 2 too"]),
        ("[t]\na = 1\n[t]\nb = 1\n", ["bad.toml:3", "'t' stands on line 1 too"]),
        (f"\n\nseeds = [{'1' * 5000}]", ["bad.toml:3", "at most 19 digits"]),
        ("\na = " + "[" * 5000, ["bad.toml:2", "32 deep"]),
        ("\n" + ".".join("a" * 99) + " = 1", ["bad.toml:2", "32 deep"]),
    ],
)
def test_the_line_of_what_cannot_be_parsed(tmp_path, text, words):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    message = refusal(path)
    assert all(word in message for word in words), message


def test_a_file_of_a_windows_editor_is_the_same_study(tmp_path, path):
    other = tmp_path / "small.toml"
    other.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_study(other, (), catalogs()) == read_study(path, (), catalogs())


def test_bounds_may_be_infinite_which_is_none(path):
    without = read_study(path, ["rule.coefficients.A={per='post'}"], catalogs())
    bounds = "rule.coefficients.A={per='post', low=-inf, high=inf}"
    assert read_study(path, [bounds], catalogs()) == without


def test_a_second_key_is_not_smuggled_into_a_change(path):
    assert "one value" in refusal(path, "task.length=3\nseeds=[5]")


def test_of_a_file_without_an_end_no_more_is_read_than_is_looked_at():
    with pytest.raises(DeclarationError, match="more than 1,000,000 letters"):
        read_study("/dev/zero", (), catalogs())


# -- too large for this machine -----------------------------------------------------------------


@pytest.fixture
def memory(monkeypatch):
    """Return a function that gives the machine so many GB."""

    def give(size):
        monkeypatch.setattr("neuromodels.study.limits.demand.machine_memory", lambda: size * 1e9)

    give(8)
    return give


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("task.length=1000000000", ["task: needs 40 GB", "1,000,000,000 items", "8 GB"]),
        ("circuit.hidden=1000000", ["circuit.hidden: needs", "coefficients", "or more"]),
        ("search.trials=1000000000", ["search.trials: needs 320 GB"]),
        ("search.candidates=1000000000", ["search.candidates: needs"]),
        ("search.candidates=99999998", ["GB"]),
        ("test.random_rules=1000000000", ["search.candidates: needs"]),
        (
            "circuit={hidden=100000, recurrent=true}",
            ["hidden", "40,001,600,000 coefficients"],
        ),
    ],
)
def test_an_absurd_size_is_refused_before_anything_is_built(path, memory, change, words):
    message = refusal(path, "rule.coefficients.A.frozen=true", change)
    assert all(word in message for word in words), message


def test_a_size_that_fits_is_not_refused(path, memory):
    assert refusal(path, "circuit.hidden=2000", "search.trials=1000") == ""
    memory(100_000)
    assert refusal(path, "task.length=1000000000") == "", "on a larger machine"


def test_what_would_take_years_is_refused(path, memory):
    memory(1e9)
    message = refusal(path, "task.length=1000000000", "search.trials=1000000000")
    assert "years or more" in message
