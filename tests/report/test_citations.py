"""What to cite: every reference of a catalog is found, and BibTeX can be read."""

import json
import re

import pytest

from neuromodels import tasks
from neuromodels.errors import NeuromodelsError
from neuromodels.report.citations.bibtex import entry_of, fields_of, key_of
from neuromodels.report.citations.cite import citations, used_by
from neuromodels.report.citations.publications import PUBLICATIONS
from neuromodels.report.citations.references import marks_in, publications_in
from neuromodels.study.checks import installed_catalogs

CATALOGS = installed_catalogs()
KNOWN = {
    "rule": CATALOGS.rules,
    "neuron": CATALOGS.models,
    "task": tasks.CATALOG,
    "optimizer": CATALOGS.optimizers,
}
MEMBERS = [(kind, name) for kind, known in KNOWN.items() for name in known]
OF_NOBODY = {"inhibitory_lif", "typed_lif", "cue_bandit", "arrays"}
"""What refers to no publication: ours, or the user's."""


def cited(name):
    return [(each.surname, each.year) for use in used_by(name) for each in use.publications]


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_every_reference_of_a_catalog_is_a_publication(kind, name):
    reference = KNOWN[kind][name].reference
    found, unknown = publications_in(reference)
    assert not unknown, (
        f"add it to neuromodels/report/citations/articles.py or publications.py: {reference}"
    )
    assert found or name in OF_NOBODY, f"{reference!r} names no publication with its year"


@pytest.mark.parametrize("publication", PUBLICATIONS, ids=key_of)
def test_a_publication_can_be_found(publication):
    assert publication.doi or publication.arxiv or publication.url.startswith("https://")
    assert re.fullmatch(r"(10\.\d{4,9}/\S+)?", publication.doi)
    assert re.fullmatch(r"(\d{4}\.\d{4,5})?", publication.arxiv)
    assert all(re.fullmatch(r".+, .+|others", name) for name in publication.author.split(" and "))


def test_keys_and_numbers_are_of_one_publication():
    for told in ("doi", "arxiv"):
        numbers = [number for each in PUBLICATIONS if (number := getattr(each, told))]
        assert len(numbers) == len(set(numbers))
    assert len({key_of(each) for each in PUBLICATIONS}) == len(PUBLICATIONS)


@pytest.mark.parametrize(
    ("reference", "marks"),
    [
        ("Oja 1982, J Math Biol 15:267", [("Oja", "1982")]),
        ("form of van Rossum, Bi & Turrigiano 2000", [("van Rossum", "2000")]),
        ("Hansen and Ostermeier 2001, EC 9:159", [("Hansen", "2001")]),
        ("A B; Shen et al. 2023, arXiv:2308.12063", [("Shen", "2023"), ("arXiv", "2308.12063")]),
        ("x, 10.3389/fnins.2023.1183321; y", [("DOI", "10.3389/fnins.2023.1183321")]),
        ("your own", []),
    ],
)
def test_a_reference_is_read(reference, marks):
    assert marks_in(reference) == marks


def test_two_papers_of_one_author_and_year_are_told_apart():
    (spikes,), _ = publications_in("Florian 2007, Neural Comput 19:1468")
    (cart,), _ = publications_in("Barto 1900; Florian 2007")
    assert "spike-timing" in spikes.title
    assert "cart-pole" in cart.title
    assert publications_in("NeuroGym, Molano-Mazon et al. 2022; ours")[1] == []
    assert publications_in("Nobody 2007")[1] == [("Nobody", "2007")]


def test_what_comes_with_a_thing_is_cited_too():
    assert ("Bennet", 2021) in cited("OldCMA")
    assert ("Bennet", 2021) not in cited("pgpe")
    assert {("Todorov", 2012), ("Towers", 2024)} < set(cited("ant_direction"))
    assert cited("oja") == [("Oja", 1982), ("Stimberg", 2019)]


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(NeuromodelsError, match="Did you mean 'oja'"):
        citations("oje")


def read(text):
    """Read BibTeX with braces counted, and nothing of the writer's."""
    found = {}
    for kind, key, body in re.findall(r"(?ms)^@(\w+)\{([^,]+),\n(.*?)^\}", text):
        pairs = re.findall(r"(?m)^  (\w+) = \{(.*)\},$", body)
        assert all(value.count("{") == value.count("}") for _, value in pairs)
        found[key] = {"type": kind, **dict(pairs)}
    return found


def test_bibtex_of_a_run_has_all_that_it_used(here, said):
    said("run", "studies/small.toml", "--out", "run")
    code, out, err = said("cite", "run")
    assert (code, err) == (0, "")
    entries = read(out)
    assert {"neuromodels", "stimberg2019brian", "shen2023learning"} <= set(entries)
    assert entries["shen2023learning"]["eprint"] == "2308.12063"
    assert entries["sehnke2010parameter"]["doi"] == "10.1016/j.neunet.2009.12.004"
    assert "inhibitory_lif" not in out
    assert "% rule pdlf: Shen et al. 2023, arXiv:2308.12063 -> shen2023learning" in out
    told = json.loads(said("cite", "run", "--json")[1])
    assert [each["key"] for each in told["entries"]] == list(entries)
    assert all(key in entries for use in told["used"] for key in use["keys"])


def test_what_bibtex_would_take_for_a_command_is_escaped():
    fields = {**fields_of(PUBLICATIONS[0]), "title": "50 % of R&D", "doi": "10.1000/a_b"}
    text = entry_of("x", fields)
    assert r"title = {{50 \% of R\&D}}" in text
    assert "doi = {10.1000/a_b}" in text
