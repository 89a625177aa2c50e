"""What a run was computed with."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from pdt_evidence import __version__

__all__ = ["versions"]


def versions(**data: str) -> dict[str, str]:
    """Name -> version of the library, of `data` as given, of Python and of the packages that compute and draw."""
    packages = {name: version(name) for name in ("numpy", "scipy", "pandas", "matplotlib")}
    about = {"pdt_evidence": __version__} | data
    return {**about, "Python": platform.python_version(), **packages, "platform": sys.platform}
