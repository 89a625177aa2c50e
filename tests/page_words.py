"""Which words of the library a page for readers must not have, and where it may have them."""

import re
from html import unescape

from pdt_evidence.evidence.package import load
from pdt_evidence.reporting.works import works

# What the library calls things, and no reader does.
OPTIONS = r"\b(knha|adhoc|adhoc-ci|che|one-per-trial|three-level|HTS-t|q-profile|stratum|strata|held|Held)\b"
SLUG = (
    r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]{3,}(?:19|20)\d\d[a-z_]*\b|\b[a-z]+-vs-[a-z]+\b|\b[a-z]+[:+][a-z]+\b"
)
APART = (  # where in a source a number stands, citations and addresses are as they are; code is code
    r"<(style|script|code)\b.*?</\1>|<td class=\"where\b[^>]*>.*?</td>|<section id=\"sources\">.*?</section>"
    r"|<dt>Trial</dt> <dd[^>]*>.*?</dd>|<a href=\"https?://[^\"]*\">.*?</a>"
)


def words_of(page):
    text = re.sub(APART, " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def unwanted(page):
    text = words_of(page).replace("pdt_evidence", "")
    return [
        text[max(0, found.start() - 60) : found.end() + 30]
        for found in re.finditer(f"{OPTIONS}|{SLUG}", text)
    ]


NAMES = {
    "wanted": ("review_id", "trial_id"),
    "members": ("review_id", "trial_id"),
    "reviews": ("review_id", "source_id"),
    "trials": ("trial_id", "source_id"),
    "networks": ("network_id", "source_id"),
    "claims": ("claim_id", "review_id"),
    "statements": ("source_id",),
}


def names_of_publications():
    """Every name of a review, trial or source in the tables."""
    return {name for table, columns in NAMES.items() for one in columns for name in load(table)[one] if name}


def made_of(name):
    """What a name such as "ltpp2013" makes of itself with a space and capitals, and is no citation: "Ltpp 2013"."""
    return re.sub(r"([a-z])(\d{4})", r"\1 \2", name.replace("_", " ")).title()


def names_seen(page):
    """Names of the tables in all that is read on a page, places and sources too, as they are and as made up."""
    text = re.sub(r"<(style|script|code)\b.*?</\1>", " ", page, flags=re.S)
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
    cited = {re.sub(r"^(\S+?),? .*?(\d{4}).*", r"\1 \2", words) for words in works().values()}
    cited |= set(load("trials")["study"]) | set(load("members")["study_label"]) | set(works().values())
    for words in sorted(cited, key=len, reverse=True):  # "Connolly Gibbons 2012" before a "Gibbons 2012"
        text = text.replace(words, " ")
    looked_for = {one for name in names_of_publications() for one in (name, made_of(name))}
    there = [one for one in looked_for if re.search(r"[\d_-]", one) and one in text]
    return sorted(one for one in there if re.search(rf"(?<![\w/.-]){re.escape(one)}(?![\w/-])", text))
