"""The main figures look as they did when somebody last looked at them."""

import io

import matplotlib
import numpy as np
import pytest
from furnished import picture
from made_results import effect
from matplotlib import image
from pin import DPI, PICTURES, PINNED, TOLERATED, difference

from pdt_evidence import figures

DREW = (PINNED / "VERSION").read_text(encoding="utf-8").strip().removeprefix("matplotlib ")


def refuse_another_version(found: str) -> None:
    """Fail where letters are placed by another version's pixels: such pictures say nothing of our drawing."""
    if found != DREW:
        pytest.fail(
            f"The pictures were drawn by Matplotlib {DREW}, this is {found}. Redraw them with "
            'python tests/figures/pin.py and look at each, or leave them out with -m "not pinned".',
            pytrace=False,
        )


def read(path):
    return image.imread(path)[:, :, :3]


def test_every_pinned_picture_has_its_figure():
    assert {path.stem for path in PINNED.glob("*.png")} == set(PICTURES), "run python tests/figures/pin.py"


def test_another_version_of_matplotlib_fails_rather_than_skips():
    with pytest.raises(
        pytest.fail.Exception, match=r"this is 0\.1\. Redraw them with python tests/figures/pin"
    ):
        refuse_another_version("0.1")


@pytest.mark.pinned
@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_looks_as_pinned(name):
    refuse_another_version(matplotlib.__version__)
    seen = difference(read(PINNED / f"{name}.png"), picture(name)[1])
    assert seen <= TOLERATED, f"{name} differs: look at it, then python tests/figures/pin.py {name}"


def rendered(ax):
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=DPI)
    buffer.seek(0)
    return read(buffer)


@pytest.mark.parametrize("style", ["default", "lancet"])
def test_one_changed_letter_is_seen(style):
    ax = figures.forest(effect(3), style=style, method=False)
    before = rendered(ax)
    assert difference(before, rendered(ax)) == 0
    point = "." if style == "default" else "·"
    for was, now in (("n", "u"), ("e", "c"), ("6", "0"), (point, ",")):
        text = next(one for one in ax.texts if was in one.get_text())
        whole = text.get_text()
        text.set_text(whole.replace(was, now, 1))
        assert difference(before, rendered(ax)) > TOLERATED, f"{was} to {now} in {whole!r}"
        text.set_text(whole)


def test_rounding_of_pixels_is_not_seen():
    rng = np.random.default_rng(1)
    for path in PINNED.glob("*.png"):
        seen = read(path)
        noisy = np.clip(seen + rng.integers(-2, 3, seen.shape) / 255, 0, 1)
        assert 0 < difference(seen, noisy) < TOLERATED


def test_a_label_moved_and_a_picture_of_another_size_are_seen():
    seen = read(PINNED / "forest.png")
    moved = seen.copy()
    moved[40:60, 1:120] = seen[40:60, :119]
    assert difference(seen, moved) > 2 * TOLERATED
    assert difference(seen, seen[:-1]) > 2 * TOLERATED
