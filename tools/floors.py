"""Print what `pyproject.toml` requires at its oldest allowed versions, as requirements for pip.

Every `>=` of the package and of its extras becomes `==`. The tools that run the tests (`TOOLS`) keep
their `>=`: they are no promise to a user, who never installs them.
"""

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
TOOLS = "test"  # of this extra, only what another extra promises too stands at its floor


def floors() -> list[str]:
    """Give one line for each requirement, the extras for users before that for tests."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    promised = [
        *project["dependencies"],
        *(one for name in extras if name not in (TOOLS, "lint") for one in extras[name]),
    ]
    exact = [one.replace(">=", "==") for one in promised]
    names = {one.split(">=")[0] for one in promised}
    return exact + [one for one in extras[TOOLS] if one.split(">=")[0] not in names]


if __name__ == "__main__":
    print("\n".join(floors()))
