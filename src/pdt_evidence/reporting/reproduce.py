"""One run from the bundled data to the files on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.writing import guarded, write_all
from pdt_evidence.formatting import counted
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.names import named
from pdt_evidence.reporting.page import write_page
from pdt_evidence.reporting.pictures import Pictures
from pdt_evidence.reporting.records import write_records
from pdt_evidence.reporting.unfinished import folder_to_make_in
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["reproduce", "write_table"]

FIGURE_FORMATS = ("pdf", "svg", "png")


def reproduce(
    out: str | Path = "results",
    *,
    imported: pd.DataFrame | None = None,
    review: str = "",
    progress: Callable[[str], object] = lambda _: None,
) -> str:
    """Write `tables/*.csv`, `figures/*.{pdf,svg,png}`, `report.html` and `results.json` to the folder `out`.

    `results.json` follows the JSON Schema of `results_schema`; `ro-crate-metadata.json` says what was made from what.

    Everything is made in a folder of its own first and moved when complete, so a run that
    fails or is ended leaves `out` as it was; what a killed run leaves there, the next removes.
    The tables are the same bytes on every run. `report.html` names the versions of Python and of
    the libraries it was made with, so it differs between machines in these.

    Parameters
    ----------
    out : str or Path
    imported, review
        As in `report`: trials that a user brought, and the cited review they belong to.
    progress : callable
        Is called with a line on each step when it begins.

    Returns
    -------
    str
        A short summary for the terminal.

    Raises
    ------
    EvidenceError
        If `out` cannot be written to.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with folder_to_make_in(out) as making:
            contents = Contents(imported=imported, review=review)
            written = _write_all(contents, making, progress)
            _move(making, out)
    except OSError as error:
        raise EvidenceError(
            f"{out} cannot be written to: {error}. Choose another folder with --out."
        ) from error
    return _summary(contents, out, written)


def _write_all(contents: Contents, folder: Path, progress: Callable[[str], object]) -> int:
    """Write every file to `folder`; returns how many."""
    progress("  1 of 5: pooling the trials")
    _ = contents.pooled
    with Pictures(contents, FIGURE_FORMATS) as pictures:
        progress("  2 of 5: checking the claims")
        contents.compute()
        progress("  3 of 5: drawing the figures")
        drawn = pictures.files()
    (folder / "figures").mkdir()
    write_all({folder / "figures" / name: content for name, content in drawn.items()})
    progress("  4 of 5: writing the tables and the report")
    for name, table in contents.tables().items():
        write_table(table, folder / "tables" / f"{name}.csv")
    write_page(contents, folder / "report.html", drawn)
    progress("  5 of 5: writing the results for programs")
    write_records(contents, folder, [path for path in folder.rglob("*") if path.is_file()])
    return sum(path.is_file() for path in folder.rglob("*"))


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV that is the same bytes on every run: fixed digits, LF, no index, no formulas."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = guarded(table).to_csv(index=False, float_format="%.10g", lineterminator="\n")
    write_all({path: text.encode()})


def _move(made: Path, out: Path) -> None:
    """Move every file to its place below `out`; files of other makers there stay."""
    for path in sorted(made.rglob("*")):
        if path.is_file():
            target = out / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)


def _summary(contents: Contents, out: Path, written: int) -> str:
    lines = [f"{counted(written, 'file')} in {out}; open {out / 'report.html'}", ""]
    for comparison, synthesis in contents.pooled.items():
        effects = list(synthesis.strata.values())
        post = [
            one
            for one in effects
            if one.stratum["follow_up"] == "post" and one.stratum["outcome"] not in NOT_SYMPTOMS
        ]
        lines.append(
            f"{named(comparison)}: {counted(len(_trials(post)), 'trial')} with symptoms at the end of treatment, "
            f"{len(_trials(effects))} in all, in {counted(len(synthesis), 'stratum', 'strata')}"
        )
    lines += [
        f"{counted(len(contents.left_out()), 'row')} in no pool, each with its reason (tables/left_out.csv)",
        "",
    ]
    lines += [f"{one.claim.number:>2}. {one.claim.claim_id}: {one.verdict}" for one in contents.claims]
    return "\n".join(lines)


def _trials(effects: Iterable[PooledEffect]) -> set[str]:
    return {trial for effect in effects for trial in effect.columns.get("trial_id", ())}
