"""Risk of bias as a table of lights: a row a study, a column a domain."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import pandas as pd

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.evidence.frames import as_pandas, is_table
from pdt_evidence.figures.charts.chart import MM, Chart, chart
from pdt_evidence.figures.forests.columns import BIAS, JUDGEMENTS, SAID, reading, worst_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.colors import legible
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style, style_of
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["judged_of", "traffic_lights"]

BAND = 4.6 * MM  # height of a study in points
COLUMN = 12.0  # mm that a domain takes
KEY = 0.55  # size of a light in the key, where lines of text stand closer than rows
LEAST_ACROSS, WIDEST = 60.0, 150.0  # mm of the lights, so that their key has room; of the figure
OVERALL = ("rob_overall", "rob")


@drawn
@known_options
def traffic_lights(
    judgements: PooledEffect | pd.DataFrame,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float | None = None,
    height: float | None = None,
    title: str = "",
) -> Axes:
    """Draw the risk of bias of every study in every domain as coloured lights.

    Parameters
    ----------
    judgements : PooledEffect or DataFrame
        A pooled result, or a table with the column `study`. Domains are the columns named "rob_..." (and "rob" where
        there is no "rob_overall") that hold judgements: low, some concerns, high, unclear, not applicable, ... Of rows
        of one study the worst is drawn.
    ax, style, title
        As in `funnel`.
    width, height : float, optional
        Millimetres; by the numbers of domains and of studies without them.

    Returns
    -------
    Axes
        A light a study and domain, a ring where none is reported. Gids: "lights:low", "lights:high", ..., "missing".

    Raises
    ------
    RequestError
        Where there is no judgement, and for what is neither a result nor a table.

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> ax = pdt.traffic_lights(pd.DataFrame({"study": ["A 2001", "B 2004"], "rob_blinding": ["low", "high"]}))
    >>> sorted(mark.get_gid() for mark in ax.get_children() if (mark.get_gid() or "").startswith("lights"))
    ['lights:high', 'lights:low']
    """
    studies, domains, table = judged_of(judgements)
    letters = _letters(len(domains))
    across = _width(style_of(style), studies, domains) if width is None else width
    made = chart(ax, style, across, height or 60.0, [*studies, *domains])
    made.ax.set_ylim(len(studies) - 0.5, -0.5)
    made.ax.set_xlim(-0.5, len(domains) - 0.5)
    handles = _discs(made, table)
    axes = made.finish(
        title=title,
        xlabel="; ".join(f"{letter}: {name}" for letter, name in zip(letters, domains, strict=True)),
        x=list(enumerate(letters)),
        y=list(enumerate(studies)),
        legend=handles,
        band=BAND if ax is None and height is None else None,
    )
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _signs(made, table)
    return axes


def judged_of(judgements: PooledEffect | pd.DataFrame) -> tuple[list[str], list[str], list[list[str]]]:
    """Studies, domains, and for each study its judgement in each domain, "" for one not made."""
    columns, studies = _columns(judgements)
    reads = {name: reading(values) for name, values in columns.items() if BIAS.match(name)}
    domains = {
        name: read for name, read in reads.items() if read is not None and any(map(read, columns[name]))
    }
    if "rob_overall" in domains:
        domains.pop("rob", None)
    domains = dict(sorted(domains.items(), key=lambda pair: pair[0] in OVERALL))  # the overall judgement last
    if not domains:
        raise RequestError(
            "There is no judgement to draw: domains are columns such as 'rob_allocation' that hold "
            f"one of {', '.join(map(repr, SAID.values()))}."
        )
    rows: dict[str, list[list[str]]] = {study: [[] for _ in domains] for study in studies}
    for at, (name, read) in enumerate(domains.items()):
        for study, value in zip(studies, columns[name], strict=True):
            rows[study][at].append(read(value))
    names = [words.spoken("overall" if name in OVERALL else name.removeprefix("rob_")) for name in domains]
    return list(rows), names, [[worst_of(values) for values in row] for row in rows.values()]


def _columns(judgements: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """Columns by name, and the study of each row."""
    if isinstance(judgements, PooledEffect):
        columns = {name: list(values) for name, values in judgements.columns.items()}
        studies = columns.get("study", list(judgements.labels))
        if judgements.k and len(studies) != judgements.k:
            studies = [f"study {number + 1}" for number in range(judgements.k)]
        return columns, [str(study) for study in studies]
    if not is_table(judgements):
        raise RequestError(
            f"traffic_lights() takes a PooledEffect or a table, found {type(judgements).__name__}."
        )
    table = as_pandas(judgements)
    if "study" not in table.columns or not len(table):
        raise RequestError("traffic_lights() needs a table with the column 'study' and at least one row.")
    return {str(name): table[name].tolist() for name in table.columns}, table["study"].astype(str).tolist()


def _width(style: Style, studies: list[str], domains: list[str]) -> float:
    """Millimetres that names and lights take; an average letter is about half as wide as high."""
    names = 0.55 * style.small * max(map(len, studies)) / MM
    return min(names + max(COLUMN * len(domains), LEAST_ACROSS), WIDEST)


def _letters(number: int) -> list[str]:
    return [ascii_uppercase[at % 26] * (at // 26 + 1) for at in range(number)]


def _discs(made: Chart, table: list[list[str]]) -> list[Any]:
    """Coloured discs, one collection a judgement; what the legend shows."""
    from pdt_evidence.figures.sheet import marks

    look, size = made.style, (1.5 * made.style.size) ** 2
    handles = []
    for word, name in SAID.items():
        places = [(x, y) for y, row in enumerate(table) for x, found in enumerate(row) if found == word]
        found = marks.points(
            made.ax, places, [size] * len(places), color=_color(look, word), shape="o", gid=f"lights:{word}"
        )
        if found is not None:
            label = f"{name} ({JUDGEMENTS[word]})"  # the sign is what is left of it in grey
            handles.append(made.ax.scatter([], [], s=KEY * size, color=_color(look, word), label=label))
    places = [(x, y) for y, row in enumerate(table) for x, found in enumerate(row) if not found]
    ring = marks.points(made.ax, places, [size] * len(places), color=look.paper, shape="o", gid="missing")
    if ring is not None:
        edge: Any = {"edgecolor": look.faint, "linewidth": 0.8}
        ring.set(**edge)
        handles.append(made.ax.scatter([], [], s=KEY * size, color=look.paper, label="Not reported", **edge))
    return handles


def _signs(made: Chart, table: list[list[str]]) -> None:
    """The sign in each disc, which tells the judgements apart in grey."""
    look = made.style
    for y, row in enumerate(table):
        for x, word in enumerate(row):
            if word:
                ink = legible(look.on_light, _color(look, word))
                made.text(
                    x, y, JUDGEMENTS[word], f"sign:{y}:{x}", color=ink, ha="center", va="center", zorder=4
                )


def _color(style: Style, word: str) -> str:
    return style.lights.get(word, style.faint)
