"""Build what would be released, and try the wheel in fresh environments; nothing is published.

For every Python from 3.11 on that the machine has: the oldest versions that pyproject.toml allows and that have
wheels for that Python, the newest, and the newest with pandas 2.2. In each the bundled trials are pooled, in Python and
by the command, and a figure is drawn; the number has to be the same everywhere.

python tools/release_check.py [PYTHON ...]    # in an environment with build, twine and uv: `make release-check`
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "build" / "dist"
SETS = {
    "oldest": ("lowest-direct", []),
    "newest": ("highest", []),
    "pandas 2.2": ("highest", ["pandas==2.2.*"]),
}
NAMED = ("numpy", "pandas", "scipy", "matplotlib")
TRIAL = """
import numpy, pandas, scipy, matplotlib
matplotlib.use("agg")
import pdt_evidence as pdt
fit = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"))["depression", "post"]
pdt.save(pdt.forest(fit), "forest.pdf")
print(pdt.__version__, f"{fit.estimate:.6f} {fit.ci[0]:.6f} {fit.ci[1]:.6f} k={fit.k}")
"""


def run(*command: str | Path, **options: object) -> str:
    """What a command prints; where it fails, all that it said ends the check."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def pythons() -> list[str]:
    """One interpreter of each minor version from 3.11 on: on the path, or as pyenv keeps them."""
    folders = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep)]
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        *(path for folder in folders for path in sorted(folder.glob("python3.*"))),
        *kept.glob("*/bin/python3"),
    ]
    found: dict[int, str] = {}
    for path in candidates:
        if re.fullmatch(r"python3(\.\d+)?", path.name):
            asked = [path, "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
            if len(said) == 2 and said[0] == "3" and int(said[1]) >= 11:
                found.setdefault(int(said[1]), str(path))
    return [found[minor] for minor in sorted(found)]


def build() -> tuple[Path, Path]:
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    wheel, sdist = next(DIST.glob("*.whl")), next(DIST.glob("*.tar.gz"))
    print(run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist).strip())
    version = re.search(
        r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert version is not None
    assert f"-{version[1]}-" in wheel.name, f"{wheel.name} is not version {version[1]} of CITATION.cff"
    return wheel, sdist


def tried(wheel: Path, python: str, name: str) -> str:
    """One line on one environment: versions, and the number that came out."""
    resolution, pins = SETS[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
        only = ("--only-binary", ":all:", "--no-python-downloads", "--quiet")
        version = run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
        wanted = ("--resolution", resolution, "--python-version", version, "--constraint", place / "pins.txt")
        run("uv", "pip", "compile", ROOT / "pyproject.toml", *wanted, "-o", place / "all.txt", *only)
        run("uv", "venv", "--quiet", "--python", python, place / "env")
        inside = place / "env" / "bin" / "python"
        run("uv", "pip", "install", "--python", inside, "-r", place / "all.txt", *only)
        run("uv", "pip", "install", "--python", inside, "--no-deps", wheel, *only)
        (place / "empty").mkdir()
        made = run(inside, "-W", "ignore", "-c", TRIAL, cwd=place / "empty").strip()
        bundled = ("--bundled", "--comparison", "pdt_vs_cbt", "--outcome", "depression")
        run(inside.with_name("pdt-evidence"), "pool", *bundled, cwd=place / "empty")
        assert (place / "empty" / "forest.pdf").stat().st_size > 1000
        installed = dict(
            line.split("==")
            for line in run("uv", "pip", "freeze", "--python", inside).splitlines()
            if "==" in line
        )
    versions = ", ".join(f"{one} {installed[one]}" for one in NAMED)
    print(f"Python {version}, {name}: {versions}: {made}", flush=True)
    return made


def main() -> None:
    wheel, _ = build()
    results = {tried(wheel, python, name) for python in sys.argv[1:] or pythons() for name in SETS}
    if len(results) != 1:
        raise SystemExit(f"the environments do not agree: {sorted(results)}")
    print(f"{wheel.name} and its sdist can be released; nothing was published.")


if __name__ == "__main__":
    main()
