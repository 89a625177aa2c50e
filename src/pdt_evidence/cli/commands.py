"""What each command does: arguments -> one public call -> text."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.cli.evidence import as_options, pooling, said, synthesis_of, table_of, words
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.formatting import counted
from pdt_evidence.screen import emphasised, wrapped

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials


def _imported(arguments: argparse.Namespace) -> dict[str, Any]:
    from pdt_evidence.evidence.readers import read_any

    if arguments.imported is None:
        if arguments.review:
            raise RequestError(
                f"--review {arguments.review} names the review that imported trials belong to. Give them as well, "
                "as --imported FILE."
            )
        return {}
    if not arguments.review:
        raise RequestError(
            f"--imported {arguments.imported} without --review: imported trials answer for the claims of one cited "
            "review. Name it, as --review abbass2014. For a report on a table of your own: pdt-evidence report FILE."
        )
    return {
        "imported": read_any(arguments.imported, review=arguments.review or None),
        "review": arguments.review,
    }


def reproduce_command(arguments: argparse.Namespace) -> None:
    shown_at_once(
        "Computing every pool, figure and verdict anew from the bundled data, and writing tables, figures, "
        f"report.html and results.json to {arguments.out} (less than half a minute):"
    )
    from pdt_evidence.reporting import reproduce

    print(highlighted(wrapped(reproduce(arguments.out, progress=shown_at_once, **_imported(arguments)))))


def pool_command(arguments: argparse.Namespace) -> None:
    synthesis, _, about = synthesis_of(arguments)
    said(f"{replace(synthesis, left_out=synthesis.left_out.iloc[:0]).summary()}\n\n{about}")
    if arguments.out:
        from pdt_evidence.reporting.reproduce import write_table

        write_table(synthesis.to_frame(), arguments.out)


def forest_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.figures import forest, save
    from pdt_evidence.reporting.citations import sources_line

    style = "default" if arguments.style == "library" else arguments.style
    arguments.style = "revman" if style == "revman" else "library"  # which is a way of pooling, too
    synthesis, table, about = synthesis_of(arguments)
    columns = words(arguments.columns) if arguments.columns else None
    options = {"style": style, "width": arguments.width, "title": arguments.title, "columns": columns}
    save(forest(synthesis, sources=sources_line(table), **options), arguments.out)
    said(f"wrote {arguments.out}\n{about}")


def check_command(arguments: argparse.Namespace) -> int:
    from pdt_evidence.reporting.check import check_file

    found = check_file(arguments.file)
    print(found.to_json() if arguments.json else wrapped(found.summary()))
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
    trials = counted(table["trial_id"].nunique(), "trial")
    print(f"wrote {arguments.out}: {counted(len(table), 'row')} of {trials}")
    if events := label_of_events(table):
        print(f"events: {events}")
    if table.source.get("sign"):
        print(f"sign: {table.source['sign']}")
    if len(table.log):
        log = arguments.out.with_suffix(".json")
        print(f"dropped, merged or changed: {counted(len(table.log), 'row')}; the reasons are in {log}")
    return 0 if _tell_effects(table) else 1


def _tell_effects(table: ImportedTrials) -> int:
    """Print how many rows give an effect, and why the others give none; how many do."""
    from pdt_evidence.reporting.strata import reasons_for_no_effect

    reasons = reasons_for_no_effect(table)
    giving = len(table) - sum(reasons.values())
    print(f"effects: {giving} of {counted(len(table), 'row')} {'give' if giving != 1 else 'gives'} one")
    for reason, count in reasons.items():
        print(f"  {counted(count, 'row')}: {reason}")
    return giving


def audit_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.as_revman.audit import audit

    said(audit(arguments.file).summary())


def export_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting.export import POOLED, export
    from pdt_evidence.reporting.strata import to_pool

    table, _ = table_of(arguments)
    options: dict[str, Any] = {}
    if arguments.out.suffix.lower() in POOLED:
        options = pooling(arguments, table)
        table = to_pool(table, options["by"], "the table")
    for path in export(table, arguments.out, **options):
        print(f"wrote {path}")


def compare_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting.compare import compare

    names = ("measure", "method", "test", "level", "dependence", "rho", "claims")
    options = {name: getattr(arguments, name) for name in names}
    update = compare(
        arguments.old, arguments.new, by=words(arguments.by) if arguments.by else None, **options
    )
    print(wrapped(as_options(update.summary())))
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

    own = _own_file(arguments)
    if own is None:
        print(highlighted(check_claims(**_imported(arguments)).summary()))
        return
    from pdt_evidence.reporting.own_opening import own_summary
    from pdt_evidence.reporting.own_table import own_table

    print(wrapped(own_summary(own_table(own))))


def report_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting import report

    own = _own_file(arguments)
    if own is None:
        options = _imported(arguments)
    else:
        options = {"table": own, "by": words(arguments.by) if arguments.by else None}
    if arguments.by and own is None:
        raise RequestError(
            "--by says how a table of your own is pooled. Name its file: pdt-evidence report FILE."
        )
    path = report(arguments.out, pdf=arguments.pdf, **options)
    written = [str(path), *([str(path.with_suffix(".pdf"))] if arguments.pdf else [])]
    print(f"wrote {', '.join(written)}; beside it results.json and ro-crate-metadata.json")


def _own_file(arguments: argparse.Namespace) -> Path | None:
    """The table to report on by itself: the file, or imported trials that no cited review is named for."""
    alone = arguments.imported is not None and not arguments.review
    if arguments.file is not None and (arguments.imported is not None or arguments.review):
        raise RequestError(
            f"{arguments.file} is reported on by itself; --imported and --review add trials to the bundled evidence. "
            "Give one or the other."
        )
    return arguments.imported if alone else arguments.file


def sources_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.tables import sources

    columns = ["source_id", "citation", "trials_rows", "reviews_rows", "licence", "doi"]
    _print_table(sources()[columns], words=("source_id", "citation"))


def coverage_command(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.coverage import coverage

    table = coverage()
    _print_table(
        table[["review_id", "would_need", *table.columns[1:-1]]], ("review_id", "would_need"), ("would_need",)
    )
    said(f"\n{table.attrs['says']}")


def _print_table(table: pd.DataFrame, words: tuple[str, ...], first: tuple[str, ...] = ()) -> None:
    """A table whose first columns are `words`; where the terminal is narrow, without `first`, and the last columns."""
    from pdt_evidence.formatting import aligned

    cells = [tuple(table.columns), *(tuple(map(_cell, row)) for row in table.to_numpy(dtype=object).tolist())]
    spare = [(name,) for name in (*first, *reversed(table.columns))]
    said("\n".join(aligned(cells, len(words), spare)))


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown_at_once(text: str) -> None:
    """A line on what is being done, on stderr so that a pipe gets the result alone."""
    print(wrapped(text), file=sys.stderr, flush=True)


def highlighted(text: str) -> str:
    """The verdicts of claims in bold and colour."""
    from pdt_evidence.verdicts.rules import VERDICTS

    known = "|".join(sorted(map(re.escape, VERDICTS), key=len, reverse=True))
    line = re.compile(rf"^(   |[ \d]+\. [\w-]+: )({known}|{known.upper()})(?=\.|$)", re.MULTILINE)
    return line.sub(lambda found: found[1] + emphasised(found[2]), text)
