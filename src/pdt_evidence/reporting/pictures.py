"""Every figure of a run, as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pdt_evidence.reporting import citations
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.meanings import Meanings
from pdt_evidence.reporting.opening import draw_opening
from pdt_evidence.reporting.own_opening import draw_own_opening, own_effects
from pdt_evidence.reporting.own_table import OwnTable

__all__ = ["write_forests", "write_own_forests"]

Plots = list[tuple[str, Callable[[], Any]]]


def write_forests(contents: Contents, folder: Path, endings: Sequence[str]) -> None:
    """Draw every forest plot of `contents` into `folder`, in each format."""
    from pdt_evidence.figures import forest

    folder.mkdir(parents=True, exist_ok=True)
    sources = citations.named()
    plots: Plots = [(name, partial(forest, part, sources=sources)) for name, _, part in contents.forests()]
    plots += [("opening", partial(draw_opening, contents))]
    plots += [(figure.name, figure.draw) for figure in contents.comparisons.figures()]
    _draw([*plots, *_people(contents.meanings)], folder, endings)


def write_own_forests(contents: OwnTable, folder: Path) -> None:
    """Draw every figure of a report on a user's table into `folder`, as SVG."""
    from pdt_evidence.figures import forest

    folder.mkdir(parents=True, exist_ok=True)
    line = citations.sources_line(contents.table) if contents.origin else None
    plots: Plots = [(name, partial(forest, part, sources=line)) for name, _, part in contents.forests()]
    if own_effects(contents.strata):
        plots.append(("opening", partial(draw_own_opening, contents.strata)))
    _draw([*plots, *_people(contents.meanings)], folder, ("svg",))


def _people(meanings: Meanings) -> Plots:
    from pdt_evidence.figures import pictograph

    row = meanings.pictured
    return (
        []
        if row is None or row.people is None
        else [("pictograph", partial(pictograph, row.people, title=""))]
    )


def _draw(plots: Plots, folder: Path, endings: Sequence[str]) -> None:
    import matplotlib.pyplot as plt

    from pdt_evidence.figures import save

    for name, draw in tqdm(plots, desc="figures", disable=None, leave=False):  # None: only on a terminal
        figure: Any = draw().figure
        for ending in endings:
            save(figure, folder / f"{name}.{ending}")
        plt.close(figure)
