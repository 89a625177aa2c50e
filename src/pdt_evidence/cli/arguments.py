"""The words of the command line: commands, their options, and the help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pdt_evidence.cli import analyses, commands
from pdt_evidence.cli.evidence import FILTERS

__all__ = ["Command", "command_parser"]

Command = Callable[[argparse.Namespace], int | None]  # None is 0
Add = Callable[[str, Command, str], "_CommandParser"]

DESCRIPTION = """\
What is known of psychodynamic therapy, as numbers whose sources are named: pool
the trials that come with the program or your own, draw them, test them, and see
whether the claims of a popular article are borne out.
"""
START = """\
to begin with:
  pdt-evidence pool --bundled --comparison pdt_vs_cbt --outcome depression
  pdt-evidence claims
  pdt-evidence reproduce
  pdt-evidence COMMAND --help

exit codes: 0 done, 1 the evidence or the request is at fault, 2 wrong usage
"""
EXPORTS = (
    ".csv: a tidy table; .R: data and a script that pools it with metafor; .json: results with their schema; "
    ".ris or .bib: references; a name without an ending: a folder with a Frictionless data package"
)
READABLE = "CSV, TSV, Excel or Parquet table, RevMan .rm5 or .zip, or a Metapsy database"
NEEDED = """\
columns that a table of trials needs:
  study      how you cite the trial: Cooper 2003
  better     with means or events: lower or higher, the direction that is good
  outcome    what was measured; strata are made of it, unless --by names others
and one of these sets (_t is the therapy, _c what it is compared with):
  mean_t sd_t n_t mean_c sd_c n_c
             means, standard deviations, persons
  event_t n_t event_c n_c
             persons with the event, and in all
  reported_metric reported reported_se
             an effect as printed (g, d, OR ...); above 0 (ratios: 1) favours _t
  yi vi  or  yi sei  or  yi ci_low ci_high
             an effect, and its variance, standard error or interval

All columns: pdt-evidence template --columns.
A file to fill in: pdt-evidence template -o my_trials.csv
"""
NEEDING = ("pool", "forest", "check")  # commands whose help lists the columns that a table needs
EXAMPLES = {
    "reproduce": "pdt-evidence reproduce --out results",
    "pool": "pdt-evidence pool my_trials.csv --by outcome,follow_up --test adhoc",
    "forest": "pdt-evidence forest my_trials.csv -o forest.pdf",
    "equivalence": "pdt-evidence equivalence --bundled --comparison pdt_vs_cbt --outcome depression",
    "metareg": 'pdt-evidence metareg "yi ~ year" my_trials.csv',
    "funnel": "pdt-evidence funnel my_trials.csv --outcome depression -o funnel.pdf",
    "bias": "pdt-evidence bias --bundled --comparison pdt_vs_control --outcome depression --follow-up post",
    "findings": "pdt-evidence findings --bundled --comparison pdt_vs_cbt --outcome depression -o findings.html",
    "sensitivity": "pdt-evidence sensitivity --bundled --comparison pdt_vs_cbt --outcome depression",
    "check": "pdt-evidence check my_trials.csv",
    "template": "pdt-evidence template -o my_trials.csv",
    "import": "pdt-evidence import CD004687StatsDataOnly.rm5 --review abbass2014 -o abbass2014.csv",
    "export": "pdt-evidence export my_trials.csv --select outcome=depression -o pool.R",
    "compare": "pdt-evidence compare results-2025 results-2026 -o changes.png",
    "audit": "pdt-evidence audit CD004687StatsDataOnly.rm5",
    "claims": "pdt-evidence claims --imported abbass2014.csv --review abbass2014",
    "report": "pdt-evidence report --imported abbass2014.csv --review abbass2014 -o report.html",
    "sources": "pdt-evidence sources",
    "coverage": "pdt-evidence coverage",
}


class _CommandParser(argparse.ArgumentParser):
    """The parser of one command, whose dearest options are added when it is the one that is used.

    The words of some options are those of the library's registries, which import most of it.
    """

    late: Callable[[], None] | None = None

    def _complete(self) -> None:
        if self.late is not None:
            late, self.late = self.late, None
            late()

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        self._complete()
        return super().parse_known_args(*args, **options)

    def format_help(self) -> str:
        self._complete()
        return super().format_help()

    def format_usage(self) -> str:
        self._complete()
        return super().format_usage()


def command_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pdt-evidence",
        description=DESCRIPTION,
        epilog=START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    parsers = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    add = partial(_add_command, parsers)
    _add_bundled(add)
    _add_pools(add)
    _add_comparing(add)
    _add_analyses(add)
    _add_files(add)
    return parser


def _add_command(parsers: Any, name: str, command: Command, text: str) -> _CommandParser:
    example = f"example: {EXAMPLES[name]}\n"
    added: _CommandParser = parsers.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"{NEEDED}\n{example}" if name in NEEDING else example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(command=command, parser=added)
    return added


def _add_bundled(add: Add) -> None:
    """Commands on the evidence that comes with the library."""
    everything = add(
        "reproduce", commands.reproduce_command, "write every table, figure, claim and the report"
    )
    everything.add_argument("--out", type=Path, default=Path("results"), help="folder (default: results)")
    _add_imported(everything)
    page = add(
        "report", commands.report_command, "write the report on the evidence, or on a table: one HTML file"
    )
    _add_own_table(page)
    page.add_argument("--by", help="columns of that table that make the strata, comma-separated")
    page.add_argument("-o", "--out", type=Path, default=Path("report.html"), help="default: report.html")
    page.add_argument("--pdf", action="store_true", help="a PDF beside it, by a browser of this machine")
    _add_imported(page)
    claims = add(
        "claims", commands.claims_command, "the article's claims, each with a verdict computed from the data"
    )
    _add_own_table(claims)
    _add_imported(claims)
    add("sources", commands.sources_command, "where the numbers come from")
    add("coverage", commands.coverage_command, "how much of each cited review is held at trial level")


def _add_pools(add: Add) -> None:
    """Commands that pool a table."""
    pool = add("pool", commands.pool_command, "pool a table of trials by strata")
    pool.late = partial(_add_pool, pool)
    forest = add("forest", commands.forest_command, "draw the forest plot of a table of trials")
    forest.late = partial(_add_forest, forest)
    exporting = add("export", commands.export_command, "write trials or their pool for other programs")
    exporting.late = partial(_add_export, exporting)


def _add_analyses(add: Add) -> None:
    """Commands that ask a question of pooled trials."""
    for name, text, complete in (
        (
            "equivalence",
            "test whether effects are too small to matter, by two one-sided tests",
            _add_equivalence,
        ),
        ("metareg", "regress effects on what trials are like", _add_metareg),
        ("funnel", "draw the funnel plot of one stratum", _add_funnel),
        ("bias", "correct for publication bias by every method that applies", _add_bias),
        (
            "findings",
            "lay out a summary of findings: effects in people, and how sure they are",
            _add_findings,
        ),
        ("sensitivity", "pool under every rule for trials with several rows", _add_pooling),
    ):
        command: Command = getattr(analyses, f"{name}_command")
        added = add(name, command, text)
        added.late = partial(complete, added)


def _add_pool(pool: argparse.ArgumentParser) -> None:
    _add_pooling(pool)
    pool.add_argument("-o", "--out", type=Path, help="write the pooled table to this CSV as well")


def _add_forest(forest: argparse.ArgumentParser) -> None:
    _add_pooling(
        forest, style="of the figure: jama, bmj, lancet, apa, dark; revman also pools as Review Manager"
    )
    forest.add_argument(
        "-o", "--out", type=Path, required=True, help="figure to write: .pdf, .svg, .png or .tiff"
    )
    forest.add_argument(
        "--width", type=float, metavar="MM", help="width in millimetres (journals: 85 and 170)"
    )
    forest.add_argument("--columns", help="columns beside the plot, comma-separated")
    forest.add_argument("--title", help="title of the figure")


def _add_export(exporting: argparse.ArgumentParser) -> None:
    _add_pooling(exporting)
    exporting.add_argument("-o", "--out", type=Path, required=True, help=EXPORTS)


def _add_comparing(add: Add) -> None:
    """The command on two states of the evidence."""
    text = "say what changed between two tables of trials, or two earlier runs"
    comparing = add("compare", commands.compare_command, text)
    comparing.late = partial(_add_compare, comparing)


def _add_compare(comparing: argparse.ArgumentParser) -> None:
    state = f"a folder that `reproduce` wrote, its results.json, or a {READABLE}"
    comparing.add_argument("old", type=Path, help=state)
    comparing.add_argument("new", type=Path, help="the same")
    comparing.add_argument("--by", help="columns that make the strata of tables, comma-separated")
    for rule in ("measure", "method", "test", "dependence"):
        comparing.add_argument(f"--{rule}", help="how tables are pooled, as in `pdt-evidence pool`")
    comparing.add_argument("--level", type=float, help="confidence level of the pools of tables")
    comparing.add_argument("--rho", type=float, help="correlation within a trial, for tables")
    comparing.add_argument(
        "--claims",
        action="store_true",
        default=None,
        help="judge the article's claims by tables of your own, too",
    )
    comparing.add_argument(
        "-o",
        "--out",
        type=Path,
        help="write the strata to this .csv, or draw them: .pdf, .svg, .png or .tiff",
    )


def _add_equivalence(parser: argparse.ArgumentParser) -> None:
    _add_pooling(parser)
    parser.add_argument(
        "--margin",
        help="the largest difference that does not matter: a number, or STEINERT_2017 (0.25, default of standardised "
        "differences) or CUIJPERS_2014 (0.24)",
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="level of each test (default: 0.05)")
    parser.add_argument(
        "--better", choices=("higher", "lower"), default="higher", help="effects that favour the first arm"
    )


def _add_metareg(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("formula", help='effects and moderators, as "yi ~ year + C(rating)"')
    _add_pooling(parser, style=None)


def _add_funnel(parser: argparse.ArgumentParser) -> None:
    _add_pooling(parser)
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="figure to write: .pdf, .svg, .png or .tiff"
    )
    parser.add_argument("--title", help="title of the figure")


def _add_bias(parser: argparse.ArgumentParser) -> None:
    _add_pooling(parser)
    parser.add_argument(
        "--direction", choices=("positive", "negative"), help="the results that selection is taken to favour"
    )


def _add_findings(parser: argparse.ArgumentParser) -> None:
    _add_pooling(parser)
    parser.add_argument(
        "--minimal",
        type=float,
        help="the minimal difference that matters (default: 0.24, of depression scores)",
    )
    parser.add_argument(
        "--control-rate", type=float, metavar="SHARE", help="of responders without the therapy, such as 0.3"
    )
    parser.add_argument("--power", type=float, help="of the information size that is required (default: 0.9)")
    parser.add_argument("-o", "--out", type=Path, help="file to write: .html, .docx, .tex or .csv")


def _add_files(add: Add) -> None:
    """Commands on files of trials and reviews."""
    check = add(
        "check", commands.check_command, "say everything that is wrong or suspicious in a file of trials"
    )
    check.add_argument("file", type=Path, help=READABLE)
    check.add_argument("--json", action="store_true", help="print the findings as JSON")

    template = add("template", commands.template_command, "print an empty table of trials to fill in")
    template.add_argument("--columns", action="store_true", help="explain the columns instead")
    template.add_argument("-o", "--out", type=Path, help="file to write instead, such as my_trials.csv")

    importing = add(
        "import",
        commands.import_command,
        "read a review's or a database's file and write it as a table of trials",
    )
    importing.add_argument("file", type=Path, help=READABLE)
    importing.add_argument("-o", "--out", type=Path, required=True, help="CSV to write")
    importing.add_argument("--review", help="the cited review it belongs to, if any, such as abbass2014")
    importing.add_argument("--mapping", type=Path, help="your own names of outcomes and windows (CSV)")
    importing.add_argument("--sign", choices=("+", "-"), help="sign of effects that favour arm 1 (Metapsy)")
    importing.add_argument("--better", choices=("lower", "higher"), help="direction of scores that is good")

    audit = add("audit", commands.audit_command, "recompute the totals that a review's file prints")
    audit.add_argument("file", type=Path, help="RevMan .rm5 or data package .zip")


def _add_own_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        help=f"{READABLE}, to be reported on by itself; without it, the bundled trials",
    )


def _add_imported(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--imported", type=Path, help="trials that you imported, to be judged and shown as well"
    )
    parser.add_argument("--review", default="", help="the cited review they belong to, such as abbass2014")


def _add_pooling(
    parser: argparse.ArgumentParser,
    *,
    style: str | None = "revman: as Review Manager pools (DL, z; events by Mantel-Haenszel)",
) -> None:
    """Options on which rows are pooled, and how; `style` says what that option does, None where there is none."""
    from pdt_evidence.analysis.synthesis import DEPENDENCE
    from pdt_evidence.models.estimators import METHODS
    from pdt_evidence.models.inference import TESTS

    parser.set_defaults(by=None, style="library", dependence="aggregate")
    rows = parser.add_argument_group("which trials")
    rows.add_argument("file", type=Path, nargs="?", metavar="FILE", help=READABLE)
    rows.add_argument("--bundled", action="store_true", help="the trials of the library, instead of a file")
    for name in FILTERS:
        rows.add_argument(
            f"--{name.replace('_', '-')}", metavar="WORD[,WORD]", help=f"only this {_said(name)}"
        )
    rows.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="COLUMN=WORD[,WORD]",
        help="only these rows, by any column; may be repeated",
    )
    how = parser.add_argument_group("how they are pooled")
    how.add_argument(
        "--by",
        help="columns that make the strata, comma-separated (default: outcome,follow_up; of the bundled trials "
        "comparison as well)",
    )
    if style is not None:
        how.add_argument("--style", default="library", help=style)
    how.add_argument("--dependence", default="aggregate", help=f"one of {', '.join(DEPENDENCE)}")
    how.add_argument(
        "--measure",
        default=None,
        help="effect measure (default: yi and vi as given; a review of events as the review; else SMD)",
    )
    how.add_argument(
        "--method", default="REML", help=f"estimator of tau2: {_one_of(METHODS)} (default: REML)"
    )
    how.add_argument("--test", default="knha", help=f"{_one_of(TESTS)} (default: knha)")
    how.add_argument("--level", type=float, default=0.95, help="confidence level (default: 0.95)")
    how.add_argument("--rho", type=float, default=0.6, help="correlation within a trial (default: 0.6)")


def _said(name: str) -> str:
    return {"follow_up": "follow-up"}.get(name, name)


def _one_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _version() -> str:
    from pdt_evidence import __version__

    return f"pdt-evidence {__version__}"
