"""The fuzzers themselves: they find what is planted, make it small, and keep to their time."""

import time

import pytest
from hypothesis import strategies as st

from fuzz.budget import SECONDS, SEED, Hunt, fuzz
from fuzz.terminal import assert_one_screen, assert_plain


def planted(number):
    if number >= 1000:
        raise ValueError("large")
    assert number != 7


def test_each_kind_is_found_once_and_made_small():
    hunt = Hunt(planted, longest=5)
    for number in range(6):
        hunt.draw(st.integers(0, 5000), number, 100)
    found = {kind[0]: failure for kind, failure in hunt.failures.items()}
    assert found["ValueError"].case == "1000"
    assert found["ValueError"].times > 1
    assert "planted" in found["ValueError"].text


def test_the_same_cases_come_without_a_time(monkeypatch):
    monkeypatch.delenv(SECONDS, raising=False)
    drawn = [[], []]
    for cases in drawn:
        fuzz("study files", st.integers(), cases.append, few=20)
    assert drawn[0] == drawn[1] != []


def test_a_time_is_kept_to_and_a_seed_gives_the_same_cases(monkeypatch):
    monkeypatch.setenv(SECONDS, "2")
    monkeypatch.setenv(SEED, "5")
    drawn, begun = [[], []], time.monotonic()
    for cases in drawn:
        fuzz("study files", st.integers(), cases.append, few=20)
    assert 0.5 < time.monotonic() - begun < 30
    count = min(map(len, drawn))
    assert count > 20
    assert drawn[0][:count] == drawn[1][:count]


def test_what_hangs_is_a_failure(monkeypatch, capsys):
    monkeypatch.delenv(SECONDS, raising=False)
    with pytest.raises(AssertionError, match="1 failures"):
        fuzz("study files", st.just(1), lambda case: time.sleep(5), few=1, longest=0.1)
    assert "took longer than 0.1 s" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["\x1b[31m", "\x07", "a\rb", "\u202e", "\u2028", "\x9b"])
def test_control_characters_are_seen(text):
    with pytest.raises(AssertionError, match="control"):
        assert_plain(text)


def test_long_messages_are_seen():
    assert_one_screen("\n".join("x" * 20))
    for text in ("\n".join("x" * 21), "x" * 2100):
        with pytest.raises(AssertionError):
            assert_one_screen(text)
