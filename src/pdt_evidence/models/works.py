"""The works that a paragraph on methods refers to, as printed in the manuals of other packages.

A test lays each beside the line and the page that it comes from (tests/reference/works.json). What no manual gives is
left out of the entry, not recalled: the DOI finds it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["WORKS", "bibtex_entry", "reference_line"]

STATISTICS, SYNTHESIS = "Statistics in Medicine", "Research Synthesis Methods"
EDUCATIONAL = "Journal of Educational and Behavioral Statistics"


class Work(NamedTuple):
    """One reference; "" where the library does not have it."""

    author: str  # as BibTeX wants them: "Hedges, L. V. and Olkin, I."
    year: int | str = ""
    title: str = ""
    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    publisher: str = ""


WORKS = {
    "10.3102/10769986006002107": Work(
        "Hedges, L. V.",
        1981,
        "Distribution theory for Glass's estimator of effect size and related estimators",
        "Journal of Educational Statistics",
        "6",
        "2",
        "107--128",
    ),
    "10.1037/0033-2909.117.1.167": Work(
        "Hasselblad, V. and Hedges, L. V.",
        1995,
        "Meta-analysis of screening and diagnostic tests",
        "Psychological Bulletin",
        "117",
        "1",
        "167--178",
    ),
    "10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M": Work(
        "Chinn, S.",
        2000,
        "A simple method for converting an odds ratio to effect size for use in meta-analysis",
        STATISTICS,
        "19",
        "22",
        "3127--3131",
    ),
    "10.1002/9780470743386.ch24": Work(
        "Borenstein, M. and Hedges, L. V. and Higgins, J. P. T. and Rothstein, H. R.",
        2009,
        "Introduction to meta-analysis",
        publisher="Wiley",
    ),
    "10.1016/0197-2456(86)90046-2": Work(
        "DerSimonian, R. and Laird, N.",
        1986,
        "Meta-analysis in clinical trials",
        "Controlled Clinical Trials",
        "7",
        "3",
        "177--188",
    ),
    "10.1016/j.cct.2006.04.004": Work(
        "DerSimonian, R. and Kacker, R.",
        2007,
        "Random-effects model for meta-analysis of clinical trials: An update",
        "Contemporary Clinical Trials",
        "28",
        "2",
        "105--114",
    ),
    "10.6028/jres.087.022": Work(
        "Paule, R. C. and Mandel, J.",
        1982,
        "Consensus values and weighting factors",
        "Journal of Research of the National Bureau of Standards",
        "87",
        "5",
        "377--385",
    ),
    "10.1111/j.1467-9876.2005.00489.x": Work(
        "Sidik, K. and Jonkman, J. N.",
        2005,
        "Simple heterogeneity variance estimation for meta-analysis",
        "Journal of the Royal Statistical Society, Series C",
        "54",
        "2",
        "367--384",
    ),
    "10.3102/10769986030003261": Work(
        "Viechtbauer, W.",
        2005,
        "Bias and efficiency of meta-analytic variance estimators in the random-effects model",
        EDUCATIONAL,
        "30",
        "3",
        "261--293",
    ),
    "10.1002/sim.791": Work(
        "Hartung, J. and Knapp, G.",
        2001,
        "On tests of the overall treatment effect in meta-analysis with normally distributed responses",
        STATISTICS,
        "20",
        pages="1771--1782",
    ),
    "10.1002/sim.1482": Work(
        "Knapp, G. and Hartung, J.",
        2003,
        "Improved tests for a random effects meta-regression with a single covariate",
        STATISTICS,
        "22",
        "17",
        "2693--2710",
    ),
    "10.1002/sim.7411": Work(
        "Jackson, D. and Law, M. and Rücker, G. and Schwarzer, G.",
        2017,
        "The Hartung-Knapp modification for random-effects meta-analysis: A useful refinement but are there any "
        "residual concerns?",
        STATISTICS,
        "36",
        "25",
        "3923--3934",
    ),
    "10.1002/sim.1186": Work(
        "Higgins, J. P. T. and Thompson, S. G.",
        2002,
        "Quantifying heterogeneity in a meta-analysis",
        STATISTICS,
        "21",
        "11",
        "1539--1558",
    ),
    "10.1002/sim.2514": Work(
        "Viechtbauer, W.",
        2007,
        "Confidence intervals for the amount of heterogeneity in meta-analysis",
        STATISTICS,
        "26",
        "1",
        "37--52",
    ),
    "10.1002/jrsm.1081": Work(
        "Jackson, D.",
        2013,
        "Confidence intervals for the between-study variance in random effects meta-analysis using generalised "
        "Cochran heterogeneity statistics",
        SYNTHESIS,
        "4",
        pages="220--229",
    ),
    "10.1111/j.1467-985X.2008.00552.x": Work(
        "Higgins, J. P. T. and Thompson, S. G. and Spiegelhalter, D. J.",
        2009,
        "A re-evaluation of random-effects meta-analysis",
        "Journal of the Royal Statistical Society: Series A",
        "172",
        pages="137--159",
    ),
    "10.1177/0962280218773520": Work(
        "Nagashima, K. and Noma, H. and Furukawa, T. A.",
        2019,
        "Prediction interval for random-effects meta-analysis: a confidence distribution approach",
        "Statistical Methods in Medical Research",
        "28",
        "6",
        "1689--1702",
    ),
    "10.1002/jrsm.35": Work(
        "Konstantopoulos, S.",
        2011,
        "Fixed effects and variance components estimation in three-level meta-analysis",
        SYNTHESIS,
        "2",
        "1",
        "61--76",
    ),
    "10.1007/s11121-021-01246-3": Work(
        "Pustejovsky, J. E. and Tipton, E.",
        2022,
        "Meta-analysis with robust variance estimation: Expanding the range of working models",
        "Prevention Science",
        "23",
        pages="425--438",
    ),
    "10.1080/07350015.2016.1247004": Work(
        "Pustejovsky, J. E. and Tipton, E.",
        2018,
        "Small sample methods for cluster-robust variance estimation and hypothesis testing in fixed effects models",
        "Journal of Business and Economic Statistics",
        "36",
        "4",
        "672--683",
    ),
}


def bibtex_entry(key: str, doi: str) -> str:
    """The BibTeX entry of a DOI, with what is known of the work."""
    work = WORKS.get(doi, Work(""))
    kind = "article" if work.journal else "book" if work.publisher else "misc"
    # Double braces: a title keeps its capitals.
    title = f"{{{work.title}}}" if work.title else ""
    fields = work._asdict() | {"title": title, "doi": doi}
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{key}{lines}\n}}"


def reference_line(number: int, doi: str) -> str:
    """A numbered reference for the foot of a text, with what is known of the work.

    Examples
    --------
    >>> print(reference_line(2, "10.1002/jrsm.35"))
    [2] Konstantopoulos, S. (2011). Fixed effects and variance components estimation in three-level meta-analysis. \
Research Synthesis Methods, 2(1), 61-76. https://doi.org/10.1002/jrsm.35
    """
    work = WORKS.get(doi, Work(""))
    names = "; ".join(work.author.split(" and "))
    volume = f"{work.volume}({work.number})" if work.number else work.volume
    place = ", ".join(filter(None, (work.journal or work.publisher, volume, work.pages.replace("--", "-"))))
    parts = [f"{names} ({work.year})" if work.year else names, work.title, place]
    ended = [part if part.endswith("?") else f"{part}." for part in parts if part]
    return " ".join([f"[{number}]", *ended, f"https://doi.org/{doi}"])
