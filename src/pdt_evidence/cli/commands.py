"""What each command does: arguments -> one public call -> text."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import MOST_SHOWN, EvidenceError, RequestError

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials
    from pdt_evidence.results import Synthesis


def _imported(arguments: argparse.Namespace) -> dict[str, Any]:
    from pdt_evidence.evidence.readers import read_any

    if arguments.imported is None:
        return {}
    if not arguments.review:
        raise RequestError(
            f"--imported {arguments.imported} without --review: imported trials answer for the claims of one cited "
            "review. Name it, as --review abbass2014. To pool a table of your own: pdt-evidence pool FILE."
        )
    return {
        "imported": read_any(arguments.imported, review=arguments.review or None),
        "review": arguments.review,
    }


def reproduce_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting import reproduce

    print(reproduce(arguments.out, **_imported(arguments)))


def _synthesis(arguments: argparse.Namespace) -> tuple[Synthesis, ImportedTrials, str]:
    """The strata of a file, its rows, and what is to be said of these: their file, events, those in no stratum."""
    from pdt_evidence.analysis.synthesis import synthesize
    from pdt_evidence.evidence.readers import read_any
    from pdt_evidence.evidence.readers.events import label_of_events
    from pdt_evidence.evidence.readers.provenance import origin
    from pdt_evidence.reporting.strata import in_no_stratum, to_pool

    table = read_any(arguments.file)
    options = _pooling(arguments, table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out, as they give no effect")  # told below, with the reasons
        synthesis = synthesize(to_pool(table, options["by"], arguments.file.name), **options)
    about = [f"Data: {origin(table)}"]
    if arguments.measure is None and arguments.style != "revman" and (events := label_of_events(table)):
        about.append(f"Events: {events}")
    return synthesis, table, "\n".join(about + _excluded(in_no_stratum(table, synthesis)))


def _pooling(arguments: argparse.Namespace, table: pd.DataFrame) -> dict[str, Any]:
    """The options of `synthesize`; events of a review are pooled by its own measure unless another is asked for."""
    from pdt_evidence.evidence.readers.events import event_measure

    by = _words(arguments.by)
    names = ("measure", "method", "test", "level", "dependence", "rho", "style")
    options = {"by": by} | {name: getattr(arguments, name) for name in names}
    if arguments.measure is None and arguments.style != "revman":
        options["measure"] = event_measure(table)
    return options


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _excluded(rows: Sequence[str]) -> list[str]:
    lines = [f"\n{_count(len(rows), 'row')} of the file went into no stratum:"] if rows else []
    lines += [f"  {row}" for row in rows[:MOST_SHOWN]]
    if len(rows) > MOST_SHOWN:
        lines.append(
            f"  and {len(rows) - MOST_SHOWN} more (`pdt-evidence check` lists rows without an effect)"
        )
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def pool_command(arguments: argparse.Namespace) -> None:
    synthesis, _, about = _synthesis(arguments)
    print(f"{replace(synthesis, left_out=synthesis.left_out.iloc[:0]).summary()}\n\n{about}")
    if arguments.out:
        from pdt_evidence.reporting.reproduce import write_table

        write_table(synthesis.to_frame(), arguments.out)


def forest_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.figures import forest, save
    from pdt_evidence.reporting.citations import sources_line

    style = "default" if arguments.style == "library" else arguments.style
    arguments.style = "revman" if style == "revman" else "library"  # which is a way of pooling, too
    synthesis, table, about = _synthesis(arguments)
    columns = _words(arguments.columns) if arguments.columns else None
    options = {"style": style, "width": arguments.width, "title": arguments.title, "columns": columns}
    save(forest(synthesis, sources=sources_line(table), **options), arguments.out)
    print(f"wrote {arguments.out}\n{about}")


def check_command(arguments: argparse.Namespace) -> int:
    from pdt_evidence.reporting.check import check_file

    found = check_file(arguments.file)
    print(found.to_json() if arguments.json else found.summary())
    return 1 if found.errors else 0


def template_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.readers import column_guide, template

    text = column_guide() if arguments.columns else template()
    if arguments.out is None:
        print(text, end="")
        return
    try:
        with arguments.out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise EvidenceError(
            f"{arguments.out} is there already, and is left as it is. Choose another name."
        ) from error
    print(f"wrote {arguments.out}")


def import_command(arguments: argparse.Namespace) -> int:
    from pdt_evidence.evidence.readers import import_file
    from pdt_evidence.evidence.readers.events import label_of_events

    options = {name: getattr(arguments, name) for name in ("review", "mapping", "sign", "better")}
    table = import_file(arguments.file, arguments.out, **options)
    trials = _count(table["trial_id"].nunique(), "trial")
    print(f"wrote {arguments.out}: {_count(len(table), 'row')} of {trials}")
    if events := label_of_events(table):
        print(f"events: {events}")
    if table.source.get("sign"):
        print(f"sign: {table.source['sign']}")
    if len(table.log):
        log = arguments.out.with_suffix(".json")
        print(f"dropped, merged or changed: {_count(len(table.log), 'row')}; the reasons are in {log}")
    return 0 if _tell_effects(table) else 1


def _tell_effects(table: ImportedTrials) -> int:
    """Print how many rows give an effect, and why the others give none; how many do."""
    from pdt_evidence.reporting.strata import reasons_for_no_effect

    reasons = reasons_for_no_effect(table)
    giving = len(table) - sum(reasons.values())
    print(f"effects: {giving} of {_count(len(table), 'row')} {'give' if giving != 1 else 'gives'} one")
    for reason, count in reasons.items():
        print(f"  {_count(count, 'row')}: {reason}")
    return giving


def audit_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.as_revman.audit import audit

    print(audit(arguments.file).summary())


def export_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.effects.trials import trials
    from pdt_evidence.evidence.readers import read_any
    from pdt_evidence.reporting.export import POOLED, export
    from pdt_evidence.reporting.strata import selected, to_pool

    table: Any = trials() if arguments.file is None else read_any(arguments.file)
    table = selected(table, arguments.select)
    options: dict[str, Any] = {}
    if arguments.out.suffix.lower() in POOLED:
        options = _pooling(arguments, table)
        table = to_pool(table, options["by"], "the table")
    for path in export(table, arguments.out, **options):
        print(f"wrote {path}")


def compare_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting.compare import compare

    names = ("measure", "method", "test", "level", "dependence", "rho", "claims")
    options = {name: getattr(arguments, name) for name in names}
    update = compare(
        arguments.old, arguments.new, by=_words(arguments.by) if arguments.by else None, **options
    )
    print(fill(update.summary(), 110))
    if arguments.out is None:
        return
    if arguments.out.suffix.lower() == ".csv":
        from pdt_evidence.reporting.reproduce import write_table

        write_table(update.to_frame(), arguments.out)
    else:
        from pdt_evidence.figures import save, update_plot

        save(update_plot(update), arguments.out)
    print(f"wrote {arguments.out}")


def claims_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.verdicts import check_claims

    print(check_claims(**_imported(arguments)).summary())


def report_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting import report

    print(f"wrote {report(arguments.out, **_imported(arguments))}")


def sources_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.tables import sources

    _print_table(sources()[["source_id", "trials_rows", "reviews_rows", "licence", "doi", "citation"]])


def coverage_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.coverage import coverage

    table = coverage()
    _print_table(table)
    print(f"\n{table.attrs['says']}")


def _print_table(table: pd.DataFrame) -> None:
    print(table.to_string(index=False, max_colwidth=60, na_rep=""))
