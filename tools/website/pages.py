"""Pages of the site written from what they describe, so that they cannot fall behind it.

Reference of the public names from the list in the docstring of `pdt_evidence`, data dictionary from
data/datapackage.json, command line from its parser, results.json from its schema, tutorials from notebooks/.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import pdt_evidence as pdt

__all__ = ["ROOT", "command_line", "data_dictionary", "name_groups", "reference", "results_schema", "written"]

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"
PICTURES = {"gosh_plot": "gosh"}  # where the gallery has another name


def written() -> dict[str, tuple[str, str]]:
    """Path of each page below docs/ -> (title in the navigation, Markdown)."""
    pages = {f"reference/{slug(title)}.md": (title, text) for title, text in reference().items()}
    pages["reference/data.md"] = ("Data dictionary", data_dictionary())
    pages["reference/command-line.md"] = ("Command line", command_line())
    pages["reference/results-json.md"] = ("Results as JSON", results_schema())
    pages["reference/terms.md"] = (
        "Terms of the data",
        (ROOT / "data" / "LICENSE-DATA.md").read_text(encoding="utf-8"),
    )
    return pages


def slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def name_groups() -> dict[str, list[str]]:
    """Heading -> public names, as the docstring of the package lists them: indented lines are names."""
    groups: dict[str, list[str]] = {}
    heading = ""
    for line in (pdt.__doc__ or "").splitlines()[3:]:
        if line.startswith("    "):
            names = [name for name in line.split() if name.isidentifier()]
            groups.setdefault(heading, []).extend(names)
        else:
            heading = line.strip()
    return {title: names for title, names in groups.items() if names}


def reference() -> dict[str, str]:
    """Title -> page, one for each group of names."""
    return {title: _group_page(title, names) for title, names in name_groups().items()}


def _group_page(title: str, names: list[str]) -> str:
    entries = [f"::: {_path(name)}\n{_members(getattr(pdt, name))}{_picture(name)}" for name in names]
    return f"# {title}\n\n" + "\n".join(entries)


def _picture(name: str) -> str:
    """The figure that a function draws of the bundled evidence, as the gallery has it."""
    file = GALLERY / f"{PICTURES.get(name, name)}.png"
    return f"\n![{name}, drawn of the bundled evidence](../gallery/{file.name})\n" if file.exists() else ""


def _path(name: str) -> str:
    """Where a public name is defined: constants stand in the module that the package loads them from."""
    value = getattr(pdt, name)
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return f"{pdt.__name__}.{pdt._HOME_OF[name]}.{name}"


def _members(value: object) -> str:
    """The options of an entry that has members: a class shows its public ones, also those of its bases here."""
    if not isinstance(value, type):
        return ""
    homes = [base for base in value.__mro__ if base.__module__.startswith(pdt.__name__)]
    own, inherited = (
        [name for base in bases for name in vars(base) if not name.startswith("_")]
        for bases in (homes[:1], homes[1:])
    )
    fields = [name for name in getattr(value, "__dataclass_fields__", {}) if not name.startswith("_")]
    shown = ", ".join(dict.fromkeys([*fields, *own, *inherited]))
    below = ", ".join(name for name in dict.fromkeys(inherited) if name not in own)
    return f"    options:\n      members: [{shown}]\n      inherited_members: [{below}]\n"


def data_dictionary() -> str:
    """Every column of every table of the data package."""
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    parts = [f"# Data dictionary\n\n{package['description']}\n"]
    parts += [_table_of(resource) for resource in package["resources"]]
    return "\n".join(parts)


def _table_of(resource: dict[str, Any]) -> str:
    schema = resource["schema"]
    rows = ["| column | type | what it holds |", "|---|---|---|"]
    rows += [f"| `{f['name']}` | {f['type']} | {_field_text(f)} |" for f in schema["fields"]]
    keys = schema.get("primaryKey", [])
    keys = ", ".join(f"`{key}`" for key in ([keys] if isinstance(keys, str) else keys))
    key_line = f"\n\nA row is known by {keys}." if keys else ""
    return f"## {resource['path']}\n\n{resource['title']}{key_line}\n\n" + "\n".join(rows) + "\n"


def _field_text(field: dict[str, Any]) -> str:
    limits = field.get("constraints", {})
    text = field.get("description", "")
    if "enum" in limits:
        text += " One of: " + ", ".join(f"`{word}`" for word in limits["enum"]) + "."
    if limits.get("required"):
        text += " Never blank."
    return _cell(text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def command_line() -> str:
    """The help of each command, as the terminal prints it."""
    from pdt_evidence.cli.arguments import command_parser

    parts = ["# Command line\n"]
    for action in command_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts += [f"## {name}\n\n```text\n{_help(one)}```\n" for name, one in action.choices.items()]
    return "\n".join(parts)


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = _in_columns(parser.formatter_class)
    return parser.format_help()


def _in_columns(formatter: Any) -> Any:
    """The same formatter, at one width whatever the terminal that builds the site."""
    return lambda prog: formatter(prog, width=100)


def results_schema() -> str:
    """What results.json holds, from its JSON Schema."""
    path = ROOT / "src" / "pdt_evidence" / "reporting" / "results.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    rows = ["| place | type | what it is |", "|---|---|---|"]
    rows += [f"| `{place}` | {kind} | {_cell(text)} |" for place, kind, text in _places(schema, "", schema)]
    intro = f"# Results as JSON\n\n{schema.get('description', schema.get('title', ''))}\n"
    note = "`pdt-evidence reproduce` and `report` write `results.json`; the schema below comes with the library.\n"
    return "\n".join(
        [intro, note, *rows, "\n## The schema\n", f"```json\n{json.dumps(schema, indent=1)}\n```\n"]
    )


def _places(part: dict[str, Any], place: str, schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every property below `part`, depth first, as (place, type, description)."""
    part = _resolved(part, schema)
    found = []
    for name, below in part.get("properties", {}).items():
        full = _resolved(below, schema)
        here = f"{place}.{name}" if place else name
        found.append((here, _kind(full), full.get("description", "")))
        found += _places(full, here, schema)
    if isinstance(part.get("items"), dict):
        found += _places(part["items"], f"{place}[]", schema)
    return found


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    target: Any = schema
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **{key: value for key, value in part.items() if key != "$ref"}}


def _kind(part: dict[str, Any]) -> str:
    kind = part.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else kind
