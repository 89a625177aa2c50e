"""Network meta-analysis: many treatments, compared directly and through one another.

`network` takes contrasts, `network_arms` a table of arms; both refuse what cannot be
one consistent network, and say why in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtri

from pdt_evidence.analysis.networks.arms import ArmTable, is_blank, read_arms
from pdt_evidence.analysis.networks.result import Network, NetworkComparison
from pdt_evidence.errors import EvidenceError, known_options, require_choice
from pdt_evidence.formatting import counted
from pdt_evidence.models.networks.flow import connected_parts
from pdt_evidence.models.networks.model import (
    Floats,
    StudyBlock,
    basic_covariance,
    consistency_model,
    contrast_matrices,
    heterogeneity_Q,
    solve,
    tau2_dl,
    tau2_interval,
    tau2_reml,
)
from pdt_evidence.models.networks.split import Evidence, back_calculation, direct_evidence
from pdt_evidence.options import AT_LEAST_0, LEVEL, MEASURE, Choice, check_options
from pdt_evidence.results import Note

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NETWORK_METHODS",
    "Network",
    "NetworkComparison",
    "network",
    "network_arms",
    "network_contrasts",
]

NETWORK_METHODS = ("REML", "DL", "EE")
LOOP_TOLERANCE = 1e-3  # on the scale of yi: what rounding may leave open in a multi-arm study's loops
ONE_ROW = (
    " (it takes one row of each study and pair of arms: keep one outcome, instrument and time, or combine such rows "
    "by aggregate_rows with a column that names study and arms as `cluster`)"
)


@known_options
def network(
    yi: ArrayLike,
    vi: ArrayLike,
    arm_t: Sequence[object] | ArrayLike,
    arm_c: Sequence[object] | ArrayLike,
    study: Sequence[object] | ArrayLike,
    *,
    reference: str,
    method: str = "REML",
    level: float = 0.95,
    tau2: float | None = None,
    measure: str = "GEN",
    loop_tolerance: float = LOOP_TOLERANCE,
) -> Network:
    """Fit a random-effects network to contrasts, one tau2 for every comparison.

    Parameters
    ----------
    yi, vi : array_like, shape (n,)
        Effect of arm_t against arm_c (above 0 favours arm_t), and its variance. A study
        with m arms gives all its m (m - 1) / 2 contrasts: their variances hold its covariances.
    arm_t, arm_c, study : sequence, shape (n,)
        Treatments compared, and the study that compares them.
    reference : str
        The treatment that `summary` compares the others with; no estimate depends on it.
    method : {"REML", "DL", "EE"}
        Of tau2: restricted likelihood, generalised moments, or 0 (the fixed model).
    level : float
        Of all intervals.
    tau2 : float, optional
        Held at this value instead.
    measure : str
        Of `yi`: what tables and figures call the effect.
    loop_tolerance : float
        How far a multi-arm study's contrasts may miss adding up, on the scale of yi.

    Returns
    -------
    Network
        `estimates` and `standard_errors`, shape (treatments, treatments), of each against each other; tau2 and Q.

    Raises
    ------
    EvidenceError
        Lists every row that cannot be used (missing, infinite, variance not above 0, a
        treatment against itself, duplicates), then every study whose contrasts are
        incomplete or contradict each other, then the parts of a disconnected network.

    References
    ----------
    .. [1] Rücker G. Research Synthesis Methods 3 (2012) 312. doi:10.1002/jrsm.1058

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.network([0.5, 0.3, 0.4], [0.04, 0.05, 0.06], ["PDT", "CBT", "CBT"],
    ...               ["waitlist", "waitlist", "waitlist"], ["A", "B", "C"], reference="waitlist", method="EE")
    >>> fit.treatments, round(float(fit.estimates[1, 0]), 4), round(float(fit.standard_errors[1, 0]), 4)
    (('CBT', 'PDT', 'waitlist'), 0.1545, 0.2594)
    """
    check_options(method=(method, Choice(NETWORK_METHODS)), level=(level, LEVEL), measure=(measure, MEASURE))
    check_options(tau2=(tau2 or 0.0, AT_LEAST_0), loop_tolerance=(loop_tolerance, AT_LEAST_0))
    columns = _checked_rows(yi, vi, arm_t, arm_c, study)
    treatments = tuple(sorted({*columns["arm_t"], *columns["arm_c"]}))
    reference = str(reference) if isinstance(reference, Real) else reference  # of arms that are numbers
    require_choice("reference", reference, treatments)
    blocks = _blocks(columns, treatments, loop_tolerance)
    _require_connected(blocks, treatments)
    return _fit(
        blocks, treatments, reference=reference, method=method, level=level, held=tau2, measure=measure
    )


def network_arms(
    table: ArmTable,
    *,
    reference: str,
    measure: str = "SMD",
    study: str = "study",
    arm: str = "node",
    better: str | None = None,
    method: str = "REML",
    level: float = 0.95,
    tau2: float | None = None,
) -> Network:
    """Fit a network to a table with one row an arm; above 0 favours the row's treatment.

    Parameters are those of `network_contrasts` and `network`; studies left with a single
    treatment are named in the result's notes.
    """
    arms = read_arms(table, measure=measure, study=study, arm=arm, better=better)
    columns = arms.contrasts()
    fit = network(
        columns["yi"],
        columns["vi"],
        columns["arm_t"],
        columns["arm_c"],
        columns["study"],
        reference=reference,
        method=method,
        level=level,
        tau2=tau2,
        measure=measure,
    )
    if not arms.notes:
        return fit
    from dataclasses import replace

    return replace(fit, notes=(*arms.notes, *fit.notes))


def network_contrasts(
    table: ArmTable,
    *,
    measure: str = "SMD",
    study: str = "study",
    arm: str = "node",
    better: str | None = None,
) -> pd.DataFrame:
    """All contrasts of a table with one row an arm, as `network` takes them.

    Arms of one study with the same treatment become one arm. The variances of all pairs
    carry the covariances, so that nothing is lost on the way.

    Parameters
    ----------
    table : DataFrame or mapping of columns
        Per row either `mean`, `sd`, `n`; or `events`, `n`; or (measure "SMD") `contrast` with
        the study's first arm and its `se`, blank in the first arm's row, which has
        `var_arm1` where there are three arms or more. Other cells are blank (NaN).
    measure : {"SMD", "MD", "OR", "RR", "RD"}
        "SMD" also takes studies with events, by log odds ratio times sqrt(3) / pi.
    study, arm : str
        Names of the columns with the study and the treatment.
    better : {"higher", "lower"}, optional
        Whether a high mean, event or contrast is good; without it the column `better`
        says so row by row, and without that column higher is better.

    Returns
    -------
    DataFrame
        Columns study, arm_t, arm_c, yi, vi; above 0 favours arm_t.

    Raises
    ------
    EvidenceError
        Lists every row and study that cannot be used.
    """
    import pandas as pd

    return pd.DataFrame(read_arms(table, measure=measure, study=study, arm=arm, better=better).contrasts())


def _checked_rows(yi: Any, vi: Any, arm_t: Any, arm_c: Any, study: Any) -> dict[str, list[Any]]:
    columns = {"yi": np.asarray(yi, float).ravel(), "vi": np.asarray(vi, float).ravel()}
    words = {"arm_t": list(arm_t), "arm_c": list(arm_c), "study": list(study)}
    lengths = {name: len(values) for name, values in {**columns, **words}.items()}
    if len(set(lengths.values())) > 1:
        texts = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise EvidenceError(f"The columns of a network must be of one length, but {texts}.")
    if not lengths["yi"]:
        raise EvidenceError("A network needs at least one contrast; there are none.")
    problems: list[str] = []
    seen: dict[tuple[str, frozenset[str]], int] = {}
    for i in range(lengths["yi"]):
        cells = {name: values[i] for name, values in words.items()}
        texts = _row_problems(float(columns["yi"][i]), float(columns["vi"][i]), cells)
        key = (str(cells["study"]), frozenset((str(cells["arm_t"]), str(cells["arm_c"]))))
        if not texts and key in seen:
            texts = [f"repeats row {seen[key]}: one study gives each contrast once"]
        seen.setdefault(key, i + 1)
        problems += [f"Row {i + 1} (study {cells['study']!r}): {text}." for text in texts]
    if problems:
        repeats = any("repeats row" in problem for problem in problems)
        raise EvidenceError.from_problems(problems, f"network{ONE_ROW if repeats else ''}")
    return {name: values.tolist() for name, values in columns.items()} | {
        name: [str(value) for value in values] for name, values in words.items()
    }


def _row_problems(yi: float, vi: float, words: dict[str, Any]) -> list[str]:
    problems = [f"{name} is missing" for name, value in words.items() if is_blank(value)]
    if not math.isfinite(yi):
        problems.append(f"expected a finite yi, found {yi:g}")
    if not (math.isfinite(vi) and vi > 0):
        problems.append(f"expected vi > 0, found {vi:g}")
    if str(words["arm_t"]) == str(words["arm_c"]):
        problems.append(f"compares {words['arm_t']!r} with itself")
    return problems


def _blocks(
    columns: dict[str, list[Any]], treatments: tuple[str, ...], loop_tolerance: float
) -> tuple[StudyBlock, ...]:
    """One block a study, in order of appearance."""
    rows_of: dict[str, list[int]] = {}
    for row, label in enumerate(columns["study"]):
        rows_of.setdefault(label, []).append(row)
    place = {name: i for i, name in enumerate(treatments)}
    blocks, problems = [], []
    for label, rows in rows_of.items():
        arms = sorted({place[columns[side][row]] for row in rows for side in ("arm_t", "arm_c")})
        position = {arm: i for i, arm in enumerate(arms)}
        yi, vi = np.full((2, len(arms), len(arms)), np.nan)
        np.fill_diagonal(yi, 0.0)
        np.fill_diagonal(vi, 0.0)
        for row in rows:
            i, j = (position[place[columns[side][row]]] for side in ("arm_t", "arm_c"))
            yi[i, j], yi[j, i] = columns["yi"][row], -columns["yi"][row]
            vi[i, j] = vi[j, i] = columns["vi"][row]
        effects = yi.mean(axis=1)
        names = [treatments[arm] for arm in arms]
        problem = _study_problem(label, names, yi, vi, effects, loop_tolerance)
        problems += [problem] if problem else []
        blocks.append(StudyBlock(label, np.array(arms, dtype=np.intp), effects - effects[0], vi))
    if problems:
        raise EvidenceError.from_problems(problems, "network")
    return tuple(blocks)


def _study_problem(
    label: str, names: list[str], yi: Floats, vi: Floats, effects: Floats, loop_tolerance: float
) -> str:
    pairs = list(zip(*np.triu_indices(len(names), 1), strict=True))
    absent = [f"{names[i]} against {names[j]}" for i, j in pairs if math.isnan(yi[i, j])]
    if absent:
        return (
            f"Study {label!r} has {counted(len(names), 'arm')} ({', '.join(names)}), so "
            f"{counted(len(pairs), 'contrast')}, but lacks "
            f"{', '.join(absent)}: without the variance of each its covariances are unknown. Give all of them, "
            "or the arms to network_arms of pdt_evidence.analysis.networks.network."
        )
    apart = np.abs(effects[:, None] - effects[None, :] - yi)
    # Each contrast shares a loop's gap with the others of the loop, hence the factor.
    if len(names) * apart.max() > loop_tolerance:
        i, j = np.unravel_index(np.argmax(apart), apart.shape)
        return (
            f"The contrasts of study {label!r} do not add up: {names[i]} against {names[j]} is {yi[i, j]:.4g}, "
            f"but {effects[i] - effects[j]:.4g} fits its other contrasts best."
        )
    spectrum = np.linalg.eigvalsh(basic_covariance(vi))
    if spectrum[0] <= 1e-10 * spectrum[-1]:
        return (
            f"The variances of study {label!r} contradict each other: no covariance of its "
            f"{counted(len(names), 'arm')} ({', '.join(names)}) has them all."
        )
    return ""


def _require_connected(blocks: Sequence[StudyBlock], treatments: tuple[str, ...]) -> None:
    parts = connected_parts(blocks, len(treatments))
    if len(parts) > 1:
        named = "; ".join(f"({', '.join(treatments[i] for i in part)})" for part in parts)
        raise EvidenceError(
            f"The network falls into {len(parts)} parts that no study links: {named}. "
            "Fit one part at a time, or merge treatments into nodes that link them."
        )


def _fit(
    blocks: tuple[StudyBlock, ...],
    treatments: tuple[str, ...],
    *,
    reference: str,
    method: str,
    level: float,
    held: float | None,
    measure: str,
) -> Network:
    model = consistency_model(blocks, len(treatments))
    notes = []
    if held is not None:
        tau2 = held
        notes.append(Note("tau2-given", f"tau2 was held at {held:g}."))
    else:
        tau2 = {"REML": tau2_reml, "DL": tau2_dl, "EE": lambda _: 0.0}[method](model)
    if math.isnan(tau2):
        notes.append(
            Note("no-tau2", "tau2 cannot be estimated from so few contrasts; the fixed model is shown.")
        )
    used = 0.0 if math.isnan(tau2) else tau2
    estimates, errors = contrast_matrices(solve(model, used))
    half = float(ndtri(0.5 + level / 2)) * errors
    direct = direct_evidence(blocks, len(treatments), used)
    indirect, share = back_calculation(Evidence(estimates, errors, direct.k), direct)
    Q = heterogeneity_Q(model)
    return Network(
        treatments=treatments,
        reference=reference,
        measure=measure,
        method=method,
        level=level,
        k=len(blocks),
        n_designs=len({block.design for block in blocks}),
        estimates=estimates,
        standard_errors=errors,
        ci_low=estimates - half,
        ci_high=estimates + half,
        tau2=tau2,
        tau2_ci=tau2_interval(model, level) if method != "EE" else (math.nan, math.nan),
        I2=100 * max(0.0, (Q - model.df) / Q) if model.df and Q > 0 else math.nan,
        Q=Q if model.df else 0.0,
        Q_df=model.df,
        Q_p=float(chdtrc(model.df, Q)) if model.df else math.nan,
        direct=direct,
        indirect=indirect,
        direct_share=share,
        studies=blocks,
        notes=tuple(notes),
    )
