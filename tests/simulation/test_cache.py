"""The build cache: hits, damage, races and failures."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels.errors import BuildError
from neuromodels.simulation import Batch
from neuromodels.simulation.build import cache
from neuromodels.simulation.device import library

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
    assert [entry["key"] for entry in cache.entries()] == [cache.key_of(SOURCE)]


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
    said = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said == [b"False", b"True"]


def test_compiler_failure_is_short_and_not_kept(folder: Path) -> None:
    with pytest.raises(BuildError) as failure:
        cache.build("this is no C++;")
    assert len(str(failure.value)) < 1500
    assert "must accept" in str(failure.value)
    assert cache.entries() == []
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
    cache.compiler.cache_clear()
    try:
        with pytest.raises(BuildError, match="must be installed"):
            cache.compiler()
    finally:
        cache.compiler.cache_clear()


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
        return subprocess.CompletedProcess(command, 1, "", "ld: No space left on device")

    cache.flags()
    monkeypatch.setattr(cache.subprocess, "run", full)
    with pytest.raises(BuildError, match="No space left"):
        cache.build(SOURCE)


def test_killed_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.flags()
    with monkeypatch.context() as patch:
        killed = subprocess.CompletedProcess([], -9, "", "")
        patch.setattr(cache.subprocess, "run", lambda *a, **k: killed)
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
    assert cache.clear() == 2
    assert list(folder.iterdir()) == []
    assert not cache.build(SOURCE).hit
