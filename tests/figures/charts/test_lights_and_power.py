"""Lights of risk of bias, the curve of power and tests of equivalence say what each of their marks means."""

import pandas as pd
import pytest

import pdt_evidence as pdt


def test_lights_that_are_not_reported_are_rings_with_a_key_and_no_canvas_stays_empty():
    table = pd.DataFrame(
        {"study": ["A 2001", "B 2004"], "rob_blinding": ["low", ""], "rob_allocation": ["high", "low"]}
    )
    ax = pdt.traffic_lights(table)
    rings = [mark for mark in ax.collections if mark.get_gid() == "missing"]
    assert [ring.get_offsets().tolist() for ring in rings] == [[[0.0, 1.0]]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Low (+)",
        "High (−)",
        "Not reported",
    ]
    assert ax.get_xlim() == (-0.5, 1.5)
    assert ax.figure.get_size_inches()[0] * 25.4 < 100


def test_the_line_of_enough_power_is_named_and_a_dot_at_1_lies_below_the_frame():
    ax = pdt.power_curve(pdt.power(k=30, n_per_arm=100, effect=0.5, tau2=0.01))
    assert "80% power" in [text.get_text() for text in ax.get_legend().get_texts()]
    dot = next(mark for mark in ax.collections if mark.get_gid() == "studies").get_offsets()[0, 1]
    assert round(dot, 2) == 1.0 < ax.get_ylim()[1]


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("SMD", "Standardised mean difference"),
        ("OR", "Log odds ratio"),
        ("MD", "Mean difference"),
        ("GEN", "Effect"),
    ],
)
def test_the_axis_of_equivalence_is_headed_by_the_measure(measure, words):
    fit = pdt.pool([0.1, -0.05, 0.02], [0.01, 0.02, 0.01], measure=measure)
    ax = pdt.equivalence_plot(pdt.equivalence(fit, margin=0.25), arms=("PDT", "CBT"))
    assert ax.get_xlabel() == f"{words}\n← Favours CBT | Favours PDT →"


def test_equivalence_of_several_measures_is_not_drawn_on_one_axis():
    fits = {name: pdt.pool([0.1, -0.05], [0.01, 0.02], measure=name) for name in ("SMD", "OR")}
    tests = {name: pdt.equivalence(fit, margin=0.25) for name, fit in fits.items()}
    with pytest.raises(pdt.EvidenceError, match=r"several measures \(OR, SMD\)"):
        pdt.equivalence_plot(tests)
