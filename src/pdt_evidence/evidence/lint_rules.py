"""The rules of `lint`: each takes all rows of a table at once, and names those that are suspicious."""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.evidence.contradictions import contradictions
from pdt_evidence.formatting import counted

__all__ = ["ARMS", "LARGE", "MEANS", "NAMED", "PEERS", "RULES", "Floats", "Found", "Rows", "first_of", "other_sds",
           "scale_of", "standard_errors"]  # fmt: skip

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]
Found = Iterator[tuple[int, tuple[str, str, str]]]  # position; column, what is odd, how to fix it

LARGE_EFFECT = 2.5  # SDs between two arms; in psychotherapy nearly always an SE read as SD, or a slip
SD_RATIO = 0.5  # an SD under half of what its scale usually has may be a standard error
SD_SLACK = 1.645  # standard errors of a log SD that a small sample is allowed below that
SD_FAR = 1 / 3  # an SD under a third of the least on any scale of the outcome
SE_BAND = (0.6, 1.7)  # SE times sqrt(n), relative to the usual SD, if it is one
PEERS = 3  # other trials with an instrument that make its SD "usual"
N_RATIO = 1.5  # arms of one trial differ in size by dropout, seldom by more
CLEAR = 0.1  # effects nearer to 0 than this have no sign to disagree about
ARMS = ("t", "c")
MEANS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
EVENTS = ("event_t", "n_t", "event_c", "n_c")
CONTRAST = ("trial_id", "comparison", "disorder", "arm_t", "arm_t_label", "arm_c", "arm_c_label", "outcome",
            "outcome_label", "event_label", "instrument", "rating", "score", "reported_metric", "follow_up",
            "time_label", "weeks", "months_since_end")  # fmt: skip
RESULT = (*MEANS, "event_t", "event_c", "reported", "reported_se", "reported_ci_low", "reported_ci_high",
          "reported_p", "yi", "vi", "sei", "ci_low", "ci_high")  # fmt: skip
TOTAL = re.compile(
    r"((grand|sub|over)[ -]?)?(total|all)s?|sum|mean|average|pooled( effect)?|summe|gesamt|mittelwert|insgesamt"
    r"|all (trials|studies)|total \(.*\)",
    re.IGNORECASE,
)
RATIOS = ("OR", "RR", "HR", "ROM")
IN_SDS = ("G", "D", "SMD")


class Rows:
    """The columns of a table as numbers, words and codes, each made once."""

    def __init__(self, table: pd.DataFrame, places: Sequence[str]) -> None:
        self.table = table
        self.places = places  # what the file calls each row
        self._codes: dict[str, Codes] = {}

    def __len__(self) -> int:
        return len(self.table)

    def number(self, name: str) -> Floats:
        """A column as numbers, NaN where there is none."""
        if name not in self.table:
            return np.full(len(self), np.nan)
        return pd.to_numeric(self.table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)

    def word(self, name: str) -> NDArray[np.object_]:
        """A column as words, "" where there is none."""
        if name not in self.table:
            return np.full(len(self), "", dtype=object)
        column = self.table[name]
        return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)

    def code(self, name: str) -> Codes:
        """A number for each word, alike for words that differ only in case or spaces; -1 for none."""
        if name not in self._codes:
            self._codes[name] = _codes(self.word(name))
        return self._codes[name]

    def together(self, *parts: str | Codes) -> Codes:
        """A number for each different combination of columns or codes."""
        codes = np.zeros(len(self), dtype=np.intp)
        for part in parts:
            other = self.code(part) if isinstance(part, str) else part
            codes = pd.factorize(codes * (other.max(initial=0) + 2) + other)[0]
        return codes

    def time(self) -> Codes:
        """When a row was measured: its window, or, where that is not known, what the source calls it."""
        known = self.word("follow_up") != "unknown"
        return np.where(known, self.code("follow_up"), self.together("time_label", "weeks") + 10_000)


def _codes(found: NDArray[np.object_]) -> Codes:
    codes, unique = pd.factorize(found)
    plain, words = pd.factorize(pd.Series(unique, dtype=object).map(_plain))
    plain = np.where(pd.Index(words)[plain] == "", -1, plain) if len(words) else plain
    return plain[codes]


def _plain(word: str) -> str:
    return " ".join(word.lower().split())


def _at(mask: Mask) -> list[int]:
    return np.flatnonzero(mask).tolist()


def first_of(codes: Codes) -> Codes:
    """The position at which each code occurs first."""
    dense, unique = pd.factorize(codes)
    first = np.empty(len(unique), dtype=np.intp)
    first[dense[::-1]] = np.arange(len(dense))[::-1]  # of several that are written the last stays
    return first[dense]


def _effects(rows: Rows) -> Floats:
    """Arm 1 less arm 2 in pooled SDs, corrected for small samples; NaN without means."""
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = map(rows.number, MEANS)
    df = n_t + n_c - 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.sqrt(((n_t - 1) * sd_t**2 + (n_c - 1) * sd_c**2) / df)
        return (mean_t - mean_c) / pooled * (1 - 3 / (4 * df - 1))


def standard_errors(rows: Rows) -> Found:
    """SDs far under those of other trials with the instrument that fit them once taken times sqrt(n).

    How far is allowed depends on n: the SD of ten persons may well be half of the usual one. Without an
    instrument the others may have used any: then an SD must be far under the least of theirs as well, and
    beside a mean that has the size of their scale.
    """
    usual, lowest = other_sds(rows)
    named = _instrument(rows) >= 0
    for arm, other in (ARMS, ARMS[::-1]):
        sd, n = rows.number(f"sd_{arm}"), rows.number(f"n_{arm}")
        expected = np.where(np.isnan(usual), rows.number(f"sd_{other}"), usual)
        with np.errstate(invalid="ignore", divide="ignore"):
            least = SD_RATIO * np.exp(-SD_SLACK / np.sqrt(2 * (n - 1))) * expected
            as_sd = sd * np.sqrt(n)
            on_scale = (np.abs(rows.number(f"mean_{arm}")) > as_sd / 2) & (sd < SD_FAR * lowest)
            looks = (sd < least) & (as_sd > SE_BAND[0] * expected) & (as_sd < SE_BAND[1] * expected)
            looks &= named | np.isnan(usual) | on_scale
        for at in _at(looks):
            beside = f"the other arm's {expected[at]:.3g}"
            if not np.isnan(usual[at]):
                beside = f"the {expected[at]:.3g} usual in other trials"
            what = f"{sd[at]:g} is small beside {beside}, and looks like a standard error."
            fix = f"If it is one, the SD is {sd[at]:g} x sqrt({n[at]:g}) = {as_sd[at]:.3g}."
            yield at, (f"sd_{arm}", what, fix)


def other_sds(rows: Rows) -> tuple[Floats, Floats]:
    """Of each row the median and the least SD of other trials on its scale; NaN with too few of them.

    The scale is the instrument; of rows without one, the outcome.
    """
    named = _instrument(rows)
    outcome = np.where(named < 0, rows.code("outcome"), -1)
    scale = rows.together(named, outcome, "score")
    sds = pd.DataFrame({"scale": scale, "trial": rows.code("trial_id")})
    sds = pd.concat([sds.assign(sd=rows.number(f"sd_{arm}")) for arm in ARMS])
    sds = sds[np.isfinite(sds["sd"]) & sds["scale"].isin(scale[(named >= 0) | (outcome >= 0)])]
    medians = sds.groupby(["scale", "trial"])["sd"].median()
    by_trial = pd.DataFrame(medians).reset_index().sort_values(by=["scale", "sd"])
    group, value = by_trial["scale"].to_numpy(), by_trial["sd"].to_numpy()
    by_trial["usual"], by_trial["least"] = _of_others(group, value)
    key = pd.MultiIndex.from_arrays([scale, rows.code("trial_id")])
    found = by_trial.set_index(["scale", "trial"])[["usual", "least"]].reindex(key)
    return found["usual"].to_numpy(), found["least"].to_numpy()


def _of_others(group: Codes, value: Floats) -> tuple[Floats, Floats]:
    """Of sorted groups of sorted values, for each the median and least of the others; NaN for fewer than PEERS."""
    if not group.size:
        return value, value
    start = first_of(group)
    rank, others = np.arange(group.size) - start, np.bincount(start)[start] - 1
    # Taking a value out moves those behind it one place forward.
    low, high, least = (
        value[np.minimum(start + at + (at >= rank), group.size - 1)]
        for at in (np.maximum(others - 1, 0) // 2, others // 2, np.zeros_like(others))
    )
    enough = others >= PEERS
    return np.where(enough, (low + high) / 2, np.nan), np.where(enough, least, np.nan)


def _instrument(rows: Rows) -> Codes:
    """A number for each instrument, however it is spelled; -1 for none."""
    return pd.factorize(pd.Series(scale_of(rows), dtype=object).replace("", np.nan))[0]


def scale_of(rows: Rows) -> NDArray[np.object_]:
    """The instrument of each row, in letters and digits alone; "" for none."""
    codes, unique = pd.factorize(rows.word("instrument"))
    return np.array(["".join(filter(str.isalnum, str(name).lower())) for name in unique], dtype=object)[codes]


def _large_effects(rows: Rows) -> Found:
    """Effects beyond 2.5 SDs; of one row the means are named, else the reported effect, else yi."""
    g = np.abs(_effects(rows))
    text = g > LARGE_EFFECT
    for at in _at(text):
        what = f"the arms differ by {g[at]:.1f} SDs; more than {LARGE_EFFECT} is rare."
        yield at, ("mean_t", what, "Check the means, and whether sd_t and sd_c are standard errors.")
    in_sds = np.isin(np.char.upper(rows.word("reported_metric").astype(str)), IN_SDS)
    given = np.isnan(g) & (rows.word("measure") == "SMD")
    for name, applies in (("reported", in_sds), ("yi", given)):
        value = np.abs(rows.number(name))
        large = applies & (value > LARGE_EFFECT) & ~text
        text = text | large
        for at in _at(large):
            what = f"an effect of {value[at]:.3g} SDs; more than {LARGE_EFFECT} is rare."
            yield at, (name, what, "Check it against the paper.")


def _sizes(rows: Rows) -> Found:
    """Sizes of the same arm of a trial at the same time that differ by more than dropout."""
    explained = rows.word("note") != ""
    for arm in ARMS:
        n = rows.number(f"n_{arm}")
        key = rows.together("trial_id", f"arm_{arm}", f"arm_{arm}_label", rows.time())
        groups = pd.Series(n).groupby(key)
        usual, count, most = (groups.transform(name).to_numpy() for name in ("median", "count", "max"))
        usual = np.where(count == 2, most, usual)  # of two, the smaller one is asked about
        with np.errstate(invalid="ignore"):
            odd = (count > 1) & ((n > N_RATIO * usual) | (n * N_RATIO < usual))
        for at in _at(odd & (rows.code("trial_id") >= 0) & ~explained):
            others = "other row has" if count[at] == 2 else "other rows have about"
            what = f"{counted(n[at], 'person')}, where the trial's {others} {usual[at]:g}."
            yield at, (f"n_{arm}", what, "Check it, or say in note why the number differs.")


def _repeats(rows: Rows) -> Found:
    """Rows that are there twice; synthesis would combine the rows of a trial without a word."""
    home = first_of(rows.together(*CONTRAST))
    numbers = np.column_stack([rows.number(name) for name in RESULT if name in rows.table] or [home])
    again = (home != np.arange(len(rows))) & (rows.code("trial_id") >= 0)
    alike = ((numbers == numbers[home]) | (np.isnan(numbers) & np.isnan(numbers[home]))).all(axis=1)
    for at in _at(again):
        what = f"the same contrast as {rows.places[home[at]]}, with other numbers."
        fix = "Remove one, or say how they differ (instrument, rating, time_label, arm_t_label ...)."
        repeat = f"repeats {rows.places[home[at]]}, number by number."
        yield at, ("study", repeat if alike[at] else what, "Remove one of the two." if alike[at] else fix)


def _no_trials(rows: Rows) -> Found:
    """Lines below a table that sum it up, and the examples of the template: they would be pooled as trials."""
    words, first = np.unique(rows.word("study"), return_index=True)
    totals = [bool(TOTAL.fullmatch(word.strip())) for word in words.tolist()]
    examples = ["(delete this row)" in word for word in words.tolist()]
    codes = rows.code("study")
    for at in _at(np.isin(codes, codes[first[totals]]) & (codes >= 0)):
        what = "a total of other rows, by its name, and no trial."
        yield at, ("study", what, "If it is one, delete the row.")
    for at in _at(np.isin(codes, codes[first[examples]]) & (codes >= 0)):
        yield at, ("study", "an example of the template.", "Delete the row.")


def _names(rows: Rows) -> Found:
    """Trials whose names differ only in case or spaces: they count as two."""
    ids = rows.word("trial_id")
    for name in ("trial_id", "study"):
        words, plain = rows.word(name), rows.code(name)
        spelled = pd.factorize(words)[0]
        home = first_of(plain)
        other = (plain >= 0) & (words != words[home]) & (first_of(spelled) == np.arange(len(rows)))
        if name == "study":  # said of its trial_id, or one trial by it
            other &= (ids != words) & ((ids != ids[home]) | (ids == ""))
        for at in _at(other):
            usual = f"{words[home[at]]!r} ({rows.places[home[at]]})"
            what = f"{words[at]!r} and {usual} differ only in case or spaces, and count as two."
            yield at, (name, what, "If they are one trial, write them alike.")


def _duplicates(rows: Rows) -> Found:
    """The same arms twice: in one trial, or as the same outcome of two trials.

    Events are compared within a trial, its outcome and time: few of them in small arms coincide by chance.
    """
    contrasts = rows.together(*CONTRAST)
    arms, complete, exchanged = _both_arms(rows)
    scale = ("outcome", _instrument(rows), rows.time())
    keys = (
        ("mean_t", complete, rows.together(arms, "trial_id")),
        ("mean_t", complete, rows.together(arms, *scale)),
        ("event_t", *_same_events(rows)),
    )
    text = np.zeros(len(rows), dtype=bool)
    for column, applies, key in keys:
        home = first_of(np.where(applies, key, -1 - np.arange(len(rows))))
        twice = (home != np.arange(len(rows))) & ~text & (contrasts != contrasts[home])
        text |= twice
        for at in _at(twice):
            yield at, _twice(rows, at, int(home[at]), column, bool(exchanged[at] != exchanged[home[at]]))
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = map(rows.number, MEANS)
    for at in _at(complete & (mean_t == mean_c) & (sd_t == sd_c) & (n_t == n_c)):
        yield at, ("mean_c", "both arms have the same numbers.", "Check that no arm was entered twice.")


def _twice(rows: Rows, at: int, home: int, column: str, exchanged: bool) -> tuple[str, str, str]:
    what = f"the same numbers as {rows.places[home]}{', with the arms exchanged' if exchanged else ''}"
    if rows.code("trial_id")[at] == rows.code("trial_id")[home]:
        return column, f"{what}.", "If it is the same contrast, remove one row; else correct the copy."
    name = rows.word("study")[home] or rows.word("trial_id")[home]
    what = f"{what}, of another trial{'' if name in rows.places[home] else f' ({name})'}."
    return column, what, "If one trial was published twice, give both rows its trial_id, or remove one."


def _both_arms(rows: Rows) -> tuple[Codes, Mask, Any]:
    """A number for the means, SDs and sizes of a row whichever arm is first, where they are, which were turned."""
    numbers = np.column_stack(list(map(rows.number, MEANS)))
    complete = np.asarray(~np.isnan(numbers).any(axis=1))
    (mean_t, sd_t, n_t), (mean_c, sd_c, n_c) = numbers.T[:3], numbers.T[3:]
    sign_reversed = (mean_t > mean_c) | (
        (mean_t == mean_c) & ((sd_t > sd_c) | ((sd_t == sd_c) & (n_t > n_c)))
    )
    ordered = np.where(sign_reversed[:, None], np.roll(numbers, 3, axis=1), numbers)
    return _alike(ordered), complete, sign_reversed


def _same_events(rows: Rows) -> tuple[Mask, Codes]:
    numbers = np.column_stack(list(map(rows.number, EVENTS)))
    complete = ~np.isnan(numbers).any(axis=1) & (rows.code("trial_id") >= 0)
    return complete, rows.together(_alike(numbers), "trial_id", "outcome", "event_label", rows.time())


def _alike(numbers: Floats) -> Codes:
    """A number for each different row of numbers."""
    names = list(range(numbers.shape[1]))
    codes = pd.DataFrame(numbers).groupby(names, sort=False, dropna=False).ngroup()
    return np.asarray(codes, dtype=np.intp)


def _same_arm(rows: Rows) -> Found:
    """Rows that compare a therapy with itself, without labels that tell the two arms apart."""
    arm, label = (
        _codes(np.concatenate([rows.word(f"arm_t{name}"), rows.word(f"arm_c{name}")])).reshape(2, -1)
        for name in ("", "_label")
    )
    for at in _at((arm[0] == arm[1]) & (label[0] == label[1]) & (arm[0] >= 0)):
        what = f"the same word as arm_t, {rows.word('arm_t')[at]!r}: the row compares a therapy with itself."
        yield at, ("arm_c", what, "Correct it, or say in arm_t_label and arm_c_label how the arms differ.")


def _changes(rows: Rows) -> Found:
    """Changes from baseline in a stratum of endpoint scores: their SDs mean different things."""
    score = rows.word("score")
    stratum = rows.together("comparison", "outcome", "follow_up")
    has_endpoints = np.isin(stratum, stratum[score == "endpoint"])
    for at in _at((score == "change") & has_endpoints):
        what = "a change from baseline, where other rows of its stratum are endpoint scores."
        fix = "Enter the endpoint if the paper has it; else leave the row out, or pool mean differences (MD)."
        yield at, ("score", what, fix)
    mean_t, mean_c, instrument = rows.number("mean_t"), rows.number("mean_c"), rows.code("instrument")
    below = (mean_t < 0) & (mean_c < 0) & (score != "change") & (instrument >= 0)
    above = np.isin(instrument, instrument[mean_t > 0])
    for at in _at(below & above):
        what = (
            "both means are below 0 on an instrument that is above 0 in other rows: they look like changes."
        )
        yield at, ("score", what, "If they are, write change.")


def _signs(rows: Rows) -> Found:
    """Effects that favour one arm where the means, and the direction that is good, favour the other."""
    better = rows.word("better")
    from_means = _effects(rows) * np.select([better == "higher", better == "lower"], [1.0, -1.0], np.nan)
    ratio = np.isin(np.char.upper(rows.word("reported_metric").astype(str)), RATIOS)
    reported = rows.number("reported")
    with np.errstate(invalid="ignore", divide="ignore"):
        reported = np.where(ratio, np.log(np.where(reported > 0, reported, np.nan)), reported)
    for name, value in (("reported", reported), ("yi", rows.number("yi"))):
        with np.errstate(invalid="ignore"):
            opposite = (value * from_means < 0) & (np.abs(value) > CLEAR) & (np.abs(from_means) > CLEAR)
        for at in _at(opposite):
            what = f"its sign says the opposite of the means, by which the effect is {from_means[at]:.2f}."
            yield at, (name, what, "Check the sign, and whether better is right.")


def _contradictions(rows: Rows) -> Found:
    """Numbers of one row that cannot all be right."""
    return contradictions(rows.table)


NAMED, LARGE = (_no_trials, _names), (_large_effects,)  # also said where a table is read
RULES = (
    _no_trials,
    _names,
    _repeats,
    standard_errors,
    _large_effects,
    _sizes,
    _contradictions,
    _duplicates,
    _same_arm,
    _changes,
    _signs,
)
