"""Remake the JSONs of tests/reference by the scripts beside them, and say of each whether its values moved.

Needs R with metafor, clubSandwich, metadat and jsonlite (`make r-packages`). What needs a package that is not
installed is left as it is and named. A name on the command line remakes only that.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "reference"
PYTHON = sys.executable
R = "Rscript tests/reference/{name}.R"
BESIDE = "cd tests/reference && Rscript {name}.R"  # these write their file where they run
HOW = {
    **dict.fromkeys(
        ("aggregate", "clustered_regression", "escalc", "multilevel", "network", "printed", "published"),
        R + " > {out}",
    ),
    **dict.fromkeys(("regression", "small_study"), R + " > {out}"),
    **dict.fromkeys(("influence", "metafor51", "mh", "pet_peese", "pool", "revman"), BESIDE),
    **dict.fromkeys(("rank_test", "selection_given", "works"), BESIDE),
    "pet_peese_che": "cd tests/reference && Rscript pet_peese.R",
    "moderators": "{python} tests/reference/moderators.py | " + R + " > {out}",
    **dict.fromkeys(("joint_strata", "strata"), "{python} tests/reference/{name}.py && " + R),
}
BY_HAND = {  # their scripts stand beside them or are not at hand
    "bayesmeta": "made with bayesmeta 3.4, which Debian does not have",
    **dict.fromkeys(("netmeta", "network_extra"), "made with netmeta 3.6.2, which Debian does not have"),
    **dict.fromkeys(("selection", "selection_beta"), "made with metafor 5.1.12, which Debian does not have"),
    "selection_dependent": "made with metaselection 0.1.5, which Debian does not have",
    "limit_copas": "made with metasens 1.5.2, which Debian does not have",
    "puniform": "made with puniform 0.2.8, which Debian does not have",
    "publication_bias": "made with PublicationBias 2.2.0, which Debian does not have",
    **dict.fromkeys(
        ("location_scale", "multivariate", "che_prediction"),
        "made with metafor 5.1.12, which Debian does not have",
    ),
    "known_differences": "a list, not values",
    "gathered": "made of the gatherings of November 2026, which are not in the repository",
}


def remake(name: str) -> str:
    """What became of one file, in words; as it was where its script fails."""
    path = FOLDER / f"{name}.json"
    before = path.read_bytes()
    out = path.with_suffix(".new")
    command = HOW[name].format(name=name, out=out, python=PYTHON)
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        out.unlink(missing_ok=True)
        path.write_bytes(before)
        return f"NOT remade, left as it is: {(done.stderr.strip() or 'failed').splitlines()[-1]}"
    if out.exists():
        out.replace(path)
    if path.read_bytes() == before:
        return "the same bytes"
    apart = difference(json.loads(before), json.loads(path.read_bytes()))
    return (
        f"values apart by at most {apart:.1e}"
        if math.isfinite(apart)
        else "CHANGED: other keys, words or lengths"
    )


def difference(one: Any, other: Any) -> float:
    """The largest |a - b| / max(1, |a|) of two contents; infinite where they are not built alike."""
    number = (int, float)
    if isinstance(one, number) and isinstance(other, number) and not isinstance(one, bool):
        return abs(one - other) / max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    return 0.0 if one == other else math.inf


def main() -> int:
    files = sorted(path.stem for path in FOLDER.glob("*.json"))
    if unknown := set(files) - set(HOW) - set(BY_HAND):
        sys.exit(f"tests/reference has files that nothing says how to make: {', '.join(sorted(unknown))}")
    failed = False
    for name in sys.argv[1:] or files:
        said = f"not remade: {BY_HAND[name]}" if name in BY_HAND else remake(name)
        failed |= said.startswith(("NOT", "CHANGED"))
        print(f"{name:22}{said}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
