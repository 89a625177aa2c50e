"""The command line: arguments -> one public call -> text and an exit code.

Exit codes: 0 done; 1 the evidence or the request is at fault; 2 usage.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, EvidenceWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["main"]

READABLE = "CSV, TSV, Excel or Parquet table, RevMan .rm5 or .zip, or a Metapsy database"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], None] = arguments.command
    with warnings.catch_warnings():
        warnings.simplefilter("always", EvidenceWarning)
        warnings.showwarning = _show_warning
        try:
            command(arguments)
        except EvidenceError as error:
            print(f"pdt-evidence: {error}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader of a pipe has seen enough
            sys.stderr.close()
    return 0


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    if issubclass(category, EvidenceWarning):
        print(f"note: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pdt-evidence", description=__doc__.split("\n")[0])
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    everything = add("reproduce", _reproduce, "write every table, figure, claim and the report")
    everything.add_argument(
        "--out", type=Path, default=Path("results"), help="folder to write (default: results)"
    )

    _add_imported(everything)

    pool = add("pool", _pool, "pool a table of trials by strata")
    _add_pooling(pool)
    pool.add_argument("-o", "--out", type=Path, help="write the pooled table to this CSV as well")

    forest = add("forest", _forest, "draw the forest plot of a table of trials")
    _add_pooling(forest)
    forest.add_argument("-o", "--out", type=Path, required=True, help="figure to write: .pdf, .svg or .png")

    check = add("check", _check, "say everything that is wrong or suspicious in a file of trials")
    check.add_argument("file", type=Path, help=READABLE)

    template = add("template", _template, "print an empty table of trials to fill in")
    template.add_argument("--columns", action="store_true", help="explain the columns instead")

    importing = add(
        "import", _import, "read a review's or a database's file and write it as a table of trials"
    )
    importing.add_argument("file", type=Path, help=READABLE)
    importing.add_argument("-o", "--out", type=Path, required=True, help="CSV to write")
    importing.add_argument("--review", help="the review it belongs to, such as abbass2014")
    importing.add_argument("--mapping", type=Path, help="your own names of outcomes and windows (CSV)")
    importing.add_argument("--sign", choices=("+", "-"), help="sign of effects that favour arm 1 (Metapsy)")
    importing.add_argument("--better", choices=("lower", "higher"), help="direction of scores that is good")

    audit = add("audit", _audit, "recompute the totals that a review's file prints")
    audit.add_argument("file", type=Path, help="RevMan .rm5 or data package .zip")

    claims = add("claims", _claims, "the article's claims, each with a verdict computed from the data")
    _add_imported(claims)

    add("sources", _sources, "where the numbers come from")
    add("coverage", _coverage, "how much of each cited review is held at trial level")
    return parser


def _add_imported(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--imported", type=Path, help="trials that you imported, to be judged and shown as well"
    )
    parser.add_argument("--review", default="", help="the cited review they belong to, such as abbass2014")


def _imported(arguments: argparse.Namespace) -> dict[str, Any]:
    from pdt_evidence.evidence.readers import read_any

    if arguments.imported is None:
        return {}
    return {
        "imported": read_any(arguments.imported, review=arguments.review or None),
        "review": arguments.review,
    }


def _add_pooling(parser: argparse.ArgumentParser) -> None:
    from pdt_evidence.analysis.synthesis import DEPENDENCE

    parser.add_argument("file", type=Path, help=READABLE)
    parser.add_argument(
        "--by", default="outcome,follow_up", help="columns that make the strata, comma-separated"
    )
    parser.add_argument(
        "--measure", default=None, help="effect measure (default: yi and vi as given, else SMD)"
    )
    parser.add_argument("--method", default="REML", help="estimator of tau2 (default: REML)")
    parser.add_argument("--test", default="knha", help="z, t, knha or adhoc (default: knha)")
    parser.add_argument("--level", type=float, default=0.95, help="confidence level (default: 0.95)")
    parser.add_argument("--dependence", default="aggregate", help=f"one of {', '.join(DEPENDENCE)}")
    parser.add_argument("--rho", type=float, default=0.6, help="correlation within a trial (default: 0.6)")


def _version() -> str:
    from pdt_evidence import __version__

    return f"pdt-evidence {__version__}"


def _reproduce(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting import reproduce

    print(reproduce(arguments.out, **_imported(arguments)))


def _synthesis(arguments: argparse.Namespace):  # -> Synthesis
    from pdt_evidence.analysis.synthesis import synthesize
    from pdt_evidence.evidence.readers import read_any

    return synthesize(
        read_any(arguments.file),
        by=tuple(column.strip() for column in arguments.by.split(",") if column.strip()),
        measure=arguments.measure,
        method=arguments.method,
        test=arguments.test,
        level=arguments.level,
        dependence=arguments.dependence,
        rho=arguments.rho,
    )


def _pool(arguments: argparse.Namespace) -> None:
    synthesis = _synthesis(arguments)
    print(synthesis.summary())
    if arguments.out:
        from pdt_evidence.reporting.reproduce import write_table

        write_table(synthesis.to_frame(), arguments.out)


def _forest(arguments: argparse.Namespace) -> None:
    from pdt_evidence.figures import forest, save

    axes = forest(_synthesis(arguments))
    save(axes.figure, arguments.out)
    print(f"wrote {arguments.out}")


def _check(arguments: argparse.Namespace) -> None:
    from pdt_evidence.effects.table import effect_sizes
    from pdt_evidence.evidence.lint import as_text
    from pdt_evidence.evidence.readers import check_file

    table, findings = check_file(arguments.file)
    print(f"{arguments.file.name}: {len(table)} rows of {table['trial_id'].nunique()} trials fit the schema.")
    if findings:
        print(as_text(findings, arguments.file.name))
    computed = table if {"yi", "vi"} <= set(table.columns) else effect_sizes(table, measure="SMD")
    for _, row in computed[computed["yi"].isna() | computed["vi"].isna()].iterrows():
        reason = row.get("yi_reason") or "no yi or vi"
        print(f"note: row {row['row_id']} ({row['study']}) gives no effect: {reason}")


def _template(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.readers import column_guide, template

    print(column_guide() if arguments.columns else template(), end="")


def _import(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.readers import import_file

    options = {name: getattr(arguments, name) for name in ("review", "mapping", "sign", "better")}
    table = import_file(arguments.file, arguments.out, **options)
    print(f"wrote {arguments.out}: {len(table)} rows of {table['trial_id'].nunique()} trials")
    if table.source.get("sign"):
        print(f"sign: {table.source['sign']}")
    if len(table.log):
        print(
            f"{len(table.log)} rows were dropped, merged or changed; each is in {arguments.out.with_suffix('.json')}"
        )


def _audit(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.audit import audit

    print(audit(arguments.file).summary())


def _claims(arguments: argparse.Namespace) -> None:
    from pdt_evidence.verdicts import check_claims

    print(check_claims(**_imported(arguments)).summary())


def _sources(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.tables import sources

    _print_table(sources()[["source_id", "trials_rows", "reviews_rows", "licence", "doi", "citation"]])


def _coverage(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.coverage import coverage

    _print_table(coverage())


def _print_table(table: pd.DataFrame) -> None:
    print(table.to_string(index=False, max_colwidth=60, na_rep=""))


if __name__ == "__main__":
    sys.exit(main())
