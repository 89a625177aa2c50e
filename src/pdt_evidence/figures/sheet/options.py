"""What figures are asked for, checked: each thing of a wrong kind is refused with what would do."""

from __future__ import annotations

from typing import Any

from pdt_evidence.arguments import give_a_stratum
from pdt_evidence.errors import RequestError
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["known_kind", "millimetres", "numbers", "one_effect"]


def one_effect(result: Any, figure: str) -> None:
    """Refuse what is not the studies of one result."""
    if not isinstance(result, PooledEffect):
        if isinstance(result, Synthesis):
            raise RequestError(f"{figure} draws one PooledEffect. {give_a_stratum(result)}")
        raise RequestError(
            f"{figure} draws one PooledEffect, found {type(result).__name__}. Give a PooledEffect, as pool gives it."
        )
    if result.k == 0:
        raise RequestError("There is nothing to draw: the result holds no study.")


def known_kind(value: Any, option: str, kind: str, hint: str) -> None:
    """Refuse an option that is not a result of that class, by its name so that asking imports none."""
    if value is not None and kind not in [cls.__name__ for cls in type(value).__mro__]:
        raise RequestError(f"{option} = {value!r} is not a {kind}. Give {hint}.")


def numbers(values: Any, option: str, hint: str) -> tuple[float, ...]:
    """These as floats, or a refusal that says what was expected."""
    try:
        if isinstance(values, str):
            raise TypeError
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise RequestError(f"{option} = {values!r} is not {hint}.") from None


def millimetres(value: Any, option: str) -> float:
    """A width or height as a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RequestError(f"{option} = {value!r} is not a number of millimetres. Give one, such as 85.")
    return float(value)
