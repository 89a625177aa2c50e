"""What mkdocs calls: adds the written pages to the files and to the navigation."""

import posixpath
import re
import struct
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[1]))


from website.metafor import page as metafor_page
from website.pages import ROOT, SCHEMA, written
from website.reference import Group, addresses, all_names, groups
from website.tutorials import tutorials

# Files of the repository that a page leads to, and where the site has them.
ELSEWHERE = {"../../CITATION.cff": "../CITATION.cff", "../../data/LICENSE-DATA.md": "../reference/terms.md"}


def on_config(config: Any) -> Any:
    """Fill the two parts of the navigation whose pages are written."""
    for part in config.nav:
        if "Reference" in part:
            part["Reference"] = [
                "reference/index.md",
                *({group.title: [group.path, *_by_name(group)]} for group in groups()),
                *({title: path} for path, (title, _) in written().items()),
                *part["Reference"][1:],
            ]
        if "Tutorials" in part:
            part["Tutorials"] += [{title: path} for path, (title, _, _) in tutorials().items()]
    return config


def _by_name(group: Group) -> list[dict[str, str]]:
    return [{name: group.path_of(name)} for name in group.names]


def on_files(files: Files, config: Any) -> Files:
    for path, (_, text) in written().items():
        files.append(File.generated(config, path, content=text))
    for group in groups():
        for path, text in group.pages().items():
            files.append(File.generated(config, path, content=text))
        listing = files.get_file_from_path(group.path)
        assert listing is not None
        listing.dest_uri = group.address
    files.append(File.generated(config, "how-to/from-metafor.md", content=metafor_page()))
    files.append(File.generated(config, "CITATION.cff", abs_src_path=str(ROOT / "CITATION.cff")))
    files.append(File.generated(config, f"reference/{SCHEMA.name}", abs_src_path=str(SCHEMA)))
    for path, (_, text, pictures) in tutorials().items():
        files.append(File.generated(config, path, content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **given: Any) -> str:
    if page.file.src_uri == "reference/index.md":
        markdown += f"\n{all_names()}"
    # What the first print is as wide as a terminal; an entry without members has no contents to list.
    if page.file.src_uri.startswith(("how-to/", "tutorials/")) or _of_a_function(markdown):
        page.meta.setdefault("hide", ["toc"])
    for there, here in ELSEWHERE.items():
        markdown = markdown.replace(f"]({there})", f"]({here})")
    return markdown


def _of_a_function(markdown: str) -> bool:
    return markdown.startswith("::: ") and " members: " not in markdown


IMAGE = re.compile(r'<img([^>]*?\bsrc="([^"]+)"[^>]*?) ?/?>(\s*</a>)?')


def on_page_content(html: str, page: Any, files: Files, **given: Any) -> str:
    """Each picture waits until it is seen, takes its room meanwhile, and leads to itself at its own size.

    Forest plots are small on a telephone.
    """

    def picture(image: re.Match[str]) -> str:
        tag = f'<img{image[1]} loading="lazy"{_size(image[2], page, files)}>'
        if image[3]:  # it leads elsewhere already
            return tag + image[3]
        return f'<a class="enlarge" href="{image[2]}" title="Enlarge">{tag}</a>'

    html = MARK.sub(r"\1", ENTRY.sub(r"<br>\1", html)).replace("<p><br>", "<p>")
    return _linked(IMAGE.sub(picture, html), page.file.dest_uri)


ENTRY = re.compile(
    r"\s*\.\. (\[\d+\])"
)  # of a list of references in a docstring, and the mark that leads to it
MARK = re.compile(r"(\[\d+\])_")


# A name or a DOI in a text; links and blocks of code are passed over whole.
NAME = re.compile(
    r"<a\b.*?</a>|<pre\b.*?</pre>|<h\d.*?</h\d>|<code>(?:pdt\.)?(\w+)</code>|<code>.*?</code>"
    r"|\bdoi:(10\.\d{4,9}/[^\s<]*[^\s<.,;)])",
    flags=re.DOTALL,
)


def _linked(html: str, here: str) -> str:
    """Each public name in a text leads to its page ("as in `pool`") unless it is that one; each DOI to its work."""

    def link(found: re.Match[str]) -> str:
        if found[2]:
            return f'<a href="https://doi.org/{found[2]}">{found[0]}</a>'
        there = addresses().get(found[1])
        if there is None or there == here:
            return found[0]
        return f'<a href="{posixpath.relpath(there, posixpath.dirname(here) or ".")}">{found[0]}</a>'

    return NAME.sub(link, html)


def _size(address: str, page: Any, files: Files) -> str:
    """Width and height of a PNG of the site, from its header, as attributes."""
    here = posixpath.join(posixpath.dirname(page.file.dest_uri), unquote(address))
    file = next((file for file in files if file.dest_uri == posixpath.normpath(here)), None)
    if file is None or not here.endswith(".png"):
        return ""
    width, height = struct.unpack(">II", file.content_bytes[16:24])
    return f' width="{width}" height="{height}"'
