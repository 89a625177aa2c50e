"""The only way into a file somebody sent: whole, within limits, and never more than data.

Files are untrusted. Everything here either gives bytes or text, or raises `EvidenceError` with a
sentence that names the limit; nothing is written to disk, followed, executed or fetched.
"""

from __future__ import annotations

import codecs
import stat
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from pdt_evidence.errors import EvidenceError

__all__ = ["MAX_FILE", "as_text", "file_bytes", "parse_xml", "refuse_xml_entities", "zip_members"]

MAX_FILE = 64_000_000  # bytes; the largest published review is under a tenth of it
MAX_UNPACKED = 64_000_000  # bytes of all members together
MAX_MEMBERS = 2_000
MAX_RATIO = 200  # text shrinks to a tenth or a twentieth; a bomb to a thousandth
MAX_DEPTH = 2  # an archive in an archive, as Review Manager exports them
SMALL = 1_000_000  # bytes under which a ratio says nothing
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


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
            content = stream.read(limit + 1)
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


def as_text(content: bytes, where: str) -> str:
    """UTF-8 text, with or without byte-order mark; anything else is named with its line."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EvidenceError(f"{where} is written in UTF-16. Save it as 'CSV UTF-8'.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = content[error.start : error.start + 1].hex()
        raise EvidenceError(
            f"{where}, line {line}: expected UTF-8 text, found the byte 0x{found}. Save it as 'CSV UTF-8'."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise EvidenceError(
            f"{where}, line {line}: found a zero byte; this is not a text file. Export it as CSV."
        )
    return text


def zip_members(content: bytes, where: str, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The members of an archive (and of archives in it) whose names are `wanted`.

    Nothing is unpacked to disk. The names are checked all the same: an archive that tries to
    leave its folder, or holds links, is not what it says it is.
    """
    members: dict[str, bytes] = {}
    _unzip(content, where, wanted, members, depth=1, left=[MAX_UNPACKED])
    return members


def _unzip(
    content: bytes,
    where: str,
    wanted: Callable[[str], bool],
    into: dict[str, bytes],
    depth: int,
    left: list[int],
) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, where)
            for entry in entries:
                nested = entry.filename.lower().endswith(".zip")
                if entry.is_dir() or not (nested or wanted(entry.filename)):
                    continue
                if nested and depth == MAX_DEPTH:
                    raise EvidenceError(
                        f"{where} holds archives {depth + 1} deep. Unpack the inner one first."
                    )
                data = _member(archive, entry, where, left)
                if nested:
                    _unzip(data, f"{where}/{entry.filename}", wanted, into, depth + 1, left)
                elif entry.filename in into:
                    raise EvidenceError(f"{where} holds {entry.filename!r} twice. Make the archive again.")
                else:
                    into[entry.filename] = data
    except EvidenceError:
        raise
    except Exception as error:  # a damaged archive surfaces as any of a dozen exceptions of zipfile and zlib
        raise EvidenceError(
            f"{where} cannot be read as a zip archive: {_reason(error)}. Download it again."
        ) from error


def _check_entries(entries: list[zipfile.ZipInfo], where: str) -> None:
    if len(entries) > MAX_MEMBERS:
        raise EvidenceError(f"{where} holds {len(entries)} files; at most {MAX_MEMBERS} are read.")
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
        if entry.compress_type not in METHODS:
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
            f"{where} unpacks to more than {MAX_UNPACKED // 1_000_000} MB, the most that is read at once."
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
    except EvidenceError:
        raise
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        raise EvidenceError(
            f"{where} is not well-formed XML: {_reason(error)}. Download it again."
        ) from error


def refuse_xml_entities(members: dict[str, bytes], where: str) -> None:
    """Refuse XML parts with a document type before a library we do not steer parses them."""
    for name, data in members.items():
        flat = data.replace(b"\0", b"")  # UTF-16 hides the word between zero bytes
        if b"<!DOCTYPE" in flat or b"<!ENTITY" in flat:
            raise EvidenceError(
                f"{where}: its part {name} declares a document type or entities. It was not read."
            )


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
