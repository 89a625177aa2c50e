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
    words = tuple(_written(word, names) for word in asked)
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


def _written(value: object, names: Collection[str]) -> str:
    """A word or number as the strata write it: 2, 2.0 and "2.0" are the stratum "2" of a column of numbers."""
    word = as_written(value, names) if isinstance(value, str) else ""
    if word in names or isinstance(value, bool):
        return word or str(value)
    number = _number(value) if isinstance(value, str) else value
    same = [name for name in names if _number(name) == number]
    return same[0] if same else word or str(value)


def _number(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return math.nan
