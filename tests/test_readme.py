"""The README's lines of code run as they stand, and its links lead to files that are there."""

import re
import warnings
from ast import literal_eval
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_of_code_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in blocks:
            exec(block, names)
    assert (tmp_path / "depression.pdf").stat().st_size > 5_000
    assert "Random-effects model" in capsys.readouterr().out


def test_the_row_that_the_readme_shows_is_the_one_behind_the_number():
    import pdt_evidence as pdt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pooled = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"))
    shown = re.search(r"row_ids\[0\].split\(\"\+\"\)\s+# (\[.*?\])", README)
    assert shown is not None
    assert pooled["depression", "post"].row_ids[0].split("+") == literal_eval(shown.group(1))


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_to_files(link):
    assert link.startswith("https://") or (ROOT / link).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+)\(\)`", README))))
def test_names_in_the_tables_are_public(name):
    import pdt_evidence as pdt

    assert name in pdt.__all__
