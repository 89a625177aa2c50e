"""Effects of the bundled strata with at least five trials, for strata.R to pool: one value a trial."""

import json
import warnings
from pathlib import Path

import pdt_evidence as pdt

FEWEST = 5


def main() -> None:
    cases = []
    for comparison in ("pdt_vs_control", "pdt_vs_cbt"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pdt.EvidenceWarning)
            synthesis = pdt.synthesize(pdt.trials(comparison=comparison))
        for key, fit in synthesis.items():
            if fit.k >= FEWEST:
                words = {"comparison": comparison, "outcome": key[0], "follow_up": key[1]}
                effects = {"yi": fit.yi.tolist(), "vi": fit.vi.tolist()}
                cases.append({**words, "row_ids": fit.row_ids, **effects, "fits": {}})
    path = Path(__file__).with_name("strata.json")
    path.write_text(json.dumps({"source": "", "cases": cases}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
