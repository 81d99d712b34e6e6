"""The check of a machine with a GPU: its stages, budgets, wheels and table, without a GPU."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    """Let the modules beside the script be imported as the script imports them."""
    with pytest.MonkeyPatch.context() as patch:
        for folder in ("device", "gpu"):
            patch.syspath_prepend(str(ROOT / "benchmarks" / folder))
        yield


def module(name: str):
    return importlib.import_module(name)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def run(stages: list, seconds: float = 60.0, **options) -> tuple[list, list]:
    """Run stages; return their results, and how many had been handed over after each."""
    kept: list[int] = []
    results = module("gpu_stages").run_stages(
        stages, seconds, {}, ROOT, lambda done: kept.append(len(done)), **options
    )
    return results, kept


def test_what_a_stage_prints_as_json_is_its_result() -> None:
    stage = module("gpu_stages").Stage
    code = "print('words'); print('{\"a\": 1}'); print('{\"b\": 2}')"
    results, kept = run([stage("one", (python(code), python(code)), 30), stage("two", (), 30)])
    assert [result.status for result in results] == ["passed", "passed"]
    assert results[0].found == [{"a": 1}, {"b": 2}] * 2
    assert kept == [1, 2]


def test_a_stage_that_fails_is_told_and_the_next_one_runs() -> None:
    stage = module("gpu_stages").Stage
    bad = python("import sys; print('{\"kept\": 1}'); print('this broke'); sys.exit(3)")
    results, _ = run([stage("bad", (bad,), 30), stage("good", (python("pass"),), 30)])
    assert [result.status for result in results] == ["failed", "passed"]
    assert results[0].said[-1] == "this broke"
    assert results[0].found == [{"kept": 1}]
    assert "[3]" in results[0].reason


def running(process: int) -> bool:
    """Return whether a process is there and no zombie."""
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_stage_is_stopped_with_its_children_and_keeps_what_it_has() -> None:
    stage = module("gpu_stages").Stage
    code = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '60'])\n"
        "print('{\"child\": %d}' % child.pid, flush=True)\n"
        "print('{\"cut', end='', flush=True); time.sleep(60)"
    )
    results, _ = run([stage("slow", (python(code),), 3.0), stage("next", (python("pass"),), 30)])
    assert [result.status for result in results] == ["stopped", "passed"]
    assert results[0].reason == "not done after 3 s"
    ((key, child),) = results[0].found[0].items()
    assert key == "child"
    assert not running(child)


def test_budgets_come_out_of_one_time() -> None:
    stage = module("gpu_stages").Stage
    times = iter([0.0, 0.0, 95.0, 98.0])
    stages = [
        stage("first", (python("pass"),), 30),
        stage("late", (python("pass"),), 30, least=10),
        stage("short", (python("import time; time.sleep(60)"),), 30, least=1),
    ]
    results, kept = run(stages, 100.0, now=lambda: next(times))
    assert [result.status for result in results] == ["passed", "skipped", "stopped"]
    assert results[1].reason == "5 s were left; it needs 10 s or more"
    assert results[2].reason == "not done after 2 s"  # not its own 30
    assert kept == [1, 2, 3]


def test_what_cannot_run_says_why() -> None:
    stage = module("gpu_stages").Stage
    results, _ = run([stage("jax", (python("raise SystemExit(1)"),), 9, unable="no JAX")])
    assert results[0].as_dict() == {
        "name": "jax",
        "status": "skipped",
        "seconds": 0.0,
        "reason": "no JAX",
    }


# -- the whole script ------------------------------------------------------------------------------


def test_without_a_gpu_the_result_says_so(tmp_path: Path, monkeypatch, capsys) -> None:
    check, stages = module("gpu_check"), module("gpu_stages")
    monkeypatch.setattr(check, "SCRATCH", tmp_path)
    monkeypatch.setattr(check, "device", lambda: None)
    monkeypatch.setattr(
        check,
        "stages_without_gpu",
        lambda: [
            stages.Stage("kernels", (python(f"print({json.dumps(KERNEL)!r})"),), 30),
            stages.Stage("tests", (python("raise SystemExit('one failed')"),), 20),
        ],
    )
    out = tmp_path / "found.json"
    assert check.main(["--out", str(out)]) == 1
    found = json.loads(out.read_text())
    assert found["device"] is None
    assert found["note"] == check.NO_FIGURE
    assert found["kernels"] == [KERNEL]
    assert [stage["status"] for stage in found["stages"]] == ["passed", "failed"]
    assert found["machine"]["brian2"] == module("brian2").__version__
    said = capsys.readouterr().out
    assert said.count("no GPU figure exists") == 2
    assert "one failed" in said
    assert "sm_90: 128 threads, 40 registers, 26,000 bytes of shared memory, 0 spilled" in said


def test_with_a_gpu_the_table_is_written(tmp_path: Path, monkeypatch, capsys) -> None:
    check, stages = module("gpu_check"), module("gpu_stages")
    gpu = {
        "name": "NVIDIA H200",
        "driver_version": "580.1",
        "memory.total": "1",
        "compute_cap": "9.0",
    }
    rows = "\n".join(json.dumps(row) for row in ROWS)
    monkeypatch.setattr(check, "SCRATCH", tmp_path)
    monkeypatch.setattr(check, "RESULTS", tmp_path)
    monkeypatch.setattr(check, "device", lambda: gpu)
    monkeypatch.setattr(
        check,
        "gpu_stages",
        lambda outcomes: [stages.Stage("routes", (python(f"print({rows!r})"),), 20)],
    )
    assert check.main([]) == 0
    found = json.loads((tmp_path / "gpu_nvidia_h200.json").read_text())
    assert found["note"] is None
    assert len(found["routes"]) == 3
    assert len(found["generations"]) == len(found["agreement"]) == len(found["brian2_tests"]) == 1
    said = capsys.readouterr().out
    assert "no GPU figure" not in said
    assert "jax on gpu / batch_cuda 8.0 (5)" in said


KERNEL = {
    "network": "32-64-4",
    "arch": "sm_90",
    "threads": 128,
    "registers": 40,
    "shared_bytes": 26000,
    "spill_store_bytes": 0,
    "blocks_per_multiprocessor": 8,
}


def row(route: str, instances: int, loop: float, **more) -> dict:
    return {
        "route": route,
        "network": "pdlf-copy",
        "instances": instances,
        "rate": 20.0,
        "loop_s": loop,
        "updates_per_s": 1e9 / loop,
        "updates_per_s_with_copies": 0.5e9 / loop,
        **more,
    }


ROWS = [
    row("batch_cuda", 4096, 0.5),
    row("jax", 4096, 4.0, platform="gpu"),
    row("batch_cpp", 256, 2.0),
    {
        "device": "cuda",
        "length": 8,
        "latency": 0,
        "seconds_per_generation": 0.0123,
        "published_seconds": 0.039,
    },
    {
        "routes": ["batch_cuda", "jax"],
        "network": "pdlf-copy",
        "instances": 256,
        "rate": 20.0,
        "largest_difference": 2e-7,
    },
    {"precision": "float32", "passed": 70, "refused": 2, "failed": 0, "skipped": 1},
]


def test_the_table_shows_what_was_measured_and_nothing_else() -> None:
    table = module("gpu_table")
    lines = table.speeds(ROWS[:3]).splitlines()[2:]
    assert [line.split() for line in lines] == [
        ["pdlf-copy", "256", "-", "0.5", "-", "-"],
        ["pdlf-copy", "4096", "2", "(1)", "-", "0.25", "-"],
    ]
    assert table.ratios(ROWS[1:3]) == ""  # nothing of our own to compare with
    assert "0.0123 s; published 0.039 s" in table.generations(ROWS[3:4])
    assert "2.00e-07" in table.agreement(ROWS[4:5])
    assert table.tests(ROWS[5:] * 2).endswith("140 passed, 4 refused, 0 failed, 2 skipped")


def test_the_gpu_stages_are_commands_of_this_checkout(tmp_path: Path) -> None:
    check = module("gpu_check")
    stages = check.gpu_stages(tmp_path)
    assert len({stage.name for stage in stages}) == len(stages)
    for stage in stages:
        for command in stage.commands:
            assert command[0] == sys.executable
            assert command[1] == "-m" or Path(command[1]).exists()
    assert stages[0].commands[0][-3:] == ("-m", "gpu", "tests/simulation")


def test_an_unfinished_result_is_never_seen(tmp_path: Path) -> None:
    check, out = module("gpu_check"), tmp_path / "gpu.json"
    check.write(out, {"a": 1})
    with pytest.raises(TypeError):
        check.write(out, {"a": object()})
    assert json.loads(out.read_text()) == {"a": 1}


# -- wheels ----------------------------------------------------------------------------------------


def wheel(folder: Path, name: str, version: str, body: str = "") -> Path:
    """Write a wheel that pip installs."""
    import zipfile

    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", body)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    wheels.mkdir()
    wheel(wheels, "nm_carried", "1.2", "there = True")
    wheel(wheels, "numpy", "0.1", "raise ImportError")  # another one is here: it stays
    installed = module("gpu_wheels").install(wheels, site)
    assert installed == ["nm_carried-1.2-py3-none-any.whl"]
    environment = module("gpu_check").environment_of(site)
    code = "import nm_carried, numpy; print(nm_carried.there, numpy.__version__)"
    said = subprocess.run(python(code), env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", np.__version__]
    assert not (site / "numpy.py").exists()


def test_what_must_be_exact_is_installed_over_another_release(tmp_path: Path) -> None:
    carried = [wheel(tmp_path, "brian2", "9.9"), wheel(tmp_path, "nevergrad", "1.0.12")]
    assert list(module("gpu_wheels").missing(tmp_path)) == carried[:1]


def test_files_on_the_search_path_start_up_as_installed_ones(tmp_path: Path) -> None:
    """setuptools brings distutils back by a .pth file, which such a folder does not run itself."""
    (tmp_path / "started.pth").write_text("import sys; sys.nm_started = True\n")
    (tmp_path / "sitecustomize.py").write_text(module("gpu_wheels").STARTUP)
    environment = module("gpu_check").environment_of(tmp_path)
    code = "import sys; print(sys.nm_started)"
    said = subprocess.run(python(code), env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"


def test_a_folder_without_wheels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="must name a folder of wheels"):
        module("gpu_wheels").install(tmp_path, tmp_path / "site")


def test_the_needed_packages_are_those_of_setup_cfg() -> None:
    needed = module("gpu_wheels").needed()
    assert {"brian2", "nevergrad", "numpy", "sympy", "pytest", "mpmath", "setuptools"} <= set(
        needed
    )
    assert "ruff" not in needed
    assert needed["brian2"] == module("brian2").__version__
    assert needed["brian2cuda"] == "1.0b1"  # by setup.cfg, installed or not


# -- routes ----------------------------------------------------------------------------------------


def test_large_cases_repeat_the_numbers_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    routes, cases = module("gpu_routes"), module("cases")
    monkeypatch.setattr(routes, "DRAWN", 3)
    large = routes.LargeCase(cases.PDLF, 7, cases.PDLF_STEPS).values()
    small = cases.Case(cases.PDLF, 3, cases.PDLF_STEPS).values()
    assert set(large) == set(small)
    for name, value in large.items():
        assert len(value) == 7
        np.testing.assert_array_equal(value[[0, 1, 2, 3, 6]], small[name][[0, 1, 2, 0, 0]])


def test_routes_that_disagree_are_named(tmp_path: Path) -> None:
    routes, cases = module("gpu_routes"), module("cases")
    case = routes.LargeCase(cases.PDLF, 8, cases.PDLF_STEPS)
    loss = np.linspace(0.1, 0.3, 8)
    for route, shift in {"batch_cuda": 0.0, "batch_cpp": 1e-7, "jax": 0.1}.items():
        file = tmp_path / f"{routes._key(case)}-{route}.npz"
        np.savez(file, loss=loss + shift, correct=loss)
    (found,) = routes.agree(tmp_path)
    assert found["instances"] == 8
    assert "jax" in found["disagreement"]
    file.unlink()
    (found,) = routes.agree(tmp_path)
    assert found["routes"] == ["batch_cpp", "batch_cuda"]
    assert 0 < found["largest_difference"] < 1e-5
