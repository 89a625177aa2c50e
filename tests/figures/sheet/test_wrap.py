"""A name too long for its column breaks where a reader breaks it."""

import pytest

from pdt_evidence.figures.sheet.measure import Typeface
from pdt_evidence.figures.sheet.styles import SANS


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("DerSimonian–Laird", ["DerSimonian–", "Laird"]),
        ("Leuzinger-Bohleber", ["Leuzinger-", "Bohleber"]),
        ("Hartung–Knapp", ["Hartung–Knapp"]),
    ],
)
def test_a_double_name_breaks_after_its_dash(name, lines):
    face = Typeface(tuple(SANS))
    width = max(face.width(line, 8) for line in lines) + 0.1
    assert face.wrap(name, width, 8) == lines
