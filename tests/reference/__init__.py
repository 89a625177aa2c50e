"""Values that other programs computed, pinned: each JSON here is made by the script of its name (`make reference`)."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

__all__ = ["load"]


def load(name: str, cases: int, of: str = "cases") -> dict[str, Any]:
    """The content of `name`.json, which must have so many cases: under the key `of`, else beside "source".

    Tests are made from these cases: a file that lost some would pass with fewer tests, and nobody would see it.
    """
    content = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    found = len(content[of]) if of in content else len(content.keys() - {"source"})
    if found != cases:
        raise AssertionError(f"tests/reference/{name}.json: expected {cases} {of}, found {found}.")
    return content
