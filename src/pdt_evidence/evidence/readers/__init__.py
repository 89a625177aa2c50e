"""Evidence that users bring: their own tables, Review Manager files, Metapsy databases."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pdt_evidence.evidence.readers.blank_table import template
    from pdt_evidence.evidence.readers.columns import column_guide
    from pdt_evidence.evidence.readers.files import import_file, read_any
    from pdt_evidence.evidence.readers.metapsy.reader import read_metapsy
    from pdt_evidence.evidence.readers.revman.reader import read_revman
    from pdt_evidence.evidence.readers.studies import read_studies
    from pdt_evidence.evidence.readers.trials import read_trials

__all__ = [
    "column_guide",
    "import_file",
    "read_any",
    "read_metapsy",
    "read_revman",
    "read_studies",
    "read_trials",
    "template",
]
# Whoever only writes a file loads no reader.
_MODULES = {
    "column_guide": "columns",
    "import_file": "files",
    "read_any": "files",
    "read_metapsy": "metapsy.reader",
    "read_revman": "revman.reader",
    "read_studies": "studies",
    "read_trials": "trials",
    "template": "blank_table",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__  # what completion offers
