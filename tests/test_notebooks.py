"""The notebooks run as they stand, on the data as they are."""

import re
from collections import Counter
from pathlib import Path

import pytest

from pdt_evidence.figures.registry import FIGURES

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


DRAWS = re.compile(rf"^pdt\.({'|'.join(FIGURES)})\(", re.MULTILINE)
NUMBER = re.compile(r"\d+\.\d+")
# A notebook finds no names of the one before, and no filters of warnings.
AFRESH = "%reset -f\n__import__('warnings').resetwarnings()"


def numbers(notebook):
    """How often each number with decimals is shown, in texts and tables; how these are broken is for pandas to say.

    Sizes of figures and what other libraries warn of depend on these.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    own = [one for one in outputs if one.get("name") != "stderr" and "image/png" not in one.get("data", {})]
    texts = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in own]
    return Counter(NUMBER.findall("\n".join(texts)))


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all of them: starting it and importing the library takes longer than most notebooks."""
    manager = pytest.importorskip("jupyter_client").KernelManager(kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)  # a notebook draws inline
        manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, kernel):
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    kept = numbers(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(AFRESH))
    client = NotebookClient(notebook, timeout=240, km=kernel)
    client.execute()
    client.kc.stop_channels()
    assert numbers(notebook) == kept, "python tools/run_notebooks.py keeps what it shows now"
    drawing = [cell for cell in notebook.cells if cell.cell_type == "code" and DRAWS.search(cell.source)]
    assert drawing
    for cell in drawing:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_uses_public_names_only_and_keeps_little(path):
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "from pdt_evidence" not in code
    assert "import pdt_evidence." not in code
    assert path.stat().st_size < 1_000_000
