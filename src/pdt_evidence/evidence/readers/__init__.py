"""Evidence that users bring: their own tables, Review Manager files, Metapsy databases."""

from pdt_evidence.evidence.readers.columns import column_guide
from pdt_evidence.evidence.readers.files import import_file, read_any
from pdt_evidence.evidence.readers.metapsy.reader import read_metapsy
from pdt_evidence.evidence.readers.revman.reader import read_revman
from pdt_evidence.evidence.readers.trials import read_trials, template

__all__ = [
    "column_guide",
    "import_file",
    "read_any",
    "read_metapsy",
    "read_revman",
    "read_trials",
    "template",
]


def __dir__() -> list[str]:
    return __all__  # what completion offers
