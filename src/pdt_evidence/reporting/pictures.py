"""Every figure of a run, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from tqdm import tqdm

from pdt_evidence.reporting import citations
from pdt_evidence.reporting.beside import Beside
from pdt_evidence.reporting.contents import APART, Contents
from pdt_evidence.reporting.opening import draw_opening
from pdt_evidence.reporting.own_opening import draw_own_opening, own_effects
from pdt_evidence.reporting.own_table import OwnTable

__all__ = ["Pictures"]


class Plot(NamedTuple):
    """A figure of a run: its name, how to draw it, and whether it is a forest."""

    name: str
    draw: Callable[..., Any]
    is_forest: bool = True


class Pictures:
    """The figures of a run in each of `kinds`.

    Those of the pools are drawn by a second process while this one computes what the others show. Analyses that
    need no more than the pools are left to the second process too.
    """

    def __init__(self, contents: Contents | OwnTable, kinds: Sequence[str]) -> None:
        self._contents, self._kinds = contents, kinds
        apart = [partial(_part, contents, name) for name in APART if hasattr(type(contents), name)]
        self._begun = Beside([*apart, *self._drawing(_of_pools(contents))])

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def files(self) -> dict[str, bytes]:
        """Name with ending -> content. The contents have all their parts then."""
        made: dict[str, Any] = {}
        with tqdm(desc="figures", disable=None, leave=False) as bar:  # None: only on a terminal
            for one in self._begun.results(bar.update):
                made |= one
            vars(self._contents).update({name: made.pop(name) for name in APART if name in made})
            with Beside(self._drawing(_of_analyses(self._contents))) as others:
                for one in others.results(bar.update):
                    made |= one
        return made

    def _drawing(self, plots: Iterable[Plot]) -> list[Callable[[], dict[str, Any]]]:
        from pdt_evidence.figures import forest  # noqa: F401  # imported once, before there are two processes

        return [partial(_files, plot, self._kinds) for plot in plots]


def _part(contents: Contents | OwnTable, name: str) -> dict[str, Any]:
    return {name: getattr(contents, name)}


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


def _of_analyses(contents: Contents | OwnTable) -> Iterator[Plot]:
    """What is drawn of numbers that come later than the pools."""
    from pdt_evidence.figures import pictograph

    if isinstance(contents, Contents):
        for figure in contents.comparisons.figures:
            yield Plot(figure.name, figure.draw, figure.is_forest)
    row = contents.meanings.pictured
    if row is not None and row.people is not None:
        yield Plot("pictograph", partial(pictograph, row.people, title=""), is_forest=False)
