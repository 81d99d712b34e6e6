"""Watching: beside a writer, after a kill and a resume, until the end, and without a trace."""

import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from conftest import STUDY
from fake_experiment import TABLE, FakeExperiment
from rich.console import Console

import neuromodels.report.watch
from neuromodels.errors import RunNotFound, StorageError
from neuromodels.files import read_json
from neuromodels.report.watch import Watch, follow
from neuromodels.store.ledger import Ledger

HERE = Path(__file__).parents[1]
ROOT = HERE.parent
SEEDS, BUDGET = len(TABLE["seeds"]), TABLE["search"]["generations"]
GRID = "[sweep]\ncircuit.hidden = [4, 8]\n"
ENVIRONMENT = {"TERM": "xterm-256color"}


def fake_run(folder, *death):
    """Run the fake study in a process of its own, until it kills itself or is done."""
    path = os.pathsep.join([str(HERE), str(ROOT)])
    done = subprocess.run(
        [sys.executable, HERE / "killed_run.py", folder, *map(str, death)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if death else 0), done.stderr


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed in the search of the second condition."""
    folder = tmp_path_factory.mktemp("runs") / "killed"
    fake_run(folder, "evaluate", 23)
    return folder


def files_of(folder):
    """Return the content of every file but SQLite's shared memory, where readers leave marks."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def plain():
    return Console(file=StringIO(), width=160)


def terminal(height=40):
    return Console(
        file=StringIO(), force_terminal=True, width=120, height=height, _environ=ENVIRONMENT
    )


def looked(folder, width=160):
    console = Console(file=StringIO(), width=width)
    follow(folder, console, once=True)
    return console.file.getvalue()


def steps(*functions):
    """Return a ``sleep`` that does the next thing instead."""
    left = list(functions)

    def sleep(seconds):
        left.pop(0)()

    return sleep


# -- one look -----------------------------------------------------------------------------------


def test_a_killed_run_tells_how_to_go_on(killed):
    shown = looked(killed)
    assert f"stopped (its process was killed): go on with neuromodels resume {killed}" in shown
    ledger = sqlite3.connect(f"file:{killed / 'ledger.sqlite'}?mode=ro", uri=True)
    ((count,),) = ledger.execute("SELECT count(*) FROM generations")
    ((score, low, high),) = ledger.execute("SELECT score, low, high FROM tests WHERE kind='final'")
    ledger.close()
    assert f"{count}/{2 * SEEDS * BUDGET} generations  1/10 scores" in shown
    assert f"{score:.3f} ({low:.3f} - {high:.3f})  final" in shown
    rows = shown.splitlines()[5:]
    assert [" ".join(row.split()[:3]) for row in rows[:3]] == [
        "plastic 1 done",
        "fixed 1 unfinished",
        "frozen 1 waiting",
    ]
    assert len(rows) == 5 * SEEDS


def test_looking_changes_nothing_and_opens_nothing_for_writing(killed):
    before = files_of(killed)
    code = (
        "import os, sys\n"
        "from neuromodels.cli import main\n"
        "def hook(event, arguments):\n"
        "    if event == 'open' and isinstance(arguments[2], int):\n"
        "        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):\n"
        "            print('WRITES', arguments)\n"
        "    if event == 'sqlite3.connect':\n"
        "        print('CONNECTS', arguments[0])\n"
        "sys.addaudithook(hook)\n"
        "sys.exit(main(['watch', sys.argv[1], '--once']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(killed)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert "WRITES" not in done.stdout
    assert re.findall(r"CONNECTS .*\?(.*)", done.stdout) == ["mode=ro"]
    assert files_of(killed) == before


def test_a_look_beside_the_writer_sees_every_generation(here, said, monkeypatch):
    evaluate, seen = FakeExperiment.evaluate, []

    def looking(self, xs, streams):
        if len(xs) == 9:  # a generation, not a test
            watch = Watch(here / "runs" / "mine")
            watch.look()
            seen.append((watch.headline(), [s.generations for s in watch.statuses[0].standings]))
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", looking)
    said("run", "studies/small.toml", "--out", "runs/mine")
    assert [sum(generations) for _, generations in seen] == list(range(12))
    assert all(line.startswith(f"running: process {os.getpid()} on ") for line, _ in seen)


def test_a_finished_run_needs_no_following(here, said):
    said("run", "studies/small.toml", "--out", "mine")
    code, out, err = said("watch", "mine")
    assert (code, err) == (0, "")
    assert "finished: neuromodels report mine" in out
    assert "12/12 generations  4/4 scores" in out


def test_failures_are_told_by_kind(here, said, monkeypatch):
    evaluate = FakeExperiment.evaluate

    def failing(self, xs, streams):
        self.fails = 0.1
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", failing)
    said("run", "studies/small.toml", "--out", "mine", "--set", "seeds=[1]")
    ledger = sqlite3.connect(here / "mine" / "ledger.sqlite")
    ((count,),) = ledger.execute("SELECT sum(failures) FROM generations")
    with ledger:
        ledger.execute("UPDATE generations SET nan = 0, silence = failures WHERE generation > 2")
    ((nan, silence),) = ledger.execute("SELECT sum(nan), sum(silence) FROM generations")
    ledger.close()
    assert nan > 0
    assert silence > 0
    assert f"failed {count} ({nan} nan, {silence} silence)" in looked("mine")


def test_a_writer_on_another_machine_that_falls_silent_may_be_gone(killed, tmp_path, monkeypatch):
    lock = killed / "lock"
    owner = lock.read_bytes()
    lock.write_text(json.dumps({"pid": 12, "host": "elsewhere.example"}))
    try:
        assert "running: process 12 on elsewhere.example\n" in looked(killed)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3600)
        words = r"running: process 12 on elsewhere.example, silent for 1:00:\d\d: it may be gone"
        assert re.search(words, looked(killed))
    finally:
        lock.write_bytes(owner)


@pytest.mark.parametrize("folder", ["nowhere", "studies", "studies/small.toml"])
def test_what_is_no_run_is_refused(here, said, folder):
    code, out, err = said("watch", folder)
    assert (code, out) == (2, "")
    assert "is not a run folder" in err
    assert "neuromodels run FILE" in err


def test_a_folder_of_runs_is_refused_with_its_runs_at_hand(here, said):
    said("run", "studies/small.toml")
    code, _, err = said("watch", "runs")
    assert code == 2
    assert "`neuromodels status runs` shows the runs in it" in err


@pytest.mark.parametrize("command", [["watch"], ["status"]])
def test_a_folder_of_another_user_is_one_message(tmp_path, command):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "study.json").write_text("{}")
    (tmp_path / "run").chmod(0)
    code = (
        "import os, sys\n"
        "import neuromodels.report.watch\n"
        "from neuromodels.cli import main\n"
        "main([*sys.argv[1:-1], '.'])\n"  # imports everything, as the next line takes Python away
        "if os.geteuid() == 0:\n"  # nothing is forbidden to root
        "    os.seteuid(65534)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    (tmp_path / "run").chmod(0o700)
    assert done.returncode == 2
    assert "may be read only by the user who made it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("interval", ["0", "-1", "soon", "nan", "1e9"])
def test_an_interval_is_a_number_of_seconds(capsys, interval):
    with pytest.raises(SystemExit):
        neuromodels.cli.main(["watch", "runs", f"--interval={interval}"])
    assert "must be a number from 0.1 to 86400" in capsys.readouterr().err


# -- until the end ------------------------------------------------------------------------------


@pytest.fixture
def copy(killed, tmp_path):
    """A run of one's own that was killed."""
    folder = tmp_path / "run"
    fake_run(folder, "evaluate", 9)
    return folder


def test_lines_follow_a_run_that_is_killed_and_resumed(copy):
    console = plain()
    sleep = steps(lambda: fake_run(copy, "evaluate", 9), lambda: fake_run(copy))
    follow(copy, console, interval=1, sleep=sleep)
    lines = [line[21:] for line in console.file.getvalue().splitlines()]
    assert lines[0].startswith("stopped (its process was killed): go on with neuromodels resume")
    searching = [line for line in lines if line.startswith("plastic seed 1 ")]
    assert [int(line.split()[3].split("/")[0]) for line in searching] == sorted(
        {int(line.split()[3].split("/")[0]) for line in searching}
    )
    assert len(searching) == 2
    assert sum("fresh trials" in line for line in lines) == 5 * SEEDS
    assert lines.count(f"finished: neuromodels report {copy}") == 1
    assert all(
        re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line)
        for line in console.file.getvalue().splitlines()
    )


def test_nothing_new_is_no_line(copy):
    console = plain()
    lengths = []
    measure = lambda: lengths.append(console.file.tell())  # noqa: E731
    follow(copy, console, interval=1, sleep=steps(measure, measure, lambda: fake_run(copy)))
    assert lengths[0] == lengths[1] > 0


def test_a_terminal_keeps_the_last_table(copy):
    console = terminal()
    follow(copy, console, sleep=steps(lambda: None, lambda: fake_run(copy)))
    written = console.file.getvalue()
    assert "stopped (its process was killed)" in written
    last = written[written.rindex("\x1b[?25h") :]
    assert f"finished: neuromodels report {copy}" in re.sub(r"\s*\n", "", last)
    assert last.count("final") == 5 * SEEDS


@pytest.mark.parametrize("height", [8, 12, 18])
def test_a_small_terminal_keeps_the_active_search(killed, height):
    watch = Watch(killed)
    watch.look()
    watch.fits_screen = True
    console = terminal(height)
    with console.capture() as capture:
        console.print(watch)
    lines = capture.get().splitlines()
    assert len(lines) <= height
    assert any("unfinished" in line or "done" in line for line in lines)


def test_a_sweep_is_followed_setting_by_setting(here, said, monkeypatch):
    (here / "studies" / "swept.toml").write_text(STUDY.replace("small", "swept") + GRID)
    folder = here / "runs" / "swept-sweep"
    evaluate, seen, watch = FakeExperiment.evaluate, [], Watch(folder)

    def looking(self, xs, streams):
        if len(xs) == 9 and len(seen) % 5 == 0:
            watch.look()
        seen.append((watch.state, watch.headline(), watch.numbers()))
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", looking)
    said("run", "studies/swept.toml")
    assert {state for state, _, _ in seen} == {"running"}
    assert seen[0][1].startswith("running hidden-4-")
    assert seen[-1][1].startswith("running hidden-8-")
    assert seen[0][2].startswith("0/2 settings")
    assert seen[-1][2].startswith("1/2 settings")
    shown = looked(folder)
    assert "finished: neuromodels compare" in shown
    assert len(re.findall(r"hidden-\d-\w{12}: finished  12/12 generations  4/4 scores", shown)) == 2


def test_searches_that_go_on_side_by_side_are_told_apart_at_the_second_look(copy):
    """Several may be unfinished; those that grow are worked on."""
    (copy / "lock").write_text(json.dumps({"pid": os.getpid(), "host": os.uname().nodename}))
    watch = Watch(copy)
    states = lambda: [each.state for each in watch.statuses[0].standings[5:7]]  # noqa: E731
    watch.look()
    ledger = Ledger(copy / "ledger.sqlite")
    row = ledger.generations("plastic", 1)[0]
    ledger.add(replace(row, seed=2))
    watch.look()
    assert states() == ["searching", "waiting"]
    assert watch.statuses[0].standings[0].state == "searching"
    ledger.close()
    (copy / "lock").write_text("")
    watch.look()
    assert states() == ["unfinished", "waiting"]


def test_between_two_settings_a_sweep_is_not_stopped(here, said, monkeypatch):
    (here / "studies" / "swept.toml").write_text(STUDY.replace("small", "swept") + GRID)
    said("run", "studies/swept.toml")
    folder = here / "runs" / "swept-sweep"
    first, second = (
        folder / each["folder"] for each in read_json(folder / "sweep.json")["settings"]
    )
    away = here / "away"
    second.rename(away)
    owner = json.dumps({"pid": os.getpid(), "host": os.uname().nodename})
    (first / "lock").write_text(owner)

    def next_one():
        away.rename(second)
        (second / "lock").write_text(owner)

    watch = Watch(folder, steps(next_one))
    watch.look()
    assert watch.headline().startswith("running hidden-4-")
    (first / "lock").write_text("")
    watch.look()
    assert watch.headline().startswith("running hidden-8-")


def test_a_look_that_fails_is_forgiven_and_many_are_not(copy, monkeypatch):
    found, looks = neuromodels.report.watch.statuses, []

    def failing(*arguments):
        looks.append(1)
        if len(looks) > 1:
            raise StorageError("ledger.sqlite", "cannot be read or written: database is locked")
        return found(*arguments)

    monkeypatch.setattr(neuromodels.report.watch, "statuses", failing)
    watch = Watch(copy)
    watch.look()
    before = watch.statuses
    watch.look()
    assert "cannot be read just now: ledger.sqlite" in watch.headline()
    assert watch.statuses == before
    for _ in range(neuromodels.report.watch.PATIENCE - 2):
        watch.look()
    with pytest.raises(StorageError, match="database is locked"):
        watch.look()
    monkeypatch.setattr(neuromodels.report.watch, "statuses", found)
    watch.look()
    assert watch.trouble == ""


def test_a_folder_that_is_removed_ends_it(copy):
    def remove():
        copy.rename(copy.with_name("elsewhere"))

    with pytest.raises(RunNotFound):
        follow(copy, plain(), interval=1, sleep=steps(remove))


def test_ctrl_c_ends_it_without_a_trace(killed):
    before = files_of(killed)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "neuromodels", "watch", killed, "--interval", "0.2"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT), "COLUMNS": "99", "LINES": "30"},
    )
    os.close(theirs)
    try:
        read_until(ours, b"waiting")
        process.send_signal(signal.SIGINT)
        written = read_until(ours)
        assert process.wait(60) == 130
    finally:
        process.kill()
        os.close(ours)
    assert b"Traceback" not in written
    assert b"\x1b[?25h" in written, "the cursor is back"
    assert files_of(killed) == before


def read_until(terminal, word=None):
    """Return what a terminal shows until a word comes, or until the other end is closed."""
    written = b""
    while word is None or word not in written:
        assert select.select([terminal], [], [], 60)[0], written
        try:
            written += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
    return written
