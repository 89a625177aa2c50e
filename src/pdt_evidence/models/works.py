"""The works that a paragraph on methods refers to, as far as the library's own docstrings give them.

A test lays each beside the docstring that has its DOI. What no docstring gives (most titles, some authors) is left
out of the entry, not recalled: the DOI finds it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["WORKS", "bibtex_entry", "reference_line"]

STATISTICS, SYNTHESIS = "Statistics in Medicine", "Research Synthesis Methods"


class Work(NamedTuple):
    """One reference; "" where the library does not have it."""

    author: str  # as BibTeX wants them: "Hedges, L. V. and Olkin, I."
    year: int | str = ""
    journal: str = ""
    volume: str = ""
    pages: str = ""
    title: str = ""
    publisher: str = ""


WORKS = {
    "10.3102/10769986006002107": Work("Hedges, L. V.", 1981, "Journal of Educational Statistics", "6", "107"),
    "10.1037/0033-2909.117.1.167": Work(
        "Hasselblad, V. and Hedges, L. V.", 1995, "Psychological Bulletin", "117", "167"
    ),
    "10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M": Work(
        "Chinn, S.", 2000, STATISTICS, "19", "3127"
    ),
    "10.1002/9780470743386.ch24": Work(
        "Borenstein, M. and Hedges, L. V. and Higgins, J. P. T. and Rothstein, H. R.",
        2009,
        title="Introduction to meta-analysis",
        publisher="Wiley",
    ),
    "10.1016/0197-2456(86)90046-2": Work(
        "DerSimonian and Laird", 1986, "Controlled Clinical Trials", "7", "177"
    ),
    "10.6028/jres.087.022": Work(
        "Paule and Mandel", 1982, "J. Research National Bureau of Standards", "87", "377"
    ),
    "10.1111/j.1467-9876.2005.00489.x": Work("Sidik and Jonkman"),
    "10.3102/10769986030003261": Work(
        "Viechtbauer", 2005, "J. Educational and Behavioral Statistics", "30", "261"
    ),
    "10.1002/sim.791": Work("Hartung and Knapp", 2001, STATISTICS, "20", "1771"),
    "10.1002/sim.1482": Work("Knapp and Hartung", 2003, STATISTICS, "22", "2693"),
    "10.1002/sim.7411": Work("Jackson and Law and Rucker and Schwarzer", 2017, STATISTICS, "36", "3923"),
    "10.1002/sim.1186": Work("Higgins and Thompson", 2002, STATISTICS, "21", "1539"),
    "10.1002/sim.2514": Work("Viechtbauer, W.", 2007, STATISTICS, "26", "37"),
    "10.1002/jrsm.1081": Work("Jackson", 2013, SYNTHESIS, "4", "220"),
    "10.1111/j.1467-985X.2008.00552.x": Work(
        "Higgins and Thompson and Spiegelhalter", 2009, "J. Royal Statistical Society A", "172", "137"
    ),
    "10.1177/0962280218773520": Work(
        "Nagashima and Noma and Furukawa", 2019, "Statistical Methods in Medical Research", "28", "1689"
    ),
    "10.1002/jrsm.35": Work("Konstantopoulos", 2011, SYNTHESIS, "2", "61"),
    "10.1007/s11121-021-01246-3": Work(
        "Pustejovsky, J. E. and Tipton, E.",
        2022,
        "Prevention Science",
        "23",
        "425--438",
        "Meta-analysis with robust variance estimation: expanding the range of working models",
    ),
    "10.1080/07350015.2016.1247004": Work(
        "Pustejovsky and Tipton", 2018, "Journal of Business & Economic Statistics", "36", "672"
    ),
}


def bibtex_entry(key: str, doi: str) -> str:
    """The BibTeX entry of a DOI, with what is known of the work."""
    work = WORKS.get(doi, Work(""))
    kind = "article" if work.journal else "book" if work.publisher else "misc"
    # Double braces: a title keeps its capitals.
    title = f"{{{work.title}}}" if work.title else ""
    fields = work._asdict() | {"title": title, "journal": work.journal.replace("&", r"\&"), "doi": doi}
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{key}{lines}\n}}"


def reference_line(number: int, doi: str) -> str:
    """A numbered reference for the foot of a text, with what is known of the work.

    Examples
    --------
    >>> reference_line(2, "10.1002/sim.791")
    '[2] Hartung and Knapp (2001). Statistics in Medicine, 20, 1771. https://doi.org/10.1002/sim.791'
    """
    work = WORKS.get(doi, Work(""))
    names = work.author.split(" and ")
    joined = (
        "; ".join(names)
        if "," in work.author
        else " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    )
    place = ", ".join(
        filter(None, (work.journal or work.publisher, work.volume, work.pages.replace("--", "-")))
    )
    dated = f"{joined} ({work.year})" if work.year else joined
    parts = ". ".join(filter(None, (dated, work.title, place)))
    return f"[{number}] {parts}{'. ' if parts else ''}https://doi.org/{doi}"
