"""The page's section on publication bias: strata with trials enough corrected, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pdt_evidence.analysis.bias.overview import LEAST, Bias, bias
from pdt_evidence.analysis.bias.records import Adjusted
from pdt_evidence.analysis.bias.studies import open_to_either

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["LEAST", "Corrected", "Corrections", "Silent", "corrections", "leaves_open"]

FEW = f"fewer than {LEAST} trials"
OPEN = "which arm selection favours is not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One stratum with what each method makes of it."""

    comparison: str
    effect: PooledEffect
    found: Bias

    @property
    def made(self) -> tuple[Adjusted, ...]:
        """The corrections that give an estimate, in order."""
        return tuple(one for one in self.found.rows[1:] if one.estimate == one.estimate)

    @property
    def open_to(self) -> int:
        """How many of these leave it open whether there is any effect."""
        return sum(leaves_open(one) for one in self.made)

    @property
    def sentence(self) -> str:
        """How strong selection would have to be to explain the result away."""
        return self.found.sensitivity.sentence if self.found.sensitivity else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """One stratum that is not corrected, and why."""

    comparison: str
    effect: PooledEffect
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """Every stratum, corrected or silent."""

    strata: tuple[Corrected, ...]
    silent: tuple[Silent, ...]

    @property
    def small(self) -> int:
        """Strata with fewer trials than it takes."""
        return sum(one.why == FEW for one in self.silent)

    @property
    def undirected(self) -> tuple[str, ...]:
        """Comparisons of which nobody knows which arm selection favours, whatever their number of trials."""
        return tuple(
            dict.fromkeys(one.comparison for one in self.silent if _open(one.effect, one.comparison))
        )

    @property
    def largest(self) -> int:
        """Trials of the largest stratum that is too small."""
        return max((one.effect.k for one in self.silent if one.why == FEW), default=0)

    def to_frame(self) -> pd.DataFrame:
        """Every method of every stratum, one row each; of a stratum that is not corrected one row that says why."""
        import pandas as pd

        tables = [
            one.found.to_frame().assign(**({"comparison": one.comparison} | dict(one.effect.stratum)))
            for one in self.strata
        ]
        silent = [
            {"comparison": one.comparison, **one.effect.stratum, "method": "uncorrected", "k": one.effect.k}
            | {
                "estimate": one.effect.estimate,
                "se": one.effect.se,
                "p": one.effect.p,
                "tau2": one.effect.tau2,
            }
            | {"ci_low": one.effect.ci[0], "ci_high": one.effect.ci[1], "applies": True}
            | {"why": f"no correction: {one.why}"}
            for one in self.silent
        ]
        tables += [pd.DataFrame(silent)] if silent else []
        if not tables:
            return pd.DataFrame({"comparison": []})
        table = pd.concat(tables, ignore_index=True)
        effect = (self.strata or self.silent)[0].effect
        first = list(dict.fromkeys(["comparison", *effect.stratum]))
        return table[[*first, *(column for column in table.columns if column not in first)]]


def leaves_open(one: Adjusted) -> bool:
    """Whether its interval holds no effect."""
    return one.ci[0] <= 0 <= one.ci[1]


def corrections(pooled: Mapping[str, Synthesis]) -> Corrections:
    """Correct every stratum of every comparison that has trials enough and a known direction."""
    found: list[Corrected] = []
    silent: list[Silent] = []
    for comparison, synthesis in pooled.items():
        for effect in synthesis.strata.values():
            if effect.k < LEAST:
                silent.append(Silent(comparison=comparison, effect=effect, why=FEW))
            elif _open(effect, comparison):
                silent.append(Silent(comparison=comparison, effect=effect, why=OPEN))
            else:
                corrected = bias(_of_comparison(effect, comparison))
                found.append(Corrected(comparison=comparison, effect=effect, found=corrected))
    return Corrections(strata=tuple(found), silent=tuple(silent))


def _of_comparison(effect: PooledEffect, comparison: str) -> PooledEffect:
    """The stratum with its comparison in each of its rows, from which the direction is known."""
    if not comparison:
        return effect
    return replace(effect, columns=dict(effect.columns) | {"comparison": (comparison,) * effect.k})


def _open(effect: PooledEffect, comparison: str) -> bool:
    """Whether nobody knows which arm selection favours."""
    compared = [comparison] if comparison else effect.columns.get("comparison", ())
    return bool(len(effect.yi) and open_to_either(compared))
