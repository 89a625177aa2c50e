"""Every figure of a run, as files, and the analyses that they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from tqdm import tqdm

from pdt_evidence.reporting import citations
from pdt_evidence.reporting.beside import Beside
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.first_picture import narrow
from pdt_evidence.reporting.opening import draw_opening
from pdt_evidence.reporting.own_opening import draw_own_opening, own_effects
from pdt_evidence.reporting.own_table import OwnTable

__all__ = ["Pictures"]


class Plot(NamedTuple):
    """A figure of a run: its name, how to draw it, and whether it is a forest."""

    name: str
    draw: Callable[..., Any]
    is_forest: bool = True


class Made(NamedTuple):
    """What a job came to: figures by file name, and parts of the contents by their path of attributes."""

    files: dict[str, bytes]
    parts: dict[str, Any]


class Pictures:
    """The figures of a run in each of `kinds`.

    A second process begins with them while this one is at the claims. Analyses that need no more than the trials
    and the pools are jobs like the figures, each with the figure that shows it.
    """

    def __init__(self, contents: Contents | OwnTable, kinds: Sequence[str]) -> None:
        self._contents = contents
        drawing = [partial(_drawn, plot, kinds) for plot in _of_pools(contents)]
        drawing += [partial(_part, contents, path, kinds) for path in contents.DRAWN]
        others = [partial(_part, contents, path, kinds) for path in contents.NOT_DRAWN]
        self._count = len(drawing) + len(others)
        self._begun = Beside([*drawing, *others], own=len(drawing))  # what draws is imported by one process

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def files(self) -> dict[str, bytes]:
        """Name with ending -> content. The contents have all their parts then."""
        made: dict[str, bytes] = {}
        with tqdm(
            desc="figures", total=self._count, disable=None, leave=False
        ) as bar:  # None: only on a terminal
            for one in self._begun.results(bar.update):
                made |= one.files
                for path, value in one.parts.items():
                    _set(self._contents, path, value)
        return made


def _drawn(plot: Plot, kinds: Sequence[str]) -> Made:
    return Made(_files(plot, kinds), {})


def _part(contents: Contents | OwnTable, path: str, kinds: Sequence[str]) -> Made:
    value = attrgetter(path)(contents)
    plot = _of_part(contents, path) if path in contents.DRAWN else None
    return Made({} if plot is None else _files(plot, kinds), {path: value})


def _set(contents: Contents | OwnTable, path: str, value: Any) -> None:
    """Give a part that another process computed to the contents, which then do not compute it again."""
    *above, name = path.split(".")
    vars(attrgetter(".".join(above))(contents) if above else contents)[name] = value


def _files(plot: Plot, kinds: Sequence[str]) -> dict[str, bytes]:
    """One figure in each format, drawn once for all; a forest is written as SVG without Matplotlib's figure."""
    from pdt_evidence.figures.sheet.canvas import only_for_files
    from pdt_evidence.figures.sheet.files import file_of
    from pdt_evidence.figures.sheet.vector import Vector

    made = {}
    if plot.is_forest and "svg" in kinds:
        made["svg"] = plot.draw(ax=Vector()).file()
    if others := [kind for kind in kinds if kind not in made]:
        with only_for_files():
            figure = plot.draw().figure
        made |= {kind: file_of(figure, kind) for kind in others}
    return {f"{plot.name}.{kind}": content for kind, content in made.items()}


def _of_pools(contents: Contents | OwnTable) -> Iterator[Plot]:
    """The forests, and the one that opens the page."""
    from pdt_evidence.figures import forest

    if isinstance(contents, Contents):
        sources, opening = citations.named(), partial(draw_opening, contents)
    else:
        sources = citations.sources_line(contents.table) if contents.origin else None
        opening = partial(draw_own_opening, contents.strata) if own_effects(contents.strata) else None
    for name, _, part in contents.forests:
        yield Plot(name, partial(forest, part, sources=sources))
    if opening is not None:
        yield Plot("opening", opening)


def _of_part(contents: Contents | OwnTable, path: str) -> Plot | None:
    """The figure that shows a part of the contents; None where the part has nothing to show."""
    if path == "meanings" or isinstance(contents, OwnTable):
        row = contents.meanings.pictured
        if row is None or row.people is None:
            return None
        from pdt_evidence.figures import pictograph

        look = {**narrow(), "height": 70, "title": ""}
        return Plot("pictograph", partial(pictograph, row.people, **look), is_forest=False)
    figure = contents.comparisons.figure(path.removeprefix("comparisons."))
    return Plot(figure.name, figure.draw, figure.is_forest)
