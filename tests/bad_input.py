"""What strangers write into a study: bad values, keys and texts, for tables and for fuzzers.

`changes` and `TEXTS` are plain lists; `any_value`, `any_change` and `any_text` are strategies of
hypothesis over the same parts.
"""

from __future__ import annotations

from itertools import product

GOOD = """\
name = "small"
question = "Does it run?"
seeds = [1, 2]
conditions = ["plastic", "random"]

[task]
name = "sequence_copy"
length = 2

[circuit]
hidden = 4

[rule]
name = "pdlf"
[rule.coefficients.A]
per = "projection"
low = -2
high = 3

[search]
candidates = 8
trials = 4
generations = 6
options = { learning_rate = 1 }

[test]
trials = 50

[objective.terms.loss]
weight = 1
[objective.terms.rate]
low = 2
high = 9
constraint = true

[failures]
highest_rate = 40

[device]
threads = 1
"""
ESCAPE = "\\u001b[31m\\u0007"
"""In a TOML text: a colour and a bell."""
BEYOND = "1" + "0" * 400
"""More than double precision holds."""
NUMBERS = ("inf", "-inf", "nan", BEYOND, f"-{BEYOND}", "1" * 5000, "0x" + "f" * 5000, "-1", "1e999")
"""Numbers that no key of a study may have, but for infinite bounds."""
OTHERS = (
    "true",
    '"text"',
    f'"{ESCAPE}"',
    '"\\u0000"',
    '"' + "x" * 20_000 + '"',
    "[]",
    '["pre"]',
    "[[1], [2]]",
    "[" * 300 + "]" * 300,
    "{}",
    "{ a = 1 }",
    "{ a = " * 200 + "1" + " }" * 200,
    "1979-05-27",
)
"""Values that no key for a number may have."""
COUNTS = (
    "task.length",
    "circuit.hidden",
    "circuit.groups",
    "circuit.gru",
    "circuit.inhibitory",
    "search.candidates",
    "search.trials",
    "search.generations",
    "search.checkpoint_every",
    "test.trials",
    "test.finalists",
    "test.every",
    "test.curve_trials",
    "test.random_rules",
    "test.front",
    "device.threads",
    "seeds",
)
"""Keys of whole numbers."""
REALS = (
    "search.target",
    "search.options.learning_rate",
    "test.archive_margin",
    "failures.nan",
    "failures.highest_rate",
    "objective.terms.loss.weight",
    "rule.coefficients.A.default",
    "rule.coefficients.A.sigma",
)
"""Keys of numbers with a fraction."""
WORDS = (
    "task.name",
    "rule.name",
    "rule.normalisation",
    "rule.coefficients.A.per",
    "rule.coefficients.A.scale",
    "circuit.neuron",
    "circuit.plastic",
    "search.optimizer",
    "device.name",
    "device.dtype",
    "name",
)
"""Keys of words out of a list."""
TABLES = ("task", "circuit", "rule", "rule.coefficients", "rule.coefficients.A", "search.options")
TEXTS = (
    "",
    "\x00",
    "name = ",
    "name = 'small'\nname = 'other'",
    GOOD + "\n[task]\nname = 'x'\n",
    "a" * 2_000_000,
    f'question = "{"x" * 10_000_000}"',
    "[" * 100_000,
    "a = " + "[" * 5000 + "]" * 5000,
    "a = " + "{b = " * 3000 + "1" + "}" * 3000,
    ".".join("a" * 100_000) + " = 1",
    "[" + ".".join("a" * 100_000) + "]",
    "[[a]]\n" * 50_000,
    "[sweep]\nlist = []\n" + GOOD,
    GOOD + "[sweep]\nlist = []\n",
    GOOD + "[sweep]\nlist = [[]]\n",
    GOOD + "[sweep]\nlist = [{}]\n",
    GOOD + "[sweep]\n",
    GOOD + "[sweep]\ncircuit.hidden = 3\n",
    GOOD + "[sweep]\ncircuit.hidden = []\n",
    GOOD + f"[sweep]\ncircuit.hidden = {list(range(1, 5000))}\n",
    GOOD + "[sweep]\nseeds = [[1], [2]]\n",
    GOOD + "[sweep]\nsearch.target = [nan, nan]\n",
    GOOD + "[sweep]\n'' = [1]\n",
    GOOD + "[sweep]\ntask.length.x = [1]\n",
    GOOD + "[sweep]\nrule.coefficients.A.per = [['pre']]\n",
    GOOD + f"[sweep]\ncircuit.hidden = [{BEYOND}]\n",
    GOOD + f'["{ESCAPE}"]\nx = 1\n',
    GOOD + "".join(f"k{number} = 1\n" for number in range(20_000)),
    GOOD.replace('"small"', '"' + "x" * 300 + '"'),
    GOOD.replace('"pdlf"', '"x.py:' + "y" * 3000 + '"'),
    GOOD.replace('"pdlf"', '"' + "d/" * 3000 + 'x.py:A"'),
    GOOD.replace('"pdlf"', '"a\\u0000.py:A"'),
    GOOD.replace('"pdlf"', '".py:"'),
    GOOD.replace("[search]", '[search]\nstart = "a\\u0000"'),
    GOOD.replace("[search]", '[search]\nstart = "' + "x" * 5000 + '"'),
    GOOD.replace("[search]", "[[search]]"),
    GOOD.replace("[search]", "[search]\nstages = [3]"),
    GOOD.replace("[search]", "[search]\nstages = [{}]"),
    GOOD.replace("[search]", f"[search]\nstages = [{{ generations = {BEYOND} }}]"),
    GOOD.replace("[search]", "[search]\nstages = [{ generations = 1, task = { length = nan } }]"),
    GOOD.replace("[search]", f'[search]\nstages = [{{ generations = 1, "{ESCAPE}" = 1 }}]'),
    GOOD.replace("[device]", "[[search.stages]]\ngenerations = 6\n[device]"),
    GOOD.replace("[device]", "[rules]\nIE = 3\n[device]"),
    GOOD.replace("[device]", "[rules.XX]\nname = 'pdlf'\n[device]"),
    GOOD.replace("hidden = 4", "hidden = 4\ncoefficients = { x = 1 }\nprobability = { EE = nan }"),
)
"""Whole texts, each wrong."""


def changes() -> list[str]:
    """Return texts for ``--set``, each of which makes `GOOD` wrong."""
    numeric = list(product((*COUNTS, *REALS), (*NUMBERS, *OTHERS)))
    allowed = {
        *(("failures.nan", value) for value in ("-1",)),
        ("rule.coefficients.A.default", "-1"),  # within its bounds
    } - {("failures.nan", "-1")}
    numeric = [pair for pair in numeric if pair not in allowed]
    wordy = product(WORDS, (*NUMBERS, "3", "true", "[]", '["pre"]', "{}", f'"{ESCAPE}"'))
    tabled = product(TABLES, (*NUMBERS, '"text"', "[1]", "true"))
    smuggled = [
        "task.length=3\nseeds=[5]",
        "task.length=3\n[search]\ntrials=5",
        "task.length",
        "=3",
        ".=3",
        "a..b=3",
        "name.x=3",
        "seeds.x.y=3",
        ".".join("a" * 500) + "=1",
        "task.length=" + "[" * 5000,
        "x" * 5000 + "=1",
    ]
    pairs = (f"{key}={value}" for key, value in [*numeric, *wordy, *tabled])
    return [*pairs, *smuggled]


def any_value():
    """Return a strategy for TOML values, good and bad."""
    from hypothesis import strategies as st

    plain = st.one_of(
        st.sampled_from([*NUMBERS, *OTHERS]),
        st.integers().map(str),
        st.floats().map(repr),
        st.text(max_size=20).map(lambda text: "'" + text.replace("'", "") + "'"),
    )
    lists = st.lists(plain, max_size=3).map(lambda each: f"[{', '.join(each)}]")
    return st.one_of(plain, lists)


def any_change():
    """Return a strategy for texts behind ``--set``."""
    from hypothesis import strategies as st

    keys = st.one_of(st.sampled_from([*COUNTS, *REALS, *WORDS, *TABLES]), st.text(max_size=12))
    return st.builds("{}={}".format, keys, any_value())


def any_text():
    """Return a strategy for study files: `GOOD`, with some lines replaced by others."""
    from hypothesis import strategies as st

    lines = GOOD.splitlines()
    line = st.one_of(
        st.sampled_from(lines), st.builds("{} = {}".format, st.sampled_from(WORDS), any_value())
    )
    cuts = st.tuples(st.integers(0, len(lines)), line)
    return st.lists(cuts, min_size=1, max_size=4).map(
        lambda changed: "\n".join(
            [*lines[: changed[0][0]], *(text for _, text in changed), *lines[changed[0][0] + 1 :]]
        )
    )
