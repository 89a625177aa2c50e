"""Every figure of a run, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from tqdm import tqdm

from pdt_evidence.reporting import citations
from pdt_evidence.reporting.beside import Beside
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.opening import draw_opening
from pdt_evidence.reporting.own_opening import draw_own_opening, own_effects
from pdt_evidence.reporting.own_table import OwnTable

__all__ = ["Pictures"]

Plots = Iterable[tuple[str, Callable[[], Any]]]  # names and how to draw them


class Pictures:
    """The figures of a run in each of `kinds`.

    Those of the pools are drawn in a second process while this one goes on to what the others show.
    """

    def __init__(self, contents: Contents | OwnTable, kinds: Sequence[str]) -> None:
        self._contents, self._kinds = contents, kinds
        self._begun = self._drawing(_of_pools(contents))

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def files(self) -> dict[str, bytes]:
        """Name with ending -> content."""
        made: list[dict[str, bytes]] = []
        with (
            self._begun,
            self._drawing(_of_analyses(self._contents)) as others,
            tqdm(desc="figures", disable=None, leave=False) as bar,  # None: only on a terminal
        ):
            for one in (self._begun, others):
                made += one.results(bar.update)
        return {name: content for files in made for name, content in files.items()}

    def _drawing(self, plots: Plots) -> Beside[dict[str, bytes]]:
        from pdt_evidence.figures import forest  # noqa: F401  # imported once, before there are two processes

        return Beside([partial(_files, name, draw, self._kinds) for name, draw in plots])


def _files(name: str, draw: Callable[[], Any], kinds: Sequence[str]) -> dict[str, bytes]:
    """One figure, drawn once and written in each format."""
    from pdt_evidence.figures.sheet.canvas import only_for_files
    from pdt_evidence.figures.sheet.files import file_of

    with only_for_files():
        figure = draw().figure
    return {f"{name}.{kind}": file_of(figure, kind) for kind in kinds}


def _of_pools(contents: Contents | OwnTable) -> Plots:
    """The forests, and the one that opens the page."""
    from pdt_evidence.figures import forest

    if isinstance(contents, Contents):
        sources, opening = citations.named(), partial(draw_opening, contents)
    else:
        sources = citations.sources_line(contents.table) if contents.origin else None
        opening = partial(draw_own_opening, contents.strata) if own_effects(contents.strata) else None
    plots = [(name, partial(forest, part, sources=sources)) for name, _, part in contents.forests]
    return plots if opening is None else [*plots, ("opening", opening)]


def _of_analyses(contents: Contents | OwnTable) -> Plots:
    """What is drawn of numbers that come later than the pools."""
    from pdt_evidence.figures import pictograph

    if isinstance(contents, Contents):
        yield from ((figure.name, figure.draw) for figure in contents.comparisons.figures)
    row = contents.meanings.pictured
    if row is not None and row.people is not None:
        yield "pictograph", partial(pictograph, row.people, title="")
