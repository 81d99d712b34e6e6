"""Whoever reaches a worker can run code: so it is encrypted, and on this machine only."""

import asyncio
import socket
from pathlib import Path

import psutil
import pytest
from distributed import Client

from neuromodels.experiment.workers.local_processes import LocalProcesses


@pytest.fixture(scope="module")
def workers():
    with LocalProcesses(1) as here:
        yield here


def listening():
    """Return the addresses at which this process and its children listen."""
    me = psutil.Process()
    return {
        (each.laddr.ip, each.laddr.port)
        for process in (me, *me.children(recursive=True))
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }


def test_nothing_listens_beyond_this_machine(workers):
    found = listening()
    assert len(found) >= 2  # the scheduler and a worker
    assert {address for address, _ in found} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "asked", ["GET /", "GET /info/main/workers.html", "POST /api/v1/retire_workers", "GET /metrics"]
)
def test_no_port_tells_anything_to_whoever_has_no_key(workers, asked):
    """Dask's pages, and what can be ordered through them, are switched off."""
    for address, port in listening():
        with socket.create_connection((address, port), timeout=60) as plain:
            plain.sendall(f"{asked} HTTP/1.0\r\n\r\n".encode())
            answer = _answer(plain)
        assert not answer or answer.startswith(b"HTTP/1.1 404 ") or b"HTTP" not in answer


def _answer(plain):
    """Return what a port says; one that waits for keys closes, or says nothing of use."""
    plain.settimeout(2)
    try:
        return plain.recv(1000)
    except OSError:
        return b""


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_client_without_the_key_is_refused(workers, scheme):
    _, _, place = workers.scheduler.address.partition("://")

    async def connect():
        await Client(f"{scheme}://{place}", asynchronous=True, timeout=2, set_as_default=False)

    with pytest.raises((OSError, TypeError, ValueError)):
        asyncio.run(connect())


def test_the_folder_of_workers_is_nobody_elses(workers):
    assert Path(workers._place).stat().st_mode & 0o077 == 0
    assert workers._keepers[0].local_directory.startswith(workers._place)
