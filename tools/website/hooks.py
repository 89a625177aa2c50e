"""What mkdocs calls: adds the written pages to the files and to the navigation."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[1]))


from website.metafor import page as metafor_page
from website.pages import ROOT, written
from website.tutorials import tutorials

# Files of the repository that a page leads to, and where the site has them.
ELSEWHERE = {"../../CITATION.cff": "../CITATION.cff", "../../data/LICENSE-DATA.md": "../reference/terms.md"}


def on_config(config: Any) -> Any:
    """Fill the two parts of the navigation whose pages are written."""
    for part in config.nav:
        if "Reference" in part:
            part["Reference"] = [
                "reference/index.md",
                *({title: path} for path, (title, _) in written().items()),
                *part["Reference"][1:],
            ]
        if "Tutorials" in part:
            part["Tutorials"] += [{title: path} for path, (title, _, _) in tutorials().items()]
    return config


def on_files(files: Files, config: Any) -> Files:
    for path, (_, text) in written().items():
        files.append(File.generated(config, path, content=text))
    files.append(File.generated(config, "how-to/from-metafor.md", content=metafor_page()))
    files.append(File.generated(config, "CITATION.cff", abs_src_path=str(ROOT / "CITATION.cff")))
    for path, (_, text, pictures) in tutorials().items():
        files.append(File.generated(config, path, content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **given: Any) -> str:
    if page.file.src_uri.startswith(("how-to/", "tutorials/")):  # what they print is as wide as a terminal
        page.meta.setdefault("hide", ["toc"])
    for there, here in ELSEWHERE.items():
        markdown = markdown.replace(f"]({there})", f"]({here})")
    return markdown


IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"[^>]*>(?!\s*</a>)')


def on_page_content(html: str, **given: Any) -> str:
    """Each picture leads to itself, at its own size: forest plots are small on a telephone."""
    return IMAGE.sub(
        lambda image: f'<a class="enlarge" href="{image[1]}" title="Enlarge">{image[0]}</a>', html
    )
