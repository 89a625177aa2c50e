"""Bias and coverage of the corrections for publication bias: `python -m benchmarks.bias_methods [repeats]`.

Trials of two arms of 10 to 100 persons each, true effects normal around 0.3 with a standard deviation of 0.2. A trial
that is significant in the positive direction (one-sided p < .025) is published; any other with a chance of 1 (no
selection), 0.4 (mild) or 0.1 (severe). Each analysis goes on until k trials are published. Every method takes its
defaults; where it gives no interval, that analysis does not count for it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

import pdt_evidence as pdt

MEAN, TAU = 0.3, 0.2
SELECTIONS = {"none": 1.0, "mild": 0.4, "severe": 0.1}
SIZES = (10, 20, 40)
SEED = 15


def published(rng: np.random.Generator, k: int, chance: float) -> pd.DataFrame:
    """k published trials."""
    found: list[NDArray[np.float64]] = []
    while sum(map(len, found)) < k:
        n_t, n_c = rng.integers(10, 101, (2, 4 * k))
        true = rng.normal(MEAN, TAU, 4 * k)
        yi = rng.normal(true, np.sqrt(1 / n_t + 1 / n_c + true**2 / (2 * (n_t + n_c))))
        vi = 1 / n_t + 1 / n_c + yi**2 / (2 * (n_t + n_c))
        seen = (yi / np.sqrt(vi) > -ndtri(0.025)) | (rng.random(4 * k) < chance)
        found.append(np.column_stack([yi, vi, n_t, n_c])[seen])
    return pd.DataFrame(np.concatenate(found)[:k], columns=["yi", "vi", "n_t", "n_c"]).assign(measure="SMD")


def simulated(repeats: int) -> Iterator[dict[str, Any]]:
    """One row a method, number of trials and selection."""
    for k in SIZES:
        for word, chance in SELECTIONS.items():
            rng = np.random.default_rng([SEED, k, round(100 * chance)])
            frames = [pdt.bias(published(rng, k, chance)).to_frame() for _ in range(repeats)]
            table = pd.concat(frames)
            for name, rows in table.groupby("method", sort=False):
                known = rows[rows["ci_low"].notna()]
                inside = (known["ci_low"] <= MEAN) & (known["ci_high"] >= MEAN)
                yield {
                    "method": name,
                    "k": k,
                    "selection": word,
                    "bias": known["estimate"].median() - MEAN,
                    "error": np.sqrt(((known["estimate"] - MEAN) ** 2).mean()) if len(known) else np.nan,
                    "coverage": inside.mean() if len(known) else np.nan,
                    "share": len(known) / repeats,
                }


def table_of(rows: list[dict[str, Any]]) -> str:
    """Markdown: one row a method, under each number of trials and selection the median bias and the coverage."""
    frame = pd.DataFrame(rows)
    cases = [(k, word) for k in SIZES for word in SELECTIONS]
    lines = [
        "| method | " + " | ".join(f"k = {k}, {word}" for k, word in cases) + " |",
        "|---" * (len(cases) + 1) + "|",
    ]
    for name in dict.fromkeys(frame["method"]):
        cells = []
        for k, word in cases:
            row = frame[(frame["method"] == name) & (frame["k"] == k) & (frame["selection"] == word)].iloc[0]
            text = "–" if np.isnan(row["coverage"]) else f"{row['bias']:+.2f}, {100 * row['coverage']:.0f}%"
            cells.append(text + ("" if row["share"] > 0.95 else f" ({100 * row['share']:.0f}%)"))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    warnings.simplefilter("ignore")
    print(table_of(list(simulated(repeats))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
