"""What a session shows of a result: one line, and in a notebook a table that is readable on any ground."""

import dataclasses
import inspect
import re
import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

import sweep_arguments

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError
from pdt_evidence.showing import Brief, cells_of, shortened

MOST = 200
ELSEWHERE = {
    "ClaimReport",
    "FollowUp",
    "Moderation",
    "HeadToHead",
    "Audit",
    "PublicationSensitivity",
}  # cost seconds


@cache
def results() -> dict[str, object]:
    """What each public function that needs no minutes gives, by its name."""
    fit = pdt.pool(sweep_arguments.Y, sweep_arguments.V, measure="SMD", labels=list("abcdef"))
    rng = np.random.default_rng(11)
    vi = rng.uniform(0.02, 0.12, 18)
    many = pdt.pool(rng.normal(0.3, np.sqrt(vi + 0.05)), vi)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        calls = sweep_arguments.right_calls()
        left = {
            *sweep_arguments.FIGURES,
            "read_metapsy",
            "read_revman",
            "read_trials",
            "to_table",
            "alt_text",
            "export",
            "report",  # writes files
            "import_file",
        }
        found = {name: call(**options) for name, (call, options) in calls.items() if name not in left}
        found |= {
            "absolute": pdt.absolute(fit, control_rate=0.2),
            "beyond": fit.beyond(0.2),
            "bias": pdt.bias(many),
            "findings": pdt.findings(found["synthesize"]),
            "information_size": pdt.information_size(fit, minimal=0.24),
            "location_scale": pdt.metareg(
                "yi ~ year", sweep_arguments.TABLE.drop(columns="trial_id"), scale="~ year"
            ),
            "model_windows": pdt.model_windows(sweep_arguments.WINDOWS)["a_vs_b", "depression"],
            "limit_meta": pdt.limit_meta(fit),
            "multiverse": pdt.multiverse(sweep_arguments.TABLE, by=["outcome"], method=["REML", "DL"]),
            "p_uniform": pdt.p_uniform(fit),
            "pool_multilevel_many": pdt.pool_multilevel_many(
                [sweep_arguments.Y], [sweep_arguments.V], list("aabbcc")
            ),
            "power": pdt.power(fit, effect=0.3),
            "publication_sensitivity": pdt.publication_sensitivity(many),
            "rank_test": pdt.rank_test(fit),
            "selection_model": pdt.selection_model(many),
            "ratio": pdt.pool([0.5, 0.7, 0.3], [0.04, 0.05, 0.03], measure="OR"),
        }
    return {name: value for name, value in found.items() if is_ours(value)}


def is_ours(value: object) -> bool:
    return dataclasses.is_dataclass(value) and type(value).__module__.startswith("pdt_evidence")


def parts(value: object, depth: int = 3) -> list[object]:
    """A result and the records that its public attributes hold."""
    found = [value]
    for item in dataclasses.fields(value) if depth else ():
        part = getattr(value, item.name)
        for one in part if isinstance(part, tuple) else (part,):
            if is_ours(one) and not item.name.startswith("_"):
                found += parts(one, depth - 1)
    return found


def test_every_kind_of_result_is_among_the_examples():
    returned = set()
    for name in pdt.__all__:
        function = getattr(pdt, name)
        if inspect.isfunction(function):
            returned |= set(re.findall(r"\w+", str(inspect.signature(function).return_annotation)))
    kinds = {cls.__name__ for cls in _subclasses(Brief) if cls.__name__ in returned}
    missing = kinds - {type(value).__name__ for value in results().values()} - ELSEWHERE
    assert not missing
    assert len(kinds) > 20


def _subclasses(cls: type) -> list[type]:
    return [one for direct in cls.__subclasses__() for one in (direct, *_subclasses(direct))]


def test_a_result_is_one_short_line():
    for value in (part for result in results().values() for part in parts(result)):
        line = repr(value)
        assert len(line) < MOST, (type(value), line)
        assert "\n" not in line
        assert "array(" not in line
        assert type(value).__name__ in line


def test_a_notebook_shows_a_table_of_a_few_columns():
    tables = {name: value._repr_html_() for name, value in results().items() if isinstance(value, Brief)}
    assert tables.pop("prisma_flow").startswith("<svg ")  # a diagram
    assert len(tables) > 20
    for name, html in tables.items():
        assert 1 <= len(re.findall(r"<th[ >]", html.partition("</thead>")[0])) <= 9, name
        assert "nan" not in html.lower(), name
        assert "dataframe" not in html
        # no ground and no ink of its own, but for half-transparent lines and what it inherits
        assert set(re.findall(r"(?:color|background):([^;}]+)", html)) <= {"inherit", "transparent"}
        rows = [re.findall(r"<t[dh]", row) for row in re.findall(r"<tr>.*?</tr>", html)]
        assert len({len(row) for row in rows}) == 1, name


def test_the_table_of_a_synthesis_is_k_effect_interval_and_p():
    fit = pdt.pool([0.1, 0.5, 0.9], [0.04, 0.05, 0.03], measure="SMD")
    excluded = pd.DataFrame({"row_id": [], "reason": []})
    syn = pdt.Synthesis(by=("outcome",), strata={("pain <2>",): fit}, left_out=excluded)
    html = syn._repr_html_()
    assert re.findall(r"<th(?: [^>]*)?>(.*?)</th>", html) == [
        "outcome",
        "k",
        "g [95% CI]",
        "95% PI",
        "I²",
        "p",
    ]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert cells[:3] == [
        "pain &lt;2&gt;",
        "3",
        f"{fit.estimate:.2f} [{fit.ci[0]:.2f}, {fit.ci[1]:.2f}]".replace("-", "−"),
    ]


def test_a_line_is_cut_between_words():
    assert shortened("one two three four", 12) == "one two …"
    assert shortened("a\nb") == "a b"


@pytest.mark.parametrize(
    ("options", "ours"),
    [
        ({"test": "hksj"}, "knha"),
        ({"test": "Hartung-Knapp"}, "knha"),
        ({"test": "sidik-jonkman"}, "knha"),
        ({"method": "DerSimonian-Laird"}, "DL"),
        ({"method": "sidik-jonkman"}, "SJ"),
        ({"method": "FE"}, "EE"),
        ({"method": "Paule-Mandel"}, "PM"),
        ({"method": "random"}, "REML"),
        ({"conf.level": 0.9}, "level"),
        ({"slab": ["a", "b"]}, "labels"),
        ({"sm": "SMD"}, "measure"),
    ],
)
def test_the_names_of_other_packages_are_answered_with_ours(options, ours):
    with pytest.raises(RequestError, match=re.escape(f"Did you mean {ours!r}?")):
        pdt.pool([0.1, 0.5], [0.04, 0.05], **options)


def test_how_trials_of_several_rows_are_taken_has_other_names_too():
    with pytest.raises(RequestError, match=r"Did you mean 'three-level'\?"):
        pdt.synthesize(sweep_arguments.TABLE, by="outcome", dependence="multilevel")
    with pytest.raises(RequestError, match=r"Did you mean 'by'\?"):
        pdt.synthesize(sweep_arguments.TABLE, subgroup="outcome")


def test_a_figure_as_the_last_line_is_shown_once():
    """A notebook shows every figure that pyplot holds at the end of a cell, and what the last line gives."""
    from IPython.core.formatters import DisplayFormatter
    from matplotlib import pyplot as plt

    plt.close("all")
    axes = pdt.forest(pdt.pool([0.1, 0.5, 0.9], [0.04, 0.05, 0.03]))
    assert len(plt.get_fignums()) == 1
    shown, _ = DisplayFormatter().format(axes)
    assert set(shown) == {"text/plain"}
    assert len(shown["text/plain"]) < MOST
    plt.close("all")


def test_a_number_that_cannot_be_computed_is_a_dash_in_a_notebook_and_a_blank_word_stays_blank():
    frame = pd.DataFrame({"name": ["a", ""], "k": [3, np.nan], "why": [None, "few"]})
    assert cells_of(frame, name="name", k="k", why="why")[1:] == [("a", "3", ""), ("", "–", "few")]
