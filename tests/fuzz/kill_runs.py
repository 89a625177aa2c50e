"""`reproduce` and `import`, killed (SIGKILL) anywhere in their run: what is there is whole, and the next run tidies.

`python tests/fuzz/kill_runs.py --times 50` (`make kill`) kills each so often, in folders that had an earlier result and
in empty ones, and stops at the first file that is neither as it was nor as it was to be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from pdt_evidence.evidence.readers import read_trials

COMMAND = (sys.executable, "-m", "pdt_evidence.cli")
ENDS = {  # how a file ends that was written to its end
    ".png": b"IEND\xaeB`\x82",
    ".pdf": b"%%EOF",
    ".svg": b"</svg>",
    ".html": b"</html>",
    ".csv": b"\n",
}
ROWS = 4_000
HEADER = "study,outcome,better,mean_t,sd_t,n_t,mean_c,sd_c,n_c\n"


def run(arguments: Sequence[str]) -> float:
    """Seconds of a whole run."""
    start = time.monotonic()
    subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def kill(arguments: Sequence[str], after: float) -> bool:
    """Start a run, kill it with all its children after so many seconds; whether it was still at work."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def visible(folder: Path) -> dict[str, bytes]:
    """The files of a folder that its owner sees."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {str(path.relative_to(folder)): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def hidden(folder: Path) -> list[str]:
    """What a killed run has left behind."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def require_whole(name: str, content: bytes) -> None:
    if name.endswith(".json"):
        json.loads(content)
    elif not content.rstrip(b"\n" if not name.endswith(".csv") else b"").endswith(ENDS[Path(name).suffix]):
        raise SystemExit(f"{name} was cut off.")


def kill_reproduce(times: int, chance: random.Random, folder: Path) -> str:
    """Every visible file is whole, none of an earlier result is gone, one folder at most is left behind."""
    base, empty = folder / "with-result", folder / "empty"
    seconds = run(["reproduce", "--out", str(base)])
    first = visible(base)
    killed, inside = 0, 0
    for number in range(times):
        out = base if number % 2 else empty
        killed += kill(["reproduce", "--out", str(out)], chance.uniform(0, seconds))
        found = visible(out) if out.exists() else {}
        for name, content in found.items():
            require_whole(name, content)
        left = hidden(out) if out.exists() else []
        inside += bool(left)
        if len(left) > 1 or set(found) - set(first) or (out == base and set(found) != set(first)):
            raise SystemExit(
                f"after kill {number + 1}: left {left}, files {sorted(set(found) ^ set(first))}."
            )
    for out in (base, empty):
        run(["reproduce", "--out", str(out)])
        again = visible(out)
        differ = [name for name in first if name.endswith(".csv") and again.get(name) != first[name]]
        if hidden(out) or set(again) != set(first) or differ:
            raise SystemExit(f"the run after the kills: left {hidden(out)}, other tables {differ}.")
    return f"reproduce ({seconds:.0f} s a run): killed {killed} of {times} times, {inside} times with files half made"


def table_of(seed: int) -> str:
    chance = random.Random(seed)
    rows = (
        f"S{at} 2001,depression,lower,{chance.uniform(5, 20):.2f},4,30,{chance.uniform(5, 20):.2f},5,30\n"
        for at in range(ROWS)
    )
    return HEADER + "".join(rows)


def kill_import(times: int, chance: random.Random, folder: Path) -> str:
    """The table is the one before or the new one, byte for byte; what stands beside it is whole, and it can be read."""
    given = [folder / "one.csv", folder / "other.csv"]
    for seed, path in enumerate(given):
        path.write_text(table_of(seed), encoding="utf-8")
    whole = []
    for path in given:
        run(["import", str(path), "-o", str(folder / "reference.csv")])
        whole.append((folder / "reference.csv").read_bytes())
    out = folder / "imported" / "imported.csv"
    out.parent.mkdir()
    seconds = run(["import", str(given[0]), "-o", str(out)])
    killed = replaced = 0
    for number in range(times):
        killed += kill(
            ["import", str(given[(number + 1) % 2]), "-o", str(out)], chance.uniform(0, seconds * 1.1)
        )
        content = out.read_bytes()
        if content not in whole:
            raise SystemExit(f"after kill {number + 1}: {out.name} is neither table.")
        replaced += content == whole[(number + 1) % 2]
        json.loads(out.with_suffix(".json").read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a table newer than what stands beside it
            if len(read_trials(out)) != ROWS:
                raise SystemExit(f"after kill {number + 1}: rows are missing.")
        print(f"import: {number + 1} of {times}, replaced {replaced}", file=sys.stderr, flush=True)
    left = hidden(out.parent)
    run(["import", str(given[0]), "-o", str(out)])
    if out.read_bytes() != whole[0]:
        raise SystemExit("the import after the kills is another.")
    return (
        f"import ({seconds:.1f} s a run): killed {killed} of {times} times, replaced {replaced} times; "
        f"{len(left)} temporary files left behind, {len(hidden(out.parent))} after the next import"
    )


WHAT: dict[str, Callable[[int, random.Random, Path], str]] = {
    "import": kill_import,
    "reproduce": kill_reproduce,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(WHAT))
    options = parser.parse_args()
    for name, killing in WHAT.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as temporary:
                print(killing(options.times, random.Random(options.seed), Path(temporary)), flush=True)
