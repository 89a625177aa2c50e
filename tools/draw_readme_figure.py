"""Draw the picture of the README from the bundled evidence.

python tools/draw_readme_figure.py
"""

import warnings
from pathlib import Path

import pdt_evidence as pdt
from pdt_evidence.reporting.citations import named

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    warnings.simplefilter("ignore", pdt.EvidenceWarning)
    pooled = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"))
    pdt.save(pdt.forest(pooled, sources=named()), DOCS / "forest.png", dpi=150)


if __name__ == "__main__":
    main()
