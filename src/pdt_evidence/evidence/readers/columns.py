"""The columns of a user's table: what they may hold, which are needed, which are misspelt.

A column that the schema does not know is the user's own and kept. Where its name is near to one of ours it is
asked about; it is refused only where the table cannot be used without the column it may be, or where the two
names differ by capitals and punctuation alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from pdt_evidence.errors import SchemaError
from pdt_evidence.evidence.package import fields
from pdt_evidence.evidence.readers.printed_columns import PRINTED_FIELDS, PRINTED_SETS
from pdt_evidence.evidence.schema import Field, listed, missing_column
from pdt_evidence.evidence.windows import WINDOWS
from pdt_evidence.other_names import arms_called, columns_of_others

__all__ = [
    "ARM_DATA",
    "FREE_WORDS",
    "OPEN_WORDS",
    "check_columns",
    "column_doubts",
    "column_problems",
    "has_given_effects",
    "of_metapsy",
    "own_columns",
    "renamed_columns",
    "trial_fields",
]

ARM_DATA = {
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "events": ("event_t", "n_t", "event_c", "n_c"),
}
GIVEN_EFFECTS = {
    "effects": ("yi", "vi"),
    "effects and standard errors": ("yi", "sei"),
    "effects and their intervals": ("yi", "ci_low", "ci_high"),
}
# Any one of these sets gives an effect.
EFFECT_COLUMNS = (
    ARM_DATA | {"reported effects": ("reported_metric", "reported")} | GIVEN_EFFECTS | PRINTED_SETS
)
OF_REPORTED = {name: f"reported_{name}" for name in ("ci_low", "ci_high", "ci_level")} | {
    "sei": "reported_se"
}
SHARED = ("n_t", "n_c")  # alone they do not tell which set a table means to give
OPEN_WORDS = ("disorder", "outcome", "arm_t", "arm_c")  # a user may study what we do not hold
FREE_WORDS = ("source_id", "locator", "verification", "contrast_id")  # name rows of the bundled sources
MORE_METRICS = ("t", "ROM", "HR", "log OR", "log RR")  # of use in a user's table, in none of the bundled ones
COMPUTED = ("measure", "yi_basis", "yi_reason", "design", "rob_overall")  # in tables that the library made
PRE_POST = ("mean_post", "sd_post", "mean_pre", "sd_pre", "n")  # for measures of change in one group
ALIKE = 0.82  # likeness of a name to one of ours that it was meant to be
HINT = 0.75  # the same for a column that is needed and missing
ARM_1_OF_METAPSY = re.compile(r"cond(ition|spec)(arm1|trt1|ig)")  # in any of its releases
MOST_SEARCHED = 200  # unknown columns; a table with more of them was not made for this schema


def trial_fields() -> tuple[Field, ...]:
    """The bundled schema as far as it binds a user: only `study` is required, own words are allowed."""
    bundled = [
        replace(
            field,
            required=field.name == "study",
            unique=field.name == "row_id",
            enum=_enum_for_users(field),
            minimum=1 if field.name in SHARED else field.minimum,  # one person is enough for a count
        )
        for field in fields("trials")
    ]
    return (
        *bundled,
        Field(name="follow_up", type="string", enum=WINDOWS),
        *(Field(name=name, type="number") for name in ("yi", "vi", "sei", "ci_low", "ci_high", "ci_level")),
        *PRINTED_FIELDS,
    )


def _enum_for_users(field: Field) -> tuple[str, ...]:
    if field.name in OPEN_WORDS + FREE_WORDS:
        return ()
    return field.enum + MORE_METRICS if field.name == "reported_metric" else field.enum


def own_columns(columns: Iterable[object]) -> list[str]:
    """The columns that the schema does not know."""
    known = _known()
    return [name for column in columns if (name := str(column)) not in known]


def has_given_effects(columns: Iterable[str]) -> bool:
    """Whether the table brings its effects with it, so that none is computed from arm data."""
    columns = set(columns)
    return any(set(needed) <= columns for needed in GIVEN_EFFECTS.values())


def check_columns(columns: Sequence[str], where: str) -> None:
    """Raise one error with every column that is misspelt or missing.

    Raises
    ------
    SchemaError
        With what `column_problems` finds.
    """
    problems = column_problems(columns)
    if problems:
        raise SchemaError.from_problems(problems, where)


def column_problems(columns: Sequence[str]) -> list[str]:
    """Names that are nearly ours; no `study`; no set of columns that gives an effect; means or events
    without `better`.
    """
    near = _misspelt(columns)
    meant = _of_others(columns, near) | near
    have = {*columns, *meant.values()}  # a column that is there under a wrong name is not missing as well
    refused = _refused(meant, set(columns))
    others = {own: ours for own, ours in meant.items() if own in refused and own not in near}
    problems = [
        f"column {own!r} is not known. Did you mean {ours!r}? Rename it; "
        "a column of your own needs a name that is less like it."
        for own, ours in near.items()
        if own in refused
    ]
    if others:
        pairs = ", ".join(f"{own} to {ours}" for own, ours in others.items())
        arms = arms_called({ours: own for own, ours in others.items()})
        said = " and ".join(f"{name} = {word!r}" for name, word in arms.items() if name not in have)
        problems.append(
            f"columns have other names than ours. Rename {pairs}, if that is what they are."
            + (f" Figures name the arms if you add columns {said}." if said else "")
        )
    if "study" not in have:
        problems.append(missing_column("study", columns))
    problems += _lacking(have, columns) + _errors_of_nothing(set(columns))
    signed_by_score = (*ARM_DATA.values(), PRINTED_SETS["medians"], PRINTED_SETS["changes"])
    if (
        any(set(needed) <= have for needed in signed_by_score)
        and "better" not in have
        and not has_given_effects(have)
    ):
        problems.append(
            "column 'better' is missing: which direction of the score is good, lower or higher? "
            "Say it in each row; without it means and events do not tell whom they favour."
        )
    return problems


def _errors_of_nothing(columns: set[str]) -> list[str]:
    """Errors and limits named as those of `yi`, which is not there, beside a printed effect without any."""
    if "yi" in columns or "reported" not in columns:
        return []
    return [
        f"column {name!r} belongs to yi, which is not there; that of a reported effect is {ours!r}. Rename it."
        for name, ours in OF_REPORTED.items()
        if name in columns and ours not in columns
    ]


def column_doubts(columns: Sequence[str]) -> list[tuple[str, str]]:
    """The columns that are kept as the user's own and may be one of ours, and what is to be said of each."""
    near = _misspelt(columns)
    others = _of_others(columns, near)
    refused = _refused(others | near, set(columns))
    months = {
        own: ours for own, ours in others.items() if ours == "months_since_end" and "follow_up" not in columns
    }
    text = "column {own!r} is kept as one of your own. If it is {ours!r}, rename it: nothing is pooled by it."
    return [
        (own, text.format(own=own, ours=ours)) for own, ours in (near | months).items() if own not in refused
    ]


def renamed_columns(columns: Sequence[str]) -> set[str]:
    """The columns of which `column_problems` or `column_doubts` says that they may be ours."""
    near = _misspelt(columns)
    refused = _refused(_of_others(columns, near) | near, set(columns))
    return refused | {own for own, _ in column_doubts(columns)}


def _refused(meant: dict[str, str], columns: set[str]) -> set[str]:
    """The near names without which the table cannot be used, and those that are ours but for capitals and marks."""
    refused = {own for own, ours in meant.items() if _plain(own) == _plain(ours) or ours == "study"}
    effects = [set(needed) for needed in EFFECT_COLUMNS.values()]
    if not any(needed <= columns for needed in effects):
        refused |= {own for own, ours in meant.items() if any(ours in needed for needed in effects)}
    have = columns | {meant[own] for own in refused}
    has_arms = any(set(needed) <= have for needed in ARM_DATA.values())
    if has_arms and not has_given_effects(have):
        refused |= {own for own, ours in meant.items() if ours == "better"}
    return refused


def _known() -> set[str]:
    return {field.name for field in trial_fields()} | set(COMPUTED) | set(PRE_POST)


def _misspelt(columns: Sequence[str]) -> dict[str, str]:
    """Unknown columns -> the column of ours, not in the table, that each nearly names."""
    known = _known()
    free = sorted(known - set(columns))
    plain = {_plain(name): name for name in free}
    unknown = [name for name in columns if name and name not in known]
    meant = {}
    for name in unknown[:MOST_SEARCHED]:
        near = get_close_matches(name.lower()[:80], free, n=1, cutoff=ALIKE)
        ours = plain.get(_plain(name)) or (near[0] if near else None)
        if ours:
            meant[name] = ours
    return meant


def _of_others(columns: Sequence[str], near: dict[str, str]) -> dict[str, str]:
    """Unknown columns -> the column of ours, in the table under no near name either, that others call so."""
    if of_metapsy(columns):
        return {}
    known = _known()
    unknown = [name for name in columns if name and name not in known and name not in near]
    return columns_of_others(unknown[:MOST_SEARCHED], known - set(columns) - {*near.values()})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _lacking(have: set[str], columns: Sequence[str]) -> list[str]:
    """What is missing of the sets that give an effect: of those that are begun, else of all."""
    if any(set(needed) <= have for needed in EFFECT_COLUMNS.values()):
        return []
    begun = {name: needed for name, needed in EFFECT_COLUMNS.items() if have & _own(name)}
    usual = {name: needed for name, needed in EFFECT_COLUMNS.items() if name not in PRINTED_SETS}
    lacking = []
    for name, needed in (begun or usual).items():
        missing = [column for column in needed if column not in have]
        lacking.append(f"for {name} {', '.join(missing)}{_nearest(missing, columns)}")
    lacking.sort(key=lambda part: not part.endswith(")"))  # what was probably meant comes first
    advice = " It looks like a Metapsy database, which read_metapsy() reads." if of_metapsy(columns) else ""
    return [
        f"no columns give an effect. Missing are {'; or '.join(lacking)}. The table has {listed(columns)}.{advice}"
    ]


def of_metapsy(columns: Iterable[str]) -> bool:
    """Whether a table names the first arm of each row as databases of Metapsy do."""
    return any(ARM_1_OF_METAPSY.fullmatch(_plain(name)) for name in columns)


def _own(name: str) -> set[str]:
    """The columns that tell that a table means to give this set: of changes not the means, which are of means."""
    return {column for column in EFFECT_COLUMNS[name] if column not in SHARED} - (
        {"mean_t", "mean_c"} if name == "changes" else set()
    )


def _nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    own = own_columns(columns)[:MOST_SEARCHED]
    pairs = {name: get_close_matches(name, own, n=1, cutoff=HINT) for name in missing}
    found = [f"{name} may be {near[0]!r}" for name, near in pairs.items() if near]
    return f" ({'; '.join(found)})" if found else ""


def column_guide() -> str:
    """What each column of a table of trials means, in which unit, and which words it takes.

    Returns
    -------
    str
        A line a column, and below it the words that are known; own words are welcome where it says so.
    """
    lines = []
    for field, bundled in zip(trial_fields(), fields("trials"), strict=False):
        lines.append(f"{field.name} ({field.type}): {bundled.description}")
        if bundled.enum and field.name not in FREE_WORDS:
            own = ", or a word of your own" if field.name in OPEN_WORDS else ""
            lines.append(f"    {', '.join(field.enum or bundled.enum)}{own}")
    lines += [f"{field.name} ({field.type}): {field.description}" for field in PRINTED_FIELDS]
    return "\n".join(lines)
