"""The only way into a file somebody sent: whole, within limits, and never more than data.

Files are untrusted. Everything here either gives bytes or text, or raises `EvidenceError` with a
sentence that names the limit; nothing is written to disk, followed, executed or fetched.
"""

from __future__ import annotations

import codecs
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from pdt_evidence.errors import EvidenceError, warn
from pdt_evidence.formatting import counted

__all__ = [
    "MAX_FILE",
    "as_utf8",
    "file_bytes",
    "most_memory",
    "parse_xml",
    "zip_members",
]

MAX_FILE = 128_000_000  # bytes; 100,000 rows of every column are half of it
MEMORY_TIMES, MEMORY_PLUS = 10, 50_000_000
MAX_UNPACKED = 64_000_000  # bytes of all members together
MAX_MEMBERS = 2_000
MAX_RATIO = 200  # text shrinks to a tenth or a twentieth; a bomb to a thousandth
MAX_DEPTH = 2  # an archive in an archive, as Review Manager exports them
FOREIGN_WORD = re.compile(r"\w*[^\x00-\x7f]\w*")
CHUNK = 1 << 20  # bytes
OVERLAP = 100  # bytes; what is searched for in pieces is shorter
UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x80-\xbf]")  # accents, dashes: no words in Windows-1252
SMALL = 1_000_000  # bytes under which a ratio says nothing
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def file_bytes(path: str | Path, *, limit: int = MAX_FILE) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises
    ------
    EvidenceError
        If there is no such regular file, or it is larger, or it cannot be read, or it is a web page
        that was saved in place of the file.
    """
    path = Path(path)
    if not path.is_file():  # devices and pipes never end
        what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "is not there"
        raise EvidenceError(f"{path} {what}. Give the path of the file you saved.")
    try:
        with path.open("rb") as stream:
            content = stream.read(min(limit, path.stat().st_size) + 1)  # the buffer is made whole
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path} cannot be opened: {_reason(error)}.") from error
    if len(content) > limit:
        raise EvidenceError(
            f"{path.name} is larger than {limit // 1_000_000} MB, the most that is read at once. "
            "Split it, or leave out what is not needed."
        )
    if not content:
        raise EvidenceError(
            f"{path.name} is empty (0 bytes). Save it again, and check that it was downloaded whole."
        )
    if content[:500].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        raise EvidenceError(
            f"{path.name} is a web page, not the data: the download did not go through. Open the page in a browser, "
            "log in or accept the terms, and save the file that the download button gives."
        )
    return content


def most_memory(size: int) -> int:
    """Bytes of memory that reading a file of `size` bytes may take."""
    return MEMORY_TIMES * size + MEMORY_PLUS


def as_utf8(content: bytes, where: str, notes: list[tuple[int | None, str, str, str]]) -> bytes:
    """The text of a file in UTF-8 without byte-order mark.

    A byte-order mark makes the encoding certain: UTF-8 or UTF-16 ("Unicode text" of Excel). Without
    one, what is no UTF-8 at all is taken for Windows-1252, which a warning and an entry of `notes`
    say, with the first line concerned.

    Raises
    ------
    EvidenceError
        If the text is in several encodings, or in none of these, or has a zero byte.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _utf16(content, where)
    elif content.startswith(codecs.BOM_UTF8):
        text = content[len(codecs.BOM_UTF8) :]
        if (at := _not_utf8(text)) is not None:
            raise _no_text(text, at, where)
    elif (at := _not_utf8(content)) is None:
        text = content
    else:
        text = _windows(content, at, where)
        line = content.count(b"\n", 0, at) + 1
        found = FOREIGN_WORD.search(content[max(0, at - 40) : at + 40].decode("cp1252"))
        shown = found.group()[:40] if found else ""
        reason = f"the file is no UTF-8 and was read as Windows-1252: its line {line} has {shown!r}"
        notes.append((line, where, "noted", reason))
        advice = "If that is not what was written, save the file as 'CSV UTF-8'."
        warn(f"{where}: {reason}. {advice}")
    if b"\0" in text:
        line = text.count(b"\n", 0, text.index(b"\0")) + 1
        raise EvidenceError(
            f"{where}, line {line}: found a zero byte; this is not a text file. Export it as CSV."
        )
    return text


def _utf16(content: bytes, where: str) -> bytes:
    try:
        return content.decode("utf-16").encode()
    except UnicodeError as error:
        raise EvidenceError(
            f"{where} begins as UTF-16 and is damaged: {_reason(error)}. Save it again."
        ) from error


def _not_utf8(content: bytes) -> int | None:
    """Where a text stops being UTF-8; a chunk at a time, so that no second copy is made of it."""
    if content.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(content[start : start + CHUNK], final=start + CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _windows(content: bytes, at: int, where: str) -> bytes:
    """A text that is not UTF-8 from `at` on, as Windows-1252, unless other letters of it are UTF-8."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _no_text(content, at, where) from error
    mixed = UTF8_LETTER.search(content)
    if mixed:
        line = content.count(b"\n", 0, mixed.start()) + 1
        raise _no_text(content, at, where, f", which is none, and UTF-8 letters in line {line}")
    return text.encode()


def _no_text(content: bytes, at: int, where: str, also: str = "") -> EvidenceError:
    line = content.count(b"\n", 0, at) + 1
    return EvidenceError(
        f"{where}, line {line}: expected UTF-8 text, found the byte 0x{content[at]:02x}{also}. Save it as 'CSV UTF-8'."
    )


def zip_members(content: bytes, where: str, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The members of an archive (and of archives in it) whose names are `wanted`.

    Nothing is unpacked to disk. The names are checked all the same: an archive that tries to
    leave its folder, or holds links, is not what it says it is.
    """
    members: dict[str, bytes] = {}
    _unzip(content, where, wanted, members, depth=1, left=[_most_unpacked(len(content))])
    return members


def _most_unpacked(size: int) -> int:
    """Bytes that an archive of `size` bytes may unpack to; what is made of them takes some times as much."""
    return min(MAX_UNPACKED, most_memory(size) // 4)


def zip_pieces(content: bytes, where: str, most: Callable[[str], int]) -> Iterator[tuple[str, bytes]]:
    """The members of an archive a piece at a time, each with the end of the piece before it.

    `most` gives the bytes that a member may unpack to, 0 for one that is passed over.
    """
    with _opened(content, where) as (archive, entries):
        for entry in entries:
            left, before = most(entry.filename), b""
            if left == 0 or entry.is_dir():
                continue
            with archive.open(entry) as stream:
                while piece := stream.read(CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise EvidenceError(
                            f"{where}: its part {entry.filename} unpacks to more than is read of a file of its size. "
                            "Delete what is not needed, or save it as CSV."
                        )
                    yield entry.filename, before + piece
                    before = piece[-OVERLAP:]


@contextmanager
def _opened(content: bytes, where: str) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """An archive and what is in it, checked by name and kind."""
    try:
        if (count := content.count(b"PK\x01\x02")) > MAX_MEMBERS:  # counted before a list is made of them
            raise EvidenceError(f"{where} holds {counted(count, 'file')}; at most {MAX_MEMBERS} are read.")
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, where)
            yield archive, entries
    except (EvidenceError, GeneratorExit):
        raise
    except Exception as error:  # a damaged archive surfaces as any of a dozen exceptions of zipfile and zlib
        raise EvidenceError(
            f"{where} cannot be read as a zip archive: {_reason(error)}. Download it again."
        ) from error


def _unzip(
    content: bytes,
    where: str,
    wanted: Callable[[str], bool],
    into: dict[str, bytes],
    depth: int,
    left: list[int],
) -> None:
    with _opened(content, where) as (archive, entries):
        for entry in entries:
            nested = entry.filename.lower().endswith(".zip")
            if entry.is_dir() or not (nested or wanted(entry.filename)):
                continue
            if nested and depth == MAX_DEPTH:
                raise EvidenceError(f"{where} holds archives {depth + 1} deep. Unpack the inner one first.")
            data = _member(archive, entry, where, left)
            if nested:
                _unzip(data, f"{where}/{entry.filename}", wanted, into, depth + 1, left)
            elif entry.filename in into:
                raise EvidenceError(f"{where} holds {entry.filename!r} twice. Make the archive again.")
            else:
                into[entry.filename] = data


def _check_entries(entries: list[zipfile.ZipInfo], where: str) -> None:
    problems = []
    for entry in entries:
        name = entry.filename
        if (
            name.startswith(("/", "\\"))
            or ":" in name
            or ".." in PurePosixPath(name.replace("\\", "/")).parts
        ):
            problems.append(f"the name {name!r} points outside of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            problems.append(f"{name!r} is a link, not a file")
        if entry.flag_bits & 0x1:
            problems.append(f"{name!r} is encrypted")
        if entry.compress_type not in COMPRESSIONS:
            problems.append(f"{name!r} is packed by a method other than deflate")
        if entry.file_size > SMALL and entry.file_size > MAX_RATIO * entry.compress_size:
            problems.append(f"{name!r} unpacks to more than {MAX_RATIO} times its size")
    if problems:
        raise EvidenceError.from_problems(problems, f"{where} is not a safe archive")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, left: list[int]) -> bytes:
    """One member, counted against what all together may take: the sizes in a header can lie."""
    with archive.open(entry) as stream:
        data = stream.read(left[0] + 1)
    left[0] -= len(data)
    if left[0] < 0:
        raise EvidenceError(
            f"{where} unpacks to more than is read of a file of its size. Unpack it, and keep what is needed."
        )
    return data


def parse_xml(content: bytes, target: Any, where: str) -> Any:
    """Feed an XML document to a parser target and give what its `close` gives.

    The target keeps what it wants; no tree is built. Document types are refused, so that
    there is nothing to expand and nothing external to fetch.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    parser = DefusedXMLParser(target=target, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    target.line = lambda: parser.parser.CurrentLineNumber
    try:
        parser.feed(content)
        return parser.close()
    except DefusedXmlException as error:
        raise EvidenceError(
            f"{where} declares a document type or entities, which no review file needs. It was not read."
        ) from error
    except EvidenceError as error:
        raise EvidenceError(f"{where}: {error}") from error
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        raise EvidenceError(
            f"{where} is not well-formed XML: {_reason(error)}. Download it again."
        ) from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
