"""Numbers of the gatherings of November 2026, without their texts: python tests/reference/gathered.py FOLDER

FOLDER has additions_trials.csv, additions2_trials.csv …; which finding is which row is in data/gathered.csv.
"""

import csv
import json
import re
import sys
from pathlib import Path

NUMBER = re.compile(r"(?<![\d.])-?\d*\.?\d+")
PRINTED = ("n1", "n2", "mean1", "sd1", "mean2", "sd2", "estimate", "ci_low", "ci_high", "p")
POOLED = ("k_studies", "n_participants", "estimate", "ci_low", "ci_high", "ci_level", "i2")
ARMS = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
TIMES = ("treatment_weeks", "months_since_randomisation", "months_since_end")
DATA = Path(__file__).parents[2] / "data"


def numbers(text: str) -> list[float]:
    return [float(found) for found in NUMBER.findall(text)]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def case(item: dict[str, str], row: dict[str, str]) -> dict:
    names = {"trial": PRINTED, "pooled": POOLED, "arms": ARMS, "timing": TIMES}[item["kind"]]
    said = " ".join((row.get("effect_metric", ""), row.get("seen_note", ""), row.get("outcome", "")))
    return {
        "item": item["item_id"],
        "kind": item["kind"],
        "rows": item["held_as"].split(";"),
        "printed": {name: numbers(row[name]) for name in names if row.get(name)},
        "percent": row.get("effect_metric", "").startswith(("percent", "odds ratio, model")),
        "said": sorted(set(numbers(said))) if item["kind"] == "trial" else [],
        "of": [name for name in row.get("row_ids", "").split(";") if re.fullmatch(r"T\d{4}", name)],
    }


def main(folder: Path) -> None:
    tables: dict[str, list[dict[str, str]]] = {}
    cases = []
    for item in read(DATA / "gathered.csv"):
        hunt = "" if item["hunt"] == "1" else item["hunt"]
        name = (
            f"additions{hunt}_{item['kind']}{'' if item['kind'] in ('arms', 'pooled', 'timing') else 's'}.csv"
        )
        if item["kind"] == "member" or not item["held_as"]:
            continue
        if name not in tables:
            tables[name] = read(folder / name)
        cases.append(case(item, tables[name][int(item["number"]) - 1]))
    content = {"source": "the gatherings of November 2026", "cases": cases}
    path = Path(__file__).with_name("gathered.json")
    path.write_text(
        json.dumps(content, indent=None, separators=(",", ":")).replace('},{"item', '},\n{"item') + "\n"
    )
    print(len(cases))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
