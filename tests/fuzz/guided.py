"""Let atheris choose the bytes for a reader, guided by which lines of the package they reach.

usage: python -m fuzz.guided NAME SECONDS FOLDER     NAME: one of `fuzz.readers.READERS`

Each kind of failure leaves its bytes and its traceback in the folder.
"""

import sys
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["neuromodels", "tomllib", "fuzz.readers"]):
    import tomllib  # noqa: F401

    from fuzz.readers import READERS, examples, judge
from fuzz.budget import Hung, kind_of

MOST_KEPT = 20
"""Kinds of failure that are kept of one search."""


def main(name: str, seconds: str, into: str) -> None:
    """Search until the time is spent; this ends the process."""
    folder, found = Path(into), set()
    for inner in ("scratch", "corpus"):
        (folder / inner).mkdir(parents=True)
    for number, content in enumerate(examples()[name]):
        (folder / "corpus" / f"{number}").write_bytes(content)

    def take(content: bytes) -> None:
        try:
            judge(READERS[name], folder / "scratch", content)
        except (Exception, Hung) as error:
            kind = kind_of(error)
            if kind not in found and len(found) < MOST_KEPT:
                found.add(kind)
                path = folder / f"failed-{len(found)}"
                path.with_suffix(".bytes").write_bytes(content)
                text = "".join(traceback.format_exception(error))
                path.with_suffix(".txt").write_text(text, errors="replace")

    limits = ["-max_len=65536", "-rss_limit_mb=8000", "-timeout=60", "-print_final_stats=1"]
    limits += [f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, str(folder / "corpus")], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
