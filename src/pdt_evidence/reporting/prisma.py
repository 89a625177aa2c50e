"""The flow of records and studies through a review, after the PRISMA 2020 statement, as plain SVG from its counts.

A count that nobody gave is drawn as "not known": none is worked out from the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from pdt_evidence.arguments import shown
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.markup import escape, in_quotes
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PrismaFlow", "prisma_flow"]

Known = int | None
LETTERS = 44  # of a line in a box
WIDTH, LEFT, BOX, LINE, PAD, GAP = 640, 44, 270, 15, 8, 24  # points of the drawing
NOT_KNOWN = "not known"
PHASES = {"identification": "Identification", "screening": "Screening", "included": "Included"}


@dataclass(frozen=True, repr=False)
class Box:
    """One box of the flow: a heading, its number, and a line for each part of it."""

    phase: str
    name: str
    count: Known
    parts: tuple[tuple[str, Known], ...] = ()
    beside: Box | None = None

    def __repr__(self) -> str:
        return f"<Box: {_said(self.name, self.count)}>"

    def lines(self) -> list[str]:
        """Its text, broken to the width of a box."""
        head = f"{self.name}:" if self.parts else _said(self.name, self.count)
        texts = [head, *(_said(name, count) for name, count in self.parts)]
        return [line for text in texts for line in wrap(text, LETTERS, subsequent_indent="  ")]


def _said(name: str, count: Known) -> str:
    return f"{name} (n = {NOT_KNOWN if count is None else count})"


@dataclass(frozen=True, repr=False)
class PrismaFlow(Brief):
    """The flow of a review; a notebook shows the diagram.

    Attributes
    ----------
    boxes : tuple of Box
        From top to bottom, each with what was taken out beside it.
    """

    boxes: tuple[Box, ...]

    def _line(self) -> str:
        known = [count for box in self._all() for count in _counts(box)]
        missing = sum(count is None for count in known)
        return f"PRISMA flow, {len(known)} counts, {missing} not known"

    def _all(self) -> Iterator[Box]:
        for box in self.boxes:
            yield box
            if box.beside is not None:
                yield box.beside

    def summary(self) -> str:
        """Say every box in words, one line each; what a reader who does not see the diagram is told."""
        return "\n".join("; ".join(_texts(box)) + "." for box in self._all())

    def to_frame(self) -> pd.DataFrame:
        """Give one row a count: phase, box, part and n (missing where it is not known)."""
        import pandas as pd

        rows = [
            (PHASES[box.phase], box.name, part, count)
            for box in self._all()
            for part, count in (box.parts or (("", box.count),))
        ]
        return pd.DataFrame(rows, columns=["phase", "box", "part", "n"]).astype({"n": "Int64"})

    @property
    def svg(self) -> str:
        """The diagram; text stays text, and the words of `summary` stand in for it where it is not seen."""
        return _drawn(self.boxes, self.summary())

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return self.svg

    @known_options
    def save(self, path: str | Path) -> Path:
        """Write the diagram.

        Parameters
        ----------
        path : str or Path
            Ends in .svg.

        Returns
        -------
        Path

        Raises
        ------
        RequestError
            For another ending, or a folder that does not exist.
        EvidenceError
            If the file cannot be written; one that was there before then stays as it was.
        """
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise RequestError(f"{path.name}: a flow is written as SVG. Let the name end in .svg.")
        if not path.parent.is_dir():
            raise RequestError(f"{path}: the folder {path.parent} does not exist. Create it first.")
        write_all({path: self.svg.encode("utf-8")})
        return path


@known_options
def prisma_flow(
    *,
    databases: int | Mapping[str, int] | pd.DataFrame | None = None,
    registers: int | Mapping[str, int] | pd.DataFrame | None = None,
    duplicates: int | None = None,
    automation: int | None = None,
    removed_otherwise: int | None = None,
    screened: int | pd.DataFrame | None = None,
    excluded: int | pd.DataFrame | None = None,
    sought: int | pd.DataFrame | None = None,
    not_retrieved: int | pd.DataFrame | None = None,
    assessed: int | pd.DataFrame | None = None,
    reports_excluded: int | Mapping[str, int] | pd.DataFrame | None = None,
    included: int | pd.DataFrame | None = None,
    included_reports: int | pd.DataFrame | None = None,
    pooled: PooledEffect | int | None = None,
) -> PrismaFlow:
    """Lay out the flow of records and studies through a review, in the boxes of the PRISMA 2020 statement [1]_.

    Every count is a number, or a table of which the rows are counted, as `read_studies` gives them. A count that is not
    given stands as "not known"; none is worked out from the others.

    Parameters
    ----------
    databases, registers : int, mapping or DataFrame, optional
        Records identified; a mapping names each source with its count.
    duplicates, automation, removed_otherwise : int, optional
        Records removed before screening: repeats, marked as ineligible by automation tools, for other reasons.
    screened, excluded : int or DataFrame, optional
        Records screened, and of these excluded.
    sought, not_retrieved, assessed : int or DataFrame, optional
        Reports sought for retrieval, not retrieved, and assessed for eligibility.
    reports_excluded : int, mapping or DataFrame, optional
        Reports excluded after they were assessed; a mapping names each reason with its count.
    included : int or DataFrame, optional
        Studies in the review; of a table, a list of studies or a table of trials alike, the different studies
        (`trial_id`, else `study`) are counted.
    included_reports : int or DataFrame, optional
        Reports of these studies.
    pooled : PooledEffect or int, optional
        Studies in the meta-analysis; the last box, left out where it is not given.

    Returns
    -------
    PrismaFlow
        `svg`, `save`, `summary` and `to_frame`.

    Raises
    ------
    RequestError
        For what is no count, and for counts that contradict each other (more taken out of a box than were in it, or
        another number left over); all of these at once.

    References
    ----------
    .. [1] PRISMA 2020 statement. https://www.prisma-statement.org

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> trials = pdt.trials(comparison="pdt_vs_cbt")
    >>> flow = pdt.prisma_flow(screened=120, excluded=95, sought=25, included=trials)
    >>> flow
    <PrismaFlow: PRISMA flow, 13 counts, 9 not known>
    >>> print(flow.summary().splitlines()[2])
    Records screened (n = 120).
    """
    given = locals()
    problems: list[str] = []
    counts = {name: _count(name, value, problems) for name, value in given.items()}
    if not problems:
        problems = list(_contradictions(counts))
    if problems:
        raise RequestError.from_problems(problems, "prisma_flow()")
    return PrismaFlow(_boxes(counts, given))


Counted = Known | dict[str, Known]


def _count(name: str, value: object, problems: list[str]) -> Counted:
    """The number that was given, the rows of a table, or the numbers of a mapping."""
    if isinstance(value, Mapping):
        if name not in ("databases", "registers", "reports_excluded"):
            problems.append(f"{name}: expected one number, found a dict.")
            return None
        parts = {str(key): _count(f"{name}[{key!r}]", one, problems) for key, one in value.items()}
        return {key: one for key, one in parts.items() if not isinstance(one, dict)}
    if value is None:
        return None
    if isinstance(value, PooledEffect) and name == "pooled":
        if value.is_multilevel:
            return None if math.isnan(value.trials) else int(value.trials)
        return value.k
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0:
        return int(value)
    columns = getattr(value, "columns", None)
    if columns is None or name in ("duplicates", "automation", "removed_otherwise", "pooled"):
        known = f"expected a whole number of 0 or more, found {shown(value)}"
        problems.append(f"{name}: {known}. Leave it out if it is not known.")
        return None
    if name != "included":
        return len(value)  # pyright: ignore[reportArgumentType]
    key = next((column for column in ("trial_id", "study") if column in columns), None)
    if key is None:
        problems.append(f"{name}: expected a table with the column 'trial_id' or 'study', found neither.")
        return None
    return int(value[key].nunique())  # pyright: ignore[reportIndexIssue]


def _total(count: Counted) -> Known:
    if not isinstance(count, dict):
        return count
    known = [one for one in count.values() if one is not None]
    return sum(known) if len(known) == len(count) else None


def _sum(*counts: Known) -> Known:
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _contradictions(counts: Mapping[str, Counted]) -> Iterator[str]:
    """Every step of which all counts are known and do not fit; other steps cannot be checked."""
    n = {name: _total(count) for name, count in counts.items()}
    found = _sum(n["databases"], n["registers"])
    removed = _sum(n["duplicates"], n["automation"], n["removed_otherwise"])
    steps = (
        ("records identified", found, "removed before screening", removed, "screened", n["screened"]),
        ("records screened", n["screened"], "excluded", n["excluded"], "reports sought", n["sought"]),
        ("reports sought", n["sought"], "not retrieved", n["not_retrieved"], "assessed", n["assessed"]),
        (
            "reports assessed",
            n["assessed"],
            "excluded",
            n["reports_excluded"],
            "reports included",
            n["included_reports"],
        ),
    )
    for start, before, out, less, rest, after in steps:
        if before is None:
            continue
        if less is not None and less > before:
            yield f"{start}: {less} {out} are more than the {before} there were."
        elif after is not None and after > before:
            yield f"{rest}: {after} are more than the {before} {start}."
        elif less is not None and after is not None and before - less != after:
            yield f"{start}: {before} less {less} {out} leaves {before - less}, but {rest} is {after}."
    reports, studies, pooled = n["included_reports"], n["included"], n["pooled"]
    if reports is not None and studies is not None and studies > reports:
        yield f"included: more studies ({studies}) than reports ({reports})."
    if pooled is not None and studies is not None and pooled > studies:
        yield f"pooled: more studies ({pooled}) than are included ({studies})."


def _boxes(counts: Mapping[str, Counted], given: Mapping[str, object]) -> tuple[Box, ...]:
    n = {name: _total(count) for name, count in counts.items()}
    identified = _parts("Databases", counts["databases"]) + _parts("Registers", counts["registers"])
    removed = (
        ("Duplicate records", n["duplicates"]),
        ("Records marked as ineligible by automation tools", n["automation"]),
        ("Records removed for other reasons", n["removed_otherwise"]),
    )
    reasons = counts["reports_excluded"]
    out = tuple(reasons.items()) if isinstance(reasons, dict) else ()
    first, second, last = PHASES
    sought, assessed = "Reports sought for retrieval", "Reports assessed for eligibility"
    included = (
        ("Studies included in review", n["included"]),
        ("Reports of included studies", n["included_reports"]),
    )
    taken_out = (
        Box(first, "Records removed before screening", None, removed),
        Box(second, "Records excluded", n["excluded"]),
        Box(second, "Reports not retrieved", n["not_retrieved"]),
        Box(second, "Reports excluded", n["reports_excluded"], out),
    )
    boxes = [
        Box(first, "Records identified from", None, identified, taken_out[0]),
        Box(second, "Records screened", n["screened"], beside=taken_out[1]),
        Box(second, sought, n["sought"], beside=taken_out[2]),
        Box(second, assessed, n["assessed"], beside=taken_out[3]),
        Box(last, "Included", None, included),
    ]
    if given["pooled"] is not None:
        boxes.append(Box(last, "Studies in the meta-analysis", n["pooled"]))
    return tuple(boxes)


def _parts(name: str, count: Counted) -> tuple[tuple[str, Known], ...]:
    if isinstance(count, dict) and count:
        return tuple((f"{name}, {part}", one) for part, one in count.items())
    return ((name, _total(count)),)


def _texts(box: Box) -> list[str]:
    head = [_said(box.name, box.count)] if not box.parts else []
    return head or [f"{box.name}: {_said(*box.parts[0])}", *(_said(*part) for part in box.parts[1:])]


def _counts(box: Box) -> list[Known]:
    return [count for _, count in box.parts] if box.parts else [box.count]


def _drawn(boxes: tuple[Box, ...], words: str) -> str:
    """The boxes from top to bottom, what was taken out to the right, the phases along the left edge."""
    parts: list[str] = []
    top, before = 8.0, None
    ends: dict[str, tuple[float, float]] = {}
    right = LEFT + BOX + 2 * GAP
    for box in boxes:
        height = max(_height(box), _height(box.beside) if box.beside else 0.0)
        middle = top + height / 2
        if before is not None:
            parts.append(_arrow(LEFT + BOX / 2, before, LEFT + BOX / 2, top))
        parts.append(_framed(box, LEFT, top, height))
        if box.beside:
            parts.append(_framed(box.beside, right, top, height))
            parts.append(_arrow(LEFT + BOX, middle, right, middle))
        start = ends.get(box.phase, (top, top))[0]
        before = top + height
        ends[box.phase] = (start, before)
        top = before + GAP
    phases = "".join(_phase(PHASES[name], *span) for name, span in ends.items())
    label = in_quotes(words.replace("\n", " "))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={label} width="170mm" '
        f'viewBox="0 0 {WIDTH} {top - GAP + 8:g}" font-family="Liberation Sans, Arial, Helvetica, sans-serif" '
        'font-size="11">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{phases}{"".join(parts)}</svg>\n'
    )


def _height(box: Box) -> float:
    return len(box.lines()) * LINE + 2 * PAD


def _framed(box: Box, x: float, y: float, height: float) -> str:
    frame = f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{height:g}" fill="none" stroke="#000000"/>\n'
    start = y + (height - len(box.lines()) * LINE) / 2 + LINE - 4
    return frame + "".join(
        f'<text x="{x + PAD + 10 * line.startswith("  "):g}" y="{start + at * LINE:g}">{escape(line.strip())}</text>\n'
        for at, line in enumerate(box.lines())
    )


def _phase(name: str, top: float, bottom: float) -> str:
    middle = (top + bottom) / 2
    return (
        f'<rect x="8" y="{top:g}" width="22" height="{bottom - top:g}" rx="4" fill="#e6e6e6"/>\n'
        f'<text transform="translate(23 {middle:g}) rotate(-90)" text-anchor="middle" font-weight="bold">'
        f"{name}</text>\n"
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="#000000" marker-end="url(#tip)"/>\n'
    )
