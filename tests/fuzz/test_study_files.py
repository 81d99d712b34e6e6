"""Study files: any text and any change of any study is read, or refused on one screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bad_input import COUNTS, GOOD, NUMBERS, OTHERS, REALS, TABLES, WORDS, any_text, any_value
from hypothesis import strategies as st

from fuzz.budget import fuzz
from fuzz.terminal import assert_one_screen
from neuromodels.errors import NeuromodelsError, on_one_screen
from neuromodels.study.file import lines_of_keys, study_of
from neuromodels.study.schema import COEFFICIENT, SECTIONS, TERM
from neuromodels.study.study import Study
from neuromodels.study.sweep import read_declared

STUDIES = Path(__file__).parents[2] / "studies"
TEXTS = [GOOD, *(path.read_text() for path in sorted(STUDIES.glob("*.toml")))]
KEYS = sorted(
    {
        *(f"{section}.{key}".lstrip(".") for section, keys in SECTIONS.items() for key in keys),
        *(f"rule.coefficients.{name}.{key}" for name in "ABw" for key in COEFFICIENT),
        *(f"circuit.coefficients.hidden.tau.{key}" for key in COEFFICIENT),
        *(f"objective.terms.{name}.{key}" for name in ("rate", "loss") for key in TERM),
        *(f"sweep.{key}" for key in (*COUNTS, *REALS, *WORDS)),
        *(".".join(key) for text in TEXTS for key in lines_of_keys(text)),
        *COUNTS,
        *REALS,
        *WORDS,
        *TABLES,
        *("sweep", "sweep.list", "rules.EE.name", "circuit.probability.EE", "contents", "digest"),
    }
)
SMALL = ("1", "2", "3", "4", "0", "0.5", "true", "false", '"plastic"', '"pre"', '"post"', '"none"')
"""Values that many keys may have."""
words_of_files = sorted({word for text in TEXTS for word in text.split() if len(word) < 40})

values = st.sampled_from(SMALL) | any_value() | st.sampled_from(words_of_files)
lists = st.lists(values, max_size=4).map(lambda each: f"[{', '.join(each)}]")
tables = st.dictionaries(
    st.sampled_from([key.rpartition(".")[2] for key in KEYS]), values, max_size=3
).map(lambda each: "{" + ", ".join(f"{key} = {value}" for key, value in each.items()) + "}")
changes = st.builds(
    "{}={}".format, st.sampled_from(KEYS) | st.text(max_size=12), values | lists | tables
)


@st.composite
def mixed_texts(draw):
    """Draw lines of one study with lines of others, new lines, and cuts between."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(lines)))
        other = draw(st.sampled_from(TEXTS)).splitlines()
        new = draw(
            st.sampled_from(other)
            | st.builds("{} = {}".format, st.sampled_from(KEYS), values | lists | tables)
            | st.builds("[{}]".format, st.sampled_from(KEYS))
            | st.text(max_size=10)
        )
        lines[place : place + draw(st.integers(0, 2))] = [new]
    return "\n".join(lines)


@st.composite
def broken_texts(draw):
    """Draw a study of which some letters are others."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.text(max_size=3)) + text[place + draw(st.integers(0, 3)) :]
    return text


texts = st.sampled_from(TEXTS) | any_text() | mixed_texts() | broken_texts()
cases = st.tuples(texts, st.lists(changes, max_size=4))

FOUND: list[tuple[str, list[str]]] = []
"""Cases that showed a fault once."""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.toml"

    def check(case):
        text, changed = case
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            declared = read_declared(path, changed)
        except NeuromodelsError as error:
            assert_one_screen(on_one_screen(f"neuromodels: {error}"))
            return
        studies = [declared] if isinstance(declared, Study) else declared.settings
        for each in studies[:3]:
            assert_stored(each if isinstance(each, Study) else each.study)

    return check


def assert_stored(study):
    """Check that what a folder would keep of a study is this study."""
    stored = json.loads(json.dumps(study.to_table(), allow_nan=True))
    again = study_of(stored, "stored")
    assert again == study
    assert again.digest == study.digest


def test_every_study_of_the_package_is_read(check):
    for text in TEXTS:
        check((text, []))


def test_any_study_file(check):
    assert len(KEYS) > 150
    assert set(NUMBERS) | set(OTHERS)
    fuzz("study files", cases, check, few=250, found=FOUND)
