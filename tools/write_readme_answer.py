"""Write the answer at the top of README and home page from the results: python tools/write_readme_answer.py."""

import re
import warnings
from pathlib import Path

import pdt_evidence as pdt

PAGES = [Path(__file__).parents[1] / name for name in ("README.md", "docs/index.md")]
PLACE = re.compile(r"(?<=<!-- answer -->\n).*?(?=<!-- /answer -->)", flags=re.DOTALL)


def answer() -> str:
    """What the trials say of depression at the end of treatment, against control and against CBT."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        control, cbt = (_pool(name) for name in ("pdt_vs_control", "pdt_vs_cbt"))
        scores = _pool("pdt_vs_cbt", events="never")
    test = pdt.equivalence(cbt, margin=pdt.STEINERT_2017)
    shown = "is shown" if test.equivalent else "is not shown"
    return (
        f"Scores of depression at the end of treatment, whatever the diagnosis, in the trials held here:\n"
        f"against control g = {_numbers(control)}; against CBT g = {_numbers(cbt)},\n"
        f"without the trials that only count patients who did well, and give no scores, {_numbers(scores)}. "
        f"That it is equivalent to CBT\nwithin {test.margin:g} {shown}. How sure is that? These intervals are of the "
        f"mean. The true effect of one further trial\nis expected (95%) between {_range(control)} against control and "
        f"between {_range(cbt)} against CBT{_either_side(control, cbt)}.\n"
    )


def _pool(comparison: str, **options: str) -> pdt.PooledEffect:
    rows = pdt.trials(comparison=comparison, outcome="depression")
    return pdt.synthesize(rows, **options)["depression", "post"]


def _numbers(fit: pdt.PooledEffect) -> str:
    text = f"{fit.estimate:.2f} [{fit.ci[0]:.2f}, {fit.ci[1]:.2f}] (k = {fit.k})"
    return text.replace("-", "−")


def _range(fit: pdt.PooledEffect) -> str:
    return f"{fit.pi[0]:.2f} and {fit.pi[1]:.2f}".replace("-", "−")


def _either_side(*fits: pdt.PooledEffect) -> str:
    """What prediction intervals that hold 0 come to."""
    return (
        ",\nso that a single one may favour either side"
        if all(fit.pi[0] < 0 < fit.pi[1] for fit in fits)
        else ""
    )


def main() -> None:
    now = answer()
    for page in PAGES:
        page.write_text(PLACE.sub(now, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
