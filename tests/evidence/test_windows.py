"""Months since the end of treatment, sorted into windows."""

import numpy as np
import pytest

from pdt_evidence.errors import RequestError
from pdt_evidence.evidence import WINDOWS, follow_up_window


@pytest.mark.parametrize(
    ("months", "window"),
    [
        (0, "post"),
        (0.1, "short"),
        (2.99, "short"),
        (3, "medium"),
        (8.99, "medium"),
        (9, "long"),
        (60, "long"),
    ],
)
def test_each_edge_belongs_to_the_window_it_opens(months, window):
    assert follow_up_window([months]).item() == window


def test_unknown_timing_never_becomes_post():
    assert follow_up_window([np.nan, -1.0]).tolist() == ["unknown", "unknown"]


def test_edges_can_be_moved():
    months = [0, 1, 4, 8]
    assert follow_up_window(months, edges=(1, 6, 12)).tolist() == ["post", "post", "short", "medium"]


@pytest.mark.parametrize("edges", [(3, 0, 9), (0, 9, 9), (-1, 3, 9)])
def test_edges_that_do_not_increase_are_refused(edges):
    with pytest.raises(RequestError, match="expected three increasing numbers"):
        follow_up_window([1], edges=edges)


def test_every_window_is_reached():
    assert set(follow_up_window([0, 1, 5, 12, np.nan])) == set(WINDOWS)
