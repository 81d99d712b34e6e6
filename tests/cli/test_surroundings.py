"""The real command in odd surroundings: it works, or ends with one line and the documented code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bad_input import BEYOND, ESCAPE, GOOD

ROOT = Path(__file__).parents[2]
COMMAND = f"{sys.executable} -m neuromodels"
BROKEN_PIPE, USER_ERROR = 128 + signal.SIGPIPE, 2


def shell(text, folder, **environment):
    """Run a line of bash in a folder; ``$N`` is the command."""
    surrounding = {**os.environ, "PYTHONPATH": str(ROOT), "N": COMMAND, **environment}
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=surrounding,
        capture_output=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("$N list studies | head -1; exit ${PIPESTATUS[0]}", (0, BROKEN_PIPE), ""),
        ("$N list studies > /dev/full", (USER_ERROR,), "No space left on device"),
        pytest.param("$N --help > /dev/full", (0, USER_ERROR), "", marks=pytest.mark.strain),
        ("$N list studies >&-", (0,), ""),
        pytest.param("$N list studies 2>&-", (0,), "", marks=pytest.mark.strain),
        pytest.param("$N report nowhere 2>/dev/full", (USER_ERROR,), "", marks=pytest.mark.strain),
        ("mkdir gone; cd gone; rmdir ../gone; $N list studies", (USER_ERROR,), "is gone"),
    ],
)
def test_streams_and_folders_that_are_not_there(tmp_path, line, code, words):
    found, _, err = shell(line, tmp_path)
    assert found in code
    assert words in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert err.count("\n") <= 1


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONWARNINGS": "error", "MPLBACKEND": "nowhere", "PYTHONIOENCODING": "latin-1"},
        pytest.param(
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            marks=pytest.mark.strain,
        ),
    ],
)
def test_environments_that_change_nothing(tmp_path, environment):
    """`list neurons` imports Brian2, and with it matplotlib."""
    code, out, err = shell("$N list neurons", tmp_path, **environment)
    assert (code, err) == (0, "")
    assert "ternary_lif" in out


def test_escape_codes_of_a_study_do_not_reach_the_terminal(here, said):
    text = GOOD.replace("Does it run?", ESCAPE + "]0;owned") + f'["{ESCAPE}"]\nx = 1\n'
    (here / "studies" / "bad.toml").write_text(text)
    shown = [*said("list", "studies"), *said("run", "studies/bad.toml")]
    assert shown[0] == 0
    assert shown[3] == USER_ERROR
    for text in (shown[1], shown[2], shown[4], shown[5]):
        assert "\x1b" not in text
        assert "\x07" not in text
    assert r"\x1b[31m\x07]0;owned" in shown[1]
    assert r"\x1b[31m\x07: unknown key" in shown[5]


@pytest.mark.strain
@pytest.mark.parametrize(
    "arguments",
    [
        "run /dev/zero",
        "run .",
        "run good.toml --set task.length=1000000000000",
        f"run good.toml --set task.length={BEYOND}",
        "run good.toml --set circuit.hidden=100000000",
        "run good.toml --set search.generations=4611686018427387904",
        "run good.toml --workers 100000000000",
        "run good.toml --workers 0",
        "run good.toml --workers 1000000",
        "run good.toml --chunk-seconds inf",
        "run good.toml --set rule.name=none.py:A",
        "run good.toml --set rule.name=ends.py:A",
        "run good.toml --set rule.name=odd.py:A",
        "run good.toml --set rule.name=latin.py:A",
        "run good.toml --set rule.name=imports.py:A",
        "run good.toml --set rule.coefficients.A.per='[\"pre\"]'",
        "resume . --extend 1000000000000000000000000000000",
        "measure . transfer --trials 0",
        "measure . transfer --trials -3",
        "measure . transfer --trials 100000000000000000000",
        "check ends.py:A",
        "check odd.py:A",
        "figure nothing",
        "report . --html /dev/null",
        "compare nowhere",
        "show good.toml --set circuit.hidden=0x" + "f" * 5000,
    ],
)
def test_bad_arguments_end_with_a_screen_and_code_2(tmp_path, arguments):
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "ends.py").write_text("raise SystemExit(0)\n")
    odd = "class Odd(BaseException):\n    def __str__(self): raise self\nraise Odd\n"
    (tmp_path / "odd.py").write_text(odd)
    (tmp_path / "latin.py").write_bytes("A = 'é'\n".encode("latin-1"))
    (tmp_path / "imports.py").write_text("import nothing_of_this_name\n")
    code, out, err = shell(f"$N {arguments}", tmp_path)
    assert code == USER_ERROR, err
    assert err.count("\n") <= 20
    assert len(err) <= 2000
    assert "Traceback" not in err + out
    assert "brian" not in err.lower()


@pytest.mark.strain
def test_a_closed_pipe_ends_a_run_and_loses_nothing(tmp_path):
    """A network of one neuron; a reader leaves at once, or when the search has begun."""
    changes = "--set task.length=1 --set test.trials=10 --set search.generations=3"
    run = f"$N run good.toml {changes} --set seeds='[1]' --set test.random_rules=2"
    (tmp_path / "good.toml").write_text(GOOD.replace("[circuit]", "[circuit]\ngroups = 1"))
    code, _, err = shell(f"{run} --out r | true; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert code == BROKEN_PIPE
    assert not err
    assert not (tmp_path / "r").exists(), "nothing was computed"
    code, _, err = shell(f"{run} --out r | head -3; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert code in (0, BROKEN_PIPE), err
    assert "Traceback" not in err
    code, out, err = shell("$N resume r --json", tmp_path)
    assert code == 0, err
    assert json.loads(out)["status"] == "finished"


LOUD = """\
import atexit, ctypes, os, sys
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule

def say(when):
    print(when, "print")
    sys.__stdout__.write(f"{when} stream\\n")
    os.system(f"echo {when} process")
    ctypes.CDLL(None).puts(f"{when} C".encode())

class Choices(dict):
    def items(self):
        say("later")
        return super().items()

say("read")
atexit.register(say, "end")
HEBB = PlasticityRule(
    name="hebb", summary="pre times post", model="w : 1", each_step="w += A*x*y",
    coefficients=(Coefficient("A"),), choices=Choices(form={"a": {}, "b": {}}),
)
"""
"""A file that prints in every way: when it is read, when it is asked, and when all is over."""


@pytest.mark.parametrize("line", ["show mine.toml", "check mine.py:HEBB"])
def test_nothing_but_the_answer_is_on_stdout_with_json(tmp_path, line):
    (tmp_path / "mine.py").write_text(LOUD)
    text = 'name = "a"\ntask.name = "sequence_copy"\nrule.name = "mine.py:HEBB"\n'
    (tmp_path / "mine.toml").write_text(text)
    code, out, err = shell(f"$N {line} --json", tmp_path)
    assert code in (0, 1), err
    assert isinstance(json.loads(out), dict)
    ways = {f"{when} {how}" for when in ("read", "later", "end") for how in ("print", "stream")}
    ways |= {f"{when} {how}" for when in ("read", "later", "end") for how in ("process", "C")}
    assert ways <= set(err.splitlines())


def test_the_answer_ends_as_any_other_output_where_nobody_reads_it(tmp_path):
    code, _, err = shell("$N list rules --json | head -c 5; exit ${PIPESTATUS[0]}", tmp_path)
    assert code in (0, BROKEN_PIPE)
    assert err == ""
    code, _, err = shell("$N list rules --json > /dev/full", tmp_path)
    assert code == USER_ERROR
    assert "No space left on device" in err
    assert err.count("\n") == 1
    assert shell("$N list rules --json >&-", tmp_path)[0] == 0
