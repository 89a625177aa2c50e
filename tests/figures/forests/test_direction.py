"""Whom an effect favours is said only where the rows say which direction is good."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.figures.forests.layout import forest_layout
from pdt_evidence.figures.forests.options import ForestOptions
from pdt_evidence.figures.sheet.styles import style_of

Y, V = [-0.9, -0.7, -0.8], [0.01, 0.005, 0.007]


def sides(result, **options):
    return forest_layout(result, style_of("default"), ForestOptions(**options)).favours


@pytest.mark.parametrize("options", [{}, {"arms": ("Vaccine", "Control")}])
@pytest.mark.parametrize("measure", ["GEN", "RR", "OR", "MD", "SMD"])
def test_plain_effects_have_no_direction(measure, options):
    fit = pdt.pool(Y, V, measure=measure)
    assert sides(fit, **options) == ("", "")
    assert "favour" not in pdt.alt_text(fit, **options)


def test_given_words_stand():
    assert sides(pdt.pool(Y, V), favours=("more cases", "fewer cases")) == ("more cases", "fewer cases")


@pytest.mark.parametrize(
    ("columns", "known"),
    [
        ({"better": ["lower"] * 3}, True),
        ({"better": ["lower", "lower", ""]}, False),
        ({"flipped": [False, True, False]}, True),
        ({"yi_basis": ["reported d"] * 3}, True),
        ({"yi_basis": ["means"] * 3}, False),
        ({"comparison": ["pdt_vs_control"] * 3}, True),
        ({"comparison": ["drug_vs_drug"] * 3}, False),
    ],
)
def test_the_rows_say_whether_a_direction_is_known(columns, known):
    fit = pdt.pool(Y, V, columns=columns)
    assert any(sides(fit)) == known
    assert ("favours" in pdt.alt_text(fit)) == known


def test_steps_of_a_pool_have_the_direction_of_its_studies():
    for columns, known in (({}, False), ({"better": ["lower"] * 3}, True)):
        steps = pdt.leave_one_out(pdt.pool(Y, V, columns=columns))
        assert ("favours" in pdt.alt_text(steps)) == known


def test_arms_without_a_name_are_explained():
    arms = {"mean_t": [4.0, 5.0], "sd_t": 2.0, "n_t": 20, "mean_c": 6.0, "sd_c": 2.0, "n_c": 20}
    table = pd.DataFrame({"study": ["A", "B"], "outcome": "pain", "better": "lower", **arms})
    note = "Arm 1: the therapy under study; arm 2: what it is compared with."

    def notes(rows):
        return " ".join(forest_layout(pdt.synthesize(rows), style_of("default"), ForestOptions()).notes)

    assert note in notes(table)
    assert note not in notes(table.assign(arm_t_label="PDT", arm_c_label="Waitlist"))
