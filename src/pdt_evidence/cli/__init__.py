"""The command line, `pdt-evidence`."""

from pdt_evidence.cli.run import main

__all__ = ["main"]
