"""A machine that lacks something is told so in one line, before anything is begun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def make(folder, *, lacking):
    """`make reproduce` in an empty folder, with a Python in which `import lacking` or `-m lacking` fails."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "hidden").mkdir()
    half = (
        "import os; os.makedirs('.venv'); raise SystemExit(1)" if lacking == "venv" else "raise ImportError"
    )
    (folder / "hidden" / f"{lacking}.py").write_text(half)
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", "reproduce"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "hidden")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_without_ensurepip_is_named_with_what_to_install(tmp_path):
    done = make(tmp_path, lacking="ensurepip")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 2  # ours, and make's own


def test_a_half_made_environment_is_removed(tmp_path):
    done = make(tmp_path, lacking="venv")
    assert done.returncode != 0
    assert not (tmp_path / ".venv").exists()
