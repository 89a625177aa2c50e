"""The stratum that is meant by the words it is asked for with."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from pdt_evidence.arguments import shown
from pdt_evidence.errors import RequestError, did_you_mean
from pdt_evidence.other_names import as_written

__all__ = ["key_of"]

Key = tuple[str, ...]


def key_of(requested: object, strata: Collection[Key], by: Iterable[str]) -> Key:
    """The key that has all the words requested, or that alone has some of them; capitals and blanks do no harm.

    Raises
    ------
    RequestError
        Where no stratum has these words, or several have, or they are no words; the error lists the strata there are.
    """
    asked = requested if isinstance(requested, (tuple, list)) else (requested,)
    names = {word for key in strata for word in key}
    words = tuple(
        as_written(word, names) if isinstance(word, str) else _written(word, names) for word in asked
    )
    if words in strata:
        return words
    found = [key for key in strata if words and set(words) <= set(key)]
    if len(found) == 1:
        return found[0]
    columns = ", ".join(by) or "nothing"
    listed = "; ".join(", ".join(key) for key in found or strata) or "none"
    example = f", as in syn[{', '.join(map(repr, next(iter(found or strata), ('depression',))))}]"
    if not asked or not all(isinstance(word, str) for word in asked):
        raise RequestError(
            f"syn[{shown(requested)}] is no stratum: one is named by its words by {columns}{example}. "
            f"There are: {listed}."
        )
    said = repr(", ".join(words))
    if found:
        raise RequestError(
            f"{said} is not one stratum but {len(found)} by {columns}: {listed}. Name one{example}."
        )
    near = next((hint for word in words if word not in names and (hint := did_you_mean(word, names))), "")
    raise RequestError(f"No stratum {said} by {columns}.{near} There are: {listed}.")


def _written(value: object, names: Iterable[str]) -> str:
    """A number as the strata write it: 2012 is the stratum "2012.0" of a column of numbers."""
    same = [name for name in names if _number(name) == value]
    return same[0] if same and not isinstance(value, bool) else str(value)


def _number(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return math.nan
