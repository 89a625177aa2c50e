"""Lets the tests of the figures import what they share: made_results and geometry."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def close_figures():
    """Figures stay open until closed, as pyplot's do."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
