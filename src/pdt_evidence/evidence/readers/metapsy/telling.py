"""What is doubtful in a Metapsy database as a whole, as warnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdt_evidence.errors import warn
from pdt_evidence.evidence.readers.asking import ask_for_names, ask_for_scales
from pdt_evidence.evidence.readers.metapsy.database import Database, Flags
from pdt_evidence.evidence.readers.metapsy.sign import Convention
from pdt_evidence.evidence.readers.names import Names
from pdt_evidence.formatting import counted

__all__ = ["tell_doubts", "tell_sizes"]


def tell_sizes(database: Database, apart: Flags, most: bool, where: str) -> None:
    """Warn of means that give effects of another size than the database's own."""
    found, studies = np.flatnonzero(apart).tolist(), database.words("study")
    if not found:
        return
    of = int(np.isfinite(database.effect_of_means + database.own_g).sum())
    shown = ", ".join(f"line {database.lines[at]} ({studies[at]})" for at in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    taken = "Their own effect is used" if most else "The means are used"
    warn(
        f"{where}: in {len(found)} of {counted(of, 'row')} the means give an effect of another size "
        "than the database's own: "
        f"{shown}{more}. {taken}; the log has both of each row."
    )


def tell_doubts(table: Any, names: Names, convention: Convention, given: int, of: int, where: str) -> None:
    """Warn of signs, names and directions that nothing decides; `given` of the `of` rows bring an effect."""

    def say(message: str) -> None:
        warn(f"{where}: {message}")

    if convention.kind == "unknown" and given:
        out = f", and {of - len(table)} of its {counted(of, 'row')} left out" if of > len(table) else ""
        say(
            f"the sign of its effects is {convention.why}. Only arm data are used{out}; pass sign='+' or '-'."
        )
    ask_for_names(names, where)
    ask_for_scales(table, where)
    against = table.loc[table["comparison"].ne("") & table["reported"].notna(), "reported"]
    if len(against) >= 5 and against.median() < 0:
        say(
            "by the sign of its effects the treatments do worse than what they are compared with. Check the sign."
        )
