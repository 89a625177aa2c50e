"""Every figure of a run, as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pdt_evidence.reporting import citations
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.opening import draw_opening

__all__ = ["write_forests"]


def write_forests(contents: Contents, folder: Path, endings: Sequence[str]) -> None:
    """Draw every forest plot of `contents` into `folder`, in each format."""
    import matplotlib.pyplot as plt

    from pdt_evidence.figures import forest, save

    folder.mkdir(parents=True, exist_ok=True)
    sources = citations.named()
    plots = [(name, partial(forest, part, sources=sources)) for name, _, part in contents.forests()]
    plots += [("opening", partial(draw_opening, contents))]
    plots += [(figure.name, figure.draw) for figure in contents.comparisons.figures()]
    for name, draw in tqdm(plots, desc="figures", disable=None, leave=False):  # None: only on a terminal
        figure: Any = draw().figure
        for ending in endings:
            save(figure, folder / f"{name}.{ending}")
        plt.close(figure)
