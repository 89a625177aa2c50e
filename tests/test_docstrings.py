"""What can refuse says so: a public callable from which an error of ours can come has a `Raises` section."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from functools import cache

import pytest

import pdt_evidence as pdt

# Nobody who calls the library can cause these, so they are no part of what a caller is told.
DAMAGE = {
    "evidence.package.load": "the bundled tables are damaged; their names stand in the code",
    "evidence.package.fields": "the same, of their description",
}
SILENT = {
    "evidence.coverage.coverage": "asks `members` for the reviews of the tables themselves",
    "analysis.networks.result.Network.to_frame": "asks `split` for the method it has",
    "analysis.networks.result.Network.summary": "asks for the network's own reference",
}
HOMES = ("results", "analysis.", "verdicts.records", "models.priors", "evidence.readers.imported")


def modules():
    names = (one.name for one in pkgutil.walk_packages(pdt.__path__, "pdt_evidence."))
    return {name: importlib.import_module(name) for name in names if not name.endswith("__main__")}


MODULES = modules()


def name_of(function):
    return f"{function.__module__}.{function.__qualname__}".removeprefix("pdt_evidence.")


def plain(value):
    """The function written in the library behind what is called: unwrapped, of a property or a class method."""
    value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    value = inspect.unwrap(value) if callable(value) else value
    written = inspect.isfunction(value) and value.__code__.co_filename in FILES
    return value if written else None


FILES = {module.__file__ for module in MODULES.values()}


@cache
def tree(function):
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def made(value):
    """What runs when `value` is called, with the class whose `self` it has: for a class, the check of its values."""
    if inspect.isclass(value):
        checks = (plain(value.__dict__.get(name)) for name in ("__init__", "__post_init__"))
        return [(check, value) for check in checks if check]
    function = plain(value)
    return [(function, None)] if function else []


def calls(function, owner):
    """Functions of the library that a function calls: by name, from a module, or as a method of `self`."""
    names = dict(function.__globals__)
    for node in ast.walk(tree(function)):  # imported where it is needed
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            names |= {one.asname or one.name: getattr(MODULES[node.module], one.name) for one in node.names}
    for node in ast.walk(tree(function)):
        target = node.func if isinstance(node, ast.Call) else None
        if isinstance(target, ast.Name):
            yield from made(names.get(target.id))
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            if target.value.id == "self" and owner is not None:
                method = plain(inspect.getattr_static(owner, target.attr, None))
                yield from [(method, owner)] if method else []
            elif inspect.ismodule(module := names.get(target.value.id)):
                yield from made(getattr(module, target.attr, None))


def way_to_an_error(function, owner=None, seen=None):
    """The calls by which a function comes to raise an error, ending with the one that does; or none."""
    seen = set() if seen is None else seen
    name = name_of(function)
    if name in seen or name in DAMAGE:
        return []
    seen.add(name)
    for node in ast.walk(tree(function)):
        if isinstance(node, ast.Raise) and node.exc is not None and "Error" in ast.unparse(node.exc):
            return [name]
    for other, home in calls(function, owner):
        if way := way_to_an_error(other, home, seen):
            return [name, *way]
    return []


def public():
    """Every public function, the making of every public class, every method of a result, with its docstring."""
    found = {}
    for name in pdt.__all__:
        value = getattr(pdt, name)
        found |= {f"pdt.{name}": (one, owner, value.__doc__) for one, owner in made(value)}
    for module in MODULES.values():
        if not module.__name__.removeprefix("pdt_evidence.").startswith(HOMES):
            continue
        for value in vars(module).values():
            if not inspect.isclass(value) or value.__module__ != module.__name__ or value.__name__[0] == "_":
                continue
            for name, method in vars(value).items():
                function = plain(method)
                if function and (name == "__getitem__" or name[0] != "_"):
                    found[name_of(function)] = (function, value, function.__doc__)
    return found


PUBLIC = public()


@pytest.mark.parametrize("name", PUBLIC)
def test_what_can_refuse_says_so(name):
    function, owner, documentation = PUBLIC[name]
    way = way_to_an_error(function, owner)
    if name_of(function) in SILENT:
        assert way, f"{name} can no longer raise: take it off the list"
    elif way:
        assert "Raises\n" in (documentation or ""), f"{name} has no section 'Raises', but: {' > '.join(way)}"


def test_the_way_to_an_error_is_found():
    """Through a call, an import inside the function, the check of a record, a method of `self`."""
    assert way_to_an_error(pdt.rhodes) == ["models.priors.rhodes", "errors.require_choice"]
    assert way_to_an_error(*made(pdt.HalfNormal)[0])[-1] == "models.priors._require_positive"
    posterior = MODULES["pdt_evidence.analysis.pooled.bayes"].BayesianEffect
    assert way_to_an_error(posterior.density_mu, posterior)[-1].endswith("BayesianEffect._of")
    assert not way_to_an_error(pdt.claims)
    assert len(PUBLIC) > 130


# Public names that compute no formula of their own: they read, arrange, draw or write.
NO_FORMULA = {
    *(
        "trials",
        "reviews",
        "members",
        "claims",
        "statements",
        "sources",
        "coverage",
        "published_results",
        "networks",
    ),
    *("read_trials", "read_revman", "read_metapsy", "read_studies", "import_file", "template"),
    *(
        "forest",
        "forest_pages",
        "summary_forest",
        "trajectory",
        "network_plot",
        "bias_summary",
        "traffic_lights",
    ),
    *(
        "bubble",
        "tau2_profile",
        "pictograph",
        "power_curve",
        "equivalence_plot",
        "s_value_curve",
        "update_plot",
    ),
    *(
        "selection_function",
        "specification_curve",
        "alt_text",
        "to_table",
        "save",
        "report",
        "export",
        "prisma_flow",
    ),
    *("check_claims", "sensitivity", "pre_post_sensitivity", "leave_one_out", "compare", "what_if", "bias"),
    *(
        "findings",
        "multiverse",
        "audit",
        "pdt_against_cbt",
    ),  # by the formulas of `synthesize`, `pool` and others
}


def sections(value):
    return dict(
        re.findall(
            r"(?:\A|\n)(\w+)\n-{3,}\n(.*?)(?=\n\w+\n-{3,}\n|\Z)", inspect.getdoc(value) or "", re.DOTALL
        )
    )


@pytest.mark.parametrize("name", [name for name in pdt.__all__ if callable(getattr(pdt, name))])
def test_the_entry_of_a_public_name_is_whole(name):
    """Every argument, what comes back, the source of its formula, and an example with what it prints."""
    value = getattr(pdt, name)
    has = sections(value)
    example = has.get("Examples", "").splitlines()
    assert any(line.startswith(">>>") for line in example), "no example"
    assert any(line.strip() and not line.startswith((">>>", "...")) for line in example), (
        "the example prints nothing"
    )
    if inspect.isclass(value):
        return
    named = " ".join(re.findall(r"^\S.*$", has.get("Parameters", ""), re.MULTILINE))
    unnamed = [one for one in inspect.signature(value).parameters if not re.search(rf"\b{one}\b", named)]
    assert unnamed == []
    assert "Returns" in has
    sourced = re.search(r"doi:10\.\d{4,}/|the R package", has.get("References", ""))
    assert bool(sourced) or name in NO_FORMULA, "no source of its formula"


def test_what_computes_nothing_is_public():
    assert [name for name in NO_FORMULA if name not in pdt.__all__] == []
