"""What the site says of names, columns and commands is what the library has."""

import ast
import builtins
import dataclasses
import doctest
import inspect
import json
import re
from functools import cache
from importlib import import_module

import griffe
import pytest
from website.external_links import misshapen
from website.pages import ROOT, command_line, data_dictionary, results_schema
from website.reference import all_names, groups, one_line, place, records, source_of
from website.signatures import from_signature, with_fields

import pdt_evidence as pdt

FUNCTIONS = [name for name in pdt.__all__ if inspect.isfunction(getattr(pdt, name))]
CONSTANTS = [name for name in pdt.__all__ if not hasattr(getattr(pdt, name), "__qualname__")]
ROW = re.compile(r'^\| <a id="(\S+)"></a>\[`(\w+)`\]\((\w+\.md)\) \| \S.* \|$', flags=re.MULTILINE)


@cache
def pages():
    """Path -> Markdown; written when the first test wants them, not while tests are collected."""
    return {path: text for group in groups() for path, text in group.pages().items()}


@cache
def entries():
    return [text.splitlines()[0].removeprefix("::: ") for text in pages().values() if text.startswith("::: ")]


def docstring(name):
    module, _, defined = place(name).rpartition(".")
    return source_of(module)[defined].docstring.value


def test_the_reference_has_every_public_name_once_and_no_other():
    assert sorted(entry.rpartition(".")[2] for entry in entries()) == pdt.__all__
    assert sorted(name for group in groups() for name in group.names) == pdt.__all__


def test_an_entry_names_the_place_where_the_name_is_defined():
    for entry in entries():
        module, _, name = entry.rpartition(".")
        assert getattr(import_module(module), name) is getattr(pdt, name)


def test_every_name_has_a_page_of_its_own_that_its_group_leads_to():
    """That keeps each small; what led to an entry on the page of its group finds its row there."""
    for group in groups():
        rows = ROW.findall(pages()[group.path])
        assert [(anchor, name) for anchor, name, _ in rows] == [(place(name), name) for name in group.names]
        assert all(f"{group.folder}/{page}" in pages() for _, _, page in rows)
        assert all(
            f"]({group.path_of(name).removeprefix('reference/')})" in all_names() for name in group.names
        )


def test_what_a_function_gives_is_described_once_on_its_page_or_named_there():
    told = re.findall(r"^::: (\S+)$", "\n".join(pages().values()), flags=re.MULTILINE)
    assert len(told) == len(set(told)) > len(entries()) + 30
    for group in groups():
        for name in group.names:
            page = pages()[group.path_of(name)]
            for record in records(name):
                described = f"::: {record.__module__}.{record.__qualname__}\n" in page
                assert described != (f"`{record.__name__}` is described with `" in page), name
    assert [record.__name__ for record in records("metareg")] == ["MetaRegression", "LocationScale"]
    assert records("read_trials") == records("import_file") != ()  # imported for its type alone
    assert records("pool") == records("PooledEffect") == ()  # a public name has its own page


def test_what_a_name_is_for_stands_in_one_line_of_plain_markdown():
    assert one_line("HalfNormal").startswith("\\|N(0, scale\\*\\*2)\\|;")
    assert one_line("prisma_flow").endswith("of the PRISMA 2020 statement.")


def examples():
    """Every example of the reference: of public names, of the records that they give, and of their methods."""
    described = {name: getattr(pdt, name) for name in pdt.__all__ if name not in CONSTANTS}
    classes = [value for value in described.values() if inspect.isclass(value)]
    classes += [record for name in described for record in records(name)]
    described |= {record.__qualname__: record for record in classes}
    for record in classes:
        methods = {
            f"{record.__qualname__}.{name}": value for name, value in vars(record).items() if name[0] != "_"
        }
        described |= {name: value for name, value in methods.items() if inspect.isroutine(value)}
    parser = doctest.DocTestParser()
    found = {name: parser.get_examples(inspect.getdoc(value) or "") for name, value in described.items()}
    return {name: "".join(one.source for one in some) for name, some in found.items() if some}


def test_an_example_names_only_what_it_has_imported_and_of_ours_the_library_alone():
    """So that it runs where a reader pastes it, and shows no path that may change."""
    assert len(examples()) > 90
    for name, source in examples().items():
        read = list(ast.walk(ast.parse(source)))
        assert [
            node.module for node in read if isinstance(node, ast.ImportFrom) and "pdt" in str(node.module)
        ] == []
        imported = [
            one for node in read if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names
        ]
        bound = {one.asname or one.name.partition(".")[0] for one in imported} | set(dir(builtins))
        names = [node for node in read if isinstance(node, ast.Name)]
        bound |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in read if isinstance(node, ast.arg)}
        bound |= {node.name for node in read if isinstance(node, ast.ExceptHandler)}
        assert {node.id for node in names} - bound == set(), name


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_examples_of_a_constant_run(name):
    """They stand below it in the source, where no other test finds them."""
    examples = doctest.DocTestParser().get_doctest(docstring(name), {}, name, None, 0)
    assert len(examples.examples) >= 2
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_every_name_has_an_example_with_what_it_prints():
    printing = {
        name
        for name in pdt.__all__
        if any(example.want for example in doctest.DocTestParser().get_examples(docstring(name)))
    }
    assert printing == set(pdt.__all__)


STANDS_FOR = {  # names of several types -> what the site writes in their place
    "Drawable": "PooledEffect | Synthesis | PooledSeries | Influence | Network | Bias | HeadToHead | Moderation | "
    "Mapping[str, PooledEffect] | pd.DataFrame",
    "Evidence": "PooledEffect | pd.DataFrame | Studies | ArrayLike",
    "Exportable": "pd.DataFrame | Synthesis",
    "Wanted": "str | Sequence[str] | None",
    "Words": "str | Sequence[str | Sequence[str] | None] | Mapping[str, Any] | None",
    "Options": "str | Sequence[str]",
    "Better": "Literal['higher', 'lower']",
    "State": "Any",
}


def in_full(annotation):
    return " | ".join(STANDS_FOR.get(part, part) for part in annotation.split(" | "))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_type_that_is_named_is_one_that_there_is(name):
    """Of ours, a class: another name only stands for several, and no page says for which."""
    module = source_of(getattr(pdt, name).__module__)
    for row in from_signature(module[name]):
        parts = row.annotation.iterate(flat=True) if isinstance(row.annotation, griffe.Expr) else ()
        for part in parts:
            home, _, called = getattr(part, "canonical_path", "").rpartition(".")
            if home.startswith("pdt_evidence"):
                assert isinstance(getattr(import_module(home), called), type), (row.name, called)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_of_arguments_is_the_signature(name):
    """Whatever the docstring says in common of several of them: each has a row with its own type and default."""
    function = getattr(pdt, name)
    signature = inspect.signature(function).parameters
    rows = {row.name.lstrip("*"): row for row in from_signature(source_of(function.__module__)[name])}
    assert set(rows) == set(signature)
    for argument, row in rows.items():
        assert str(row.annotation) == in_full(signature[argument].annotation), argument
        default = signature[argument].default
        known = vars(inspect.getmodule(inspect.unwrap(function)))
        assert (
            inspect.Parameter.empty if row.default is None else eval(str(row.default), known)
        ) == default, argument


def test_the_words_of_a_docstring_on_a_type_stay_beside_the_type_of_the_signature():
    rows = {
        row.name: row
        for row in from_signature(source_of("pdt_evidence.analysis.pooled.pooling")["pool_many"])
    }
    assert (str(rows["test"].annotation), rows["test"].default) == ("str", "'knha'")
    assert (str(rows["level"].annotation), rows["level"].default) == ("float", "0.95")
    assert rows["vi"].description.startswith("array_like, shape (..., k).")
    assert rows["bootstrap_draws"].default == repr(
        inspect.signature(pdt.pool_many).parameters["bootstrap_draws"].default
    )


def records_of_the_reference():
    given = {record for group in groups() for name in group.names for record in records(name)}
    return [*given, pdt.PooledEffect, pdt.Synthesis]


def test_the_table_of_attributes_has_every_field_of_a_record_once():
    described = [record for record in records_of_the_reference() if dataclasses.is_dataclass(record)]
    assert len(described) > 30
    for record in described:
        named = [row.name for row in with_fields(source_of(record.__module__)[record.__qualname__])]
        own = [name for name in vars(record)["__annotations__"] if not name.startswith("_")]
        assert named[: len(own)] == own, record
        assert len(set(named)) == len(named), record


def test_a_field_is_described_by_the_docstring_or_by_the_comment_on_its_line():
    rows = {row.name: row for row in with_fields(source_of("pdt_evidence.results")["PooledEffect"])}
    assert rows["tau2"].description == "Squared units of `estimate`."
    assert rows["columns"].description == "Per study, for figures."  # behind the last of its three lines
    assert (str(rows["ci"].annotation), rows["ci"].description) == ("tuple[float, float]", "")
    (equivalence,) = records("equivalence")
    rows = {row.name: row for row in with_fields(source_of(equivalence.__module__)["Equivalence"])}
    assert rows["se"].description == rows["df"].description != ""  # "estimate, se, df : float"


def test_a_class_shows_its_public_members_only():
    listed = re.findall(r"members: \[(.*)\]$", "\n".join(pages().values()), flags=re.MULTILINE)
    shown = [name for line in listed for name in line.split(", ")]
    assert {"summary", "methods", "log_density"} <= set(shown)
    (listed,) = re.findall(
        r" members: \[(.*)\]$", pages()["reference/pooling/PooledEffect.md"], flags=re.MULTILINE
    )
    assert "beyond" in listed.split(", ")
    assert "estimate" not in listed.split(", ")  # a field: it stands in the table of attributes
    assert [name for name in shown if name.startswith("_")] == []


def test_every_figure_stands_beside_its_entry():
    from pdt_evidence.figures.registry import FIGURES

    text = "\n".join(pages().values())
    shown = set(re.findall(r"^!\[(\w+), drawn", text, flags=re.MULTILINE))
    drawing = {name for name in pdt.__all__ if name in FIGURES}
    assert len(drawing) > 15
    assert drawing - shown == set()
    assert all(
        (ROOT / "docs" / "gallery" / name).exists()
        for name in re.findall(r"\(\.\./\.\./gallery/([\w.]+)\)", text)
    )


def test_a_doi_that_cannot_be_one_is_found():
    assert misshapen(
        ["https://doi.org/10.1002/sim.791", "https://doi.org/10.1002/sim.791.", "https://example.org"]
    ) == ["https://doi.org/10.1002/sim.791."]


def test_every_doi_of_code_and_data_has_the_form_of_one():
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "data").glob("*.csv"), ROOT / "CITATION.cff"]
    found = {
        doi.rstrip(".,;)\"'`")
        for path in files
        for doi in re.findall(r"\bdoi:\s?(10\S+)", path.read_text(encoding="utf-8"))
    }
    assert len(found) > 100
    assert [doi for doi in found if not re.fullmatch(r"10\.\d{4,9}/\S+", doi)] == []


def test_the_data_dictionary_has_every_column_of_every_table():
    text = data_dictionary()
    for resource in json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["resources"]:
        part = text.partition(f"## {resource['path']}\n")[2].partition("\n## ")[0]
        columns = re.findall(r"^\| `(\w+)` \| \w+ \| \S", part, flags=re.MULTILINE)
        assert columns == [field["name"] for field in resource["schema"]["fields"]]


@pytest.mark.parametrize("command", ["reproduce", "pool", "forest", "check", "import", "export", "report"])
def test_the_command_line_page_has_every_command(command):
    assert f"## {command}\n\n```text\nusage: pdt-evidence {command} " in command_line()


def test_the_page_on_results_names_places_deep_in_the_file():
    page = results_schema()
    assert "| `pools[].estimate` | number or null |" in page
    assert "| `schema_version` |" in page
