"""Large tables of trials, in the formats that are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.readers.files import csv_text

__all__ = ["write_tables"]

WIDTHS = {  # columns of a table -> which
    11: ["row_id", "study", "outcome", "better", "months_since_end", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"],
    20: ["row_id", "trial_id", "study", "year", "disorder", "outcome", "instrument", "rating", "better", "score",
         "months_since_end", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "source_id", "locator", "note"],
    56: None,  # all
}  # fmt: skip


def write_tables(folder: Path, rows: int, excel_rows: int) -> dict[str, Path]:
    """Tables made of the bundled trials, drawn again and again, with new numbers of both arms."""
    rng = np.random.default_rng(2004)
    table = load("trials").sample(rows, replace=True, random_state=2004, ignore_index=True)
    table["row_id"] = [f"R{number}" for number in range(rows)]
    for arm in "tc":
        table[f"mean_{arm}"] = rng.normal(10, 2, rows).round(2)
        table[f"sd_{arm}"] = rng.uniform(4, 9, rows).round(2)
        table[f"n_{arm}"] = rng.integers(10, 90, rows)
        table[f"event_{arm}"] = np.nan
    table["better"] = "lower"
    paths = {}
    for width, columns in WIDTHS.items():
        part = table[columns] if columns else table
        paths[f"{rows:,} rows of {width} columns, CSV"] = path = folder / f"{width}.csv"
        path.write_text(csv_text(part), encoding="utf-8")
    narrow = table[WIDTHS[11]]
    narrow.to_csv(folder / "narrow.tsv", sep="\t", index=False)
    narrow.to_parquet(folder / "narrow.parquet", compression="none", use_dictionary=False)
    narrow.head(excel_rows).to_excel(folder / "narrow.xlsx", index=False)
    return paths | {
        f"{rows:,} rows of 11 columns, TSV": folder / "narrow.tsv",
        f"{rows:,} rows of 11 columns, Parquet": folder / "narrow.parquet",
        f"{excel_rows:,} rows of 11 columns, Excel": folder / "narrow.xlsx",
    }
