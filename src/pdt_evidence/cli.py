"""The command line: arguments -> one public call -> text and an exit code.

Exit codes: 0 done; 1 the evidence or the request is at fault; 2 usage.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pdt_evidence.errors import EvidenceError, EvidenceWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["main"]


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

    pool = add("pool", _pool, "pool a table of trials by strata")
    _add_pooling(pool)
    pool.add_argument("-o", "--out", type=Path, help="write the pooled table to this CSV as well")

    forest = add("forest", _forest, "draw the forest plot of a table of trials")
    _add_pooling(forest)
    forest.add_argument("-o", "--out", type=Path, required=True, help="figure to write: .pdf, .svg or .png")

    check = add("check", _check, "check a table of trials and say everything that is wrong with it")
    check.add_argument("file", type=Path, help="CSV, TSV, Excel or Parquet")

    add("claims", _claims, "the article's claims, each with a verdict computed from the bundled data")
    add("sources", _sources, "where the numbers come from")
    add("coverage", _coverage, "how much of each cited review is held at trial level")
    return parser


def _add_pooling(parser: argparse.ArgumentParser) -> None:
    from pdt_evidence.analysis.synthesis import DEPENDENCE

    parser.add_argument("file", type=Path, help="CSV, TSV, Excel or Parquet")
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

    print(reproduce(arguments.out))


def _synthesis(arguments: argparse.Namespace):  # -> Synthesis
    from pdt_evidence.evidence.readers import read_trials
    from pdt_evidence.analysis.synthesis import synthesize

    return synthesize(
        read_trials(arguments.file),
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
    from pdt_evidence.evidence.readers import read_trials

    table = read_trials(arguments.file)
    if not {"yi", "vi"} <= set(table.columns):
        table = effect_sizes(table, measure="SMD")
    without = table[table["yi"].isna() | table["vi"].isna()]
    print(f"{arguments.file.name}: {len(table)} rows of {table['trial_id'].nunique()} trials fit the schema.")
    for _, row in without.iterrows():
        print(
            f"note: row {row['row_id']} ({row['study']}) gives no effect: {row.get('yi_reason') or 'no yi or vi'}"
        )


def _claims(arguments: argparse.Namespace) -> None:
    from pdt_evidence.verdicts import check_claims

    print(check_claims().summary())


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
