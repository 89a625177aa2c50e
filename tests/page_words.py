"""Which words of the library a page for readers must not have, and where it may have them."""

import re
from html import unescape

# What the library calls things, and no reader does.
OPTIONS = r"\b(knha|adhoc|adhoc-ci|che|one-per-trial|three-level|HTS-t|q-profile|stratum|strata|held|Held)\b"
SLUG = r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z]{3,}(?:19|20)\d\d[a-z_]*\b|\b[a-z]+-vs-[a-z]+\b"
APART = (  # where in a source a number stands, citations and addresses are as they are; code is code
    r"<(style|script|code)\b.*?</\1>|<td class=\"where\">.*?</td>|<section id=\"sources\">.*?</section>"
    r"|<dt>Trial</dt> <dd>.*?</dd>|<a href=\"https?://[^\"]*\">.*?</a>"
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
