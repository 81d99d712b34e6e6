"""Who else may listen at the address of a scheduler, and a scheduler that falls silent."""

import contextlib
import itertools
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from threading import Thread

import dask
import pytest
from distributed import Security
from distributed.protocol import dumps
from distributed.protocol.utils import pack_frames
from experiment.test_torture import numbers
from hanging import no_longer_than
from marked import environment, new_mark, vanish

import neuromodels.experiment.workers.crew
from neuromodels.cli import main
from neuromodels.errors import SimulationError
from neuromodels.experiment.workers import pools, scheduler_at

CURE = "Start it with `dask scheduler`, or take the address from its log."
STUDY = """
name = "silenced"
conditions = ["plastic"]
[task]
name = "sequence_copy"
length = 3
latency = 2
[rule]
name = "pdlf"
[circuit]
hidden = 8
[search]
candidates = 8
trials = 8
generations = 40
[test]
trials = 20
every = 20
"""


@pytest.fixture(autouse=True)
def limit(request):
    with no_longer_than(600, request.config):
        yield


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Wait for seconds where a user waits for a minute."""
    monkeypatch.setattr(pools, "ANSWER_WITHIN", 1.5)
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        yield


@contextlib.contextmanager
def listening(greet):
    """Let something listen at a port of this machine; yield it."""
    kept = []

    def serve():
        while True:
            try:
                kept.append(server.accept()[0])
                greet(kept[-1])
            except (OSError, ValueError):
                if server.fileno() < 0:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
    for each in kept:
        each.close()


def say_nothing(peer):
    pass


def close(peer):
    peer.close()


def send(data):
    return lambda peer: peer.sendall(data)


def say_hello_only(peer):
    """Answer as Dask does, and nothing more."""
    frames = pack_frames(dumps({"compression": None, "python": [3, 13], "pickle-protocol": 5}))
    peer.sendall(len(frames).to_bytes(8, "little") + frames)


NONE = "no answer within 1.5 s"
OTHER = "what answers is no Dask scheduler"
PEERS = {
    "silent": (say_nothing, NONE),
    "closes": (close, "it closes the connection"),
    "web server": (send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), OTHER),
    "secure shell": (send(b"SSH-2.0-OpenSSH_9.2\r\n"), OTHER),
    "zeros": (send(bytes(4096)), OTHER),
    "ones": (send(b"\1" * 4096), OTHER),
    "announces terabytes": (send((2**41).to_bytes(8, "little") + bytes(99)), ""),
    "hello only": (say_hello_only, NONE),
}


@pytest.mark.parametrize("name", PEERS)
def test_whoever_is_no_scheduler_is_one_message(name):
    greet, reason = PEERS[name]
    start = time.monotonic()
    with listening(greet) as port:
        address = f"tcp://127.0.0.1:{port}"
        with pytest.raises(SimulationError) as caught, scheduler_at(address):
            pass
    message = str(caught.value)
    assert message.startswith(f"Distribution.scheduler: must answer: {reason}")
    assert message.endswith(f"; got '{address}'. {CURE}")
    assert len(message.splitlines()) == 1
    assert time.monotonic() - start < 60


def test_the_program_ends_with_one_line(tmp_path, capsys):
    (tmp_path / "study.toml").write_text(STUDY)
    arguments = ["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "here")]
    with listening(say_nothing) as port:
        assert main([*arguments, "--scheduler", f"tcp://127.0.0.1:{port}"]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("neuromodels: Distribution.scheduler: must answer: no answer within 1.5")
    assert f"tcp://127.0.0.1:{port}" in line


# -- keys ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Make a key and a certificate; return their file and what Dask's configuration says."""
    made = Security.temporary()
    file = tmp_path_factory.mktemp("keys") / "both.pem"
    file.write_text(made.tls_client_key + made.tls_client_cert)
    tls = {"ca-file": str(file), "client": {"cert": str(file), "key": str(file)}}
    return file, {f"distributed.comm.tls.{key}": value for key, value in tls.items()}


def test_keys_where_none_are_expected(keys):
    def greet(peer):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys[0])
        with contextlib.suppress(OSError):
            context.wrap_socket(peer, server_side=True)

    with (
        listening(greet) as port,
        pytest.raises(SimulationError, match=r"scheduler: must answer: .*\. Start it") as caught,
        scheduler_at(f"tcp://127.0.0.1:{port}"),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("greet", [say_nothing, say_hello_only, close])
def test_no_keys_where_some_are_expected(keys, greet):
    with (
        dask.config.set(keys[1]),
        listening(greet) as port,
        pytest.raises(SimulationError, match=r"scheduler: must answer: .*\. Start it") as caught,
        scheduler_at(f"tls://127.0.0.1:{port}"),
    ):
        pass
    assert "\n" not in str(caught.value)


# -- a real scheduler and a real worker ---------------------------------------------------------


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler and a worker; yield the scheduler's process and both addresses."""
    mark, files = new_mark(), [tmp_path / "scheduler.json", tmp_path / "worker.json"]
    started = []

    def start(*command):
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                env=environment(mark),
                cwd=tmp_path,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    here = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", ":0"]
    start("scheduler", *here, "--port", "0", "--scheduler-file", str(files[0]))
    while not files[0].exists() or not files[0].read_text().strip():
        assert started[0].poll() is None
        time.sleep(0.05)
    address = json.loads(files[0].read_text())["address"]
    start("worker", address, "--nthreads", "1", "--no-dashboard")
    yield started[0], address
    for each in started:
        each.send_signal(signal.SIGCONT)
        each.kill()
        each.wait()
    assert vanish(mark)


@pytest.mark.strain
def test_a_worker_is_no_scheduler_and_a_search_survives_silence(
    cluster, tmp_path, capsys, monkeypatch
):
    """Also the address of a worker; then the scheduler stops in the middle of a search."""
    process, address = cluster
    with scheduler_at(address) as there:
        there.crew.count()
        (worker,) = there.crew.here
    with pytest.raises(SimulationError, match=OTHER), scheduler_at(worker):
        pass
    study, here, whole = tmp_path / "study.toml", tmp_path / "here", tmp_path / "whole"
    study.write_text(STUDY)
    module = neuromodels.experiment.workers.crew
    monkeypatch.setattr(module, "ANSWER_WITHIN", 1.0)
    monkeypatch.setattr(pools, "LEAVE_WITHIN", 1.0)
    ask, asked = module.Crew.ask, itertools.count()

    def ask_until_silent(*arguments, **options):
        if next(asked) == 25:
            process.send_signal(signal.SIGSTOP)
        return ask(*arguments, **options)

    monkeypatch.setattr(module.Crew, "ask", ask_until_silent)
    arguments = ["run", str(study), "--out", str(here), "--scheduler", address]
    capsys.readouterr()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"must stay reachable: no answer within 1 s; got '{address}'" in line
    assert line.endswith("start it again and resume the run.")
    assert (here / "checkpoints" / "plastic-seed1.npz").exists()
    assert main(["resume", str(here)]) == 0
    assert main(["run", str(study), "--out", str(whole)]) == 0
    assert numbers(here) == numbers(whole)
