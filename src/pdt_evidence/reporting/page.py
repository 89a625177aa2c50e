"""The report: one HTML file that needs nothing else, coverage first."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.reporting.comparisons import named
from pdt_evidence.reporting.contents import COMPARISONS, Contents
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["report", "write_page"]


def report(
    path: str | Path = "report.html", *, imported: pd.DataFrame | None = None, review: str = ""
) -> Path:
    """Write the report on the evidence to `path`: one HTML file, figures inside.

    Parameters
    ----------
    path : str or Path
    imported : DataFrame, optional
        Trials that are not bundled, as `read_revman` or `read_trials` gives them: they get a section of
        their own, with everything that was dropped or changed on the way in.
    review : str
        The cited review they belong to, such as "abbass2014": its claims are then judged on them.

    Returns
    -------
    Path
        Where it was written.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        from pdt_evidence.reporting.reproduce import write_forests

        contents = Contents(imported=imported, review=review)
        write_forests(contents, Path(folder), endings=("png",))
        write_page(contents, path, Path(folder))
    return path


def write_page(contents: Contents, path: Path, figures: Path) -> None:
    """Write the page for `contents`, with the PNGs of the folder `figures` inside."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": _number, "interval": _interval, "p": _p, "words": _words}
    environment.filters |= {"doi": _doi, "named": named}
    template = environment.from_string(
        (files("pdt_evidence.reporting") / "report.html.j2").read_text(encoding="utf-8")
    )
    page = template.render(
        coverage=contents.coverage.to_dict("records"),
        pooled=[(COMPARISONS[name], list(syn.strata.values())) for name, syn in contents.pooled.items()],
        left_out=contents.left_out().to_dict("records"),
        rows_held=len(contents.trials),
        rows_pooled=int(((contents.trials["status"] == "ok") & contents.trials["preferred"]).sum()),
        figures=list(_figures(contents, figures)),
        claims=contents.claims,
        brought=_brought(contents),
        comparisons=contents.comparisons,
        drawn={figure["name"]: figure for figure in _comparison_figures(contents, figures)},
        published=_published(contents),
        sources=contents.sources.to_dict("records"),
        wanted=contents.tables()["wanted"].to_dict("records"),
        versions=contents.versions,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _brought(contents: Contents) -> dict[str, Any] | None:
    """What the page says of an imported file: where it is from, its pools, what was changed."""
    if contents.imported is None or contents.brought is None:
        return None
    log = contents.import_log()
    return {
        "source": {"file": "", "sha256": "", "sign": "", **(getattr(contents.imported, "source", None) or {})},
        "review": contents.review,
        "rows": len(contents.imported),
        "effects": list(contents.brought.strata.values()),
        "columns": list(log.columns),
        "log": log.astype(str).to_numpy().tolist(),
        "left_out": contents.brought.left_out.to_dict("records"),
    }


def _figures(contents: Contents, folder: Path) -> Iterator[dict[str, str]]:
    from pdt_evidence.figures import alt_text

    for name, title, part in contents.forests():
        yield {"name": name, "title": title, "alt": alt_text(part), "png": _png(folder, name)}


def _comparison_figures(contents: Contents, folder: Path) -> Iterator[dict[str, str]]:
    for figure in contents.comparisons.figures():
        yield {
            "name": figure.name, "title": figure.title, "alt": figure.alt, "png": _png(folder, figure.name)
        }  # fmt: skip


def _png(folder: Path, name: str) -> str:
    return base64.b64encode((folder / f"{name}.png").read_bytes()).decode()


def _published(contents: Contents) -> list[dict[Any, Any]]:
    """Between-group estimates of the reviews; pre-post ones have a table of their own."""
    table: pd.DataFrame = contents.tables()["published"]
    table = table[(table["scope"] == "pdt") & table["estimate"].notna()]
    return table.to_dict("records")


def _number(value: float, digits: int = 2) -> str:
    return "–" if value is None or isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def _interval(pair: tuple[float, float], digits: int = 2) -> str:
    return (
        "–"
        if isnan(pair[0]) or isnan(pair[1])
        else f"{_number(pair[0], digits)} to {_number(pair[1], digits)}"
    )


def _p(effect: PooledEffect | float) -> str:
    p = effect.p if isinstance(effect, PooledEffect) else effect
    if isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _words(text: str) -> str:
    return text.replace("_", " ")


def _doi(doi: str) -> str:
    from markupsafe import Markup

    return Markup(f'<a href="https://doi.org/{escape(doi)}">{escape(doi)}</a>') if doi else Markup("")
