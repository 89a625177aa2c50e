"""Tutorials: the notebooks with the outputs that they are stored with, as pages."""

import re
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

from website.pages import ROOT

__all__ = ["tutorials"]


def tutorials() -> dict[str, tuple[str, str, dict[str, bytes]]]:
    """Path of each page below docs/ -> (title, Markdown, pictures by the name that the page gives them)."""
    return {f"tutorials/{path.stem}.md": _page(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}


def _page(path: Path) -> tuple[str, str, dict[str, bytes]]:
    notebook = nbformat.read(path, as_version=4)
    text, resources = MarkdownExporter().from_notebook_node(
        notebook, resources={"output_files_dir": f"{path.stem}_files"}
    )
    text = re.sub(r"<style.*?</style>\n?", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[png\]", "![figure, described in the text around it]", text)
    text = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.md)", text)  # from notebook to notebook
    title = next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")
    return title, text, resources["outputs"]
