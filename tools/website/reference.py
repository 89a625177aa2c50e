"""The reference of names: a page for each, and for each group of them a page that lists them.

A browser takes as long for a page as it is large, so a name has its own, below the address of its group.
"""

import inspect
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import griffe

import pdt_evidence as pdt

__all__ = [
    "Group",
    "addresses",
    "all_names",
    "entry",
    "groups",
    "name_groups",
    "one_line",
    "place",
    "records",
    "source_of",
]

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"
PICTURES = {"gosh_plot": "gosh"}  # where the gallery has another name


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of public names, and the pages of the site that it fills."""

    title: str
    names: tuple[str, ...]

    @property
    def folder(self) -> str:
        return f"reference/{slug(self.title)}"

    @property
    def path(self) -> str:
        """The page that lists the names: the index of their folder, which the navigation knows as such."""
        return f"{self.folder}/index.md"

    @property
    def address(self) -> str:
        """Where the site has it: here all entries of the group stood once."""
        return f"{self.folder}.html"

    def path_of(self, name: str) -> str:
        return f"{self.folder}/{name}.md"

    def pages(self) -> dict[str, str]:
        """Path below docs/ -> Markdown, of the list and of each name."""
        return {self.path: self._list(), **{self.path_of(name): entry(name) for name in self.names}}

    def _list(self) -> str:
        """Each row has the anchor that the entry of its name has, so that what led to that place still does."""
        rows = ["| name | what it is for |", "|---|---|"]
        rows += [
            f'| <a id="{place(name)}"></a>[`{name}`]({name}.md) | {one_line(name)} |' for name in self.names
        ]
        return f"# {self.title}\n\n" + "\n".join(rows) + "\n"


def groups() -> list[Group]:
    return [Group(title=title, names=tuple(names)) for title, names in name_groups().items()]


def all_names() -> str:
    """Every group and its names, as lines of the first page of the reference."""
    lines = ["| group | names |", "|---|---|"]
    for group in groups():
        names = " ".join(
            f"[`{name}`]({group.path_of(name).removeprefix('reference/')})" for name in group.names
        )
        lines.append(f"| [{group.title}]({group.path.removeprefix('reference/')}) | {names} |")
    return "\n".join(lines) + "\n"


def name_groups() -> dict[str, list[str]]:
    """Heading -> public names, as the docstring of the package lists them: indented lines are names."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (pdt.__doc__ or "").splitlines()[3:]:
        if line.startswith("    "):
            names = [name for name in line.split() if name.isidentifier()]
            found.setdefault(heading, []).extend(names)
        else:
            heading = line.strip()
    return {title: names for title, names in found.items() if names}


@cache
def addresses() -> dict[str, str]:
    """Name -> address of its page, of the names that mean nothing else: no argument and no column is called so."""
    other = {
        argument
        for name in pdt.__all__
        if inspect.isroutine(value := getattr(pdt, name))
        for argument in inspect.signature(value).parameters
    } | set(pdt.trials().columns)
    return {
        name: group.path_of(name).removesuffix(".md") + ".html"
        for group in groups()
        for name in group.names
        if name not in other
    }


def slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def entry(name: str) -> str:
    """The page of a name: what mkdocstrings writes of it, the figure that it draws, and the record that it gives."""
    options = f"    options:\n      heading_level: 1\n{_members(getattr(pdt, name))}"
    return f"::: {place(name)}\n{options}{_picture(name)}{_records(name)}"


def place(name: str) -> str:
    """Where a public name is defined: constants stand in the module that the package loads them from."""
    value = getattr(pdt, name)
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return f"{pdt.__name__}.{pdt._HOME_OF[name]}.{name}"


def one_line(name: str) -> str:
    """The opening of a name's docstring, as a cell of a table."""
    value = getattr(pdt, name)
    text = inspect.getdoc(value) if hasattr(value, "__qualname__") else _written_below(name)
    line = " ".join((text or "").partition("\n\n")[0].split())
    return re.sub(r" ?\[\d+\]_", "", line).replace("|", "\\|").replace("*", "\\*")


def _written_below(constant: str) -> str:
    """The docstring of a constant, which only its source has."""
    module, _, name = place(constant).rpartition(".")
    docstring = source_of(module)[name].docstring
    return docstring.value if docstring else ""


@cache
def source_of(module: str) -> griffe.Module:
    """A module as griffe reads it, of which mkdocstrings writes its entries."""
    file = Path(sys.modules[module].__file__ or "")
    read = griffe.visit(module, file, file.read_text(encoding="utf-8"), docstring_parser=griffe.Parser.numpy)
    assert isinstance(read, griffe.Module)
    return read


def _members(value: object) -> str:
    """The options of an entry that has members: a class shows its public ones, also those of its bases here."""
    if not isinstance(value, type):
        return ""
    homes = [
        base
        for base in value.__mro__
        if base.__module__.startswith(pdt.__name__) and (base is value or base.__name__ not in pdt.__all__)
    ]
    own, inherited = (
        [name for base in bases for name in vars(base) if not name.startswith("_")]
        for bases in (homes[:1], homes[1:])
    )
    fields = getattr(value, "__dataclass_fields__", {})  # they stand in the table of attributes
    shown = ", ".join(name for name in dict.fromkeys([*own, *inherited]) if name not in fields)
    below = ", ".join(name for name in dict.fromkeys(inherited) if name not in {*own, *fields})
    return f"      members: [{shown}]\n      inherited_members: [{below}]\n"


def _records(name: str) -> str:
    """Entries of what a function gives; a record that several give stands with the first, and the others say so."""
    parts = []
    for record in records(name):
        first = next(other for group in groups() for other in group.names if record in records(other))
        if first == name:
            at = f"{record.__module__}.{record.__qualname__}"
            parts.append(f"\n::: {at}\n    options:\n{_members(record)}")
        else:
            parts.append(f"\n`{record.__name__}` is described with `{first}`.\n")
    return "".join(parts)


@cache
def records(name: str) -> tuple[type, ...]:
    """The classes of ours that a function returns and that are no public names themselves."""
    if not inspect.isfunction(getattr(pdt, name)):
        return ()
    module, _, defined = place(name).rpartition(".")
    returns = source_of(module)[defined].returns
    found = []
    for part in returns.iterate(flat=True) if isinstance(returns, griffe.Expr) else ():
        home, _, called = (
            part.canonical_path.rpartition(".") if isinstance(part, griffe.ExprName) else ("", "", "")
        )
        if home.startswith(pdt.__name__) and called not in pdt.__all__:
            value = getattr(import_module(home), called)
            found += [value] if isinstance(value, type) else []
    return tuple(found)


def _picture(name: str) -> str:
    """The figure that a function draws of the bundled evidence, as the gallery has it."""
    file = GALLERY / f"{PICTURES.get(name, name)}.png"
    return f"\n![{name}, drawn of the bundled evidence](../../gallery/{file.name})\n" if file.exists() else ""
