"""The page on how the library is built names what there is, and its picture is drawn from it."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import pdt_evidence

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LIBRARY = Path(pdt_evidence.__file__).parent


@cache
def drawing():
    spec = importlib.util.spec_from_file_location(
        "draw_architecture", ROOT / "tools" / "draw_architecture.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_what_the_script_draws():
    module = drawing()
    assert module.PICTURE.read_text(encoding="utf-8") == module.picture(), "run tools/draw_architecture.py"


def test_the_page_and_the_picture_name_every_layer_and_wing():
    picture = drawing().picture()
    for path in LIBRARY.rglob("__init__.py"):
        *above, name = path.parent.relative_to(LIBRARY).parts or ("pdt_evidence",)
        if not above and name != "pdt_evidence":
            assert f"`{name}/`" in PAGE, name
        if above:
            assert f"`{name}`" in PAGE or f"`{name}/`" in PAGE, path
        if name not in ("pdt_evidence", "readers"):
            assert f"{name}</text>" in picture, name


def test_the_page_names_modules_that_are_there():
    """`place.py` alone stands for any module of that name."""
    for named in re.findall(r"`([\w/]+\.py)`", PAGE):
        folder = ROOT if named.startswith("tests/") else LIBRARY
        assert (folder / named).exists() or ("/" not in named and [*LIBRARY.rglob(named)]), named


def test_only_figures_and_those_who_put_them_together_import_matplotlib():
    for path in LIBRARY.rglob("*.py"):
        imported = [
            name
            for node in drawing().ORDER.statements(drawing().ORDER.tree(path))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
        ]
        if any(name.split(".")[0] == "matplotlib" for name in imported):
            assert path.relative_to(LIBRARY).parts[0] in ("figures", "reporting"), path
