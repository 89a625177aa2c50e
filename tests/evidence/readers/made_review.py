"""A review that is made up, in the shape of the Cochrane review of short-term psychodynamic therapy.

Its names of outcomes, comparison and windows are of the kind such reviews print; its 33 studies and all their
numbers are drawn by chance. It tests the way from a file to the claims, and is evidence of nothing.
"""

import numpy as np

COMPARISON = "STPP vs wait-list/TAU/minimal treatment"
OUTCOMES = {  # our word -> the names of its outcomes, spelled and parted as reviews do
    "general_symptoms": "Reduction in general psychiatric symptoms:{}",
    "somatic_symptoms": "Reduction in somatic symptoms: {}",
    "anxiety": "Reduction in anxiety symptoms - {}",
    "depression": "Reduction in depressive symptoms ({})",
    "interpersonal_problems": "Interpersonal problems: {}",
    "social_adjustment": "Improvement in social adjustment: {}",
}
WINDOWS = {"short": "short-term", "medium": "medium- term", "long": "long-term (greater than 9 months)"}
STUDIES = 33


def made_review(effect=0.6, favours=("Favours treatment", "Favours control")):
    """The file; `effect` is the true difference in SDs, above 0 in favour of STPP."""
    draw = np.random.default_rng(4687)
    names = [f"Made-up {number:02d} {1980 + number}" for number in range(1, STUDIES + 1)]
    studies = "".join(
        f'<STUDY ID="STD-{at}" NAME="{name}" YEAR="{name[-4:]}"/>' for at, name in enumerate(names)
    )
    outcomes = []
    for number, (outcome, window) in enumerate(((o, w) for o in OUTCOMES for w in WINDOWS), start=1):
        rows = "".join(_row(draw, at, effect) for at in sorted(draw.choice(STUDIES, 12, replace=False)))
        outcomes.append(
            f'<CONT_OUTCOME NO="{number}" EFFECT_MEASURE="SMD" METHOD="IV" RANDOM="YES" CI_TOTAL="95" TOTALS="NO" '
            f'SUBGROUPS="NO"><NAME>{OUTCOMES[outcome].format(WINDOWS[window])}</NAME>'
            "<GROUP_LABEL_1>STPP</GROUP_LABEL_1><GROUP_LABEL_2>Control</GROUP_LABEL_2>"
            f"<GRAPH_LABEL_1>{favours[0]}</GRAPH_LABEL_1><GRAPH_LABEL_2>{favours[1]}</GRAPH_LABEL_2>{rows}</CONT_OUTCOME>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<COCHRANE_REVIEW ID="1"><COVER_SHEET>'
        "<TITLE>Made up for tests, in the shape of CD004687; no real data</TITLE></COVER_SHEET>"
        f"<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>{studies}</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>"
        f'<ANALYSES_AND_DATA><COMPARISON NO="1"><NAME>{COMPARISON}</NAME>{"".join(outcomes)}</COMPARISON>'
        "</ANALYSES_AND_DATA></COCHRANE_REVIEW>"
    ).encode()


def _row(draw, study, effect):
    mean_c, sd = draw.uniform(10, 30), draw.uniform(5, 9)
    numbers = {
        "MEAN_1": mean_c - sd * draw.normal(effect, 0.2),
        "SD_1": sd * draw.uniform(0.9, 1.1),
        "MEAN_2": mean_c,
        "SD_2": sd,
        "TOTAL_1": int(draw.integers(20, 60)),
        "TOTAL_2": int(draw.integers(20, 60)),
    }
    cells = " ".join(f'{name}="{round(value, 2)}"' for name, value in numbers.items())
    return f'<CONT_DATA {cells} ESTIMABLE="YES" STUDY_ID="STD-{study}"/>'
