"""The main figures look as they did when somebody last looked at them."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.testing.compare import compare_images
from pin import PICTURES, PINNED, draw

DREW = (PINNED / "VERSION").read_text(encoding="utf-8").strip()
SAME = matplotlib.__version__ == DREW.removeprefix("matplotlib ")


def test_every_pinned_picture_has_its_figure():
    assert {path.stem for path in PINNED.glob("*.png")} == set(PICTURES)


@pytest.mark.skipif(not SAME, reason=f"drawn by {DREW}; another version places letters by other pixels")
@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_looks_as_pinned(name, tmp_path):
    drawn = draw(name, tmp_path)
    # RMS of 0 to 255; a moved label or a changed colour is above 5, rounding of pixels below 0.5
    difference = compare_images(str(PINNED / f"{name}.png"), str(drawn), tol=1.0)
    assert difference is None, difference


def test_the_comparison_notices_a_label_moved_by_two_pixels(tmp_path):
    picture = plt.imread(PINNED / "forest.png").copy()
    picture[40:60, 2:120] = picture[40:60, :118].copy()
    plt.imsave(tmp_path / "moved.png", picture)
    assert compare_images(str(PINNED / "forest.png"), str(tmp_path / "moved.png"), tol=1.0) is not None
