"""Who a pictograph shows, in numbers and names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pdt_evidence.errors import RequestError

if TYPE_CHECKING:
    from pdt_evidence.analysis.meaning.absolute import Absolute

__all__ = ["PEOPLE", "arms_of_people", "people_of"]

PEOPLE = 100


def people_of(meaning: Absolute) -> tuple[int, int]:
    """How many of a hundred respond without and with the therapy.

    Raises
    ------
    RequestError
        For another kind of result, or one without rates.
    """
    if type(meaning).__name__ != "Absolute":
        raise RequestError(f"pictograph() draws what absolute() gives, found {type(meaning).__name__}.")
    if math.isnan(meaning.rate):
        raise RequestError("pictograph() needs rates: give absolute() a control_rate.")
    return round(PEOPLE * meaning.control_rate), round(PEOPLE * meaning.rate)


def arms_of_people(meaning: Absolute) -> tuple[str, str]:
    """Names of the control arm and of arm 1."""
    return meaning.arms[1], meaning.arms[0]
