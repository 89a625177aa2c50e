"""Every block of the how-to and explanation pages runs, and prints what the page shows below it."""

import csv
import json
import re

import numpy as np
import pytest
from website.blocks import EXPLANATION, HOW_TO, pictures, with_outputs

import pdt_evidence as pdt

PAGES = sorted(path for path in HOW_TO.glob("*.md") if path.stem != "index")
EXPLANATIONS = sorted(path for path in EXPLANATION.glob("*.md") if path.stem != "index")


@pytest.mark.parametrize("path", [*PAGES, *EXPLANATIONS], ids=lambda path: path.stem)
def test_a_page_prints_what_it_shows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = path.read_text(encoding="utf-8")
    assert (
        "```python" in page or "```sh" in page or path.stem == "words"
    )  # commands are run by tests/test_terminal.py
    assert with_outputs(page) == page, "run python tools/website/blocks.py"


def test_a_picture_of_a_page_is_one_that_its_code_saves():
    shown = {path: pictures(path.read_text(encoding="utf-8")) for path in PAGES}
    assert sum(map(len, shown.values())) >= 3
    for path, names in shown.items():
        code = "".join(
            re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        )
        assert [name for name in names if f'"{name}"' not in code] == []
    files = {path.name for path in (HOW_TO / "figures").iterdir()}
    assert files == {name for names in shown.values() for name in names}


def test_explanations_are_listed_and_no_longer_than_two_screens():
    index = (EXPLANATION / "index.md").read_text(encoding="utf-8")
    assert [path.name for path in EXPLANATIONS if f"]({path.name})" not in index] == []
    lines = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in EXPLANATIONS}
    assert {name: n for name, n in lines.items() if n > 80} == {}


def test_the_table_of_the_simulation_is_what_the_simulation_gives_for_its_first_row():
    """The uncorrected mean of 10 trials; all else takes the benchmark's minutes."""
    from benchmarks.bias_methods import MEAN, SEED, SELECTIONS, SIZES, published

    k, cells = SIZES[0], []
    for chance in SELECTIONS.values():
        rng = np.random.default_rng([SEED, k, round(100 * chance)])
        frames = [published(rng, k, chance) for _ in range(120)]
        yi, vi = (np.array([frame[name] for frame in frames]) for name in ("yi", "vi"))
        fits = pdt.pool_many(yi, vi)
        low, high = np.moveaxis(np.asarray(fits.ci), -1, 0)
        inside = np.mean((low <= MEAN) & (high >= MEAN))
        cells.append(f"{np.median(fits.estimate) - MEAN:+.2f}, {100 * inside:.0f}%")
    page = (EXPLANATION / "publication-bias.md").read_text(encoding="utf-8")
    assert f"| uncorrected | {' | '.join(cells)} | " in page


def test_the_list_of_tasks_leads_to_every_page():
    index = (HOW_TO / "index.md").read_text(encoding="utf-8")
    assert [path.name for path in PAGES if f"]({path.name})" not in index] == []


def test_the_tables_that_pages_work_on_are_listed_and_are_those_of_their_source():
    folder, reference = HOW_TO / "data", HOW_TO.parents[1] / "tests" / "reference"
    tables = {path.name: list(csv.DictReader(path.open(encoding="utf-8"))) for path in folder.glob("*.csv")}
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert [name for name in tables if f"]({name})" not in listed] == []
    schools = json.loads((reference / "multilevel.json").read_text())["data"]["konstantopoulos2011"]
    for column, key in (("yi", "yi"), ("vi", "vi"), ("district", "cluster")):
        assert [float(row[column]) for row in tables["konstantopoulos2011.csv"]] == schools[key]
    (counts, *_) = (
        case for case in json.loads((reference / "escalc.json").read_text())["cases"] if case["id"] == "bcg"
    )
    moderators = json.loads((reference / "regression.json").read_text())["data"]["bcg"]
    assert [int(row["year"]) for row in tables["bcg.csv"]] == moderators["year"]
    assert [row["alloc"] for row in tables["bcg.csv"]] == moderators["alloc"]
    for column, values in counts["inputs"].items():
        assert [float(row[column]) for row in tables["bcg.csv"]] == values


# What the library calls things, and no reader does, unless the page of words explains it and the page leads there.
OWN_WORDS = re.compile(
    r"\b(knha|adhoc|che|CHE|one-per-trial|three-level|HTS-t|q-profile|stratum|strata|vibration|NNTB|NNTH|SMD|REML|CR2"
    r"|PET-PEESE|UWLS|WAAP)\b"
)


@pytest.mark.parametrize("path", [*PAGES, *EXPLANATIONS], ids=lambda path: path.stem)
def test_words_of_the_library_are_explained_where_they_are_met(path):
    """In sentences and in what blocks print; code is code."""
    text = path.read_text(encoding="utf-8")
    read = re.sub(r"```(?:python|sh)\n.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
    met = set(OWN_WORDS.findall(read))
    explained = (EXPLANATION / "words.md").read_text(encoding="utf-8")
    rows = " ".join(re.findall(r"^\| ([^|]+) \|", explained, flags=re.MULTILINE))
    assert {word for word in met if not re.search(rf"\b{word}\b", rows)} == set()
    assert not met or "words.md)" in text or path.stem == "words"
