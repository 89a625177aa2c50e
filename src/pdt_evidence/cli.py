"""The command line: arguments -> one public call -> text and an exit code.

Exit codes: 0 done; 1 the evidence or the request is at fault; 2 usage; 128 + n ended by signal n.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import MOST_SHOWN, EvidenceError, EvidenceWarning, RequestError, did_you_mean
from pdt_evidence.termination import tidied_when_ended

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials
    from pdt_evidence.results import Synthesis

__all__ = ["main"]

Command = Callable[[argparse.Namespace], int | None]  # None is 0

EXPORTS = (
    ".csv: a tidy table; .R: data and a script that pools it with metafor; .json: results with their schema; "
    ".ris or .bib: references; a name without an ending: a folder with a Frictionless data package"
)
READABLE = "CSV, TSV, Excel or Parquet table, RevMan .rm5 or .zip, or a Metapsy database"
NEEDED = """\
columns that a table of trials needs:
  study      how you cite the trial: Cooper 2003
  better     with means or events: lower or higher, the direction of the score that is good
  outcome    what was measured; strata are made of it, unless --by names other columns
and one of these sets (_t is the therapy, _c what it is compared with):
  mean_t sd_t n_t mean_c sd_c n_c         means, standard deviations, persons
  event_t n_t event_c n_c                 persons with the event, and in all
  reported_metric reported reported_se    an effect as printed (g, d, OR ...), above 0 (ratios: 1) if it favours _t
  yi vi  or  yi sei  or  yi ci_low ci_high    an effect, and its variance, standard error or interval

All columns: pdt-evidence template --columns. A file to fill in: pdt-evidence template -o my_trials.csv
"""
EXAMPLES = {
    "reproduce": "pdt-evidence reproduce --out results",
    "pool": "pdt-evidence pool my_trials.csv --by outcome,follow_up --test adhoc",
    "forest": "pdt-evidence forest my_trials.csv -o forest.pdf",
    "check": "pdt-evidence check my_trials.csv",
    "template": "pdt-evidence template -o my_trials.csv",
    "import": "pdt-evidence import CD004687StatsDataOnly.rm5 --review abbass2014 -o abbass2014.csv",
    "export": "pdt-evidence export my_trials.csv --select outcome=depression -o pool.R",
    "audit": "pdt-evidence audit CD004687StatsDataOnly.rm5",
    "claims": "pdt-evidence claims --imported abbass2014.csv --review abbass2014",
    "report": "pdt-evidence report --imported abbass2014.csv --review abbass2014 -o report.html",
    "sources": "pdt-evidence sources",
    "coverage": "pdt-evidence coverage",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments, unknown = _parser().parse_known_args(argv)
    if unknown:
        _refuse(arguments.parser, unknown)
    with warnings.catch_warnings(), tidied_when_ended():
        warnings.simplefilter("always", EvidenceWarning)
        warnings.showwarning = _show_warning
        try:
            return arguments.command(arguments) or 0
        except EvidenceError as error:
            print(f"pdt-evidence: {error}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader of a pipe has seen enough
            sys.stderr.close()
        except OSError as error:  # a folder that is not there, a full disk
            print(f"pdt-evidence: {error.filename} cannot be written: {error.strerror}.", file=sys.stderr)
            return 1
    return 0


def _refuse(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    known = re.findall(r"--[a-z]+", parser.format_usage())
    meant = "".join(did_you_mean(word.partition("=")[0], known) for word in words if word.startswith("--"))
    parser.error(f"unrecognized arguments: {' '.join(words)}.{meant}")


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    if issubclass(category, EvidenceWarning):
        print(f"note: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pdt-evidence", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        example = f"example: {EXAMPLES[name]}\n"
        added = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"{NEEDED}\n{example}" if name in ("pool", "forest", "check") else example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=command, parser=added)
        return added

    everything = add("reproduce", _reproduce, "write every table, figure, claim and the report")
    everything.add_argument("--out", type=Path, default=Path("results"), help="folder (default: results)")
    _add_imported(everything)

    pool = add("pool", _pool, "pool a table of trials by strata")
    _add_pooling(pool)
    pool.add_argument("-o", "--out", type=Path, help="write the pooled table to this CSV as well")

    forest = add("forest", _forest, "draw the forest plot of a table of trials")
    _add_pooling(
        forest, style="of the figure: jama, bmj, lancet, apa, dark; revman also pools as Review Manager"
    )
    forest.add_argument("-o", "--out", type=Path, required=True, help="figure to write: .pdf, .svg or .png")
    forest.add_argument(
        "--width", type=float, metavar="MM", help="width in millimetres (journals: 85 and 170)"
    )
    forest.add_argument("--columns", help="columns beside the plot, comma-separated")
    forest.add_argument("--title", help="title of the figure")

    check = add("check", _check, "say everything that is wrong or suspicious in a file of trials")
    check.add_argument("file", type=Path, help=READABLE)
    check.add_argument("--json", action="store_true", help="print the findings as JSON")

    template = add("template", _template, "print an empty table of trials to fill in")
    template.add_argument("--columns", action="store_true", help="explain the columns instead")
    template.add_argument("-o", "--out", type=Path, help="file to write instead, such as my_trials.csv")

    importing = add(
        "import", _import, "read a review's or a database's file and write it as a table of trials"
    )
    importing.add_argument("file", type=Path, help=READABLE)
    importing.add_argument("-o", "--out", type=Path, required=True, help="CSV to write")
    importing.add_argument("--review", help="the review it belongs to, such as abbass2014")
    importing.add_argument("--mapping", type=Path, help="your own names of outcomes and windows (CSV)")
    importing.add_argument("--sign", choices=("+", "-"), help="sign of effects that favour arm 1 (Metapsy)")
    importing.add_argument("--better", choices=("lower", "higher"), help="direction of scores that is good")

    exporting = add("export", _export, "write trials or their pool for other programs")
    _add_pooling(exporting, nargs="?")
    exporting.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="COLUMN=WORD[,WORD]",
        help="only these rows; may be repeated",
    )
    exporting.add_argument("-o", "--out", type=Path, required=True, help=EXPORTS)

    audit = add("audit", _audit, "recompute the totals that a review's file prints")
    audit.add_argument("file", type=Path, help="RevMan .rm5 or data package .zip")

    claims = add("claims", _claims, "the article's claims, each with a verdict computed from the data")
    _add_imported(claims)

    page = add("report", _report, "write the report on the evidence: one HTML file")
    page.add_argument("-o", "--out", type=Path, default=Path("report.html"), help="default: report.html")
    _add_imported(page)

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
    if not arguments.review:
        raise RequestError(
            f"--imported {arguments.imported} without --review: imported trials answer for the claims of one cited "
            "review. Name it, as --review abbass2014. To pool a table of your own: pdt-evidence pool FILE."
        )
    return {
        "imported": read_any(arguments.imported, review=arguments.review or None),
        "review": arguments.review,
    }


def _add_pooling(
    parser: argparse.ArgumentParser,
    nargs: str | None = None,
    style: str = "revman: as Review Manager pools (DL, z; events by Mantel-Haenszel)",
) -> None:
    from pdt_evidence.analysis.synthesis import DEPENDENCE

    bundled = "; without it, the bundled trials" if nargs else ""
    parser.add_argument("file", type=Path, nargs=nargs, help=READABLE + bundled)
    parser.add_argument(
        "--by", default="outcome,follow_up", help="columns that make the strata, comma-separated"
    )
    parser.add_argument(
        "--measure",
        default=None,
        help="effect measure (default: yi and vi as given; a review of events as the review; else SMD)",
    )
    parser.add_argument("--method", default="REML", help="estimator of tau2 (default: REML)")
    parser.add_argument("--style", default="library", help=style)
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


def _synthesis(arguments: argparse.Namespace) -> tuple[Synthesis, ImportedTrials, str]:
    """The strata of a file, its rows, and what is to be said of these: their file, events, those in no stratum."""
    from pdt_evidence.analysis.synthesis import synthesize
    from pdt_evidence.evidence.readers import read_any
    from pdt_evidence.evidence.readers.events import said_of_events
    from pdt_evidence.evidence.readers.provenance import origin
    from pdt_evidence.reporting.strata import in_no_stratum, to_pool

    table = read_any(arguments.file)
    options = _pooling(arguments, table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out, as they give no effect")  # told below, with the reasons
        synthesis = synthesize(to_pool(table, options["by"], arguments.file.name), **options)
    about = [f"Data: {origin(table)}"]
    if arguments.measure is None and arguments.style != "revman" and (events := said_of_events(table)):
        about.append(f"Events: {events}")
    return synthesis, table, "\n".join(about + _left_out(in_no_stratum(table, synthesis)))


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


def _left_out(rows: Sequence[str]) -> list[str]:
    lines = [f"\n{_count(len(rows), 'row')} of the file went into no stratum:"] if rows else []
    lines += [f"  {row}" for row in rows[:MOST_SHOWN]]
    if len(rows) > MOST_SHOWN:
        lines.append(
            f"  and {len(rows) - MOST_SHOWN} more (`pdt-evidence check` lists rows without an effect)"
        )
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _pool(arguments: argparse.Namespace) -> None:
    synthesis, _, about = _synthesis(arguments)
    print(f"{replace(synthesis, left_out=synthesis.left_out.iloc[:0]).summary()}\n\n{about}")
    if arguments.out:
        from pdt_evidence.reporting.reproduce import write_table

        write_table(synthesis.to_frame(), arguments.out)


def _forest(arguments: argparse.Namespace) -> None:
    from pdt_evidence.figures import forest, save
    from pdt_evidence.reporting.citations import sources_line

    style = "default" if arguments.style == "library" else arguments.style
    arguments.style = "revman" if style == "revman" else "library"  # which is a way of pooling, too
    synthesis, table, about = _synthesis(arguments)
    columns = _words(arguments.columns) if arguments.columns else None
    options = {"style": style, "width": arguments.width, "title": arguments.title, "columns": columns}
    save(forest(synthesis, sources=sources_line(table), **options), arguments.out)
    print(f"wrote {arguments.out}\n{about}")


def _check(arguments: argparse.Namespace) -> int:
    from pdt_evidence.reporting.check import check_file

    found = check_file(arguments.file)
    print(found.to_json() if arguments.json else found.summary())
    return 1 if found.errors else 0


def _template(arguments: argparse.Namespace) -> None:
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


def _import(arguments: argparse.Namespace) -> None:
    from pdt_evidence.evidence.readers import import_file
    from pdt_evidence.evidence.readers.events import said_of_events

    options = {name: getattr(arguments, name) for name in ("review", "mapping", "sign", "better")}
    table = import_file(arguments.file, arguments.out, **options)
    trials = _count(table["trial_id"].nunique(), "trial")
    print(f"wrote {arguments.out}: {_count(len(table), 'row')} of {trials}")
    if events := said_of_events(table):
        print(f"events: {events}")
    if table.source.get("sign"):
        print(f"sign: {table.source['sign']}")
    if len(table.log):
        log = arguments.out.with_suffix(".json")
        print(f"dropped, merged or changed: {_count(len(table.log), 'row')}; the reasons are in {log}")


def _audit(arguments: argparse.Namespace) -> None:
    from pdt_evidence.analysis.as_revman.audit import audit

    print(audit(arguments.file).summary())


def _export(arguments: argparse.Namespace) -> None:
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


def _claims(arguments: argparse.Namespace) -> None:
    from pdt_evidence.verdicts import check_claims

    print(check_claims(**_imported(arguments)).summary())


def _report(arguments: argparse.Namespace) -> None:
    from pdt_evidence.reporting import report

    print(f"wrote {report(arguments.out, **_imported(arguments))}")


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
