"""Values of ordered categories in a result: plain values that still know their order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InOrder", "in_their_order", "orders_of"]


class InOrder(tuple):
    """The values of one column, and `categories`, the order that they have instead of the alphabet's.

    A value that is no category (the words of rows that were made one, "low / mid") has no place in the order.
    """

    categories: tuple[Any, ...]

    def __new__(cls, values: Iterable[Any], categories: Iterable[Any]) -> InOrder:
        made = super().__new__(cls, values)
        made.categories = tuple(categories)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return InOrder, (tuple(self), self.categories)


def in_their_order(values: Any) -> tuple[Any, ...]:
    """Values as a tuple; those of ordered categories as `InOrder`."""
    if isinstance(values, InOrder):
        return values
    column = getattr(values, "array", values)  # of a Series
    return InOrder(column.tolist(), column.categories) if getattr(column, "ordered", False) else tuple(values)


def orders_of(table: pd.DataFrame) -> dict[Any, tuple[Any, ...]]:
    """The categories of each column that has ordered ones."""
    dtypes: Any = table.dtypes.items()
    return {name: tuple(dtype.categories) for name, dtype in dtypes if getattr(dtype, "ordered", False)}
