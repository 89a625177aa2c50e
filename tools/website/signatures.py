"""Tables of arguments from the signature: an extension of griffe, which mkdocstrings reads docstrings with.

Several arguments of a docstring may share one description, and its words for a type are not the annotation. So type and
default of each row are those of the very argument; what the docstring says of the type opens the description.

A name that only stands for several types is replaced by them: a reader finds no page on it.

A record has a table of its attributes in the same way: every public field with its type and what is said of it.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import Any

import griffe

__all__ = ["Signatures", "from_signature", "spelled", "with_fields"]

TABLES = {griffe.DocstringSectionKind.parameters, griffe.DocstringSectionKind.other_parameters}
ENDING = re.compile(r"(, optional|, keyword-only|,? *default.*)+$")
SIMPLE = (str, int, float, bool, type(None), tuple, frozenset)


class Signatures(griffe.Extension):
    """Rewrites the tables of every function, method and class of a package."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        for described in _described(pkg):
            from_signature(described)
            if isinstance(described, griffe.Class):
                with_fields(described)


def from_signature(described: griffe.Function | griffe.Class) -> list[griffe.DocstringParameter]:
    """Every row of the tables of arguments, rewritten in place."""
    if not described.docstring:
        return []
    for argument in described.parameters:
        argument.annotation = spelled(argument.annotation)
    written = _types_written(described.docstring.value)
    rows = [row for section in described.docstring.parsed if section.kind in TABLES for row in section.value]
    for row in rows:
        _rewrite(row, described, written.get(row.name, ""))
    return rows


def spelled(annotation: Any) -> Any:
    """An annotation with the types that a name of ours stands for in its place."""
    if isinstance(annotation, griffe.ExprBinOp):
        left, right = spelled(annotation.left), spelled(annotation.right)
        return griffe.ExprBinOp(left=left, operator=annotation.operator, right=right)
    if not isinstance(annotation, griffe.ExprName) or not annotation.canonical_path.startswith(
        "pdt_evidence."
    ):
        return annotation
    home, _, name = annotation.canonical_path.rpartition(".")
    stands_for = getattr(_members_of(home).get(name), "value", None)
    return spelled(stands_for) if isinstance(stands_for, griffe.Expr) else annotation


@cache
def _members_of(module: str) -> dict[str, Any]:
    """What a module defines, also what only type checkers see."""
    found = find_spec(module)
    if found is None or found.origin is None:
        return {}
    return griffe.visit(module, Path(found.origin), Path(found.origin).read_text(encoding="utf-8")).members


def with_fields(record: griffe.Class) -> list[griffe.DocstringAttribute]:
    """The rows of the table of attributes, which has every public field afterwards; none of what is no dataclass.

    What a row says is what the docstring says of the field, else the comment on its line.
    """
    if not record.docstring or "dataclass" not in record.labels:
        return []
    sections = record.docstring.parsed
    table = next((one for one in sections if one.kind is griffe.DocstringSectionKind.attributes), None)
    if table is None:
        sections.append(table := griffe.DocstringSectionAttributes([]))
    told = {name: row.description for row in table.value for name in row.name.split(", ")}
    fields = {
        name: field
        for name, field in record.members.items()
        if isinstance(field, griffe.Attribute) and not name.startswith("_") and "property" not in field.labels
    }
    rows = [
        griffe.DocstringAttribute(
            name, annotation=field.annotation, description=told.get(name) or _comment(field)
        )
        for name, field in fields.items()
    ]
    others = [row for row in table.value if not fields.keys() & set(row.name.split(", "))]
    table.value = [*rows, *others]
    return table.value


def _comment(field: griffe.Attribute) -> str:
    """The comment behind a field, as a sentence."""
    comments = _comments(str(field.filepath))
    lines = range(field.lineno or 0, (field.endlineno or 0) + 1)
    text = " ".join(comments[line] for line in lines if line in comments)
    return text[:1].upper() + text[1:] + "." * bool(text and text[-1] not in ".?}")


@cache
def _comments(path: str) -> dict[int, str]:
    """Number of a line -> its comment."""
    with open(path, "rb") as file:
        return {
            token.start[0]: token.string.lstrip("# ")
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.COMMENT
        }


def _described(home: griffe.Module | griffe.Class) -> Iterator[griffe.Function | griffe.Class]:
    for member in home.members.values():
        if isinstance(member, griffe.Function | griffe.Class) and not member.name.startswith("_"):
            yield member
        if isinstance(member, griffe.Module | griffe.Class):
            yield from _described(member)


def _types_written(docstring: str) -> dict[str, str]:
    """Argument -> what the docstring says of its type."""
    section = re.search(
        r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", cleandoc(docstring), flags=re.DOTALL | re.MULTILINE
    )
    heads = re.findall(
        r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) *: *(\S.*)$", section[1] if section else "", flags=re.MULTILINE
    )
    return {name: ENDING.sub("", kind) for names, kind in heads for name in names.split(", ")}


def _rewrite(row: griffe.DocstringParameter, described: Any, written: str) -> None:
    found = [
        argument for argument in described.parameters if argument.name.lstrip("*") == row.name.lstrip("*")
    ]
    if not found:
        return
    (argument,) = found
    row.annotation = argument.annotation
    row.value = None if argument.kind.value.startswith("variadic") else _shown(argument.default, described)
    if written and _plain(written) != _plain(str(argument.annotation)):
        choices = re.fullmatch(r"\{(.*)\}", written)
        opening = f"One of {choices[1]}." if choices else f"{written}."
        row.description = f"{opening}\n{row.description}"


def _plain(kind: str) -> str:
    return kind.replace(" | None", "").replace(" or None", "").strip("'\"")


def _shown(default: Any, described: Any) -> Any:
    """The value of a default: a constant of the module is no help to a reader."""
    if default is None:
        return None
    try:
        ast.literal_eval(str(default))
    except (ValueError, SyntaxError):
        value = getattr(import_module(described.module.path), str(default), ...)
        return repr(value) if isinstance(value, SIMPLE) else default
    return default
