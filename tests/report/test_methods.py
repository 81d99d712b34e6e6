"""A condition in the words of a methods section: all that runs is said, and nothing else."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from brian2 import Hz, meter, ms, second
from brian2.core.magic import collect

from neuromodels.report.methods import Described, methods_of, values_of
from neuromodels.report.methods.columns import Equation, align, code_lines, equations_in, table
from neuromodels.report.methods.parts import quantity_in_words
from neuromodels.report.methods.step_order import events_of, order_in_words
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.simulation.network.text import Spikes, Statements
from neuromodels.study.file import read_study
from neuromodels.study.sweep import Sweep, read_declared
from neuromodels.tasks import characters

STUDIES = Path(__file__).parents[2] / "studies"
EXPECTED = Path(__file__).parent / "expected"
KINDS = "q|norm|scale|over|spread|count|beyond|health|centre|before"
OWN_NAMES = rf"\b(?:{KINDS})_(?:input|hidden|inhibitory|modulators|w\b)"
"""Names of the network's own book-keeping."""


def described(name, condition="plastic", *changes):
    study = read_study(STUDIES / f"{name}.toml", changes)
    return described_of(study, condition)


def described_of(study, condition, setting=""):
    circuit = circuit_of(study, condition)
    return Described(study, condition, circuit, text_of(study, condition, circuit), setting)


def without_spaces(text):
    return re.sub(r"\s+", "", text)


def section(text, heading):
    """Return the lines below a heading, up to the next one."""
    lines = text.splitlines()
    first = lines.index(heading) + 2
    rest = lines[first:]
    end = next((k for k, line in enumerate(rest) if line and set(line) == {"-"}), len(rest) + 1)
    return rest[: end - 1]


@pytest.mark.parametrize(
    ("study", "condition"), [("pdlf_copy_quick", "plastic"), ("ei_target_rate", "halted")]
)
def test_the_whole_text(study, condition):
    text = methods_of(described(study, condition))
    assert text + "\n" == (EXPECTED / f"{study}_{condition}.txt").read_text()


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_condition_of_every_study_says_all_that_runs(path):
    if path.stem.startswith("few_shot") and not characters.is_there():
        pytest.skip("Omniglot is not in NEUROMODELS_DATA or ../shared/data")
    declared = read_declared(path)
    settings = [s.study for s in declared.settings] if isinstance(declared, Sweep) else [declared]
    for study in settings:
        for condition in study.tested:
            if condition != "random":
                check_says_all_that_runs(described_of(study, condition))


def check_says_all_that_runs(shown):
    text = methods_of(shown)
    assert not re.search(OWN_NAMES, text)
    said = without_spaces(text)
    for line in lines_that_run(shown):
        assert without_spaces(line) in said, line
    for projection in shown.circuit.projections:
        assert f"{projection.source} -> {projection.target}" in text
    assert json.loads(json.dumps(values_of(shown), allow_nan=False))["study"] == shown.study.name


def lines_that_run(shown):
    """Yield the statements and resets of a network, without those of its own book-keeping."""
    for part in shown.text.parts:
        if isinstance(part, Statements) and part.owner in shown.labels:
            kind = part.name.removeprefix(f"{part.owner}_")
            if kind not in ("erasure", "normalisation"):
                yield from (line for line in part.code.splitlines() if "before_" not in line)
        if isinstance(part, Spikes):
            yield from part.reset.splitlines()
    for group in shown.text.groups:
        yield group.threshold or ""


def test_no_brian2_object_is_made(monkeypatch):
    def forbidden(*given, **more):
        raise AssertionError("a Brian2 object was made")

    for name in ("NeuronGroup", "Synapses", "Network", "StateMonitor", "Clock", "TimedArray"):
        monkeypatch.setattr(f"neuromodels.simulation.network.assembly.{name}", forbidden)
    known = len(collect())
    assert methods_of(described("t_maze"), with_all_parts=True)
    assert len(collect()) == known


def test_all_parts_stand_in_the_order_of_the_network():
    shown = described("pdlf_copy_quick")
    text = methods_of(shown, with_all_parts=True)
    assert text.startswith(methods_of(shown))
    lines = section(text, "All parts of the network")
    kinds = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert kinds == [type(part).__name__ for part in shown.text.parts]
    assert any("name = norm_input_hidden" in line for line in lines)
    assert "        scale_post = scale_pre : 1 (summed)" in lines


def test_plain_values_hold_every_part_with_its_kind():
    shown = described("pdlf_copy_quick")
    values = values_of(shown)
    network = values["network"]
    assert [part["kind"] for part in network["parts"]] == [
        type(part).__name__.lower() for part in shown.text.parts
    ]
    assert network["step"] == {"value": 0.02, "unit": "s"}
    assert network["constants"]["length"] == 4
    assert network["addresses"]["input_hidden.eta"] == "input_hidden.eta"
    hidden = next(part for part in network["parts"] if part.get("name") == "hidden")
    assert hidden["constants"]["tau"] == {"value": 0.02, "unit": "s"}
    assert hidden["size"] == 32
    assert values["searched"] == sum(row["numbers"] for row in values["coefficients"]) == 640


def test_coefficients_say_what_is_searched_and_what_is_frozen():
    text = methods_of(described("ei_target_rate"))
    lines = section(text, "Coefficients")
    assert lines[0].startswith("9 numbers in all are searched")
    rows = [" ".join(line.split()) for line in lines]
    assert "tau_x, tau_y 1 projection 0.02 0.002 to 0.5 log 0.3" in rows
    assert "eta 1 projection 0.03 frozen" in rows


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("frozen", "From step 4 on (the first is 0) plasticity changes no weight."),
        ("halted", "From step 4 on (the first is 0) plasticity changes no weight."),
        (
            "reset",
            "At the end of each step from 4 to 7 (the first is 0) state, but no weight, is set to"
            " 0: v, tr and s of hidden; z of output.",
        ),
        ("halted", "The study does not run this condition."),
    ],
)
def test_a_condition_says_what_it_does(condition, words):
    text = methods_of(described("pdlf_copy_quick", condition))
    assert words in " ".join(section(text, "Condition"))


def test_a_clamped_third_factor_is_a_number():
    text = methods_of(described("t_maze", "M0"))
    assert "The third factor M of every rule is held at 0." in " ".join(section(text, "Condition"))
    lines = section(text, "Weights and plasticity")
    assert any(re.match(r"    M = 0\.0 +: 1$", line) for line in lines)


def test_unseen_goals_are_named_as_another_parameter():
    text = methods_of(described("control_swimmer", "unseen"))
    assert "Parameters of the task differ: unseen = 1 in place of 0." in text


def test_limits_of_a_trial_are_said_with_what_they_cost():
    limits = ("failures.highest_rate=50", "failures.largest_weight=8", "failures.explosion=7")
    text = methods_of(described("ei_target_rate", "plastic", *limits))
    end = " ".join(section(text, "End of a trial"))
    assert "counts a loss of 7 where it has more spikes than 50 Hz make in a whole trial." in end
    assert "counts a loss of 7 where a weight is beyond 8." in end
    assert not re.search(OWN_NAMES, text)


def test_the_order_of_a_step_is_that_of_the_text():
    shown = described("pdlf_copy_quick")
    usual = order_in_words(events_of(shown.text, shown.labels, shown.is_own), shown.labels)
    assert [line.split(":")[0] for line in usual if line[0].isdigit()] == [
        "1. input",
        "2. input -> hidden",
        "3. hidden",
        "4. hidden -> output",
        "5. output",
        "6. input -> hidden and hidden -> output",
        "7. score",
    ]
    early = [
        replace(part, order=-1) if isinstance(part, Statements) and part.order == 1000 else part
        for part in shown.text.parts
    ]
    changed = replace(shown.text, parts=tuple(early))
    lines = order_in_words(events_of(changed, shown.labels, shown.is_own), shown.labels)
    assert lines[0].startswith("1. input -> hidden and hidden -> output: the rule's statements")


@pytest.mark.parametrize(("name", "said"), [("p8", "8-norm"), ("none", "are not normalised")])
def test_it_is_said_whether_weights_are_normalised(name, said):
    text = methods_of(described("pdlf_copy_quick", "plastic", f"rule.normalisation={name}"))
    lines = section(text, "Weights and plasticity")
    assert [word for word in ("8-norm", "are not normalised") if word in " ".join(lines)] == [said]


def test_signals_that_go_back_arrive_in_the_next_step():
    lines = section(methods_of(described("ei_target_rate")), "Projections")
    late = {tuple(line.split()[:3]) for line in lines if "next step" in line}
    assert late == {
        ("hidden", "->", "hidden"),
        ("inhibitory", "->", "hidden"),
        ("inhibitory", "->", "inhibitory"),
    }


# -- columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (20 * ms, "20 ms"),
        (1 * second, "1 s"),
        (3 * Hz, "3 Hz"),
        (9.81 * meter / second**2, "9.81 m s^-2"),
        (0.5, "0.5"),
        (7, "7"),
    ],
)
def test_constants_have_their_unit(value, words):
    assert quantity_in_words(value) == words


def test_an_equation_may_go_on_over_lines():
    (equation,) = equations_in("turn = (a + b)\n   /(c + d) : 1 (shared)   # how far\n")
    assert equation == Equation("turn", "turn = (a + b)/(c + d)", "1 (shared)", "how far")


def test_units_and_comments_stand_below_each_other():
    assert align(equations_in("dv/dt = -v/tau : 1\nI : 1 (shared)  # input\n")) == [
        "    dv/dt = -v/tau  : 1",
        "    I               : 1 (shared)  # input",
    ]


def test_a_run_that_counts_on_is_abridged_and_no_other():
    counting = "\n".join(f"bit_{k} : 1" for k in range(12))
    assert [line.split()[0] for line in align(equations_in(counting))] == [
        "bit_0",
        "bit_1",
        "...",
        "bit_11",
    ]
    irregular = "\n".join(f"a_{k} = {k * k} : 1" for k in range(12))
    assert len(align(equations_in(irregular))) == 12


def test_a_block_that_runs_twice_is_said_once():
    block = [f"x_{k} = {k * k}" for k in range(6)]
    lines = code_lines(["start = 1", *block, *block, "end = 1"])
    assert len(lines) == 1 + 6 + 1 + 1
    assert "run twice" in lines[7]


def test_a_long_line_is_broken_before_a_summand():
    line = "total = " + " + ".join(f"weight_{k}*input_{k}" for k in range(9))
    first, *others = code_lines([line])
    assert len(first) <= 96
    assert all(line.startswith("        + ") for line in others)


def test_a_table_names_a_first_cell_once():
    assert table(("of", "n"), [("a", "1"), ("a", "22"), ("b", "3")]) == [
        "    of  n",
        "    --  --",
        "    a   1",
        "        22",
        "    b   3",
    ]
