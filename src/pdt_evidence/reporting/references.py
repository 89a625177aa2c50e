"""The parts of a bibliographic reference that is held as one text, where its shape leaves no doubt of them."""

from __future__ import annotations

import re

__all__ = ["parts_of", "short_authors"]

TITLE = r"(?P<title>[^.?!]+[.?!])"  # a text with a second sentence may be title or journal: it is not parted
NUMBERS = r"(?P<volume>\d+)(?: ?\((?P<issue>[^()]{1,20})\))?"
PAGES = r"(?P<pages>\w{1,10}(?: ?[-–] ?\w{1,10})?)"
END = r"\.?(?: ?(?:doi|https?:|PMID)\S*(?: \S+)?)?"
SURNAME = r"[^\W\d_][\w'’-]*(?: [\w'’-]+){0,3}"
APA_NAME = rf"{SURNAME}, (?:[^\W\d_a-z]\.[ -]?)+"
VANCOUVER_NAME = rf"{SURNAME} [A-Z]{{1,4}}"
SHAPES = (
    # Adler, B. C., & Cole, D. (2010). Title. Journal, 12(3), 4-5. doi:...
    re.compile(
        rf"(?P<authors>{APA_NAME}(?:, (?:& )?{APA_NAME})*(?: & {APA_NAME})?) ?\((?P<year>\d{{4}})\)\. "
        rf"{TITLE} (?P<journal>[A-Z][^.,()\d]+)(?: \([^()\d]+\))?, {NUMBERS}, {PAGES}{END}"
    ),
    # Adler BC, Cole D, et al. Title. Journal. 2010;12(3):4-5.
    re.compile(
        rf"(?P<authors>{VANCOUVER_NAME}(?:, {VANCOUVER_NAME})*(?:, et al)?)\. {TITLE} "
        rf"(?P<journal>[A-Z][^.,;\d]+)\.? (?P<year>\d{{4}});{NUMBERS}:{PAGES}{END}"
    ),
)
NAME = re.compile(rf"({SURNAME})(?:, | )((?:[^\W\d_a-z]\.?[ -]?)+)(?:, |$|& )")
FAMILY = r"(?:(?:de|van|von|der|den) )*[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?"
# Adler et al. 2010; Adler, Cole & Dahl 2010 (follow-up); Adler et al. (a trial)
SHORT = re.compile(rf"({FAMILY}(?:, {FAMILY})*(?: & {FAMILY})?)( et al\.)?(?: \d{{4}}\b| \()")
MOST = 2_000  # letters; a longer text is no reference


def parts_of(reference: str) -> dict[str, str]:
    """Authors ("Adler, B. C.; Cole, D."), title, journal, year, volume, issue, pages; {} where a part is in doubt.

    Examples
    --------
    >>> parts_of("Adler BC, Cole D, et al. A trial of it. Journal of Trials 2010;12(3):45-51.")["authors"]
    'Adler, B. C.; Cole, D.; others'
    >>> parts_of("Adler BC. A trial. I. Its first part. Journal of Trials 2010;12(3):45-51.")
    {}
    """
    text = " ".join(reference.split())
    if len(text) > MOST or not (
        match := next(filter(None, (shape.fullmatch(text) for shape in SHAPES)), None)
    ):
        return {}
    parts = {name: (value or "").strip() for name, value in match.groupdict().items()}
    names = [
        f"{family}, {_initials(given)}"
        for family, given in NAME.findall(parts["authors"].replace(", &", ","))
    ]
    others = ["others"] if parts["authors"].endswith("et al") else []
    return parts | {
        "authors": "; ".join(names + others),
        "title": parts["title"].removesuffix("."),
        "pages": re.sub(r" ?[-–] ?", "-", parts["pages"]),
    }


def short_authors(citation: str) -> str:
    """The family names of a short citation, as `parts_of` gives authors; "" where it has none.

    Examples
    --------
    >>> short_authors("Adler, Cole & Dahl 2010 (follow-up)"), short_authors("de Roten et al. 2017")
    ('Adler; Cole; Dahl', 'de Roten; others')
    >>> short_authors("Repost of the abstract of Adler 2010")
    ''
    """
    match = SHORT.match(citation)
    if match is None:
        return ""
    return "; ".join([*re.split(r", | & ", match[1]), *(["others"] if match[2] else [])])


def _initials(given: str) -> str:
    return " ".join(f"{letter}." for letter in given if letter.isalpha())
