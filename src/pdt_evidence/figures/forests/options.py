"""What a forest is asked for, checked before anything is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.records import ForestOptions
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["check_options"]

PAIRS = {"arms": '("PDT", "control")', "favours": '("Favours control", "Favours PDT")'}


def check_options(asked: ForestOptions) -> None:
    """Refuse options of a wrong kind before anything is laid out."""
    for name, example in PAIRS.items():
        if (value := getattr(asked, name)) is not None and not (_words(value) and len(value) == 2):
            raise RequestError(f"{name} = {value!r} is not two texts. Give both, such as {name}={example}.")
    for name in ("columns", "lights"):
        if (value := getattr(asked, name)) is not None and not _words(value):
            raise RequestError(
                f"{name} = {value!r} is not a list of names. Give one, such as {name}=[{value!r}]."
            )
    for name, kinds in (("also", (PooledEffect, Synthesis)), ("overall", (PooledEffect,))):
        value = getattr(asked, name)
        available = list(value.values()) if isinstance(value, Mapping) and name == "also" else [value]
        named = name != "also" or isinstance(value, Mapping)
        if value is not None and not (named and all(isinstance(one, kinds) for one in available)):
            example = '{"CHE": result}' if name == "also" else "pool(...)"
            raise RequestError(f"{name} = {value!r} is no pooled result. Give one, such as {name}={example}.")
    if asked.difference is not None and not hasattr(asked.difference, "statistic"):
        raise RequestError(
            f"difference = {asked.difference!r} is no test. Give what compare_subgroups returns."
        )


def _words(value: Any) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, str) for v in value)
    )
