"""What a stranger may send: a run folder that is whole but for one thing, and pickles that act."""

from __future__ import annotations

import io
import json
import os
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

MARKUP = '"><script>x</script><img src=http://x onerror=x>$\\frac{'
CONTROL = "\x1b]0;x\x07\x1b[31m\u202e"
LARGE = 10**15


class Calls:
    """Pickled, a call of any function with any arguments."""

    def __init__(self, function: Callable, *arguments: object):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def named(module: str, name: str, *arguments: object) -> bytes:
    """Return a pickle that calls what has a name, whether it exists or not."""
    parts = [b"\x80\x04", b"\x8c", bytes([len(module)]), module.encode()]
    parts += [b"\x8c", bytes([len(name)]), name.encode(), b"\x93"]
    given = pickle.dumps(arguments, 4)[2:-1]
    return b"".join([*parts, given, b"R."])


def npz(**members: bytes) -> bytes:
    """Return an archive of raw members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def header(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    """Return the beginning of an array, without its numbers."""
    buffer = io.BytesIO()
    said = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, said)
    return buffer.getvalue()


def compressed() -> bytes:
    """Return an archive of a thousandth of its array."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, vector=np.zeros(10**6))
    return buffer.getvalue()


def pickled(act: Calls) -> bytes:
    """Return an archive with an array of objects."""
    buffer = io.BytesIO()
    array = np.empty(1, dtype=object)
    array[0] = act
    np.savez(buffer, allow_pickle=True, vector=array)
    return buffer.getvalue()


def overlapping() -> bytes:
    """Return an archive of many arrays whose numbers are the same bytes."""
    raw = bytearray(npz(vector=header((1000,)) + bytes(8000)))
    end = raw.rindex(b"PK\x05\x06")
    start = int.from_bytes(raw[end + 16 : end + 20], "little")
    entry = bytes(raw[start:end])
    entries = b"".join(entry.replace(b"vector", b"v%05d" % k) for k in range(500))
    tail = bytearray(raw[end:])
    tail[8:10] = tail[10:12] = (500).to_bytes(2, "little")
    tail[12:16] = len(entries).to_bytes(4, "little")
    return bytes(raw[:start]) + entries + bytes(tail)


# -- run folders --------------------------------------------------------------------------------

Evil = Callable[[Path, Path], None]
"""Changes a run folder; the second is a file of the user's that must stay as it is."""


def _study(change: Callable[[dict], None]) -> Evil:
    def make(run: Path, victim: Path) -> None:
        stored = json.loads((run / "study.json").read_text())
        change(stored)
        (run / "study.json").write_text(json.dumps(stored))

    return make


def _solution(content: Callable[[Path], bytes]) -> Evil:
    def make(run: Path, victim: Path) -> None:
        (run / "solutions" / "plastic-seed1.npz").write_bytes(content(victim))

    return make


def _ledger(*statements: str) -> Evil:
    def make(run: Path, victim: Path) -> None:
        connection = sqlite3.connect(run / "ledger.sqlite")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return make


def _link(name: str, to: str = "") -> Evil:
    def make(run: Path, victim: Path) -> None:
        path = run / name
        if path.is_dir() and not path.is_symlink():
            path.rename(run.parent / f"{path.name}-moved")
        path.unlink(missing_ok=True)
        path.symlink_to(to or victim)

    return make


def _pipe(name: str) -> Evil:
    def make(run: Path, victim: Path) -> None:
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)

    return make


def _say(text: str) -> Callable[[dict], None]:
    def change(stored: dict) -> None:
        stored.update(name=text, question=text)
        stored[text] = text
        stored["task"][text] = text
        stored["rule"]["coefficients"][text] = {}

    return change


def _act(victim: Path) -> Calls:
    return Calls(os.system, f"echo x > {victim}")


FOLDERS: dict[str, Evil] = {
    "words for a page": _study(_say(MARKUP)),
    "words for a terminal": _study(_say(CONTROL)),
    "a path for a seed": _study(lambda s: s.update(seeds=["../../victim"])),
    "no study": _study(dict.clear),
    "a pipe": _pipe("study.json"),
    "a pipe for a solution": _pipe("solutions/plastic-seed1.npz"),
    "no end": _link("study.json", "/dev/zero"),
    "no end of a solution": _link("solutions/plastic-seed1.npz", "/dev/zero"),
    "a pickle": _solution(lambda victim: pickled(_act(victim))),
    "a bare pickle": _solution(lambda victim: pickle.dumps(_act(victim))),
    "compressed zeros": _solution(lambda victim: compressed()),
    "an array larger than any": _solution(lambda victim: npz(vector=header((LARGE,)))),
    "an array without bytes": _solution(lambda victim: npz(vector=header((LARGE,), "|S0"))),
    "arrays in one place": _solution(lambda victim: overlapping()),
    "a view": _ledger(
        "ALTER TABLE tests RENAME TO others",
        "CREATE VIEW tests AS WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n)"
        " SELECT others.* FROM others, n",
    ),
    "a trigger": _ledger(
        "CREATE TRIGGER x AFTER INSERT ON generations BEGIN DELETE FROM tests; END"
    ),
    "text for a number": _ledger(f"UPDATE tests SET score = '{MARKUP}'"),
    "a path in the ledger": _ledger(
        "UPDATE runs SET seed = '../../victim' WHERE condition = 'plastic' AND seed = 1"
    ),
    "a link for the lock": _link("lock"),
    "a link for the ledger's journal": _link("ledger.sqlite-wal"),
    "a link for the page": _link("report.html"),
    "a link for what is written first": _link("study.json.neuromodels-part"),
    "a link beside the page": _link("report.html.neuromodels-part"),
    "a link for measures": _link("measures", "/tmp"),
    "a link for figures": _link("figures", "/tmp"),
    "a link for checkpoints": _link("checkpoints", "/tmp"),
}
