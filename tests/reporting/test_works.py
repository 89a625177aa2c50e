"""Every publication that a table names has an author and a year, or the words that its source has for it."""

import pytest

from page_words import made_of, names_of_publications, names_seen
from pdt_evidence.evidence.package import load
from pdt_evidence.reporting.page.filters import spelled
from pdt_evidence.reporting.page.links import linked
from pdt_evidence.reporting.works import works


def test_every_publication_that_a_table_names_has_words():
    networks = set(load("networks")["network_id"])
    claims = set(load("claims")["claim_id"])
    assert names_of_publications() - networks - claims <= set(works())
    assert all(text[0].isupper() or text.startswith("de ") for text in works().values())
    assert not set(works()) & set(works().values())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("woll_schoenbrodt2020", "Woll & Schönbrodt 2020"),
        ("ltpp2013", "The 2013 meta-analysis of long-term psychodynamic therapy"),
        ("cd005652", "Cochrane review CD005652"),
        ("impact2017", "Goodyer 2017"),
        ("nice_ng222", "NICE guideline NG222"),
        ("not_a_name2020", "not_a_name2020"),
    ],
)
def test_a_name_is_spelled_as_its_publication_and_nothing_is_guessed(name, words):
    assert spelled(f"{name}: effects") == f"{words}: effects"


def test_a_name_that_stays_is_found():
    page = (
        "<p>ltpp2013 and Woll Schoenbrodt 2020</p><td>nice_ng222</td><code>abbass2014</code><p>Dare 2001</p>"
    )
    assert names_seen(page) == ["Woll Schoenbrodt 2020", "ltpp2013", "nice_ng222"]
    assert made_of("ltpp2013") == "Ltpp 2013"


def test_an_address_is_a_link_with_its_host_alone_and_goes_where_it_should():
    assert linked("at https://example.org/long?x=1&y=a(2), row 3 <b>.") == (
        'at <a class="at" href="https://example.org/long?x=1&amp;y=a(2)">example.org</a>, row 3 &lt;b&gt;.'
    )
    assert linked("(so https://example.org/a). See https://www.example.org.") == (
        '(so <a class="at" href="https://example.org/a">example.org</a>). '
        'See <a class="at" href="https://www.example.org">www.example.org</a>.'
    )


def test_a_doi_is_a_link_and_a_row_where_the_page_has_it():
    assert linked("doi 10.1016/S2215-0366(16)30378-9; T0001, T0002", {"T0001": "trial-T0001"}) == (
        'doi <a href="https://doi.org/10.1016/S2215-0366(16)30378-9">10.1016/S2215-0366(16)30378-9</a>; '
        '<a href="#trial-T0001">T0001</a>, T0002'
    )
