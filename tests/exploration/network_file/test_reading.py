"""Study files of own networks: what each key may hold, and what is said of what it may not."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, Quantity, mV, nS, second
from brian2.units.fundamentalunits import have_same_dimensions
from own_network import CODE, FIT, HEAD, MORRIS, SWEEP

from neuromodels.exploration.network_file.arguments import arguments_of
from neuromodels.exploration.network_file.readers import KIND, MEASURES, PARAMETER
from neuromodels.exploration.network_file.reading import read_network_study
from neuromodels.exploration.network_file.sections import (
    ACTIONS,
    GIVEN_OTHERWISE,
    NETWORK,
)
from neuromodels.models import Model, Parameter
from neuromodels.models.quantities import Unreadable, quantity_of, values_of
from neuromodels.study.file import StudyFileError, read_declaration

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "network_files.md"


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as a study file beside the network."""
    (tmp_path / "net.py").write_text(CODE)

    def study(text, *changes):
        (tmp_path / "study.toml").write_text(text)
        return read_network_study(read_declaration(tmp_path / "study.toml", changes))

    return study


# -- numbers with units ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 mV", 5 * mV),
        ("-60mV", -60 * mV),
        ("1e-3 * V", 1 * mV),
        ("2 s", 2 * second),
        ("2 nS/mV**2", 2 * nS / mV**2),
        ("3 /second", 3 * Hz),
        (".5", 0.5),
        (7, 7),
    ],
)
def test_a_quantity_is_read(text, value):
    found = quantity_of(text)
    assert have_same_dimensions(found, value)
    assert float(found) == pytest.approx(float(value), rel=1e-14)


@pytest.mark.parametrize(
    "text", ["", "fast", "5 mVolt", "1e999 s", True, "2**3", "__import__('os')", "1 mV +", [], None]
)
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(Unreadable):
        quantity_of(text)


def test_lists_become_arrays_with_one_unit():
    found = values_of(["1 mV", "0.002 V"])
    np.testing.assert_allclose(found / mV, [1, 2])
    assert not isinstance(values_of([1, 2.5]), Quantity)
    with pytest.raises(Unreadable, match="one unit"):
        values_of(["1 mV", "2 ms"])


# -- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_a_section_has_every_argument_of_its_function(action):
    given = set(inspect.signature(action.function).parameters) - GIVEN_OTHERWISE
    written_otherwise = {each.name for each in (*sum(action.replaced.values(), ()), *action.added)}
    assert set(action.keys) - written_otherwise == given - set(action.replaced)
    for name, argument in action.keys.items():
        if name in given - {"device"} - set(action.replaced):
            default = inspect.signature(action.function).parameters[name].default
            assert argument.default == default


def test_the_other_sections_have_every_field_of_their_classes():
    assert {*NETWORK, "parameters", "measures"} == set(inspect.signature(Model).parameters)
    assert set(PARAMETER) == set(inspect.signature(Parameter).parameters)
    for kind in MEASURES.values():
        assert KIND not in inspect.signature(kind).parameters


@pytest.mark.parametrize("section", ["network", *ACTIONS])
def test_the_page_has_every_key_with_its_default(section):
    page = (
        PAGE.read_text(encoding="utf-8").partition(f"\n## [{section}]\n")[2].partition("\n## ")[0]
    )
    keys = NETWORK if section == "network" else ACTIONS[section].keys
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("|")}
    for name, argument in keys.items():
        assert f"`{name}`" in rows, f"add the key {name!r} of [{section}] to {PAGE.name}"
        if isinstance(argument.default, int | str) and argument.default != "":
            shown = (
                str(argument.default).lower()
                if argument.default in (True, False)
                else argument.default
            )
            assert f"`{shown}`" in rows[f"`{name}`"].replace('"', "")


@pytest.mark.parametrize("name", MEASURES)
def test_the_page_has_every_measure_with_its_fields(name):
    (row,) = [
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{name}` |")
    ]
    for field in arguments_of(MEASURES[name]):
        assert f"`{field}`" in row


# -- one study ------------------------------------------------------------------------------------


def test_a_study_is_the_model_that_it_says(read):
    study = read(HEAD + SWEEP)
    model = study.model()
    assert (model.begin, model.end) == pytest.approx((0.02, 0.1))
    assert model.parameters["drive"].bounds == pytest.approx((0.005, 0.03))
    assert model.parameters["gain"].scale == "log"
    assert [type(each).__name__ for each in model.measures.values()] == ["Rate", "Reduced"]
    arguments = study.arguments(model)
    assert arguments["repeats"] == 4
    np.testing.assert_allclose(arguments["points"].values["drive"] / mV, [5, 20, 30])


def test_points_between_bounds_are_those_of_the_function(read):
    from neuromodels.exploration import latin_hypercube

    study = read(HEAD + '[sweep]\npoints = 8\ndesign = "latin_hypercube"\nseed = 5\n')
    model = study.model()
    found, wanted = study.arguments(model)["points"], latin_hypercube(model, 8, 5)
    for name in ("drive", "gain"):
        np.testing.assert_array_equal(found.values[name], wanted.values[name])


def test_steps_between_two_ends_are_equal_in_size_or_in_ratio(read):
    steps = 'drive = {low = "1 mV", high = "5 mV", count = 3}'
    ratios = 'gain = {low = 1, high = 4, count = 3, scale = "log"}'
    study = read(HEAD + f"[sweep.grid]\n{steps}\n{ratios}\n")
    values = study.arguments(study.model())["points"].values
    np.testing.assert_allclose(values["drive"] / mV, [1, 3, 5])
    np.testing.assert_allclose(values["gain"], [1, 2, 4])


def test_recorded_data_come_from_files(read, tmp_path):
    np.savetxt(tmp_path / "spikes.txt", [10, 35.5, 60])
    measure = 'd = {measure = "SpikeTrainDistance", group = "cells", kind = "count", times = '
    study = read(HEAD + measure + '{file = "spikes.txt", unit = "ms"}}\n[fit]\nloss = "d"\n')
    np.testing.assert_allclose(study.model().measures["d"].times[0], [0.01, 0.0355, 0.06])
    before = study.digest
    np.savetxt(tmp_path / "spikes.txt", [10, 35.5, 61])
    assert read((tmp_path / "study.toml").read_text()).digest != before


def test_nothing_of_the_users_is_run_before_everything_is_checked(read, tmp_path):
    (tmp_path / "net.py").write_text("raise SystemExit('it was run')\n" + CODE)
    assert read(HEAD + SWEEP).code == (tmp_path / "net.py",)


# -- digests --------------------------------------------------------------------------------------


def test_the_digest_knows_what_decides_the_numbers(read, tmp_path):
    digest = read(HEAD + SWEEP).digest
    same = [
        (HEAD.replace("How does", "Why does") + SWEEP, CODE),
        (HEAD + SWEEP + 'device = "cpp"\nthreads = 1\n', CODE),
        (HEAD.replace("0.5", "0.50") + SWEEP, CODE),
        (HEAD + SWEEP, CODE.replace("return 1\n", "return 2\n")),
        (HEAD + SWEEP, CODE.replace("    return Network", "    # done\n    return Network")),
    ]
    others = [
        (HEAD + SWEEP.replace("seed = 3", "seed = 4"), CODE),
        (HEAD.replace('"100 ms"', '"90 ms"') + SWEEP, CODE),
        (HEAD + SWEEP, CODE.replace("12*mV", "13*mV")),
    ]
    for (text, code), is_same in [*((s, True) for s in same), *((o, False) for o in others)]:
        (tmp_path / "net.py").write_text(code)
        assert (read(text).digest == digest) == is_same, text + code


def test_more_generations_are_the_same_study(read):
    short, long = (read(HEAD + FIT, f"fit.generations={n}") for n in (4, 9))
    assert short.digest == long.digest
    assert short.asked != long.asked


# -- mistakes -------------------------------------------------------------------------------------

LONG = "{low = 1, high = 2, count = 1000000}"
MISTAKES = [
    (("[sweep]", "[sweeep]"), "sweeep: unknown section. Did you mean 'sweep'"),
    (("[sweep]", '[fit]\nloss = "rate"\n[sweep]'), "fit: a file has one question"),
    ((SWEEP, ""), "needs one of [sweep], [fit], [sensitivity], [infer]"),
    (("repeats", "repets"), "study.toml:14: sweep.repets: unknown key. Did you mean 'repeats'"),
    (("repeats = 4", 'repeats = "four"'), "sweep.repeats: must be a whole number >= 0; got 'four'"),
    (('"30 mV" }', '"30 ms" }'), "parameters.drive: both bounds must"),
    (('low = "5 mV"', 'low = "50 mV"'), "low < high must hold"),
    (('"20 mV"', '"20 mVolt"'), "sweep.grid: drive: 'mVolt' is no unit of Brian2"),
    (('"20 mV"', '"20 ms"'), "sweep.grid: drive: all values must have one unit"),
    (
        ('"Rate"', '"Rte"'),
        "measures.rate: measure must be one there is; got 'Rte'. Did you mean 'Rate'",
    ),
    (('group = "cells"', 'grup = "cells"'), "unknown key; got 'grup'. Did you mean 'group'"),
    (("net.py", "nett.py"), "study.toml:3: network.build: there must be such a file"),
    (("net.py:build", "net.py"), "must name a function, such as 'my_network.py:build'"),
    (("net.py", "../net.py"), "must lie beside the study file or below it"),
    (('"100 ms"', "100"), "study.toml:4: network.duration"),
    (('"20 ms"', '"200 ms"'), "network.transient: must be shorter"),
    (("question", 'name = "../x"\nquestion'), "name: must be letters"),
    (
        ("repeats", "points = 8\nrepeats"),
        "needs one of grid, table and points; got grid and points",
    ),
    (("repeats", 'design = "sobol"\nrepeats'), "sweep.design: needs the key 'points' beside it"),
    (("[1, 2]", "[]"), "gain: must be a list of numbers"),
    (("[1, 2]", LONG), "asks for 12,000,000,000,000,000 instances"),
    (("repeats = 4", "repeats = 1000000000000"), "or more on this machine. Take fewer"),
    (("[network]", "[network]\nwiring = 'won'"), "must be one of 'shared', 'own'; got 'won'"),
    (("[network]\n", "[network]\nbild = 3\n"), "network.bild: unknown key. Did you mean 'build'"),
    (("[measures]", "[measures]\nrepeat = 'mean(cells.v)'"), "measures: a name must be"),
    (("rate = {", "cells.v = {"), "measures.cells"),
]


@pytest.mark.parametrize(("change", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told_with_its_place(read, change, told):
    text = HEAD + SWEEP
    if change[1] == LONG:  # two axes of a thousand million points each
        text = text.replace('["5 mV", "20 mV", "30 mV"]', LONG.replace("1000000", "1000000"))
        change, told = ("[1, 2]", LONG), "must have at most 100,000,000 points"
    assert change[0] in text
    with pytest.raises(StudyFileError) as caught:
        read(text.replace(change[0], change[1], 1))
    assert told in str(caught.value)
    assert "study.toml" in str(caught.value)


def test_all_mistakes_are_told_at_once(read):
    text = (
        (HEAD + SWEEP).replace("repeats", "repets").replace('"Rate"', '"Rte"').replace("net", "nt")
    )
    with pytest.raises(StudyFileError) as caught:
        read(text)
    assert len(caught.value.lines) >= 3


def test_a_file_does_not_say_where_else_something_is_written(read):
    text = HEAD + FIT + 'storage = "sqlite:///trials.db"\n'
    with pytest.raises(StudyFileError, match=r"fit\.storage"):
        read(text)
    study = read(HEAD + FIT, "fit.storage=sqlite:///trials.db")
    assert "storage" not in study.stored_table["fit"]


def test_values_are_finite(read):
    with pytest.raises(StudyFileError, match=r"sweep\.grid: gain"):
        read((HEAD + SWEEP).replace("[1, 2]", "[1, inf]"))


def test_other_questions_are_read(read):
    assert read(HEAD + MORRIS).action.name == "sensitivity"
    study = read(HEAD + '[infer]\nobserved = {rate = "5 Hz"}\ncalibration = 0\n')
    assert study.checks() == {"predictive": 200, "calibration": 0}
    assert float(study.arguments(study.model())["observed"]["rate"]) == 5
    own = read(HEAD + '[fit]\nloss = "net.py:loss"\n')
    measured = {"rate": np.array([[100.0, 200.0], [151.0, 151.0]])}
    np.testing.assert_allclose(own.arguments(own.model())["loss"](measured), [0, 1])
