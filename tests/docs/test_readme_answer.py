"""The answer at the top of the README is what the results say now."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_answer_of_the_readme_is_that_of_the_results():
    spec = importlib.util.spec_from_file_location("answer", ROOT / "tools" / "write_readme_answer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.PLACE.search(module.README.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == module.answer(), "run python tools/write_readme_answer.py"
