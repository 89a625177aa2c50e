"""The command line: arguments -> one public call -> text and an exit code.

Exit codes: 0 done; 1 the evidence or the request is at fault; 2 usage; 128 + n ended by signal n.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Sequence

from pdt_evidence.cli.arguments import command_parser
from pdt_evidence.cli.evidence import as_options
from pdt_evidence.cli.termination import tidied_when_ended
from pdt_evidence.errors import EvidenceError, EvidenceWarning, did_you_mean
from pdt_evidence.garbage import collected_seldom
from pdt_evidence.screen import screen_width, within, wrapped

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments, unknown = command_parser().parse_known_args(argv)
    if unknown:
        _refuse(arguments.parser, unknown)
    with collected_seldom(), warnings.catch_warnings(), tidied_when_ended(), within(screen_width()):
        warnings.simplefilter("always", EvidenceWarning)
        warnings.showwarning = _show_warning
        try:
            return arguments.command(arguments) or 0
        except EvidenceError as error:
            print(wrapped(f"pdt-evidence: {as_options(str(error))}"), file=sys.stderr)
            return 1
        except BrokenPipeError:  # the reader of a pipe has seen enough
            sys.stderr.close()
        except OSError as error:  # a folder that is not there, a full disk
            print(f"pdt-evidence: {error.filename} cannot be written: {error.strerror}.", file=sys.stderr)
            return 1
    return 0


def _refuse(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    known = re.findall(r"--[a-z-]+", parser.format_usage())
    meant = "".join(did_you_mean(word.partition("=")[0], known) for word in words if word.startswith("--"))
    parser.error(f"unrecognized arguments: {' '.join(words)}.{meant}")


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    if issubclass(category, EvidenceWarning):
        print(wrapped(f"note: {as_options(str(message))}"), file=sys.stderr)
