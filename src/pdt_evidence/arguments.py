"""What the annotations of a public function allow, and the sentences for what they do not.

A wrong kind of value (a dict for a table, a text for a number) may fail anywhere inside a function. Where it does,
`errors.known_options` asks here which of the values was of a wrong kind, and says that instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any

__all__ = [
    "fault_of_call",
    "fault_of_indexes",
    "fault_of_kind",
    "faults_of",
    "give_a_stratum",
    "is_synthesis",
    "refused_at_once",
    "shown",
]

MOST_LETTERS = 100  # of a value in a sentence
BY_READING = (
    "row_id",
    "trial_id",
    "source_id",
    "follow_up",
    "better",
    "measure",
    "yi",
    "vi",
    "yi_basis",
    "yi_reason",
)
NO_TABLES = (
    "pdt_evidence",
    "builtins",
    "numpy",
    "pandas",
    "matplotlib",
)  # makers of what narwhals need not look at

Fits = Callable[[Any], bool]


def shown(value: object) -> str:
    """A value as a sentence can show it: as Python writes it, or its type where that is long or has several lines.

    Examples
    --------
    >>> shown("knha"), shown([0] * 100)
    ("'knha'", 'a list')
    """
    try:
        text = repr(value)
    except Exception:  # a value whose own words fail
        text = ""
    if text and len(text) <= MOST_LETTERS and "\n" not in text:
        return text
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _is(*names: str) -> Fits:
    """Whether a value is of one of the named classes; by name, so that asking imports none."""
    return lambda value: any(cls.__name__ in names for cls in type(value).__mro__)


def _is_pandas(value: Any) -> bool:
    return any(
        cls.__name__ == "DataFrame" and cls.__module__.startswith("pandas") for cls in type(value).__mro__
    )


def _is_bool(value: Any) -> bool:
    return type(value).__name__ in ("bool", "bool_")


def _is_number(value: Any) -> bool:
    if not isinstance(value, Real) or _is_bool(value):
        return False
    try:
        return float(value) == float(value)
    except OverflowError:
        return False


def _is_row(value: Any) -> bool:
    """Whether numpy can make numbers of it."""
    import numpy as np

    if value is None or isinstance(value, (str, bytes, Mapping)) or type(value).__name__ == "DataFrame":
        return False
    try:
        array = np.asarray(value)
    except Exception:
        return False
    return array.ndim > 0 and array.dtype.kind in "fiu"


def _is_list(value: Any) -> bool:
    if isinstance(value, (str, bytes, Mapping)) or type(value).__name__ == "DataFrame":
        return False
    return isinstance(value, Sequence) or hasattr(value, "__array__")


def _of_words(value: Any) -> bool:
    return _is_list(value) and all(isinstance(word, str) for word in value)


def _of_numbers(value: Any) -> bool:
    return _is_list(value) and all(_is_number(one) for one in value)


def _of_lists(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_is_list(one) for one in value.values())


# Annotation -> whether a value fits it, and how that is said.
KINDS: dict[str, tuple[Fits, str]] = {
    "None": (lambda value: value is None, "None"),
    "bool": (_is_bool, "True or False"),
    "str": (lambda value: isinstance(value, str), "text"),
    "int": (lambda value: isinstance(value, Integral) and not _is_bool(value), "a whole number"),
    "float": (_is_number, "a number"),
    "Path": (lambda value: isinstance(value, PathLike), "a path"),
    "pd.DataFrame": (_is_pandas, "a pandas DataFrame"),
    "ArrayLike": (_is_row, "a row of numbers of one length"),
    "Sequence[str]": (_of_words, "a list of texts"),
    "Sequence[float]": (_of_numbers, "a list of numbers"),
    "Sequence[object]": (_is_list, "a list"),
    "Iterable[Hashable]": (_is_list, "a list"),
    "tuple[str, str]": (lambda value: _of_words(value) and len(value) == 2, "a pair of texts"),
    "tuple[float, float]": (lambda value: _of_numbers(value) and len(value) == 2, "a pair of numbers"),
    "Mapping[str, str]": (lambda value: isinstance(value, Mapping), "a dict"),
    "Mapping[str, float]": (lambda value: isinstance(value, Mapping), "a dict"),
    "Mapping[str, Sequence[Any]]": (_of_lists, "a dict of lists"),
    "Mapping[str, Sequence[object]]": (_of_lists, "a dict of lists"),
    "Mapping[str, PooledEffect]": (lambda value: isinstance(value, Mapping), "a dict of results"),
    "Mapping[Hashable, ArrayLike]": (lambda value: isinstance(value, Mapping), "a dict of rows of numbers"),
    "Style": (_is("Style"), "a Style"),
    "Margin": (_is("Margin"), "a Margin"),
    "Pooled": (lambda value: hasattr(value, "se") and hasattr(value, "estimate"), "a result of pool"),
    "Axes": (_is("Axes"), "Axes of Matplotlib"),
    "Figure": (_is("Figure"), "a Figure of Matplotlib"),
    "Prior": (_is("Prior", "HalfNormal", "HalfCauchy"), "a prior such as HalfNormal(0.5)"),
}
RESULT = "PooledEffect | Synthesis | PooledSeries | Influence | Network | Mapping[str, PooledEffect]"
ALIASES = {
    "Wanted": "str | Sequence[str] | None",
    "Exportable": "pd.DataFrame | Synthesis",
    "Drawable": RESULT,
    "Better": "str",
    "Evidence": "PooledEffect | pd.DataFrame | ArrayLike",
}
RESULTS = (
    "PooledEffect",
    "Synthesis",
    "PooledSeries",
    "Influence",
    "Network",
    "Gosh",
    "TrimAndFill",
    "RegressionTest",
    "SubgroupComparison",
    "ImportedTrials",
)
KINDS |= {name: (_is(name), f"a {name}") for name in RESULTS}
ONE_POOL, MANY_POOLS = {"PooledEffect", "Pooled"}, {"Synthesis", "Mapping[str, PooledEffect]"}
AT_ONCE = ("bool", "pd.DataFrame")  # what is refused before anything is computed


def _parts(annotation: str) -> list[str]:
    """The alternatives of an annotation, an alias being those it stands for."""
    return _split(" | ".join(ALIASES.get(part, part) for part in _split(annotation)))


def _split(annotation: str) -> list[str]:
    """At the bars outside of brackets."""
    parts, depth = [""], 0
    for letter in annotation:
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def refused_at_once(function: Any) -> list[tuple[int, str, Fits, str]]:
    """Place, name, test and words of the arguments whose kind is looked at before the call; None passes."""
    names = function.__code__.co_varnames
    found = []
    for name, annotation in function.__annotations__.items():
        parts = [part for part in _parts(str(annotation)) if part != "None"]
        if name != "return" and len(parts) == 1 and parts[0] in AT_ONCE:
            found.append((names.index(name), name, *KINDS[parts[0]]))
        one_pool = ONE_POOL & set(parts) or (name in ("yi", "vi") and "ArrayLike" in parts)
        if name != "return" and one_pool and not MANY_POOLS & set(parts):
            found.append((names.index(name), name, _no_synthesis, "one stratum"))
    return found


def _no_synthesis(value: Any) -> bool:
    return not is_synthesis(value)


def fault_of_kind(function: Any, name: str, value: Any, expected: str) -> str:
    """What is said of a value that is not of the kind looked at before the call."""
    if is_synthesis(value) and expected == "one stratum":
        takes_fits = ONE_POOL & set(_parts(str(function.__annotations__[name])))
        return f"{function.__name__}(), {name}: {give_a_stratum(value, '' if takes_fits else f'.{name}')}"
    said = f"{function.__name__}(): {name} = {shown(value)}, but it must be {expected}."
    if is_synthesis(value):
        return f"{said} Give the table that was pooled, or studies() of one stratum."
    return said + (" Give its to_pandas()." if hasattr(value, "to_pandas") else "")


def is_synthesis(value: Any) -> bool:
    return hasattr(value, "strata") and hasattr(value, "left_out")


def give_a_stratum(synthesis: Any, part: str = "") -> str:
    """What is said of a whole synthesis where one pool is meant."""
    strata = synthesis.strata
    count = "1 stratum" if len(strata) == 1 else f"{len(strata)} strata"
    words = ", ".join(map(repr, next(iter(strata), ("depression", "post"))))
    return f"This is a synthesis of {count}; give a stratum, such as synthesis[{words}]{part}."


def faults_of(
    function: Any, args: Sequence[Any], options: Mapping[str, Any], error: Exception | None = None
) -> list[str]:
    """A sentence for each value that may be why a call failed: of no kind that its annotation names, a table whose
    columns have one name, a column that is not there. What cannot be told is let be.
    """
    code = function.__code__
    given = dict(zip(code.co_varnames[: code.co_argcount], args, strict=False)) | dict(options)
    faults = []
    for name, value in given.items():
        parts = _parts(str(function.__annotations__.get(name, "")))
        if not all(part in KINDS for part in parts) or any(KINDS[part][0](value) for part in parts):
            continue
        expected = " or ".join(KINDS[part][1] for part in parts if part != "None")
        faults.append(f"{name} = {shown(value)}, but it must be {expected}.{_advice(value, parts)}")
    tables = [value for value in given.values() if _is_pandas(value)]
    return faults or [*_doubled(tables), *_absent(tables, error)]


def fault_of_indexes(names: Sequence[str], args: Sequence[Any], options: Mapping[str, Any]) -> str:
    """A sentence where two Series of one length name their rows differently: by place they would be mixed up."""
    given = [*zip(names, args, strict=False), *options.items()]
    rows = [(name, value.index) for name, value in given if hasattr(value, "iloc") and value.ndim == 1]
    for name, index in rows[1:]:
        first, its = rows[0]
        if len(index) == len(its) and not index.equals(its):
            return (
                f"{first} and {name} are Series with different indexes, so their rows do not belong together in this "
                f"order. Bring them into one ({name}.reindex({first}.index)), or give {first}.to_numpy() and "
                f"{name}.to_numpy()."
            )
    return ""


def fault_of_call(function: Any, args: Sequence[Any], options: Mapping[str, Any]) -> str:
    """A sentence where the arguments are too few or too many for the function, whatever they are."""
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        names = [name for name in signature.parameters if name != "self"]
        if "yi" in names and any(_has_columns(value) for value in args):
            return (
                "it takes effects and their variances, and was given a table. synthesize(table) pools one, stratum by "
                "stratum; the columns of one meta-analysis are given as table['yi'], table['vi'] (effect_sizes makes "
                "them of what studies report)."
            )
        return f"{error}. It takes: {', '.join(names) or 'nothing'}."
    return ""


def _has_columns(value: Any) -> bool:
    """Whether it is a table of some library."""
    return hasattr(value, "columns") and hasattr(value, "shape")


def of_another_library(value: Any) -> bool:
    """Whether a value is a table of polars, pyarrow or another library that narwhals knows, and none of pandas."""
    if type(value).__module__.partition(".")[0] in NO_TABLES or not _has_columns(value):
        return False
    import narwhals.stable.v1 as nw

    return not nw.dependencies.is_pandas_dataframe(value) and bool(nw.dependencies.is_into_dataframe(value))


def pandas_of(value: Any) -> Any:
    """A table of another library as pandas has it; any other value itself.

    A column has NaN where it has none; whole numbers with holes become floats.
    """
    if not of_another_library(value):
        return value
    import narwhals.stable.v1 as nw
    import pandas as pd

    frame = nw.from_native(value, eager_only=True)
    columns = {name: pd.Series(frame[name].to_list()) for name in frame.columns}
    holed = [name for name in columns if frame[name].dtype.is_numeric() and frame[name].null_count()]
    return pd.DataFrame(columns | {name: columns[name].astype(float) for name in holed})


def given_columns(table: Any) -> list[str]:
    """The columns of a table that a user gave: what reading its file added, and columns of work, are none of them.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> import pandas as pd
    >>> mine = pdt.read_trials(pd.DataFrame({"study": ["A"], "yi": [0.4], "vi": [0.04]})).assign(dose=2)
    >>> given_columns(mine)
    ['study', 'yi', 'vi', 'dose']
    """
    names = [name for name in map(str, table.columns) if not name.startswith("_")]
    of_file = (getattr(table, "source", None) or {}).get("columns")
    return names if of_file is None else [name for name in names if name in of_file or name not in BY_READING]


def _doubled(tables: Sequence[Any]) -> list[str]:
    found = [table.columns[table.columns.duplicated()] for table in tables]
    return [
        f"The table has more than one column {', '.join(map(repr, dict.fromkeys(names)))}. Rename or remove the others."
        for names in found
        if len(names)
    ]


def _absent(tables: Sequence[Any], error: Exception | None) -> list[str]:
    """A column that was looked for and is in none of the tables."""
    if not (isinstance(error, KeyError) and error.args and isinstance(error.args[0], str)):
        return []
    name = error.args[0]
    hint = " `effect_sizes` makes yi and vi of what studies report." if name in ("yi", "vi") else ""
    return [
        f"The table has no column {name!r}. It has: {', '.join(given_columns(table)) or 'none'}.{hint}"
        for table in tables
        if name not in table.columns
    ]


def _advice(value: Any, parts: Sequence[str]) -> str:
    if "pd.DataFrame" not in parts:
        return ""
    if hasattr(value, "to_pandas"):
        return " Give its to_pandas()."
    return " Give pandas.DataFrame(...) of it." if isinstance(value, (Mapping, list)) else ""
