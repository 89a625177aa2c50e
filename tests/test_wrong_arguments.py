"""Values of a wrong kind, or outside of sense: one sentence each, never a number."""

import importlib
import inspect
import pkgutil
import re

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.showing import Brief

Y, V = [0.1, 0.5, 0.9, 0.3], [0.01, 0.02, 0.03, 0.01]
STRATA = pdt.synthesize(
    pd.DataFrame({"study": list("abcd"), "outcome": "mood", "yi": Y, "vi": V}), by="outcome"
)
DATES = pd.to_datetime(["2001-01-01", "2003-02-02", "2004-05-05", "2005-05-05"])


@pytest.mark.parametrize(
    "dates",
    [
        list(DATES),
        DATES,
        DATES.to_numpy(),
        DATES.to_numpy().astype("M8[ns]"),
        pd.Series(DATES),
        DATES - DATES[0],
    ],
)
@pytest.mark.parametrize("function", [pdt.pool, pdt.pool_many, pdt.henmi_copas, pdt.pool_bayes])
def test_dates_are_no_numbers(function, dates):
    with pytest.raises(EvidenceError, match="is not a number"):
        function(dates, V)
    with pytest.raises(EvidenceError, match="is not a number"):
        function(Y, dates)


def test_dates_in_a_table_are_no_numbers():
    table = pd.DataFrame(
        {"study": list("abcd"), "outcome": "depression", "yi": Y, "vi": V, "better": "lower"}
    )
    for name in ("yi", "vi"):
        with pytest.raises(EvidenceError, match=f"column '{name}' holds dates"):
            pdt.synthesize(table.assign(**{name: DATES}), by=["outcome"])
        with pytest.raises(EvidenceError, match=f"column '{name}' holds dates"):
            pdt.metareg("yi ~ 1", table.assign(**{name: DATES}))
    arms = {"mean_t": 1.0, "sd_t": 1.0, "n_t": 9, "mean_c": DATES, "sd_c": 1.0, "n_c": 9}
    with pytest.raises(EvidenceError, match="column 'mean_c': expected a number"):
        pdt.effect_sizes(table.assign(**arms))


def all_results(cls=Brief):
    for one in cls.__subclasses__():
        yield one
        yield from all_results(one)


def test_every_method_of_every_result_answers_wrong_arguments_as_the_functions_do():
    for module in pkgutil.walk_packages(pdt.__path__, "pdt_evidence."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    bare = {
        f"{cls.__qualname__}.{name}"
        for cls in all_results()
        for name in dir(cls)
        if cls.__module__.startswith("pdt_evidence.")
        and not name.startswith("_")
        and inspect.isfunction(method := inspect.getattr_static(cls, name))
        and not hasattr(method, "__wrapped__")
    }
    assert not bare


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda fit: fit.beyond(),
            r"PooledEffect.beyond\(\): missing a required argument: 'q'\. It takes: q, level",
        ),
        (lambda fit: fit.beyond(0, foo=1), r"PooledEffect.beyond\(\) has no option 'foo'\. It has: q, level"),
        (lambda fit: fit.beyond(0, leval=0.9), r"Did you mean 'level'\?"),
        (lambda fit: fit.summary("meaning"), r"also = 'meaning' is no answer"),
        (lambda fit: fit.summary(3), r"also = 3 is no answer to put below"),
        (
            lambda fit: fit.methods(1),
            r"PooledEffect.methods\(\): too many positional arguments\. It takes: nothing",
        ),
        (lambda fit: fit.to_frame(x=1), r"PooledEffect.to_frame\(\) has no option 'x'\. It has: none"),
        (lambda fit: pdt.findings(fit).confirm("x"), r"Findings.confirm\(\): missing .*'domain'"),
        (lambda fit: pdt.HalfNormal(), r"HalfNormal\(\): missing a required argument: 'scale'"),
        (lambda fit: pdt.LogT(1, 2, 3, 4), r"LogT\(\): too many positional arguments"),
        (lambda fit: pdt.HalfCauchy("x"), r"HalfCauchy\(\): scale = 'x', but it must be a number"),
        (lambda fit: pdt.claims(x=1), r"claims\(\) has no option 'x'\. It has: none"),
    ],
)
def test_missing_and_unknown_arguments_are_one_sentence(call, sentence):
    with pytest.raises(RequestError, match=sentence):
        call(STRATA["mood"])


@pytest.mark.parametrize("power", [20, 30, 45, 60, 75, 99])
@pytest.mark.parametrize("method", ["REML", "ML", "DL", "PM", "HE", "SJ", "HS"])
def test_effects_however_far_apart_have_the_variance_they_have(power, method):
    """Sampling variances that no digit shows: tau2 is that of the effects alone, in their unit."""
    y = np.array(Y) * 10.0**power
    found = pdt.pool(y, V, method=method)
    expected = pdt.pool(Y, np.full(4, 1e-20) * np.array(V) / V[0], method=method)
    np.testing.assert_allclose(found.tau2 / 10.0**power / 10.0**power, expected.tau2, rtol=1e-9)
    np.testing.assert_allclose(found.estimate / 10.0**power, expected.estimate, rtol=1e-9)
    np.testing.assert_allclose(found.se / 10.0**power, expected.se, rtol=1e-9)
    many = pdt.pool_many(np.stack([y, Y]), np.stack([V, V]), method=method)
    np.testing.assert_allclose(many.tau2, [found.tau2, pdt.pool(Y, V, method=method).tau2], rtol=1e-12)
    table = pd.DataFrame({"yi": y, "vi": V})
    np.testing.assert_allclose(pdt.metareg("yi ~ 1", table, method=method).tau2, found.tau2, rtol=1e-9)


@pytest.mark.parametrize("value", [1e101, -1e160, 1e300])
def test_effects_that_cannot_be_computed_with_are_refused(value):
    with pytest.raises(EvidenceError, match=re.escape(f"yi = {value:g} is beyond 1e+100")):
        pdt.pool([value, *Y[1:]], V)
    with pytest.raises(EvidenceError, match="is beyond 1e"):
        pdt.pool_many([[value, *Y[1:]]], [V])


@pytest.mark.parametrize("index", [[3, 2, 1, 0], list("abcd"), [0, 1, 2, 4]])
def test_series_of_different_indexes_are_not_paired_by_place(index):
    y, v = pd.Series(Y), pd.Series(V, index=index)
    for call in (pdt.pool, pdt.pool_many, pdt.pool_bayes, lambda *a: pdt.pool_multilevel(*a, list("aabb"))):
        with pytest.raises(EvidenceError, match="Series with different indexes"):
            call(y, v)
    other = pd.Series(list("aabb"), index=index)
    arms = {"arm_t": other, "arm_c": list("bccd"), "study": list("1234"), "reference": "c"}
    for call in (
        lambda: pdt.pool(y, V, labels=other),
        lambda: pdt.cumulative(y, V, order=pd.Series(range(4), index=index)),
        lambda: pdt.pool_multilevel(y, V, other),
        lambda: pdt.network(y, V, **arms),
    ):
        with pytest.raises(EvidenceError, match="Series with different indexes"):
            call()
    assert pdt.pool(y, v.to_numpy()).k == 4
    assert pdt.pool(pd.Series(Y, index=index), v).k == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pdt.pool(Y), "pool(): missing a required argument: 'vi'. It takes: yi, vi, method"),
        (
            lambda: pdt.statements("typo"),
            "statements(): too many positional arguments. It takes: claim, source.",
        ),
        (
            lambda: pdt.leave_one_out(STRATA),
            "This is a synthesis of 1 stratum; give a stratum, such as synthesis[",
        ),
        (
            lambda: pdt.pet_peese(STRATA),
            "This is a synthesis of 1 stratum; give a stratum, such as synthesis[",
        ),
        (lambda: pdt.sources("typo"), "sources(): table = 'typo', but it must be a pandas DataFrame."),
        (lambda: pdt.trials(disputed="no"), "trials(): disputed = 'no', but it must be True or False."),
        (lambda: pdt.trials(preferred=0), "trials(): preferred = 0, but it must be True or False."),
        (lambda: pdt.trials(comparison=""), "comparison = '' is not known."),
        (lambda: pdt.trials(comparison=[]), "comparison = [] names no value."),
        (lambda: pdt.metareg("yi ~ 1", {"yi": Y}), "it must be a pandas DataFrame."),
        (lambda: pdt.pool(Y, V, measure="or"), "measure = 'or' is not known. Did you mean 'OR'?"),
        (lambda: pdt.pool(Y, V, measure="log OR"), "Did you mean 'OR'?"),
        (lambda: pdt.pool(Y, V, measure="Risk ratio"), "Did you mean 'RR'?"),
        (lambda: pdt.pool_bayes(Y, V, measure="smd"), "Did you mean 'SMD'?"),
        (lambda: pdt.pool_multilevel(Y, V, list("aabb"), measure="hr"), "Did you mean 'HR'?"),
        (
            lambda: pdt.network(
                Y, V, list("aaab"), list("bccc"), list("1234"), reference="c", loop_tolerance=np.nan
            ),
            "loop_tolerance = nan must be at least 0.",
        ),
        (lambda: pdt.pool(Y, V, level=10**400), "must be a number between 0 and 1"),
        (lambda: pdt.pool(Y, V, method=pd.DataFrame()), "method = a DataFrame is not known."),
        (lambda: pdt.pool(Y, V, method=np.array(["DL", "PM"])), "method = array(['DL', 'PM']"),
    ],
)
def test_words_and_kinds_that_are_not_known_are_refused(call, message):
    with pytest.raises(RequestError, match=re.escape(message)):
        call()


def test_measures_of_the_users_own_are_kept():
    assert pdt.pool(Y, V, measure="points of the HDRS").measure == "points of the HDRS"


def test_results_do_not_change_with_what_they_were_made_of():
    y, v = np.array(Y), np.array(V)
    many_y, many_v = np.array([Y, Y]), np.array([V, V])
    results = [
        pdt.pool(y, v),
        pdt.pool_multilevel(y, v, list("aabb")),
        pdt.pool_bayes(y, v),
        pdt.pool_many(many_y, many_v),
        pdt.pool_many(many_y[:, ::-1], many_v[:, ::-1]),
    ]
    before = [(result.yi.copy(), result.vi.copy(), np.copy(result.weights)) for result in results]
    for array in (y, v, many_y, many_v):
        array += 1
    for result, copies in zip(results, before, strict=True):
        for array, copy in zip((result.yi, result.vi, result.weights), copies, strict=True):
            np.testing.assert_array_equal(array, copy)
        for name in ("yi", "vi"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(result, name)[..., 0] = 1.0


def test_an_error_in_a_notebook_is_its_sentence():
    with pytest.raises(EvidenceError) as found:
        pdt.pool(Y, V, method="RELM")
    assert found.value._render_traceback_() == [f"RequestError: {found.value}"]


@pytest.mark.parametrize(
    ("column", "cells", "said"),
    [
        ("outcome", ["mood", np.nan, "mood", None], "column 'outcome' is blank in rows 2, 4 of 4."),
        ("trial_id", ["a", None, "b", "c"], "column 'trial_id' is blank in row 2 of 4."),
        ("study", ["a", np.nan, "b", " "], "column 'study' is blank in rows 2, 4 of 4."),
    ],
)
def test_rows_of_no_stratum_or_no_trial_are_not_pooled_as_one(column, cells, said):
    table = pd.DataFrame({"study": list("abcd"), "outcome": "mood", "yi": Y, "vi": V}).assign(
        **{column: cells}
    )
    with pytest.raises(EvidenceError, match=re.escape(said)):
        pdt.synthesize(table, by="outcome")


def test_clusters_of_several_kinds_of_words_are_told_apart():
    table = pd.DataFrame({"yi": [*Y, *Y], "vi": [*V, *V], "trial_id": ["a", 1, "b", 2.0, "b", 1, "c", "d"]})
    plain = table.assign(trial_id=list("axbybxcd"))
    found, expected = (pdt.metareg("yi ~ 1", one, cluster="trial_id").coefficients for one in (table, plain))
    pd.testing.assert_frame_equal(found, expected)


def test_a_formula_of_python_is_refused_in_one_sentence():
    with pytest.raises(RequestError, match="cannot be read"):
        pdt.metareg("yi ~ __import__('os').getcwd()", pd.DataFrame({"yi": Y, "vi": V}))


@pytest.mark.parametrize("scale", [1e-47, 1e60])
def test_models_with_clusters_refuse_what_they_cannot_compute_with(scale):
    """Where `pool` still can: rounding is not given as a variance between trials."""
    y, v = scale * np.array(Y), scale**2 * np.array(V)
    table = pd.DataFrame({"yi": y, "vi": v, "trial_id": list("aabb")})
    assert np.isclose(pdt.pool(y, v).estimate, scale * pdt.pool(Y, V).estimate)
    calls = [
        lambda: pdt.pool_multilevel(y, v, list("aabb")),
        lambda: pdt.pool_multilevel_many([y], [v], list("aabb")),
        lambda: pdt.metareg("yi ~ 1", table, cluster="trial_id"),
    ]
    for call in calls:
        with pytest.raises(EvidenceError, match="Give yi in another unit"):
            call()


def test_effects_of_very_many_standard_errors_are_refused_where_matrices_are_inverted():
    for call in (lambda y: pdt.pool_multilevel(y, V, list("aabb")), lambda y: pdt.pool_bayes(y, V)):
        with pytest.raises(EvidenceError, match="times the smallest standard error"):
            call(1e15 * np.array(Y))
