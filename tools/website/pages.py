"""Pages of the site written from what they describe, so that they cannot fall behind it.

Data dictionary from data/datapackage.json, command line from its parser, results.json from its schema. The public names
are in reference.py, the tutorials in tutorials.py.
"""

import argparse
import json
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "SCHEMA", "command_line", "data_dictionary", "results_schema", "written"]

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "src" / "pdt_evidence" / "reporting" / "results.schema.json"


def written() -> dict[str, tuple[str, str]]:
    """Path of each page below docs/ -> (title in the navigation, Markdown), those of names aside."""
    return {
        "reference/data.md": ("Data dictionary", data_dictionary()),
        "reference/command-line.md": ("Command line", command_line()),
        "reference/results-json.md": ("Results as JSON", results_schema()),
        "reference/terms.md": (
            "Terms of the data",
            (ROOT / "data" / "LICENSE-DATA.md").read_text(encoding="utf-8"),
        ),
    }


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
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    rows = ["| place | type | what it is |", "|---|---|---|"]
    rows += [f"| `{place}` | {kind} | {_cell(text)} |" for place, kind, text in _places(schema, "", schema)]
    intro = f"# Results as JSON\n\n{schema.get('description', schema.get('title', ''))}\n"
    note = (
        "`pdt-evidence reproduce` and `report` write `results.json`; the schema comes with the library, "
        f"and [here]({SCHEMA.name}).\n"
    )
    return "\n".join([intro, note, *rows]) + "\n"


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
