"""A reference is parted where its shape leaves no doubt, and goes out whole where it does."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.reporting.citations import as_bibtex, as_ris, citations
from pdt_evidence.reporting.references import parts_of

APA = (
    "Levy Berg, A., O'Toole, M. S., & van der Heiden, C. (2009). Body therapy: Evaluation of a method. "
    "Journal of Integration, 19(2), 67-85. doi:10.1037/a0015324"
)
VANCOUVER = "Martini B, Chiado Piat S, et al. Does dynamic therapy help? Clinical Trials. 2011;8(3):204-11."


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        (
            APA,
            (
                "Levy Berg, A.; O'Toole, M. S.; van der Heiden, C.",
                "Body therapy: Evaluation of a method",
                "Journal of Integration",
                "2009",
                "19",
                "2",
                "67-85",
            ),
        ),
        (
            VANCOUVER,
            (
                "Martini, B.; Chiado Piat, S.; others",
                "Does dynamic therapy help?",
                "Clinical Trials",
                "2011",
                "8",
                "3",
                "204-11",
            ),
        ),
        (
            VANCOUVER.replace("(3)", "").replace("204-11", "e38021"),
            (
                "Martini, B.; Chiado Piat, S.; others",
                "Does dynamic therapy help?",
                "Clinical Trials",
                "2011",
                "8",
                "",
                "e38021",
            ),
        ),
    ],
)
def test_the_two_usual_shapes_are_parted(reference, parts):
    found = parts_of(reference)
    assert (
        tuple(found[name] for name in ("authors", "title", "journal", "year", "volume", "issue", "pages"))
        == parts
    )


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "Abbass et al. 2014",
        APA.replace(": Evaluation", ". Evaluation"),  # is the second sentence title or journal?
        APA.replace("O'Toole, M. S., &", ". . ."),  # authors excluded
        APA.replace("Integration", "Theory, Research"),  # a comma in the journal, or in the title?
        VANCOUVER.replace("2011;8(3):204-11", "2011"),
        VANCOUVER.replace("Martini B", "The Martini Group"),
        "Adler BC, " * 5_000,
    ],
)
def test_what_is_in_doubt_is_not_parted(reference):
    assert parts_of(reference) == {}


def table(*references, year=2009):
    rows = {"trial_id": "t1", "study": "Levy Berg 2009", "year": year, "source_id": "mine"}
    return pd.DataFrame([rows | {"reference": reference} for reference in references])


def entry(*references, **options):
    return next(one for one in citations(table(*references, **options)) if one.kind == "trial")


def test_parts_go_out_under_their_own_names():
    one = entry(APA)
    assert as_ris([one]).splitlines() == [
        "TY  - JOUR",
        "ID  - t1",
        "AU  - Levy Berg, A.",
        "AU  - O'Toole, M. S.",
        "AU  - van der Heiden, C.",
        "T1  - Body therapy: Evaluation of a method",
        "JO  - Journal of Integration",
        "VL  - 19",
        "IS  - 2",
        "SP  - 67",
        "EP  - 85",
        "PY  - 2009",
        "DO  - 10.1037/a0015324",
        "ER  - ",
    ]
    assert "author = {Levy Berg, A. and O'Toole, M. S. and van der Heiden, C.}" in as_bibtex([one])
    assert "and others}" in as_bibtex([entry(VANCOUVER, year=2011)])
    assert "others" not in as_ris([entry(VANCOUVER, year=2011)])


def test_a_reference_of_another_year_than_the_trial_goes_out_whole():
    assert entry(APA, year=2012).text == APA


def test_of_several_dois_of_one_trial_none_is_certain():
    assert entry(APA, APA.replace("15324", "15325")).doi == ""
    assert entry(APA, APA).doi == "10.1037/a0015324"
    assert entry("(see doi 10.1016/S0005-7894(05)80221-7)").doi == "10.1016/S0005-7894(05)80221-7"


def test_a_trial_without_a_reference_says_so():
    assert (entry("").text, entry("").note) == ("Levy Berg 2009", "the table has no reference of this trial")


def test_parts_of_the_bundled_references_are_words_of_them():
    references = pdt.trials(disputed=True)["reference"].drop_duplicates()
    found = [(reference, parts) for reference in references if (parts := parts_of(reference))]
    assert len(found) > 30
    for reference, parts in found:
        assert parts["title"] in " ".join(reference.split())
        assert all(
            name.split(",")[0] in reference for name in parts["authors"].split("; ") if name != "others"
        )
        assert 1950 < int(parts["year"]) < 2030


def test_a_source_that_is_a_trial_is_cited_as_the_other_sources_cite_it():
    entries = {entry.key: entry for entry in citations(pdt.trials())}
    for name, journal in (("bastos2015", "Psychotherapy Research"), ("guthrie2001", "BMJ")):
        assert entries[name].parts["journal"] == journal
        assert entries[name].doi.startswith("10.")
        assert f"year = {{{entries[name].year}}}" in as_bibtex([entries[name]])
    assert entries["johansson2012"].doi == "10.1371/journal.pone.0038021"  # from the source of that name


def test_a_trial_of_another_table_takes_nothing_from_a_bundled_one_of_the_same_name():
    table = pd.DataFrame(
        {"trial_id": ["johansson2012"], "study": ["Johansson 2012"], "year": [2012], "reference": [APA]}
    )
    (one,) = [entry for entry in citations(table.assign(source_id="mine")) if entry.key == "johansson2012"]
    assert one.doi in ("", "10.1037/a0015324")
    assert "Levy Berg" not in one.parts.get("authors", "")  # of another year


def test_a_source_that_is_held_as_a_short_citation_has_its_authors_and_says_what_is_not_held():
    found = {entry.key: entry for entry in citations(pdt.trials())}
    beck = found["beck2020"]
    assert beck.parts == {"authors": "Beck; others"}
    assert beck.note.endswith("a short citation: title and journal are not held")
    assert "author = {Beck and others}" in as_bibtex([beck])
    assert "AU  - Beck\n" in as_ris([beck])
    assert found["bateman2008"].parts["authors"] == "Bateman; Fonagy"
    assert found["cochrane_cd010558"].parts == {}  # names no author
    assert "short citation" not in found["guthrie2001"].note  # whose article another source cites
    kinds = {entry.key: entry.kind for entry in found.values() if "short citation" in entry.note}
    assert set(kinds.values()) <= {"trial", "review"}
    assert len(kinds) > 20
