"""Data flows one way, and importing the library costs next to nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pdt_evidence

ROOT = Path(pdt_evidence.__file__).parent
LAYERS = [
    {"errors"},
    {"formatting"},
    {"evidence"},
    {"effects"},
    {"models"},
    {"results"},
    {"analysis"},
    {"figures"},
    {"verdicts"},
    {"reporting"},
    {"termination"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules():
    return sorted(
        path.relative_to(ROOT)
        for path in ROOT.rglob("*.py")
        if path.name != "__init__.py" or path.parent != ROOT
    )


def imported(path: Path) -> set[str]:
    """First names below `pdt_evidence` that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names |= {name.split(".")[1] for name in found if name.startswith("pdt_evidence.")}
    return names


def home(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=str)
def test_imports_never_point_back(path):
    assert home(path) in LEVEL, f"{path} belongs to no layer"
    later = {name for name in imported(path) if LEVEL[name] > LEVEL[home(path)]}
    assert not later, f"{path} imports {later}, which come after it"


@pytest.mark.parametrize("path", [path for path in modules() if home(path) == "models"], ids=str)
def test_models_know_arrays_only(path):
    source = (ROOT / path).read_text(encoding="utf-8")
    for library in ("pandas", "matplotlib", "scipy.stats", "statsmodels"):
        assert f"import {library}" not in source
        assert f"from {library}" not in source


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


HEAVY = {"pandas", "matplotlib", "scipy.stats", "statsmodels", "formulaic", "jinja2"}


def test_importing_the_library_loads_nothing_heavy():
    assert not loaded_after("import pdt_evidence") & (HEAVY | {"numpy"})


def test_pooling_arrays_needs_neither_tables_nor_figures():
    assert not loaded_after("import pdt_evidence as pdt; pdt.pool([0.1, 0.3, 0.2], [0.1, 0.2, 0.1])") & HEAVY


def test_a_table_needs_no_figures():
    assert not loaded_after("import pdt_evidence as pdt; pdt.trials()") & {
        "matplotlib",
        "scipy.stats",
        "statsmodels",
    }
