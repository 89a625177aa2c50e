"""A refusal that lists the columns of a table lists those that its user gave: what the library adds is no news."""

import re

import pandas as pd
import pytest

import pdt_evidence as pdt

ARMS = {"mean_t": [10, 12, 9], "sd_t": 4, "n_t": 30, "mean_c": [13, 14, 12], "sd_c": 4, "n_c": 30}
OWN = pd.DataFrame({"study": list("ABC"), "outcome": "pain", "better": "lower", "dose": [1, 2, 3], **ARMS})
REFUSED = {
    "strata": lambda table: pdt.synthesize(table, by="dsoe"),
    "strata of a review": lambda table: pdt.synthesize(table, by="dsoe", style="revman"),
    "effects": lambda table: pdt.effect_sizes(table, "OR"),
    "effects to pool": lambda table: pdt.synthesize(table, measure="OR"),
    "effects of a sensitivity analysis": lambda table: pdt.sensitivity(table.drop(columns="sd_c")),
    "moderator": lambda table: pdt.moderators(table, names=["year"]),
    "formula": lambda table: pdt.metareg("~ dsoe", table),
    "formula of tau2": lambda table: pdt.metareg("~ dose", table, scale="~ dsoe"),
    "clusters": lambda table: pdt.metareg("~ dose", table, cluster="dsoe"),
    "groups": lambda table: pdt.compare_subgroups(table, "dsoe"),
    "clusters of groups": lambda table: pdt.compare_subgroups(table, "outcome", cluster="dsoe"),
    "choices": lambda table: pdt.multiverse(table, comparison=["a"]),
}


@pytest.mark.parametrize("made", [pd.DataFrame, pdt.read_trials], ids=["in memory", "read"])
@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_a_refusal_lists_the_columns_that_the_user_gave_and_no_others(call, made):
    with pytest.raises(pdt.EvidenceError) as caught:
        call(made(OWN))
    for name in ("row_id", "trial_id", "source_id", "follow_up", "stratum", "yi", "yi_reason", "_cluster"):
        assert not re.search(rf"(has|columns|of)[^.]*\b{name}\b", str(caught.value).split(" (to name")[0]), (
            str(caught.value)
        )
    assert "dose" in str(caught.value)


def test_without_strata_the_one_that_stands_for_them_is_not_listed():
    with pytest.raises(pdt.EvidenceError, match=r"'study' is missing; the table has yi, vi\. "):
        pdt.synthesize(pd.DataFrame({"yi": [0.1, 0.2], "vi": 0.1}))
