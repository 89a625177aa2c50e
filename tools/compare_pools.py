"""Say which pooled numbers moved since the snapshot beside this file, from what to what, and why.

python tools/compare_pools.py              # prints what moved; `make reproduce` ends with it
python tools/compare_pools.py --changelog  # the same as lines for CHANGELOG.md
python tools/compare_pools.py --write      # takes a new snapshot, after a release

The reasons are computed from the rows: which went into a pool then and now, and what became of the others.
"""

import argparse
import re
import warnings
from pathlib import Path

import pandas as pd

import pdt_evidence as pdt

POOLS, ROWS = (Path(__file__).with_name(name) for name in ("pools_before.csv", "rows_before.csv"))
KEYS = ["comparison", "outcome", "follow_up"]
VALUES = ["k", "estimate", "ci_low", "ci_high"]
KEPT = ["row_id", "study", *KEYS, "status", "preferred", "yi", "vi", "pooled"]
MOVED = 1e-6  # of an effect or its variance
MINUS = re.compile(r"(?<=[\[ ])-(?=\d)")
WORDS = {"follow_up": "window", "comparison": "comparison", "outcome": "outcome"}


def state() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every pool of the bundled trials by comparison, outcome and window, with the defaults; and all their rows."""
    frames, pooled, aside = [], set(), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for comparison, rows in pdt.trials().groupby("comparison"):
            fit = pdt.synthesize(rows)
            frames.append(fit.to_frame().assign(comparison=comparison))
            for effect in fit.strata.values():
                pooled |= {name for joined in effect.row_ids for name in joined.split("+")}
            if len(fit.left_out):
                aside |= dict(zip(fit.left_out["row_id"], fit.left_out["reason"], strict=True))
        table = pdt.trials(disputed=True, preferred=False)
    table = table.assign(pooled=table["row_id"].isin(pooled), why=table["row_id"].map(aside).fillna(""))
    pools = pd.concat(frames)[[*KEYS, *VALUES]].sort_values(KEYS).reset_index(drop=True)
    return pools, table[[*KEPT, "status_reason", "why"]]


def moved(before: pd.DataFrame, after: pd.DataFrame) -> list[tuple[tuple[str, ...], str, str]]:
    """Each stratum whose pooled number is not the one it was to two places: its key, then and now."""
    both = before.merge(after, on=KEYS, how="outer", suffixes=("_before", "_after"))
    shown = [
        (tuple(str(row[name]) for name in KEYS), *(_shown(row, when) for when in ("before", "after")))
        for row in both.to_dict("records")
    ]
    return [(key, old, new) for key, old, new in shown if old != new]


def _shown(row: dict, when: str) -> str:
    k, estimate, low, high = (row[f"{name}_{when}"] for name in VALUES)
    return "none" if pd.isna(k) else f"{estimate:.2f} [{low:.2f}, {high:.2f}], k = {k:.0f}"


def reasons(key: tuple[str, ...], before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Why a pool moved, from its rows then and now; each row stands in one reason."""
    then, now = before.set_index("row_id"), after.set_index("row_id")
    old, new = (table.index[table["pooled"] & _of(table, key)] for table in (then, now))
    studies = set(then.loc[old, "study"])
    said: dict[str, list[str]] = {}
    for name in new.difference(old):
        said.setdefault(_came(name, then, now, studies), []).append(name)
    for name in old.difference(new):
        said.setdefault(_left(name, key, now), []).append(name)
    for name in old.intersection(new):
        change = (then.loc[name, ["yi", "vi"]] - now.loc[name, ["yi", "vi"]]).abs().max()
        if change > MOVED:
            said.setdefault("read anew", []).append(
                f"{name} ({then.loc[name, 'yi']:.2f} to {now.loc[name, 'yi']:.2f})"
            )
    lines = [f"{why}: {_names(names, now)}" for why, names in said.items()]
    several = now.loc[new.intersection(old), "study"].value_counts()
    averaged = sorted(several.index[several > 1])
    if averaged:
        lines.append(f"plain mean of a trial's rows: {', '.join(averaged)}")
    return lines


def _of(table: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    return (table[KEYS] == list(key)).all(axis=1)


def _came(name: str, then: pd.DataFrame, now: pd.DataFrame, studies: set[str]) -> str:
    if name not in then.index:
        return "row came in" if now.loc[name, "study"] in studies else "trial came in"
    was = then.loc[name]
    places = [
        f"{WORDS[column]} {_word(was[column])}" for column in KEYS if was[column] != now.loc[name, column]
    ]
    if places:
        return f"came from {', '.join(places)}"
    if was["status"] != "ok":
        return f"no longer {was['status']}"
    return "now first choice of its contrast" if not was["preferred"] else "now gives an effect"


def _left(name: str, key: tuple[str, ...], now: pd.DataFrame) -> str:
    if name not in now.index:
        return "row is gone"
    row = now.loc[name]
    if row["status"] != "ok":
        return f"now {row['status']}"
    if not row["preferred"]:
        return "another row of its contrast is first choice"
    there = zip(KEYS, key, strict=True)
    places = [f"{WORDS[column]} {_word(row[column])}" for column, word in there if row[column] != word]
    if places:
        return f"went to {', '.join(places)}"
    if pd.isna(row["yi"]):
        return "no longer gives an effect"
    return "counts of persons beside a score" if row["why"].startswith("counts persons") else "set aside"


def _word(name: str) -> str:
    return name.replace("_vs_", " vs ").replace("pdt", "PDT").replace("cbt", "CBT").replace("_", " ")


def _names(names: list[str], now: pd.DataFrame) -> str:
    """The rows by trial: "Bateman 2009 (T0054, T0055)"."""
    trials: dict[str, list[str]] = {}
    for name in names:
        row_id = name.split()[0]
        trials.setdefault(now["study"].get(row_id, ""), []).append(name)
    return ", ".join(f"{trial} ({', '.join(rows)})".strip() for trial, rows in trials.items())


def lines() -> list[str]:
    """One line a pool that moved: the stratum, the number then and now, and why."""
    (pools, rows), before = state(), pd.read_csv(ROWS)
    found = []
    for key, old, new in moved(pd.read_csv(POOLS), pools):
        why = "; ".join(reasons(key, before, rows)) or "arithmetic alone"
        found.append(f"{', '.join(_word(word) for word in key)}: {old} → {new} ({why})")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="take a new snapshot")
    parser.add_argument("--changelog", action="store_true", help="print lines for CHANGELOG.md")
    options = parser.parse_args()
    if options.write:
        pools, rows = state()
        pools.round(6).to_csv(POOLS, index=False, lineterminator="\n")
        rows[KEPT].round(6).to_csv(ROWS, index=False, lineterminator="\n")
        return
    found = lines()
    if options.changelog:
        print("\n".join(f"  - {MINUS.sub('−', line)}" for line in found))
        return
    print(f"{len(found)} pooled numbers moved since the last release:")
    print("\n".join(found))


if __name__ == "__main__":
    main()
