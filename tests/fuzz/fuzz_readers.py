"""Damaged files of every format: each is read or refused with `EvidenceError`, soon, in little memory.

`python tests/fuzz/fuzz_readers.py --cases 10000` runs that many cases of each format and stops at the
first that breaks the rule, saving the file. The test suite runs a few hundred (`test_fuzz.py`).
"""

from __future__ import annotations

import argparse
import gc
import io
import math
import random
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script, outside of pytest
sys.path.insert(0, str(Path(__file__).parents[1] / "evidence" / "readers"))

import made_files
import meant_files

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_metapsy, read_revman, read_trials

SECONDS = 1.0  # of processor time, for a file of up to a megabyte; the script alone holds files to it
MEMORY_TIMES, MEMORY_PLUS = 10, 50_000_000  # bytes: ten times the file and 50 MB
PIECES = [
    b"",
    b"\0",
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"<",
    b">",
    b"&amp;",
    b"&x;",
    b"<!DOCTYPE x>",
    b"</",
    b"<a>",
    b"nan",
    b"inf",
    b"-1",
    b"0",
    b"1e309",
    b"1e-320",
    b"9" * 40,
    b"1_0",
    b"1,5",
    b"=1+1",
    b"NA",
    b" " * 50,
    b"YES",
    b"%",
    b"\xef\xbb\xbf",
    b"../",
    b"a" * 3000,
]


@dataclass(frozen=True, slots=True)
class Format:
    """How a file of one kind is made, named and read."""

    name: str
    make: Callable[[random.Random], bytes]
    read: Callable[[Path], object]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few small accidents: flipped bits, cuts, insertions, repetitions, exchanged values."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 5, 20, 200)))
        action = rng.randrange(6)
        if action == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif action == 1:
            del data[at:end]
        elif action == 2:
            data[at:at] = rng.choice(PIECES)
        elif action == 3:
            data[at:end] = rng.choice(PIECES)
        elif action == 4:
            data[at:at] = bytes(data[at:end]) * rng.choice((1, 2, 10))
        else:
            data = data[:at] if rng.random() < 0.2 else data
    return bytes(data)


def in_members(content: bytes, rng: random.Random) -> bytes:
    """An archive that is whole, with one damaged member: what is behind the zip is reached."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(members))
    return made_files.zipped(members | {chosen: mutated(members[chosen], rng)}, folder="")


def outside_or_inside(make: Callable[[], bytes]) -> Callable[[random.Random], bytes]:
    content = make()
    return lambda rng: in_members(content, rng) if rng.random() < 0.7 else mutated(content, rng)


def plain(make: Callable[[], bytes]) -> Callable[[random.Random], bytes]:
    content = make()
    return lambda rng: mutated(content, rng)


def trials_as(kind: str) -> bytes:
    import pandas as pd

    frame = pd.read_csv(io.StringIO(made_files.TRIALS), keep_default_na=False)
    stream = io.BytesIO()
    if kind == "xlsx":
        frame.to_excel(stream, index=False)
    else:
        frame.to_parquet(stream)
    return stream.getvalue()


def databases() -> bytes:
    rows = [
        {"study": f"S{i}, 200{i}", "time": ("post", "fu1")[i % 2], "percent_women": f"0.{i}"}
        for i in range(8)
    ]
    return made_files.metapsy(*rows, sep=";", decimal=",")


def formats() -> list[Format]:
    """Every format that is read, with a small file to damage."""
    return [
        Format("rm5", plain(made_files.rm5), read_revman),
        Format("zip", outside_or_inside(lambda: made_files.zipped(made_files.web_tables())), read_revman),
        Format("csv", plain(lambda: made_files.TRIALS.encode()), read_trials),
        Format("tsv", plain(lambda: made_files.TRIALS.replace(",", "\t").encode()), read_trials),
        Format("metapsy.csv", plain(databases), read_metapsy),
        Format("rows.csv", plain(lambda: made_files.web_tables()["data-rows.csv"]), read_revman),
        Format("xlsx", outside_or_inside(lambda: trials_as("xlsx")), read_trials),
        Format("parquet", plain(lambda: trials_as("parquet")), read_trials),
        Format("export.csv", plain(made_files.revman_csv), read_revman),
    ]


def meant() -> list[Format]:
    """The same formats, whole, with what nobody means in them."""
    rows = {name: content.decode("utf-8-sig") for name, content in made_files.web_tables().items()}
    return [
        Format("meant.rm5", meant_files.document(made_files.rm5()), read_revman),
        Format("meant.zip", meant_files.archive(made_files.web_tables()), read_revman),
        Format("meant.csv", meant_files.table(made_files.TRIALS), read_trials),
        Format("meant.tsv", meant_files.table(made_files.TRIALS.replace(",", "\t"), "\t"), read_trials),
        Format("meant-metapsy.csv", meant_files.table(databases().decode(), ";"), read_metapsy),
        Format("meant-rows.csv", meant_files.table(rows["data-rows.csv"]), read_revman),
        Format(
            "meant-export.csv", meant_files.table(made_files.revman_csv().decode("utf-8-sig")), read_revman
        ),
        Format("meant.xlsx", meant_files.workbook(made_files.TRIALS), read_trials),
        Format("meant.parquet", meant_files.columns(made_files.TRIALS), read_trials),
    ]


def run(
    kind: Format, cases: int, seed: int, folder: Path, limit: float = math.inf
) -> Iterator[tuple[bool, float]]:
    """Whether each case was read, and its seconds; raises AssertionError with the file's path on a fault."""
    rng = random.Random(f"{kind.name} {seed}")
    path = folder / f"case.{kind.name}"
    for number in range(cases):
        content = kind.make(rng)
        path.write_bytes(content)
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kind.read(path)
            was_read = True
        except EvidenceError:
            was_read = False
        except BaseException as error:
            raise AssertionError(f"{kind.name}, case {number}: {error!r} ({path} is the file)") from error
        seconds = time.process_time() - start
        most = limit * max(1.0, len(content) / 1e6)
        assert seconds < most, f"{kind.name}, case {number}: {seconds:.2f} s ({path} is the file)"
        yield was_read, seconds


def peak_memory() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def fuzz(kind: Format, cases: int, seed: int, folder: Path) -> str:
    """Run all cases of one format; one line that says how it went."""
    list(run(kind, 20, seed + 1, folder))  # what a library loads when first used is not the file's doing
    gc.collect()
    before, largest = peak_memory(), 0
    done = []
    for result in run(kind, cases, seed, folder, SECONDS):
        done.append(result)
        largest = max(largest, (folder / f"case.{kind.name}").stat().st_size)
    grown = peak_memory() - before
    assert grown < MEMORY_TIMES * largest + MEMORY_PLUS, f"{kind.name}: memory grew by {grown / 1e6:.0f} MB"
    read = sum(was_read for was_read, _ in done)
    slowest = max(seconds for _, seconds in done)
    return (
        f"{kind.name}: {cases} cases, {read} read, {cases - read} refused; slowest {slowest:.2f} s; "
        f"memory +{grown / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", help="only this one")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for kind in [*formats(), *meant()]:
        if arguments.format in (None, kind.name):
            print(fuzz(kind, arguments.cases, arguments.seed, folder), flush=True)


if __name__ == "__main__":
    main()
