"""Runs that earlier versions wrote are read, reported and searched further.

Each archive in `earlier` is a run of the same small study, written by the code of that time. Its
name is the version of its ledger. There is none of version 3: no commit wrote it. Version 5
had for a while two forms, on two branches; one of them had no columns for inputs.
"""

import json
import zipfile
from pathlib import Path

import pytest

import neuromodels

ARCHIVES = sorted((Path(__file__).parent / "earlier").glob("*.zip"))
SCORES = {"plastic": 0.40625, "random": 0.46875}
"""Final scores that all of them printed when they were made."""


@pytest.fixture
def unpacked(tmp_path):
    def unpack(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(tmp_path / "run")
        return tmp_path / "run"

    return unpack


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.stem)
def test_an_earlier_run_is_read_and_reported(archive, unpacked, said):
    folder = unpacked(archive)
    found = neuromodels.load(folder)
    final = found.tests[found.tests["kind"] == "final"].set_index("condition")
    assert final["score"].to_dict() == SCORES
    assert len(found.generations) == 4
    assert found.solutions["input_hidden.A"].sizes["input_hidden.synapse"] == 6
    code, out, err = said("report", str(folder), "--json")
    assert code == 0, err
    reported = {row["condition"]: row["median"] for row in json.loads(out)["conditions"]}
    assert reported == SCORES


def test_the_earliest_run_goes_on(unpacked, said):
    folder = unpacked(ARCHIVES[0])
    before = neuromodels.load(folder).generations
    code, _, err = said("resume", str(folder), "--extend", "2")
    assert code == 0, err
    after = neuromodels.load(folder).generations
    assert after["generation"].tolist() == [0, 1, 2, 3, 4, 5]
    assert after["centre_loss"][:4].tolist() == before["centre_loss"].tolist()
