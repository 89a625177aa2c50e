"""Ticks at chosen values: those that would touch a weightier one are left out."""

from __future__ import annotations

from pdt_evidence.figures.charts.chart import Chosen
from pdt_evidence.formatting import TEXT

VALUES = (1.0, 0.05, 0.5, 0.1, 0.25, 0.75)  # the weightiest first


def labels(room: float) -> list[str]:
    """Of an axis from 0 to 1 in `room` points, where each label takes 10."""
    return [text for _, text in Chosen(values=VALUES).ticks((0.0, 1.0), room, lambda text: 10.0, TEXT)]


def test_with_room_for_all_each_value_is_labelled_in_its_order():
    assert labels(1000) == ["0.05", "0.1", "0.25", "0.5", "0.75", "1"]


def test_a_tick_that_would_touch_a_weightier_one_is_left_out():
    assert labels(100) == ["0.05", "0.25", "0.5", "0.75", "1"]  # 0.1 stands 5 points from 0.05
    assert labels(25) == ["0.05", "0.5", "1"]
    assert labels(5) == ["1"]
