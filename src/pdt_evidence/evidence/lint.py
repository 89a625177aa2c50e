"""Values that fit the schema and are suspicious all the same, each with what to do about it.

Nothing here is an error: a large effect may be true. What `check FILE` prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Finding", "as_text", "lint"]

Floats = NDArray[np.float64]
LARGE_EFFECT = 2.5  # SDs between two arms; in psychotherapy nearly always an SE read as SD, or a slip
SD_RATIO = 0.5  # an SD under half of what its scale usually has may be a standard error
SE_BAND = (0.6, 1.7)  # SE times sqrt(n), relative to the usual SD, if it is one
PEERS = 3  # other rows of an instrument that make its SD "usual"
N_RATIO = 1.5  # arms of one trial differ in size by dropout, seldom by more
CLEAR = 0.1  # effects nearer to 0 than this have no sign to disagree about
ARMS = ("t", "c")
CONTRAST = ("trial_id", "comparison", "disorder", "arm_t", "arm_t_label", "arm_c", "arm_c_label", "outcome",
            "outcome_label", "event_label", "instrument", "rating", "score", "reported_metric", "follow_up",
            "time_label", "weeks", "months_since_end")  # fmt: skip
RESULT = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "event_t", "event_c", "reported", "reported_se",
          "reported_ci_low", "reported_ci_high", "reported_p", "yi", "vi", "sei", "ci_low", "ci_high")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One suspicious value: where it is, what is odd, how to mend it."""

    line: int | None
    row_id: str
    column: str
    what: str
    how_to_mend: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line is not None else "row"
        row = "" if self.row_id == place else f" ({self.row_id})"
        return f"{place}{row}, {self.column}: {self.what} {self.how_to_mend}"


def lint(table: pd.DataFrame, lines: Sequence[int | None] | None = None) -> list[Finding]:
    """Everything suspicious in a table of trials, in the order of its rows.

    Parameters
    ----------
    table : DataFrame
        As `read_trials` gives it; columns that are missing are not looked at.
    lines : sequence of int, optional
        The lines of the file that the rows stand in (None for a row that is on none); without
        them, one row a line below a header.

    Returns
    -------
    list of Finding
        SDs that look like standard errors; effects beyond 2.5 SDs; sizes of arms that disagree with
        the trial's other rows; effects outside their own interval; arms, rows and contrasts entered
        twice; names of trials that differ only in case or spaces; changes beside endpoints; effects
        whose sign disagrees with the means.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"row_id": "a", "mean_t": 5.0, "sd_t": 1.0, "n_t": 20, "mean_c": 9.0, "sd_c": 1.0, "n_c": 20}
    >>> print(lint(pd.DataFrame([row]))[0])
    line 2 (a), mean_t: the arms differ by 3.9 SDs. Check the means, and whether sd_t and sd_c are standard errors.
    """
    table = table.reset_index(drop=True)
    checks = (
        _names,
        _repeats,
        _standard_errors,
        _large_effects,
        _sizes,
        _intervals,
        _duplicates,
        _changes,
        _signs,
    )
    found = [(at, finding) for check in checks for at, finding in check(table)]
    where = list(lines) if lines is not None else list(range(2, len(table) + 2))
    ids = table["row_id"].astype(str) if "row_id" in table else pd.Series([str(line) for line in where])
    return [
        Finding(line=where[at], row_id=ids.iloc[at], column=column, what=what, how_to_mend=mend)
        for at, (column, what, mend) in sorted(found, key=lambda pair: pair[0])
    ]


def as_text(findings: Sequence[Finding], where: str) -> str:
    """One line a finding, as a linter prints them, and how many there are."""
    if not findings:
        return f"{where}: nothing suspicious."
    lines = [f"{where}: {finding}" for finding in findings]
    return "\n".join([*lines, f"{len(findings)} suspicious value{'s' if len(findings) > 1 else ''}."])


Found = Iterator[tuple[int, tuple[str, str, str]]]


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    """A column as numbers, NaN where there is none."""
    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _words(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series("", index=table.index)
    column = table[name]
    return column.astype(object).where(column.notna(), "").astype(str)


def _at(mask: NDArray[np.bool_]) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _effects(table: pd.DataFrame) -> Floats:
    """Arm 1 less arm 2 in pooled SDs, corrected for small samples; NaN without means."""
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = (
        _numbers(table, name) for name in ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
    )
    df = n_t + n_c - 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.sqrt(((n_t - 1) * sd_t**2 + (n_c - 1) * sd_c**2) / df)
        return (mean_t - mean_c) / pooled * (1 - 3 / (4 * df - 1))


def _standard_errors(table: pd.DataFrame) -> Found:
    """SDs far under those of the instrument's other rows that fit them once taken times sqrt(n)."""
    instrument = _words(table, "instrument").str.lower().str.replace(r"[^a-z0-9]", "", regex=True)
    score = _words(table, "score")
    both = np.concatenate([_numbers(table, f"sd_{arm}") for arm in ARMS])
    keys = pd.concat([instrument + "|" + score] * 2, ignore_index=True)
    known = pd.Series(both).where(keys.str.partition("|")[0].ne("") & np.isfinite(both))
    usual = known.groupby(keys).transform("median").to_numpy()
    count = known.groupby(keys).transform("count").to_numpy()
    for position, arm in enumerate(ARMS):
        part = slice(position * len(table), (position + 1) * len(table))
        sd, n = both[part], _numbers(table, f"n_{arm}")
        other = _numbers(table, f"sd_{ARMS[1 - position]}")
        # Peers: rows of the instrument other than this one. Without enough of them, the other arm.
        expected = np.where(count[part] >= 2 * (PEERS + 1), usual[part], other)
        with np.errstate(invalid="ignore", divide="ignore"):
            as_sd = sd * np.sqrt(n)
            looks = (
                (sd < SD_RATIO * expected) & (as_sd > SE_BAND[0] * expected) & (as_sd < SE_BAND[1] * expected)
            )
        for at in _at(looks):
            what = (
                f"{sd[at]:g} is small beside the usual {expected[at]:.3g}, and looks like a standard error."
            )
            mend = f"If it is one, the SD is {sd[at]:g} x sqrt({n[at]:g}) = {as_sd[at]:.3g}."
            yield at, (f"sd_{arm}", what, mend)


def _large_effects(table: pd.DataFrame) -> Found:
    g = np.abs(_effects(table))
    for at in _at(g > LARGE_EFFECT):
        mend = "Check the means, and whether sd_t and sd_c are standard errors."
        yield at, ("mean_t", f"the arms differ by {g[at]:.1f} SDs.", mend)
    is_smd = _words(table, "reported_metric").str.lower().isin(["g", "d", "smd"]).to_numpy()
    for name, applies in (
        ("reported", is_smd),
        ("yi", np.isnan(g) & (_words(table, "measure") == "SMD").to_numpy()),
    ):
        values = np.abs(_numbers(table, name))
        for at in _at(applies & (values > LARGE_EFFECT)):
            yield at, (name, f"an effect of {values[at]:.3g} SDs is rare.", "Check it against the paper.")


def _sizes(table: pd.DataFrame) -> Found:
    """Sizes of the same arm of the same trial at the same time that differ by more than dropout."""
    for arm in ARMS:
        n = pd.Series(_numbers(table, f"n_{arm}"))
        label = _words(table, f"arm_{arm}") + "|" + _words(table, f"arm_{arm}_label")
        key = _words(table, "trial_id") + "|" + label + "|" + _words(table, "follow_up")
        groups = n.groupby(key)
        usual, count = groups.transform("median").to_numpy(), groups.transform("count").to_numpy()
        sizes = n.to_numpy()
        with np.errstate(invalid="ignore"):
            odd = (count > 1) & ((sizes > N_RATIO * usual) | (sizes * N_RATIO < usual))
        for at in _at(odd & (_words(table, "trial_id") != "").to_numpy()):
            what = f"{sizes[at]:g} persons, where the trial's other rows have about {usual[at]:g}."
            yield at, (f"n_{arm}", what, "Check it, or say in note why fewer were analysed.")


def _intervals(table: pd.DataFrame) -> Found:
    for name, low, high in (
        ("reported", "reported_ci_low", "reported_ci_high"),
        ("yi", "ci_low", "ci_high"),
    ):
        value, ends = _numbers(table, name), (_numbers(table, low), _numbers(table, high))
        with np.errstate(invalid="ignore"):
            outside = (value < ends[0]) | (value > ends[1])
        for at in _at(outside):
            what = f"{value[at]:g} lies outside of its interval {ends[0][at]:g} to {ends[1][at]:g}."
            yield at, (name, what, "Check the sign of all three, and whether they are on one scale.")


def _called(table: pd.DataFrame, at: int) -> str:
    """What a reader calls a row: its line, or its own id."""
    row = str(table["row_id"].iloc[at]) if "row_id" in table else f"line {at + 2}"
    return row if row.startswith("line ") else f"row {row}"


def _plain(words: pd.Series) -> pd.Series:
    """Words without the differences that a reader does not see: case, and spaces."""
    return words.str.lower().str.split().str.join(" ")


def _contrasts(table: pd.DataFrame) -> pd.Series:
    """A number for what a row is a result of; two rows that share it are one contrast, told twice."""
    words = pd.DataFrame({name: _plain(_words(table, name)) for name in CONTRAST})
    return words.groupby(list(CONTRAST), sort=False).ngroup()


def _repeats(table: pd.DataFrame) -> Found:
    """Rows that are there twice; synthesis would combine the rows of a trial without a word."""
    contrasts = _contrasts(table)
    once = ~contrasts.duplicated().to_numpy()
    first = dict(zip(contrasts[once].tolist(), _at(once), strict=True))
    numbers = pd.DataFrame({name: _numbers(table, name) for name in RESULT if name in table})
    for at in _at(~once & (_words(table, "trial_id") != "").to_numpy()):
        home = first[contrasts[at]]
        if numbers.iloc[at].equals(numbers.iloc[home]):
            what, mend = f"repeats {_called(table, home)}, number by number.", "Remove one of the two."
        else:
            what = f"the same contrast as {_called(table, home)}, with other numbers."
            mend = "Remove one, or say how they differ (instrument, rating, time_label, arm_t_label ...)."
        yield at, ("study", what, mend)


def _names(table: pd.DataFrame) -> Found:
    """Trials whose names differ only in case or spaces: they count as two."""
    ids = _words(table, "trial_id")
    for name in ("trial_id", "study"):
        words = _words(table, name)
        unique = pd.Series(words[words != ""].unique(), dtype=object)
        first = unique.groupby(_plain(unique)).transform("first") if len(unique) else unique
        for other, usual in zip(unique[unique != first], first[unique != first], strict=True):
            at = int((words == other).to_numpy().argmax())
            home = int((words == usual).to_numpy().argmax())
            if name == "study" and (ids.iloc[at] == other or ids.iloc[at] == ids.iloc[home] != ""):
                continue  # said of its trial_id, or one trial by it
            what = f"{other!r} and {usual!r} ({_called(table, home)}) differ only in case or spaces, and count as two."
            yield at, (name, what, "If they are one trial, write them alike.")


def _duplicates(table: pd.DataFrame) -> Found:
    """The same numbers twice: two rows with the same arms, or both arms of a row alike."""
    means = ["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"]
    events = ["event_t", "n_t", "event_c", "n_c"]
    contrasts = _contrasts(table)
    repeated = contrasts.duplicated(keep=False).to_numpy() & (_words(table, "trial_id") != "").to_numpy()
    for names, alike in ((means, ("mean", "sd", "n")), (events, ("event", "n"))):
        data = pd.DataFrame({name: _numbers(table, name) for name in names})
        complete = data.notna().all(axis=1)
        if names is events:
            # Few events in small arms coincide by chance; within one trial they do not.
            data["trial"] = _words(table, "trial_id")
            data["outcome"] = _words(table, "outcome")
            data["follow_up"] = _words(table, "time_label") + _words(table, "follow_up")
        first = data[complete].groupby(list(data.columns), sort=False).cumcount()
        leader = data[complete].groupby(list(data.columns), sort=False).ngroup()
        homes = (
            leader[first == 0].reset_index().set_index(0)["index"] if len(leader) else pd.Series(dtype=int)
        )
        for at in first[first > 0].index.tolist():
            home = int(homes[leader[at]])
            if repeated[at] and contrasts[at] == contrasts[home]:
                continue  # said of the whole row
            what = f"the same numbers as {_called(table, home)}."
            yield at, (names[0], what, "If it is the same contrast, remove one row.")
        same = complete & np.logical_and.reduce([data[f"{stem}_t"] == data[f"{stem}_c"] for stem in alike])
        if names is means:
            for at in _at(same.to_numpy()):
                yield (
                    at,
                    ("mean_c", "both arms have the same numbers.", "Check that no arm was entered twice."),
                )


def _changes(table: pd.DataFrame) -> Found:
    """Changes from baseline in a stratum of endpoint scores: their SDs mean different things."""
    score = _words(table, "score")
    key = _words(table, "outcome") + "|" + _words(table, "follow_up")
    has_endpoints = (score == "endpoint").groupby(key).transform("any")
    for at in _at(((score == "change") & has_endpoints).to_numpy()):
        what = "a change from baseline, where other rows of its stratum are endpoint scores."
        yield at, ("score", what, "Enter the endpoint, or pool with measure='MD', or leave the row out.")
    negative = (_numbers(table, "mean_t") < 0) & (_numbers(table, "mean_c") < 0)
    instrument = _words(table, "instrument").str.lower()
    above = pd.Series(_numbers(table, "mean_t") > 0).groupby(instrument).transform("any").to_numpy()
    for at in _at(negative & above & (score != "change").to_numpy() & (instrument != "").to_numpy()):
        what = (
            "both means are below 0 on an instrument that is above 0 in other rows: they look like changes."
        )
        yield at, ("score", what, "If they are, write change.")


def _signs(table: pd.DataFrame) -> Found:
    """Effects that favour one arm where the means, and the direction that is good, favour the other."""
    better = _words(table, "better")
    towards = np.select([better == "higher", better == "lower"], [1.0, -1.0], np.nan)
    from_means = _effects(table) * towards
    metric = _words(table, "reported_metric").str.upper()
    ratio = metric.isin(["OR", "RR", "HR", "ROM"]).to_numpy()
    reported = _numbers(table, "reported")
    with np.errstate(invalid="ignore", divide="ignore"):
        reported = np.where(ratio, np.log(np.where(reported > 0, reported, np.nan)), reported)
    for name, value in (("reported", reported), ("yi", _numbers(table, "yi"))):
        with np.errstate(invalid="ignore"):
            opposite = (value * from_means < 0) & (np.abs(value) > CLEAR) & (np.abs(from_means) > CLEAR)
        for at in _at(opposite):
            what = f"its sign says the opposite of the means, by which the effect is {from_means[at]:.2f}."
            yield at, (name, what, "Check the sign, and whether better is right.")
