"""What a network meta-analysis hands back: matrices, row minus column, and their tables.

A positive entry favours the row's treatment whenever the effects that went in were
positive in favour of their first arm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.formatting import TEXT, counted, percent, plain
from pdt_evidence.models.networks.designs import decompose_Q, net_heat
from pdt_evidence.models.networks.flow import PATHS, evidence_flow, network_laplacian
from pdt_evidence.models.networks.model import StudyBlock, consistency_model, solve
from pdt_evidence.models.networks.ranks import p_scores, rank_probabilities
from pdt_evidence.models.networks.split import Evidence, separate_designs, split_test
from pdt_evidence.options import SEED, Choice, Whole, check_options
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Network", "NetworkComparison"]

Floats = NDArray[np.float64]
SPLITS = ("back-calculation", "SIDDE")
KINDS = ("mixed", "direct", "indirect")
NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NetworkComparison(Brief):
    """One treatment against another; `evidence` says which studies it rests on."""

    treatment: str
    versus: str
    evidence: str
    estimate: float
    se: float
    ci: tuple[float, float]
    statistic: float
    p: float
    level: float
    df: float = NAN  # tests are standard normal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Network(Brief):
    """A fitted network of T treatments; matrices are row minus column, shape (T, T).

    Attributes
    ----------
    k, n_designs : int
        Studies, and sets of treatments that studies compare.
    estimates, standard_errors, ci_low, ci_high : ndarray
        All evidence together; intervals are Wald at `level`.
    tau2, tau2_ci
        Common between-study variance of every comparison; Q-profile interval.
    I2 : float
        Percent, max(0, (Q - df) / Q), of the fixed model.
    Q, Q_df, Q_p
        Heterogeneity and inconsistency together; `inconsistency` splits it.
    direct, indirect : Evidence
        Estimates and standard errors; NaN where there is no such evidence.
    direct_share : ndarray
        Share of direct evidence in each estimate, from 0 to 1.
    """

    treatments: tuple[str, ...]
    reference: str
    measure: str
    method: str
    level: float
    k: int
    n_designs: int
    estimates: Floats
    standard_errors: Floats
    ci_low: Floats
    ci_high: Floats
    tau2: float
    tau2_ci: tuple[float, float]
    I2: float
    Q: float
    Q_df: int
    Q_p: float
    direct: Evidence = field(repr=False)
    indirect: Evidence = field(repr=False)
    direct_share: Floats = field(repr=False)
    studies: tuple[StudyBlock, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        size = f"{counted(self.k)} of {counted(len(self.treatments), 'treatment')}"
        return f"<Network {self.measure} {self.method}: {size}, reference {self.reference!r}>"

    def _line(self) -> str:
        return self.summary().partition("\n")[0]

    def comparison(self, treatment: str, versus: str, evidence: str = "mixed") -> NetworkComparison:
        """One estimate with its interval and test, as `equivalence` takes it.

        Parameters
        ----------
        evidence : {"mixed", "direct", "indirect"}
            NaN where there is no such evidence.

        Raises
        ------
        RequestError
            For a treatment that the network does not have, or another word for `evidence`.
        """
        require_choice("evidence", evidence, KINDS)
        i, j = self._place(treatment), self._place(versus)
        source = {"direct": self.direct, "indirect": self.indirect}.get(evidence)
        estimate = float((source.estimates if source else self.estimates)[i, j])
        se = float((source.standard_errors if source else self.standard_errors)[i, j])
        half = self._quantile() * se
        statistic = estimate / se if se > 0 else NAN
        return NetworkComparison(
            treatment=treatment,
            versus=versus,
            evidence=evidence,
            estimate=estimate,
            se=se,
            level=self.level,
            ci=(estimate - half, estimate + half),
            statistic=statistic,
            p=2 * float(ndtr(-abs(statistic))),
        )

    def league(self, *, upper: Literal["direct", "mixed"] = "direct", digits: int = 2) -> pd.DataFrame:
        """Every pair as text, row against column: mixed below the diagonal, `upper` above it.

        Raises
        ------
        RequestError
            For another word for `upper`.
        """
        import pandas as pd

        require_choice("upper", upper, ("direct", "mixed"))
        above, above_se = self.estimates, self.standard_errors
        if upper == "direct":
            above, above_se = self.direct.estimates, self.direct.standard_errors

        def cell(i: int, j: int) -> str:
            if i == j:
                return self.treatments[i]
            estimate, se = (above, above_se) if i < j else (self.estimates, self.standard_errors)
            value, half = estimate[i, j], self._quantile() * se[i, j]
            if math.isnan(value):
                return "."
            return f"{value:.{digits}f} [{value - half:.{digits}f}; {value + half:.{digits}f}]"

        size = range(len(self.treatments))
        return pd.DataFrame([[cell(i, j) for j in size] for i in size], self.treatments, self.treatments)

    def ranks(
        self, *, better: Literal["higher", "lower"] = "higher", draws: int = 100_000, seed: int = 20240
    ) -> pd.DataFrame:
        """P-score, SUCRA, mean rank and the probability of each rank (`rank_1` is best).

        P-scores are exact; ranks are drawn `draws` times from the joint normal distribution
        of the effects, the same draws for the same `seed`.

        Raises
        ------
        RequestError
            For another word for `better`, or numbers of draws or seeds that are none.
        """
        import pandas as pd

        check_options(
            better=(better, Choice(("higher", "lower"))), draws=(draws, Whole(least=1)), seed=(seed, SEED)
        )
        sign = 1.0 if better == "higher" else -1.0
        solution = self._solution()
        chance = rank_probabilities(sign * solution.beta, solution.cov, draws=draws, seed=seed)
        size = len(self.treatments)
        mean_rank = chance @ np.arange(1, size + 1)
        table = pd.DataFrame(
            {
                "p_score": p_scores(sign * self.estimates, self.standard_errors),
                "sucra": (size - mean_rank) / (size - 1),
                "mean_rank": mean_rank,
                **{f"rank_{rank + 1}": chance[:, rank] for rank in range(size)},
            },
            index=pd.Index(self.treatments, name="treatment"),
        )
        return table.sort_values("p_score", ascending=False)

    def split(self, *, method: str = "back-calculation") -> pd.DataFrame:
        """Direct against indirect evidence of every pair, one row each, and the test of their difference.

        Parameters
        ----------
        method : {"back-calculation", "SIDDE"}
            Indirect evidence is what the mixed estimate holds beyond the direct one, or the
            network without the studies that make the comparison (tau2 as in the whole one).

        Raises
        ------
        RequestError
            For another `method`.
        """
        import pandas as pd

        require_choice("method", method, SPLITS)
        indirect = self.indirect
        if method == "SIDDE":
            indirect = separate_designs(self.studies, self.direct, self._tau2())
        apart, se, p = split_test(self.direct, indirect)
        rows = []
        for i, j in self._pairs():
            row: dict[str, Any] = {"treatment": self.treatments[i], "versus": self.treatments[j]}
            row |= {"k": int(self.direct.k[i, j]), "direct_share": self.direct_share[i, j]}
            row |= self._interval("mixed", self.estimates[i, j], self.standard_errors[i, j])
            row |= self._interval("direct", self.direct.estimates[i, j], self.direct.standard_errors[i, j])
            row |= self._interval("indirect", indirect.estimates[i, j], indirect.standard_errors[i, j])
            rows.append(row | {"difference": apart[i, j], "difference_se": se[i, j], "p": p[i, j]})
        return pd.DataFrame(rows)

    def inconsistency(self) -> pd.DataFrame:
        """Q of the whole network, within and between designs (fixed), and the interaction test (random)."""
        import pandas as pd

        parts = decompose_Q(self.studies, len(self.treatments))
        tests = {
            "total": parts.total,
            "within designs": parts.within,
            "between designs": parts.between,
            "design-by-treatment interaction": parts.interaction,
        }
        rows = [{"source": name, "Q": test.Q, "df": test.df, "p": test.p} for name, test in tests.items()]
        tau2 = [0.0, 0.0, 0.0, parts.tau2_within]
        return pd.DataFrame(rows).assign(tau2=tau2).set_index("source")

    def designs(self) -> pd.DataFrame:
        """Each design: its studies, and the Q within it."""
        import pandas as pd

        parts = decompose_Q(self.studies, len(self.treatments)).by_design
        count = {design: sum(study.design == design for study in self.studies) for design in parts}
        rows = [
            {"design": self._name(design), "k": count[design], "Q": test.Q, "df": test.df, "p": test.p}
            for design, test in parts.items()
        ]
        return pd.DataFrame(rows).set_index("design")

    def net_heat(self, *, random: bool = False) -> pd.DataFrame:
        """Net heat matrix: how much of the row design's Q goes without the column design; `random`: by tau2."""
        import pandas as pd

        heat = net_heat(self.studies, len(self.treatments), self._tau2() if random else 0.0)
        names = [self._name(design) for design in heat.designs]
        return pd.DataFrame(heat.heat, names, names)

    def hat_matrix(self) -> pd.DataFrame:
        """Weight of each direct comparison (column) in each network estimate (row), with sign."""
        return self._by_comparison(evidence_flow(self._laplacian()))

    def contributions(self, method: str = "random walk") -> pd.DataFrame:
        """Percent that each direct comparison (column) contributes to each network estimate (row); rows add up to 100.

        `method` is "random walk" along the hat matrix (doi:10.1002/sim.9346) or "shortest path", one after the other.

        Raises
        ------
        RequestError
            Where a direct comparison has a negative weight, as covariances in a multi-arm study can give it.
        """
        check_options(method=(method, Choice(tuple(PATHS))))
        laplacian = self._laplacian()
        off_diagonal = laplacian[~np.eye(len(laplacian), dtype=bool)]
        if off_diagonal.max(initial=0.0) > 1e-9 * np.abs(laplacian).max():
            raise RequestError(
                "A comparison has a negative weight, from covariances in a multi-arm study: contributions along "
                "paths are not defined; hat_matrix() still is."
            )
        return 100 * self._by_comparison(PATHS[method](laplacian))

    def to_frame(self) -> pd.DataFrame:
        """One row a pair of treatments: mixed, direct and indirect estimates (as `split`)."""
        return self.split()

    @property
    def is_multilevel(self) -> bool:
        """Whether its model has several effects a trial beside the arms: never, as `PooledEffect` says it."""
        return False

    def to_dict(self) -> dict[str, Any]:
        """Every number as plain Python, ready for JSON; NaN becomes None."""
        names = (
            "treatments",
            "reference",
            "measure",
            "method",
            "level",
            "k",
            "n_designs",
            "estimates",
            "standard_errors",
            "ci_low",
            "ci_high",
            "tau2",
            "tau2_ci",
            "I2",
            "Q",
            "Q_df",
            "Q_p",
            "direct_share",
            "notes",
        )
        values = {name: plain(getattr(self, name)) for name in names}
        for name, source in (("direct", self.direct), ("indirect", self.indirect)):
            values[name] = plain(source.estimates)
            values[f"{name}_se"] = plain(source.standard_errors)
        return values | {"direct_k": plain(self.direct.k)}

    def summary(self) -> str:
        """Aligned text: the model, every treatment against the reference, heterogeneity, consistency."""
        width = max(map(len, self.treatments))
        low, high = f"{percent(self.level)} low", "high"
        lines = [
            f"Network meta-analysis ({self.method}): {counted(len(self.treatments), 'treatment')}, "
            f"k = {counted(self.k)}, "
            f"{counted(self.n_designs, 'design')}; measure: {self.measure}",
            "",
            f"{'vs ' + self.reference:<{width}} {'estimate':>9} {'se':>7} {low:>8} {high:>7} {'direct':>7}",
        ]
        base = self._place(self.reference)
        for i, name in enumerate(self.treatments):
            if i != base:
                cells = (self.estimates, self.standard_errors, self.ci_low, self.ci_high)
                numbers = "{:9.3f} {:7.3f} {:8.3f} {:7.3f}".format(*(cell[i, base] for cell in cells))
                lines.append(f"{name:<{width}} {numbers} {self.direct_share[i, base]:7.0%}")
        tests = self.inconsistency()
        lines += ["", f"tau2 = {TEXT.number(self.tau2)}, I2 = {TEXT.unitless(self.I2, 1)}%"]
        lines += [
            f"Q {name}, with tau2 = {row.tau2:.3g}: {TEXT.unitless(row.Q, 2)} (df {row.df:.0f}), {TEXT.p_value(row.p)}"
            for name, row in tests.iterrows()
        ]
        return "\n".join(lines + [f"Note: {note}" for note in self.notes])

    def _cells(self) -> Cells:
        league = self.league().rename_axis("").reset_index().astype(str)
        return [tuple(map(str, league.columns)), *map(tuple, league.to_numpy().tolist())]

    def _tau2(self) -> float:
        return 0.0 if math.isnan(self.tau2) else self.tau2

    def _quantile(self) -> float:
        return float(ndtri(0.5 + self.level / 2))

    def _solution(self) -> Any:
        return solve(consistency_model(self.studies, len(self.treatments)), self._tau2())

    def _laplacian(self) -> Floats:
        return network_laplacian(self.studies, len(self.treatments), self._tau2())

    def _place(self, treatment: str) -> int:
        require_choice("treatment", treatment, self.treatments)
        return self.treatments.index(treatment)

    def _pairs(self) -> list[tuple[int, int]]:
        size = len(self.treatments)
        return [(i, j) for i in range(size) for j in range(i + 1, size)]

    def _name(self, design: tuple[int, ...]) -> str:
        return ":".join(self.treatments[i] for i in design)

    def _interval(self, name: str, estimate: float, se: float) -> dict[str, float]:
        half = self._quantile() * se
        return {
            name: estimate,
            f"{name}_se": se,
            f"{name}_low": estimate - half,
            f"{name}_high": estimate + half,
        }

    def _by_comparison(self, values: Floats) -> pd.DataFrame:
        """Rows: every pair. Columns: the pairs that studies compare."""
        import pandas as pd

        pairs = self._pairs()
        direct = [pair for pair in pairs if self.direct.k[pair] > 0]
        cells = [[values[(*row, *column)] for column in direct] for row in pairs]
        return pd.DataFrame(
            cells, [self._name(pair) for pair in pairs], [self._name(pair) for pair in direct]
        )
