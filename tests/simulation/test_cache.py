"""The build cache: hits, damage, races and failures."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels.errors import BuildError
from neuromodels.simulation import Batch
from neuromodels.simulation.build import cache, compilers
from neuromodels.simulation.build import folder as cache_folder
from neuromodels.simulation.device import library
from neuromodels.store import provenance

SOURCE = """
extern "C" int answer() { return 42; }
extern "C" void neuromodels_run(const void*, long, long) {}
extern "C" void neuromodels_release(void*, long) {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def tiny(rate: float) -> Network:
    group = NeuronGroup(
        2, "dv/dt = -v/tau : 1", method="exact", name="tiny", namespace={"tau": rate * ms}
    )
    return Network(group)


def test_second_build_is_a_hit(folder: Path) -> None:
    first, second = cache.build(SOURCE), cache.build(SOURCE)
    assert (first.hit, second.hit) == (False, True)
    assert first.path == second.path
    assert first.seconds > second.seconds == 0
    assert ctypes.CDLL(str(first.path)).answer() == 42
    assert [entry["key"] for entry in cache_folder.entries()] == [cache.key_of(SOURCE)]


def test_report_counts_builds_and_hits(folder: Path) -> None:
    reports = []
    for _ in range(2):
        batch = Batch(tiny(7.0), 2, namespace={})
        batch.run(1 * ms)
        batch.run(1 * ms)
        reports.append((batch.report.builds, batch.report.cache_hits))
    assert reports == [(1, 0), (0, 1)]


@pytest.mark.parametrize("what", ["source", "flags", "compiler", "processor"])
def test_key_depends_on(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.key_of(SOURCE)
    changed = {
        "flags": ("FLAGS", (*cache.FLAGS, "-DX")),
        "compiler": ("compiler_version", lambda: "g++ 99.0"),
        "processor": ("processor", lambda: "another"),
    }
    if what in changed:
        monkeypatch.setattr(cache, *changed[what])
    assert cache.key_of(SOURCE + " " * (what == "source")) != before


@pytest.mark.parametrize("content", [b"", b"not a library", b"\x7fELF\x02\x01\x01"])
def test_damaged_program_is_built_again(folder: Path, content: bytes) -> None:
    path = cache.build(SOURCE).path
    path.unlink()
    path.write_bytes(content)
    loaded = library.Library(SOURCE)
    assert not loaded.build.hit
    assert loaded.build.path.stat().st_size > 1000


def test_truncated_program_is_built_again(folder: Path) -> None:
    path = cache.build(SOURCE).path
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    assert not library.Library(SOURCE).build.hit


def test_two_processes_build_at_once(folder: Path) -> None:
    """Both end well, one of them compiles."""
    code = f"from neuromodels.simulation.build import cache; print(cache.build({SOURCE!r}).hit)"
    search = os.pathsep.join([str(Path(cache.__file__).parents[3]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": search}
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=600)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said == [b"False", b"True"]


def test_compiler_failure_is_short_and_not_kept(folder: Path) -> None:
    with pytest.raises(BuildError) as failure:
        cache.build("this is no C++;")
    assert len(str(failure.value)) < 1500
    assert "must accept" in str(failure.value)
    assert cache_folder.entries() == []
    assert not list(folder.glob("build-*"))


def test_unknown_flag_fails_and_the_next_run_builds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cache, "FLAGS", (*cache.FLAGS, "--no-such-flag"))
        with pytest.raises(BuildError, match="no-such-flag"):
            Batch(tiny(9.0), 1, namespace={}).run(1 * ms)
    assert not cache.build(SOURCE).hit


def test_missing_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BuildError, match="must be installed"):
        cache.compiler()


def test_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the folder should be: refused for every user, root included."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(BuildError, match="must be writable"):
        cache.build(SOURCE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(folder: Path) -> None:
    folder.mkdir(mode=0o500)
    with pytest.raises(BuildError, match="must be writable"):
        cache.build(SOURCE)


def test_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(command, **options):
        return subprocess.CompletedProcess(command, 1, b"", b"ld: No space left on device")

    cache.flags()
    monkeypatch.setattr(compilers.subprocess, "run", full)
    with pytest.raises(BuildError, match="No space left"):
        cache.build(SOURCE)


def test_killed_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.flags()
    with monkeypatch.context() as patch:
        killed = subprocess.CompletedProcess([], -9, b"", b"")
        patch.setattr(compilers.subprocess, "run", lambda *a, **k: killed)
        with pytest.raises(BuildError, match="signal 9"):
            cache.build(SOURCE)
    assert not cache.build(SOURCE).hit


def test_leftovers_of_a_killed_build_do_no_harm(folder: Path) -> None:
    """A folder and a lock file that nobody holds; the folder goes once it is stale."""
    left = folder / "build-killed"
    left.mkdir(parents=True)
    (left / "network.cpp").write_text("half a fi")
    (folder / f"{cache.key_of(SOURCE)}.lock").write_text("")
    assert not cache.build(SOURCE).hit
    assert left.exists()
    os.utime(left, (0, 0))
    cache.build(SOURCE + "\n")
    assert not left.exists()


def test_clear_empties(folder: Path) -> None:
    cache.build(SOURCE)
    cache.build(SOURCE + "\n")
    (folder / "build-killed").mkdir()
    assert cache_folder.clear() == 2
    assert list(folder.iterdir()) == []
    assert not cache.build(SOURCE).hit


# ------------------------------------------------------------------------------------- compilers


def program(path: Path, text: str, mode: int = 0o755) -> str:
    """Write a script and return its path."""
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    "chosen", ["no-such-compiler", "no-such-compiler -O1", "'g++", "{folder}/no_run_bit"]
)
def test_a_chosen_compiler_that_is_missing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    """No other one takes its place in silence."""
    program(tmp_path / "no_run_bit", "#!/bin/sh\n", 0o644)
    chosen = chosen.format(folder=tmp_path)
    monkeypatch.setenv("CXX", chosen)
    with pytest.raises(BuildError) as failure:
        cache.build(SOURCE)
    assert str(failure.value).startswith("CXX: must name a compiler")
    assert repr(chosen) in str(failure.value)
    assert provenance.compiler() is None


def test_a_compiler_without_interpreter(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", program(tmp_path / "cc", "#!/no/such/interpreter\n"))
    with pytest.raises(BuildError, match="must be a program that starts"):
        cache.build(SOURCE)
    monkeypatch.setenv("CXX", program(tmp_path / "ccc", "\x7fELF of another machine\n"))
    with pytest.raises(BuildError, match="must be a program that starts"):
        cache.build(SOURCE)


@pytest.mark.parametrize("before", ["", "{folder}/wrapper "])
def test_flags_of_the_chosen_compiler_are_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Compiled with them, kept under a key of its own, and named by the provenance."""
    program(tmp_path / "wrapper", '#!/bin/sh\nexec "$@"\n')
    usual = cache.key_of(SOURCE)
    monkeypatch.setenv("CXX", f"{before.format(folder=tmp_path)}g++ '-DANSWER=6 * 9' -fno-builtin")
    assert cache.key_of(SOURCE) != usual
    built = cache.build('extern "C" int answer() { return ANSWER; }')
    assert ctypes.CDLL(str(built.path)).answer() == 54
    assert "-DANSWER=6 * 9" in str(provenance.compiler())
    assert "-fno-thread-jumps" in cache.flags()


def test_a_chosen_flag_counts_where_it_contradicts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = 'extern "C" int answer() { return 1\n#ifdef __OPTIMIZE__\n+ 1\n#endif\n; }'
    answers = []
    for chosen in ("g++", "g++ -O0"):
        monkeypatch.setenv("CXX", chosen)
        answers.append(ctypes.CDLL(str(cache.build(source).path)).answer())
    assert answers == [2, 1]


@pytest.mark.parametrize(
    "message", ["yes error | head -c 10000000", r"printf '\351\377\033[31mwrong'", "true"]
)
def test_messages_of_any_kind_are_short(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    """Of ten megabytes, of bytes that are no text, and none at all."""
    text = f"#!/bin/sh\n[ $1 = --version ] && exec g++ --version\n({message}) >&2\nexit 1\n"
    monkeypatch.setenv("CXX", program(tmp_path / "cc", text))
    with pytest.raises(BuildError, match="cc must accept") as failure:
        cache.build(SOURCE)
    assert len(str(failure.value)) < 2000
    assert str(failure.value).isprintable()


# ----------------------------------------------------------------------------------------- trust


def test_a_program_that_others_could_have_written_is_refused(folder: Path) -> None:
    path = cache.build(SOURCE).path
    for exposed in (folder, folder.parent):
        before = exposed.stat().st_mode
        exposed.chmod(0o777)
        with pytest.raises(BuildError, match=f"chmod go-w {exposed}`"):
            cache.build(SOURCE)
        exposed.chmod(before)
    assert cache.build(SOURCE).hit
    folder.parent.chmod(0o1777)  # as /tmp: others cannot replace what is not theirs
    assert cache.build(SOURCE).hit
    folder.parent.chmod(0o700)
    path.chmod(0o777)
    assert not cache.build(SOURCE).hit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("what", ["program", "folder", "parent"])
def test_what_belongs_to_another_user_is_not_loaded(folder: Path, what: str) -> None:
    path = cache.build(SOURCE).path
    os.chown({"program": path, "folder": folder, "parent": folder.parent}[what], 12345, 12345)
    if what == "program":
        assert not cache.build(SOURCE).hit
        assert path.stat().st_uid == os.geteuid()
    else:
        with pytest.raises(BuildError, match="belongs to user 12345"):
            cache.build(SOURCE)


def test_a_program_under_another_name_is_not_loaded(folder: Path) -> None:
    """Whole, and not what was asked for; a link to it no more."""
    path = cache.build(SOURCE).path
    other = SOURCE + "\n"
    place = folder / f"{cache.key_of(other)}.so"
    place.write_bytes(path.read_bytes())
    assert not cache.build(other).hit
    place.unlink()
    place.symlink_to(path)
    assert not cache.build(other).hit
    assert not place.is_symlink()


def test_folders_above_are_private_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMODELS_CACHE", str(folder / "a" / "b"))
    before = os.umask(0)
    try:
        cache.build(SOURCE)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "a", folder / "a" / "b")} == {
        0o700
    }
    assert cache.build(SOURCE).hit


# --------------------------------------------------------------------------------------- clearing


SLOW = """#!/bin/sh
[ $1 = --version ] && exec g++ --version
touch {begun}
while [ ! -e {go} ]; do sleep 0.02; done
exec g++ "$@"
"""


@pytest.mark.parametrize("how", ["clear", "rm -r"])
def test_a_build_survives_that_the_cache_is_cleared(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    cc = program(tmp_path / "cc", SLOW.format(begun=begun, go=go))
    monkeypatch.setenv("CXX", cc)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(cache.build, SOURCE)
        while not begun.exists():
            time.sleep(0.01)
        if how == "clear":
            assert cache_folder.clear() == 0
            assert len(list(folder.glob("build-*"))) == 1
        else:
            shutil.rmtree(folder)
        go.touch()
        built = other.result(60)
    assert ctypes.CDLL(str(built.path)).answer() == 42


def test_entries_that_vanish_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process clears the cache between a look at the folder and a look at a file."""
    (folder / "build-gone").mkdir(parents=True)
    there = [*os.listdir(folder), "gone.so"]
    monkeypatch.setattr(cache_folder.os, "listdir", lambda path: there)
    assert cache_folder.entries() == []
    assert cache_folder.clear() == 0
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([self / "build-gone"]))
    cache_folder.make_folder()


def test_a_cache_that_cannot_be_cleared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for what could not be deleted; the rest is."""
    folder.mkdir()
    for name in ("a.so", "b.so"):
        (folder / name).write_text("")
    unlink = Path.unlink

    def refusing(path: Path, **options: bool) -> None:
        if path.name == "a.so":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", refusing)
    with pytest.raises(BuildError, match="must be writable to be cleared; got 'Permission denied'"):
        cache_folder.clear()
    assert [path.name for path in folder.iterdir()] == ["a.so"]


def test_a_program_that_never_loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is mounted without execution."""

    def refuse(path: str) -> None:
        raise OSError("failed to map segment from shared object")

    monkeypatch.setattr(library.ct, "CDLL", refuse)
    with pytest.raises(BuildError, match=r"must load.*failed to map segment"):
        library.loaded(SOURCE)
