"""From the names people give to arms, outcomes and visits to the words of this library.

The mapping is data, `names.csv` beside this module: a file of the same columns can be given to
`read_revman` and `read_metapsy` as `mapping`, and its rows are asked first. A name matches a
row if all fragments of `contains` (parted by " & ") begin a word in it; a fragment that ends
in a point is a whole word. Case, hyphens and punctuation do not count. The first match holds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from pdt_evidence.errors import SchemaError, did_you_mean
from pdt_evidence.evidence.readers.safe import as_utf8, file_bytes
from pdt_evidence.evidence.readers.tabular.tables import delimited
from pdt_evidence.evidence.windows import follow_up_window

__all__ = ["COLUMNS", "CONTROLS", "NO_NAME", "Names", "Rule", "comparison_of", "load_names", "slug"]

COLUMNS = ["field", "contains", "word", "better"]
NO_NAME = "(no name)"
DIRECTIONS = ("lower", "higher")
FIELDS = ("arm", "outcome", "instrument", "event", "follow_up", "comparison")
CONTROLS = (
    "waitlist",
    "care_as_usual",
    "enhanced_care_as_usual",
    "pill_placebo",
    "psychological_placebo",
    "other_control",
)
COMPARED_WITH = {  # arm 2 -> the comparison, where arm 1 is PDT
    **dict.fromkeys(CONTROLS, "pdt_vs_control"),
    "active_control": "pdt_vs_active_control",
    "cbt": "pdt_vs_cbt",
    "medication": "pdt_vs_medication",
    "pdt+medication": "pdt_vs_combined",
    "cbt+medication": "pdt_vs_combined",
    "supportive+medication": "pdt_vs_combined",
    **dict.fromkeys(
        ("supportive", "dbt", "schema_therapy", "relaxation", "other_therapy"), "pdt_vs_other_therapy"
    ),
}
# "6-month follow-up", "6 months after treatment": counted from the end of treatment; a bare
# "6 months" may be counted from the start, and stays unknown.
MONTHS = re.compile(r"\b(\d{1,3}) months? (?:after|post|follow|fu\b)|follow up (?:at|of) (\d{1,3}) months?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the mapping."""

    fragments: tuple[str, ...]
    word: str
    better: str
    line: int

    @property
    def contains(self) -> str:
        """The fragments as a mapping has them."""
        return " & ".join(f"{part.strip()}{'.' * part.endswith(' ')}" for part in self.fragments)


@dataclass(slots=True)
class Names:
    """The mapping, and the names that it did not know when asked."""

    rules: dict[str, list[Rule]]
    own: list[tuple[str, Rule]] = field(default_factory=list)  # of the user's mapping, each with its field
    unknown: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[tuple[str, str], Rule | None] = field(
        default_factory=dict
    )  # a file repeats few names often

    def find(self, kind: str, *names: str) -> Rule | None:
        """The first rule that one of `names` matches, the first name that has one deciding."""
        for name in names:
            if (kind, name) not in self.answers:
                self.answers[kind, name] = self._first_rule(kind, _plain(name))
            rule = self.answers[kind, name]
            if rule is not None:
                return rule
        return None

    def _first_rule(self, kind: str, plain: str) -> Rule | None:
        rules = self.rules.get(kind, ())
        return next((rule for rule in rules if all(part in plain for part in rule.fragments)), None)

    def is_own(self, rule: Rule) -> bool:
        """Whether a rule is of the user's mapping."""
        return any(rule is own for _, own in self.own)

    def idle(self) -> list[tuple[int, str]]:
        """The rows of the user's mapping that no name has matched: line, and what they are."""
        used = {id(rule) for rule in self.answers.values()}
        return [(rule.line, f"{kind} {rule.contains!r}") for kind, rule in self.own if id(rule) not in used]

    def words(self, kind: str) -> list[str]:
        """Our words for names of that kind."""
        return list(dict.fromkeys(rule.word for rule in self.rules.get(kind, ())))

    def word(self, kind: str, *names: str) -> str:
        """Our word for the first of `names` that has one; else "" and the name is remembered."""
        rule = self.find(kind, *names)
        if rule is None:
            requested = " / ".join(dict.fromkeys(name for name in names if name)) or NO_NAME
            known = self.unknown.setdefault(kind, [])
            if requested not in known:
                known.append(requested)
            return ""
        return rule.word

    def follow_up(self, *names: str) -> str:
        """The follow-up window that one of `names` tells, else "unknown"."""
        for name in names:
            rule = self.find("follow_up", name)
            if rule is not None:
                return rule.word
            found = MONTHS.search(_plain(name))
            if found:
                return str(follow_up_window(float(found[1] or found[2])))
        requested = " / ".join(dict.fromkeys(name for name in names if name))
        if requested not in self.unknown.setdefault("follow_up", []):
            self.unknown["follow_up"].append(requested)
        return "unknown"


def load_names(mapping: str | Path | None = None) -> Names:
    """The bundled mapping, with the rows of the file `mapping` asked before it.

    Raises
    ------
    EvidenceError
        If the file does not have the columns of `names.csv`, or a field or a word it does not know.
    """
    rules = _bundled()
    if mapping is None:
        return Names({kind: list(found) for kind, found in rules.items()})
    path = Path(mapping)
    own = _parse(as_utf8(file_bytes(path, limit=1_000_000), path.name, []), path.name)
    options = {kind: own.get(kind, []) + rules.get(kind, []) for kind in FIELDS}
    return Names(options, [(kind, rule) for kind, found in own.items() for rule in found])


@cache
def _bundled() -> dict[str, list[Rule]]:
    return _parse((files("pdt_evidence.evidence.readers") / "names.csv").read_bytes(), "names.csv")


def _parse(text: bytes, where: str) -> dict[str, list[Rule]]:
    """The rules of a mapping; a spreadsheet may have saved it, with semicolons and empty lines."""
    from pdt_evidence.evidence.windows import WINDOWS

    table = delimited(text, where)
    missing = [name for name in COLUMNS[:3] if name not in table.data.columns]
    if missing:
        raise SchemaError(
            f"{where}: expected the columns {', '.join(COLUMNS)}; there is no {', '.join(missing)}. "
            f"Its first line must be: {','.join(COLUMNS)}"
        )
    problems: list[str] = []
    rules: dict[str, list[Rule]] = {}
    cells = [table.words(name) if name in table.data.columns else [""] * len(table.lines) for name in COLUMNS]
    for line, *row in zip(table.lines, *cells, strict=True):
        kind, contains, word, better = (cell.strip() for cell in row)
        kind, better = kind.lower(), better.lower()
        known = {"field": (kind, FIELDS), "better": (better, ("", *DIRECTIONS))}
        known |= {"word": (word, WINDOWS)} if kind == "follow_up" else {}
        problems += [
            f"line {line}, column {name!r}: expected {' or '.join(filter(None, words))}, found {found!r}."
            f"{did_you_mean(found, words)}"
            for name, (found, words) in known.items()
            if found not in words
        ]
        if not _plain(contains).strip() or not _plain(word).strip():
            problems.append(
                f"line {line}: expected a part of a name in 'contains' and our word for it in 'word', "
                f"found {contains!r} and {word!r}."
            )
        fragments = tuple(_fragment(part) for part in contains.split(" & "))
        rules.setdefault(kind, []).append(Rule(fragments, word, better, line))
    if problems:
        raise SchemaError.from_problems(problems, where)
    return rules


def _fragment(part: str) -> str:
    whole = part.strip().endswith(".")
    return _plain(part) if whole else _plain(part).rstrip()


def _plain(name: str) -> str:
    """Lower case, words parted by one blank and surrounded by blanks, so that " pain" begins a word."""
    return " " + " ".join(re.sub(r"[^\w<>+]+", " ", name.lower().replace("_", " ")).split()) + " "


def comparison_of(arm_t: str, arm_c: str) -> str:
    """The comparison two arms make, "" for one that this library has no word for."""
    if arm_t == "pdt":
        return COMPARED_WITH.get(arm_c, "")
    if arm_t == "pdt+medication" and arm_c in ("medication", "supportive+medication", "cbt+medication"):
        return "pdt_plus_medication_vs_medication" if arm_c == "medication" else ""
    return ""


def slug(study: str, year: int | None = None) -> str:
    """Name of a trial from how it is cited: "Levy Berg, 2009" and "Levy Berg 2009" are levyberg2009."""
    plain = unicodedata.normalize("NFKD", study).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "", plain)
    return name if year is None or str(year) in name else f"{name}{year}"
