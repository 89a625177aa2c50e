"""Letters that broke when UTF-8 was read as Windows-1252, as in "HÃ¶rz": mended where nothing else can be meant."""

from __future__ import annotations

__all__ = ["whole_letters"]

MOST = 40  # letters of a word that a sentence shows
NO_SIGN = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # bytes that Windows-1252 leaves free, and programs read as Latin-1
BYTES = {chr(byte): byte for byte in range(256)} | {
    bytes([byte]).decode("cp1252"): byte for byte in range(256) if byte not in NO_SIGN
}
BEGINNINGS = frozenset(map(chr, range(0xC2, 0xF5)))  # first bytes of letters of UTF-8


def whole_letters(words: list[str]) -> tuple[list[str], str]:
    """The different words of a column of text with whole letters, and what was read so.

    A word is taken back to its bytes, and read as UTF-8 if all of it is that: letters that are whole are not.

    Examples
    --------
    >>> whole_letters(["HÃ¶rz, S.", "Pierò, A.", "£5"])
    (['Hörz, S.', 'Pierò, A.', '£5'], "'HÃ¶rz,' is read as 'Hörz,': its UTF-8 was taken for Windows-1252")
    """
    whole = [_whole(word) for word in words]
    broken, mended = next(((a, b) for a, b in zip(words, whole, strict=True) if a != b), ("", ""))
    if not broken:
        return words, ""
    # A blank that broke parts words on both sides; where it stood alone nothing is left.
    parts = zip(broken.split(), mended.split(), strict=False)
    a, b = next(((a, b) for a, b in parts if a != b), (broken.strip(), mended.strip()))
    return whole, f"{a[:MOST]!r} is read as {b[:MOST]!r}: its UTF-8 was taken for Windows-1252"


def _whole(word: str) -> str:
    if word.isascii() or BEGINNINGS.isdisjoint(word):
        return word
    try:
        return bytes(BYTES[letter] for letter in word).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return word
