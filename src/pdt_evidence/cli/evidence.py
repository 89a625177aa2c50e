"""Which rows a command works on, the strata it makes of them, and what is said of both."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.arguments import given_columns
from pdt_evidence.errors import MOST_SHOWN, RequestError
from pdt_evidence.formatting import counted, stratum_in_words
from pdt_evidence.screen import emphasised, wrapped

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = [
    "FILTERS",
    "as_options",
    "heading",
    "note",
    "one_stratum",
    "pooling",
    "said",
    "synthesis_of",
    "table_of",
    "words",
]

BUNDLED = "the bundled trials"
FILTERS = (
    "comparison",
    "disorder",
    "outcome",
    "follow_up",
)  # options of their own; --select takes any column
OF_BUNDLED = ("comparison", "outcome", "follow_up")


def said(text: str) -> None:
    """Print a text, no wider than the terminal."""
    print(wrapped(text))


def words(text: str) -> tuple[str, ...]:
    """The words between commas, each once."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def table_of(arguments: argparse.Namespace) -> tuple[Any, str]:
    """The rows that are asked for, of a file or of the bundled trials, and how these are called."""
    from pdt_evidence.reporting.strata import selected

    file: Path | None = arguments.file
    bundled = arguments.bundled or (file is None and arguments.command.__name__ == "export_command")
    if bundled == (file is not None):
        arguments.parser.error("give one of the two: a FILE, or --bundled for the trials of the library")
    arguments.bundled = bundled  # what is pooled next makes strata by it
    if file is None:
        from pdt_evidence.effects.trials import trials

        table, name = trials(), BUNDLED
    else:
        from pdt_evidence.evidence.readers import read_any

        table, name = read_any(file), file.name
    asked = [f"{column}={value}" for column in FILTERS if (value := getattr(arguments, column, None))]
    return selected(table, [*asked, *arguments.select]), name


def pooling(arguments: argparse.Namespace, table: pd.DataFrame) -> dict[str, Any]:
    """The options of `synthesize`; events of a review are pooled by its own measure unless another is asked for."""
    from pdt_evidence.evidence.readers.events import event_measure
    from pdt_evidence.reporting.strata_of_files import usual_strata_of, without_outcome

    strata = words(arguments.by) if arguments.by else OF_BUNDLED if arguments.bundled else ()
    if not strata:
        columns = given_columns(table)
        strata = usual_strata_of(table, columns)
        if "outcome" not in strata:
            note(without_outcome(table, columns))
    names = ("measure", "method", "test", "level", "dependence", "rho", "style")
    options = {"by": strata} | {name: getattr(arguments, name) for name in names}
    if arguments.measure is None and arguments.style != "revman" and not arguments.bundled:
        options["measure"] = event_measure(table)
    return options


def synthesis_of(arguments: argparse.Namespace) -> tuple[Synthesis, pd.DataFrame, str]:
    """The strata, the rows, and what is to be said of these: their file, events, those in no stratum."""
    from pdt_evidence.analysis.synthesis import synthesize
    from pdt_evidence.evidence.readers.events import label_of_events
    from pdt_evidence.evidence.readers.provenance import origin
    from pdt_evidence.reporting.strata import in_no_stratum, to_pool

    table, name = table_of(arguments)
    options = pooling(arguments, table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out, without an effect")  # told below, with the reasons
        synthesis = synthesize(to_pool(table, options["by"], name), **options)
    if arguments.bundled:
        return synthesis, table, _of_bundled(len(table), len(synthesis.left_out))
    about = [f"Data: {origin(table)}"]
    if arguments.measure is None and arguments.style != "revman":
        events = label_of_events(table, left_out=tuple(synthesis.left_out["row_id"]))
        about += [f"Events: {events}"] if events else []
    return synthesis, table, "\n".join(about + _excluded(in_no_stratum(table, synthesis)))


def _of_bundled(rows: int, out: int) -> str:
    from pdt_evidence.evidence import data_version

    why = "no effect, or a count of persons where the trial has a score"
    go = "goes" if out == 1 else "go"
    left = f"; {out} of them {go} into no stratum: {why} (see pdt-evidence export, row by row)" if out else ""
    return f"Data: {counted(rows, 'row')} of {BUNDLED} (data {data_version()[:12]}){left}."


def _excluded(rows: Sequence[str]) -> list[str]:
    lines = [f"\n{counted(len(rows), 'row')} of the file went into no stratum:"] if rows else []
    lines += [f"  {row}" for row in rows[:MOST_SHOWN]]
    if len(rows) > MOST_SHOWN:
        lines.append(
            f"  and {len(rows) - MOST_SHOWN} more (`pdt-evidence check` lists rows without an effect)"
        )
    return lines


def one_stratum(synthesis: Synthesis) -> PooledEffect:
    """The only stratum of a synthesis; a sentence on how to name one where there are several."""
    effects = list(synthesis.strata.values())
    if len(effects) == 1:
        return effects[0]
    listed = "; ".join(", ".join(key) for key in list(synthesis)[:MOST_SHOWN])
    more = f"; and {len(effects) - MOST_SHOWN} more" if len(effects) > MOST_SHOWN else ""
    raise RequestError(
        f"This shows one stratum, and there are {len(effects)} by {', '.join(synthesis.by)}: {listed}{more}. Name one, "
        f"as in --{synthesis.by[0].replace('_', '-')} {next(iter(synthesis))[0]}, or make fewer with --by."
    )


def heading(stratum: Mapping[str, str]) -> None:
    """The words of a stratum above what is said of it."""
    print(emphasised(stratum_in_words(stratum)))


def as_options(text: str) -> str:
    """What a sentence advises to write in Python, as options of the command line."""
    by = re.sub(r"\bby=\[(.*?)\]", lambda found: "--by " + re.sub('[" ]', "", found[1]), text)
    return re.sub(r"\bclaims=True\b", "--claims", by)


def note(text: str) -> None:
    print(wrapped(f"note: {text}"), file=sys.stderr)
