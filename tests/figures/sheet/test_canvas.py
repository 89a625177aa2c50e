"""The figure that everything is drawn on."""

import matplotlib.pyplot as plt

from pdt_evidence.figures.sheet.canvas import new_figure


def test_a_first_figure_is_made_where_matplotlib_misses_a_name_of_ipython(monkeypatch):
    """As Matplotlib 3.8 beside IPython 9.16: it sets itself up once, and fails after all that a figure needs is done.

    Failing within `pyplot.figure`, it left a notebook without its first figure (tests/test_notebooks.py, by the
    oldest libraries allowed).
    """
    asked = iter([ImportError("cannot import name 'backend2gui' from 'IPython.core.pylabtools'")])

    def set_up():
        for error in asked:
            raise error

    monkeypatch.setattr(plt, "install_repl_displayhook", set_up)
    monkeypatch.setattr(plt, "_backend_mod", None)  # as before the first figure of a session
    assert new_figure(100, 100, "white").number in plt.get_fignums()
