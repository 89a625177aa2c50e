"""A figure looks the same whatever Matplotlib is set to elsewhere, and knows what it shows in words.

Settings of a session (`axes.grid`, `xtick.direction`, `lines.marker`, `text.usetex`, a style sheet) are those of
other figures; ours come from their `Style` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from pdt_evidence.errors import EvidenceError
from pdt_evidence.figures.registry import FIGURES
from pdt_evidence.garbage import collected_seldom

__all__ = ["described", "drawn", "plain_axes", "plain_settings"]

P = ParamSpec("P")
T = TypeVar("T")

# What these settings govern is ours; size, resolution and backend of a session stay.
OURS = (
    "axes.",
    "axes3d.",
    "boxplot.",
    "errorbar.",
    "figure.autolayout",
    "figure.constrained_layout.",
    "figure.subplot.",
    "font.",
    "grid.",
    "hatch.",
    "hist.",
    "image.",
    "legend.",
    "lines.",
    "markers.",
    "mathtext.",
    "patch.",
    "path.",
    "savefig.",
    "scatter.",
    "text.",
    "xaxis.",
    "xtick.",
    "yaxis.",
    "ytick.",
)
APART = ("savefig.directory",)
TOLD = "_pdt_evidence_words"  # attribute of Axes: what gives the alternative text


def plain_settings() -> dict[Any, Any]:
    """Matplotlib's own defaults of everything that a figure of ours depends on."""
    import matplotlib

    return {
        name: value
        for name, value in matplotlib.rcParamsDefault.items()
        if name.startswith(OURS) and name not in APART
    }


def plain_axes(ax: Any) -> None:
    """Axes as Matplotlib makes them by itself, where they were made under other settings."""
    ax.grid(visible=False, which="both")
    for one in (ax.xaxis, ax.yaxis):
        one.reset_ticks()
        for text in (one.label, one.offsetText):
            text.set_usetex(False)
    look = {"which": "both", "direction": "out", "labelrotation": 0.0}
    ax.tick_params(axis="x", bottom=True, top=False, labelbottom=True, labeltop=False, **look)
    ax.tick_params(axis="y", left=True, right=False, labelleft=True, labelright=False, **look)
    for place in ("left", "center", "right"):
        ax.set_title("", loc=place, usetex=False)


@contextmanager
def _own_settings() -> Iterator[None]:
    """Settings of our own for a while, save whether figures show by themselves.

    The first figure of a session loads its backend, and a notebook's turns that on: without it no later figure shows.
    """
    import matplotlib

    interactive = matplotlib.is_interactive()
    try:
        with matplotlib.rc_context(plain_settings()):
            try:
                yield
            finally:
                interactive = matplotlib.is_interactive()
    finally:
        matplotlib.interactive(interactive)


def drawn(function: Callable[P, T]) -> Callable[P, T]:
    """Draw a figure under settings of its own, and let it carry what it shows in words for `save`."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> T:
        with collected_seldom(), _own_settings():
            made = function(*args, **options)
        name = function.__name__
        if args and name in FIGURES:
            kept = {key: value for key, value in options.items() if key != "ax"}
            setattr(made, TOLD, lambda: _in_words(name, args[0], kept))
        return made

    return call


def _in_words(name: str, result: Any, options: dict[str, Any]) -> str:
    return import_module("pdt_evidence.figures.alt.describe").alt_text(result, name, **options)


def described(figure: Any) -> str:
    """What the Axes of a figure show, in sentences; "" for Axes that are not ours."""
    texts: list[str] = []
    for ax in figure.axes:
        tell = getattr(ax, TOLD, None)
        if tell is None:
            continue
        try:
            texts.append(tell())
        except EvidenceError:  # drawn of what has no words, such as a result made by hand
            continue
    return " ".join(texts)
