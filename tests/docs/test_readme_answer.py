"""The answer on README and home page, and the badges, are what results and project say now."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_answer_of_the_readme_and_of_the_home_page_is_that_of_the_results():
    module = _tool("write_readme_answer")
    assert [path.name for path in module.PAGES] == ["README.md", "index.md"]
    now = module.answer()
    for page in module.PAGES:
        found = module.PLACE.search(page.read_text(encoding="utf-8"))
        assert found is not None
        assert found[0] == now, "run python tools/write_readme_answer.py"


def test_the_home_page_begins_as_the_readme_does():
    """Its lines of code are those that tests/test_readme.py runs."""
    home, readme = (
        re.search(
            r"^```python\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )[1]
        for name in ("docs/index.md", "README.md")
    )
    assert _code(home) == _code(readme)


def test_the_badges_say_what_the_project_says_of_itself():
    drawn = _tool("draw_badges").badges()
    shown = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "badges").iterdir()}
    assert shown == drawn, "run python tools/draw_badges.py"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in drawn if f"](docs/badges/{name})" not in readme] == []


def _code(block):
    return [line.partition("#")[0].rstrip() for line in block.splitlines()]


def _tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
