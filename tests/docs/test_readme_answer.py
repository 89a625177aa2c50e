"""The answer and the badges at the top of the README are what results and project say now."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_answer_of_the_readme_is_that_of_the_results():
    module = _tool("write_readme_answer")
    found = module.PLACE.search(module.README.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == module.answer(), "run python tools/write_readme_answer.py"


def test_the_badges_say_what_the_project_says_of_itself():
    drawn = _tool("draw_badges").badges()
    shown = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "badges").iterdir()}
    assert shown == drawn, "run python tools/draw_badges.py"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in drawn if f"](docs/badges/{name})" not in readme] == []


def _tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
