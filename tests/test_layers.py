"""Data flows one way, and importing the library costs next to nothing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pdt_evidence

ROOT = Path(pdt_evidence.__file__).parent
# What comes later may import what comes before, never the other way round; lazy imports count.
LAYERS = (
    "arguments",
    "other_names",
    "errors",
    "garbage",
    "keys",
    "markup",
    "screen",
    "formatting",
    "showing",
    "options",
    "notes",
    "evidence",
    "effects",
    "models",
    "results",
    "analysis",
    "figures",
    "verdicts",
    "reporting",
    "cli",
)
# The same within a layer: its wings and single modules, in order. Layers that are not named here are flat.
WINGS = {
    "evidence.readers": ("safe", "tabular", "", "revman", "metapsy", "files"),  # "": what is not named
    "models": ("", "networks", "bias"),
    "analysis": (
        "ordered",
        "checks",
        "progress",
        "pooled",
        "regression",
        "as_revman",
        "synthesis",
        "one_stratum",
        "robustness",
        "bias",
        "multiverse",
        "conclusions",
        "meaning",
        "networks",
        "over_time",
        "updates",
    ),
    "figures": ("registry", "sheet", "forests", "charts", "alt"),
    "reporting": ("", "page", "reproduce"),
    "cli": ("termination", "evidence", "commands", "analyses", "arguments", "run", "__main__"),
}


def modules() -> dict[str, Path]:
    """Every module by its dotted name below `pdt_evidence`, what `__init__` gathers excluded."""
    paths = (path for path in ROOT.rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(paths)}


MODULES = modules()
PACKAGES = {".".join(path.parent.relative_to(ROOT).parts) for path in ROOT.rglob("__init__.py")} - {""}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement below a node, with the clauses that hold some (`except`, `case`); expressions hold none."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for child in getattr(node, field, ()):
            yield child
            yield from statements(child)


def imported(name: str) -> set[str]:
    """The modules and packages of the library that a module imports, anywhere in it."""
    found = set()
    for node in statements(tree(MODULES[name])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            known = {one for one in full if inside(one) in MODULES or inside(one) in PACKAGES}
            found |= known | ({node.module or ""} if full - known else set())
    return {inside(one) for one in found if one.startswith("pdt_evidence.")}


def inside(name: str) -> str:
    return name.removeprefix("pdt_evidence.")


def place(name: str, folder: str, order: tuple[str, ...]) -> int | None:
    """Where a module or package stands in the order of a folder; None where it is not in there, or is all of it."""
    if folder and not name.startswith(folder + "."):
        return None
    part = name.removeprefix(folder + ".").split(".")[0] if folder else name.split(".")[0]
    if part not in order and "" not in order:
        raise AssertionError(f"{name} has no place in the order of {folder or 'the layers'}.")
    return order.index(part if part in order else "")


def forbidden(imports: dict[str, set[str]]) -> list[str]:
    """Each import that points back, in a sentence."""
    orders = {"": LAYERS, **WINGS}
    faults = []
    for name, targets in imports.items():
        for target in sorted(targets):
            for folder, order in orders.items():
                here, there = place(name, folder, order), place(target, folder, order)
                if here is not None and there is not None and there > here:
                    faults.append(f"{name} may not import {target}: {order[there] or folder} comes after it.")
    return faults


def cycles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Modules that import one another, in the order of the way round."""
    done: set[str] = set()
    found = []

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for target in sorted(imports.get(name, ())):
                walk(target, [*way, name])
            done.add(name)

    for name in imports:
        walk(name, [])
    return found


@cache
def imports() -> dict[str, set[str]]:
    """What each module imports; read when the first test wants it, not while tests are collected."""
    return {name: imported(name) for name in MODULES}


def test_imports_never_point_back():
    faults = forbidden(imports())
    assert not faults, "\n".join(faults)


def test_no_modules_import_one_another():
    assert not cycles(imports())


def test_an_import_that_points_back_is_named():
    made = {"figures.sheet.axis": {"figures.forests.rows"}, "models.pool": {"results"}}
    assert forbidden(made) == [
        "figures.sheet.axis may not import figures.forests.rows: forests comes after it.",
        "models.pool may not import results: results comes after it.",
    ]
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c", "a"]]


def test_modules_and_functions_are_short():
    """A file over 400 lines, or a function over 60, hides two things."""
    long = [
        name for name, path in MODULES.items() if len(path.read_text(encoding="utf-8").splitlines()) > 400
    ]
    for name, path in MODULES.items():
        for node in statements(tree(path)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and body[-1].end_lineno - body[0].lineno + 1 > 60:
                    long.append(f"{name}.{node.name}")
    assert not long


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("models.")])
def test_models_know_arrays_only(name):
    source = MODULES[name].read_text(encoding="utf-8")
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
