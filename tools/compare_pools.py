"""Say which pooled numbers moved since the snapshot beside this file, from what to what, over how many trials.

python tools/compare_pools.py            # prints what moved; `make reproduce` ends with it
python tools/compare_pools.py --write    # takes a new snapshot, after a release
"""

import argparse
from pathlib import Path

import pandas as pd

import pdt_evidence as pdt

SNAPSHOT = Path(__file__).with_name("pools_before.csv")
KEYS = ["comparison", "outcome", "follow_up"]
VALUES = ["k", "estimate", "ci_low", "ci_high"]


def pools() -> pd.DataFrame:
    """Every pool of the bundled trials by comparison, outcome and window, with the defaults."""
    table = pdt.trials()
    frames = [
        pdt.synthesize(rows).to_frame().assign(comparison=comparison)
        for comparison, rows in table.groupby("comparison")
    ]
    return pd.concat(frames)[[*KEYS, *VALUES]].sort_values(KEYS).reset_index(drop=True)


def moved(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """One line a stratum whose pooled number is not the one it was to two places."""
    both = before.merge(after, on=KEYS, how="outer", suffixes=("_before", "_after"))
    lines = []
    for row in both.to_dict("records"):
        old, new = (_shown(row, when) for when in ("before", "after"))
        if old != new:
            lines.append(f"{row['comparison']}, {row['outcome']}, {row['follow_up']}: {old} -> {new}")
    return lines


def _shown(row: dict, when: str) -> str:
    k, estimate, low, high = (row[f"{name}_{when}"] for name in VALUES)
    return "none" if pd.isna(k) else f"{estimate:.2f} [{low:.2f}, {high:.2f}], k = {k:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="take a new snapshot")
    after = pools()
    if parser.parse_args().write:
        after.round(6).to_csv(SNAPSHOT, index=False, lineterminator="\n")
        return
    lines = moved(pd.read_csv(SNAPSHOT), after)
    print(f"{len(lines)} pooled numbers moved since the last release:")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
