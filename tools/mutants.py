"""Change one thing at a time in the changed lines of src, and see whether the tests of that file fail.

    python tools/mutants.py --base main --most 20

A mutant that survives is a change no test sees: write the test, or see that the change makes no difference. Only
the mirrored test file is run (tests/models/test_tau2.py for models/tau2.py), else the folder of that name or above.
The file is put back whatever happens.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "pdt_evidence"
OTHER = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.Pow: ast.Mult, ast.USub: ast.UAdd,
}  # fmt: skip


def changed_lines(base: str) -> dict[Path, set[int]]:
    """Lines of src that are not as they are in `base`, uncommitted ones among them."""
    command = ["git", "diff", "--unified=0", base, "--", "src/pdt_evidence/*.py"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines: dict[Path, set[int]] = {}
    path = None
    for line in text.splitlines():
        if line.startswith("+++ "):
            path = ROOT / line[6:] if line[4:] != "/dev/null" else None
        elif path and (hunk := re.match(r"@@ .* \+(\d+)(?:,(\d+))? @@", line)):
            first, many = int(hunk[1]), int(hunk[2] or 1)
            lines.setdefault(path, set()).update(range(first, first + many))
    return lines


def mutants(source: str, lines: set[int]) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed into what, the whole changed source), for what stands on these lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr) and node.lineno == node.end_lineno and node.lineno in lines:
            for changed in changed_forms(node):
                yield put(source, node, changed)


def changed_forms(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
        return [
            ast.unparse(ast.Compare(node.left, [OTHER[type(node.ops[0])](), *node.ops[1:]], node.comparators))
        ]
    if isinstance(node, ast.BinOp) and type(node.op) in OTHER:
        return [f"({ast.unparse(ast.BinOp(node.left, OTHER[type(node.op)](), node.right))})"]
    if isinstance(node, ast.BoolOp):
        return [f"({ast.unparse(ast.BoolOp(OTHER[type(node.op)](), node.values))})"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        return [ast.unparse(node.operand)]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return [repr(not node.value)]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return [repr(node.value + 1)]
    return []


def put(source: str, node: ast.expr, changed: str) -> tuple[int, str, str]:
    lines = source.splitlines(keepends=True)
    line = lines[node.lineno - 1].encode()  # columns count bytes
    was = line[node.col_offset : node.end_col_offset].decode()
    lines[node.lineno - 1] = (
        line[: node.col_offset] + changed.encode() + line[node.end_col_offset :]
    ).decode()
    return node.lineno, f"{was} -> {changed}", "".join(lines)


def tests_of(path: Path) -> Path:
    """The mirrored test file; where there is none, the nearest folder of tests."""
    folder = ROOT / "tests" / path.relative_to(SOURCE).parent
    if (mirrored := folder / f"test_{path.stem}.py").exists():
        return mirrored
    while not folder.exists():
        folder = folder.parent
    return folder


def outcome(path: Path, original: str, mutant: str, seconds: float) -> str:
    """What became of a mutant; "too slow" where its tests did not end in time, and so said nothing."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-n", "0"]
    command = [sys.executable, "-m", "pytest", *options, str(tests_of(path))]
    try:
        path.write_text(mutant, encoding="utf-8")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "too slow"
    finally:
        path.write_text(original, encoding="utf-8")
    return "killed" if done.returncode else "SURVIVED"


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--base", default="main", help="what the lines are compared with")
    options.add_argument("--most", type=int, default=20, help="mutants that are tried, drawn at random")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=300.0, help="for the tests of one mutant")
    asked = options.parse_args()
    found = []
    for path, lines in changed_lines(asked.base).items():
        source = path.read_text(encoding="utf-8")
        found += [(path, source, *mutant) for mutant in mutants(source, lines)]
    drawn = random.Random(asked.seed).sample(found, min(asked.most, len(found)))
    print(
        f"{len(found)} mutants in the lines changed since {asked.base}; {len(drawn)} are tried.", flush=True
    )
    outcomes: list[str] = []
    for path, source, line, what, mutant in sorted(drawn, key=lambda one: (one[0], one[2])):
        outcomes.append(outcome(path, source, mutant, asked.seconds))
        print(f"{outcomes[-1]:9}{path.relative_to(ROOT)}:{line}: {what}", flush=True)
    print(f"{outcomes.count('killed')} of {len(drawn)} killed.")
    return int("SURVIVED" in outcomes)


if __name__ == "__main__":
    sys.exit(main())
