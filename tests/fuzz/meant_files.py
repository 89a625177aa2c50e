"""Files that are whole and hold what nobody means: nasty cells, columns renamed or twice, archives that trick."""

import csv
import io
import random
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

import made_files
import numpy as np

NASTY = [
    "",
    " ",
    "--",
    "-",
    ".",
    "1e999",
    "-1e999",
    "1e-999",
    "nan",
    "inf",
    "NaN",
    "NULL",
    "0x1F",
    "1_000",
    "1,234",
    "0,5",
    "1.234,5",
    "9" * 30,
    "-0",
    "1e308",
    "5e-324",
    "١٢",
    "２",
    "½",
    "2001-02-03",
    "03/04/2005",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "'=1",
    "#REF!",
    "TRUE",
    "\ud7ff",
    "\u202e",
    "\u2028",
    "\ufeff",
    "é" * 50,
    "a" * 1_000_000,
    '"',
    '""',
    "'",
    "\n",
    "\r\n",
    "\t",
    ";",
    ",",
    "<",
    "]]>",
    "&amp;",
    "../..",
    "lower",
    "higher",
    "-5",
    "0",
    "1",
    "1e5",
    "100",
    "{}",
    "%s%n",
    "\x0b",
    "\x1f",
    "💥",
    "A\u0301",
    "row_id",
    "study",
]
SHORT = [cell for cell in NASTY if len(cell) < 1000]  # for what is put in many places
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "latin-1")


def table(text: str, sep: str = ",") -> Callable[[random.Random], bytes]:
    """Makes tables of the right shape, mostly, from one that is right."""
    whole = list(csv.reader(io.StringIO(text), delimiter=sep))

    def make(rng: random.Random) -> bytes:
        rows = [list(row) for row in whole]
        for _ in range(rng.choice((1, 1, 2, 4, 10))):
            change_cells(rows, rng)
        stream = io.StringIO(newline="")
        mark = rng.choice((sep, sep, sep, ",", ";", "\t"))
        writer = csv.writer(stream, delimiter=mark, lineterminator=rng.choice(("\n", "\n", "\r\n", "\r")))
        writer.writerows(rows)
        encoding = rng.choice(ENCODINGS)
        content = stream.getvalue().encode(encoding, errors="replace")
        return content + "Müller".encode(rng.choice(ENCODINGS)) if rng.random() < 0.05 else content

    return make


def change_cells(rows: list[list[str]], rng: random.Random) -> None:
    """One change: of a cell, a column, a name, a row; none where the header is gone."""
    if not rows[0]:  # an earlier change took its only name
        return
    row, at = rng.choice(rows), rng.randrange(len(rows[0]))
    action = rng.randrange(8)
    if action <= 2 and at < len(row):
        row[at] = rng.choice(NASTY)
    elif action == 3:
        for other in rows[1:]:
            if at < len(other):
                other[at] = rng.choice(SHORT)
    elif action == 4:
        rows[0][at] = rng.choice([*rows[0], *NASTY])
    elif action == 5:
        rows.insert(rng.randrange(len(rows)), list(row))
    elif action == 6:
        row[at : at + 1] = [rng.choice(SHORT)] * rng.choice((0, 2, 100))
    else:
        rng.shuffle(rows[0])


def document(content: bytes) -> Callable[[random.Random], bytes]:
    """Makes well-formed documents of a review: attributes gone or odd, elements twice, nested or renamed."""
    text = content.decode("iso-8859-1")

    def make(rng: random.Random) -> bytes:
        out = text
        for _ in range(rng.choice((1, 1, 2, 4))):
            out = change_document(out, rng)
        return out.encode("iso-8859-1", errors="xmlcharrefreplace")

    return make


def change_document(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r' [A-Z_0-9]+="[^"]*"', text))
    action = rng.randrange(7)
    value = quoteattr(re.sub(r"[\x00-\x1f\ud800-\udfff]", "", rng.choice(SHORT if action == 3 else NASTY)))
    if action <= 2 and found:
        chosen = rng.choice(found)
        name = chosen.group().partition("=")[0]
        return text[: chosen.start()] + ("" if action == 0 else f"{name}={value}") + text[chosen.end() :]
    if action == 3:  # the same attribute everywhere
        name = rng.choice(found).group().partition("=")[0] if found else " NO"
        return re.sub(rf'{name}="[^"]*"', lambda _: f"{name}={value}", text)
    blocks = list(
        re.finditer(r"<(\w+_DATA|\w+_OUTCOME|\w+_SUBGROUP|STUDY|NAME)\b[^>]*?(/>|>.*?</\1>)", text, re.DOTALL)
    )
    if not blocks:
        return text
    block = rng.choice(blocks)
    if action == 4:
        return text[: block.end()] + block.group() * rng.choice((1, 3, 50)) + text[block.end() :]
    if action == 5:
        depth = rng.choice((5, 500, 20_000))
        tag = rng.choice(("P", "CONT_OUTCOME", "CONT_SUBGROUP", "COMPARISON", "CONT_DATA"))
        return text[: block.start()] + f"<{tag}>" * depth + f"</{tag}>" * depth + text[block.start() :]
    swapped = rng.choice(("CONT", "DICH", "IV", "IPD", "OTHER", "X"))
    return text.replace("<DICH_", f"<{swapped}_").replace("</DICH_", f"</{swapped}_")


def archive(members: dict[str, bytes]) -> Callable[[random.Random], bytes]:
    """Makes archives whose members, names or headers trick."""
    tables = {name: table(content.decode("utf-8-sig")) for name, content in members.items()}

    def make(rng: random.Random) -> bytes:
        chosen = rng.choice(sorted(members))
        parts = members | {chosen: tables[chosen](rng)}
        action = rng.randrange(10)
        if action == 0:
            parts["../x/data-rows.csv"] = parts["data-rows.csv"]
        elif action == 1:
            parts["b.zip"] = made_files.zipped({"c.zip": made_files.zipped(parts)})
        elif action == 2:
            parts["data-rows.csv"] = b"0" * 3_000_000
        elif action == 3:
            parts |= {f"{number}.csv": b"" for number in range(rng.choice((100, 5000)))}
        content = bytearray(made_files.zipped(parts, folder=rng.choice(("", "a/", "CD1/CD1-"))))
        return bytes(trick(content, rng)) if action > 6 else link(parts) if action == 6 else bytes(content)

    return make


def trick(content: bytearray, rng: random.Random) -> bytearray:
    """A header that says what is not so: method, flags, checksum or sizes."""
    at = content.find(b"PK\x01\x02", rng.randrange(len(content)))
    if at < 0:
        return content
    field, width = rng.choice(((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)))
    value = rng.choice((0, 1, 8, 9, 12, 14, 95, 99, 2**16 - 1, 2**31, 2**32 - 1)) % 2 ** (8 * width)
    content[at + field : at + field + width] = struct.pack("<H" if width == 2 else "<I", value)
    return content


def link(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        info = zipfile.ZipInfo("data-rows.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, parts["data-rows.csv"])
    return stream.getvalue()


def workbook(text: str) -> Callable[[random.Random], bytes]:
    """Makes workbooks with cells of odd kinds."""
    from datetime import datetime, time, timedelta

    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    whole = list(csv.reader(io.StringIO(text)))
    odd = [
        1,
        1.5,
        -1e300,
        10**300,
        True,
        None,
        datetime(2001, 2, 3),
        time(1, 2),
        timedelta(days=-3),
        "=1+1",
        "=A1",
    ]

    def make(rng: random.Random) -> bytes:
        rows = [list(row) for row in whole]
        change_cells(rows, rng)
        book = Workbook()
        for row in rows:
            cells = [ILLEGAL_CHARACTERS_RE.sub("", cell)[:30_000] for cell in row]
            book.active.append([rng.choice(odd) if rng.random() < 0.05 else cell for cell in cells])
        if rng.random() < 0.1:
            book.active.cell(rng.choice((100, 20_000)), rng.choice((1, 16_000)), "x")
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    return make


def columns(text: str) -> Callable[[random.Random], bytes]:
    """Makes Parquet files with columns of odd kinds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    header, *rows = csv.reader(io.StringIO(text))
    n = len(rows)
    odd = [
        lambda: pa.array([None] * n),
        lambda: pa.array([1e999, float("nan"), -0.0]),
        lambda: pa.array([2**63 - 1, 1, 0]),
        lambda: pa.array([2**64 - 1, 1, 0], pa.uint64()),
        lambda: pa.array([[1]] * n),
        lambda: pa.array([{"a": 1}] * n),
        lambda: pa.array([b"\xff"] * n),
        lambda: pa.array([0, 1, 2], pa.timestamp("ns")),
        lambda: pa.array([0, 1, None], pa.date32()),
        lambda: pa.array([True, None, False]),
        lambda: pa.array([1, 2, 3], pa.decimal128(38, 10)),
        lambda: pa.array(np.array([1, 2, 3], dtype=np.float16)),
        lambda: pa.array([1, 2, 3], pa.duration("s")),
        lambda: pa.array(["a", "b", "a"]).dictionary_encode(),
        lambda: pa.array(["x" * 1_000_000, "", None]),
        lambda: pa.array([1, 2, 3], pa.time64("us")),
        lambda: pa.DictionaryArray.from_arrays(pa.array([0, 0, None], pa.int8()), pa.array([1.5, 2.5])),
    ]

    def make(rng: random.Random) -> bytes:
        arrays = [pa.array([row[at] for row in rows]) for at in range(len(header))]
        names = list(header)
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(len(names))
            arrays[at] = rng.choice(odd)()
            if rng.random() < 0.2:
                names[at] = rng.choice([*names, *NASTY])
        stream = io.BytesIO()
        pq.write_table(
            pa.table(arrays, names=names),
            stream,
            compression=rng.choice(("none", "snappy", "zstd", "gzip")),
            use_dictionary=rng.random() < 0.5,
        )
        return stream.getvalue()

    return make
