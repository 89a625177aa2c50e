"""What goes wrong, said once and in full: where, what was expected, what was found, what to do.

Every check that meets bad input collects all of its problems first and raises one
`EvidenceError`, so that a user fixes a file in one pass.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pdt_evidence.arguments import (
    fault_of_call,
    fault_of_indexes,
    fault_of_kind,
    faults_of,
    of_another_library,
    pandas_of,
    refused_at_once,
    shown,
)
from pdt_evidence.other_names import LEAVES_OUT, ours

__all__ = [
    "EvidenceError",
    "EvidenceWarning",
    "RequestError",
    "SchemaError",
    "UnknownOptionError",
    "did_you_mean",
    "is_one_of",
    "known_options",
    "known_options_of_methods",
    "not_installed",
    "require_choice",
    "warn",
]

P = ParamSpec("P")
T = TypeVar("T")

MOST_SHOWN = 20  # a terminal's worth; the rest is in `problems`
NOT_THE_USER = {"pdt_evidence", "matplotlib"}  # matplotlib calls back into our code when it draws


class EvidenceError(ValueError):
    """The evidence or the request is at fault.

    Attributes
    ----------
    problems : tuple of str
        Every problem found, one sentence each; the message shows the first twenty.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> try:
    ...     pdt.pool([0.2, 0.5], [0.04, -0.05])
    ... except pdt.EvidenceError as error:
    ...     print(error)
    pool(): study 2: vi = -0.05, but a sampling variance is above 0.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (message,)

    @classmethod
    def from_problems(cls, problems: Sequence[str], where: str = "") -> EvidenceError:
        """One error that lists all `problems`; `where` names the table or file they are in."""
        shown = list(problems[:MOST_SHOWN])
        if len(problems) > MOST_SHOWN:
            shown.append(f"and {len(problems) - MOST_SHOWN} more (all in the error's `problems`)")
        if len(problems) == 1:
            return cls(f"{where}: {problems[0]}" if where else problems[0], problems)
        head = f"{where}: {len(problems)} problems" if where else f"{len(problems)} problems"
        return cls("\n  - ".join([head, *shown]), problems)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence, with no frames of ours before it."""
        return [f"{type(self).__name__}: {self}"]


class SchemaError(EvidenceError):
    """A table does not have the columns, types or words it needs."""


class RequestError(EvidenceError):
    """A call asks for something that is not there: an unknown option, value or combination."""


class UnknownOptionError(RequestError, TypeError):
    """A call has an option that the function does not have; a `TypeError` too, as Python's own answer is."""


class EvidenceWarning(UserWarning):
    """The result stands, but a reader should know something about it.

    Examples
    --------
    >>> import warnings
    >>> import pdt_evidence as pdt
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     pooled = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"))
    >>> any(issubclass(one.category, pdt.EvidenceWarning) for one in said)
    True
    """


def warn(message: str) -> None:
    """Give an `EvidenceWarning` that names the user's line, however deep in the library it arises."""
    frame, level = inspect.currentframe(), 1
    while frame and str(frame.f_globals.get("__name__")).partition(".")[0] in NOT_THE_USER:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, EvidenceWarning, stacklevel=level)


_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@contextmanager
def unheard() -> Generator[None]:
    """Give no `EvidenceWarning`: what it would say is said elsewhere. Work that only serves to warn is left out."""
    before = _unheard.set(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EvidenceWarning)
            yield
    finally:
        _unheard.reset(before)


def is_heard() -> bool:
    """Whether a warning would reach somebody: where not, what it takes to word one need not be done."""
    return not _unheard.get()


def is_one_of(value: object, known: Iterable[object]) -> bool:
    """Whether a value is a known one and of its type; a word may be of a kind of text, as numpy's words are."""
    kind = str if isinstance(value, str) else type(value)
    return any(type(word) is kind and value == word for word in known)


def require_choice(name: str, value: object, known: Sequence[object], otherwise: str = "") -> None:
    """Raise `RequestError` unless `value` is one of `known`: it lists them, after what to do `otherwise`."""
    if not is_one_of(value, known):
        listed = ", ".join(repr(word) for word in known)
        hint = did_you_mean(value, known)
        text = f"{name} = {shown(value)} is not known.{hint} {otherwise}".rstrip()
        raise RequestError(f"{text} Choose one of: {listed}.")


def not_installed(package: str, extra: str) -> str:
    """The sentences on a package that an extra of ours brings, with the command that brings it."""
    return f'This needs the package {package}. Install it: pip install "pdt_evidence[{extra}]"'


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """A sentence with the known word that others call so, or the nearest, a space before it; "" where none is near.

    Examples
    --------
    >>> did_you_mean("outcom", ["outcome", "follow_up"])
    " Did you mean 'outcome'?"
    >>> did_you_mean("HKSJ", ["z", "t", "knha"])
    " Did you mean 'knha'?"
    """
    from difflib import get_close_matches

    words = {str(name).lower(): str(name) for name in known}
    if name := ours(word, words.values()):
        return f" Did you mean {name!r}?"
    plain = str(word).lower()
    turned = [name for name in words if sorted(name) == sorted(plain)]  # letters changed places
    near = turned or get_close_matches(plain, words, n=1, cutoff=0.7)
    return f" Did you mean {words[near[0]]!r}?" if near else ""


def _called(function: Callable[..., object], args: Sequence[object]) -> str:
    """What a reader calls it: a method by the class of its result, `__init__` by its class alone."""
    name = function.__name__
    if function.__code__.co_varnames[:1] != ("self",) or not args:
        return name
    of = type(args[0]).__name__
    return of if name == "__init__" else f"{of}.{name}"


def _without_rows(names: Sequence[str], name: str, value: Any) -> str:
    """How a table is given without some of its rows, where a call has an option to leave them out."""
    if name.replace("_", "") not in LEAVES_OUT:
        return ""
    if "table" not in names:
        return " Leave rows out of the table that is pooled."
    words: Any = [value] if isinstance(value, str) else value
    if type(words) in (list, tuple) and words and all(isinstance(word, str) for word in words):
        return (
            f' To leave rows out, give the table without them: table[~table["study"].isin({shown(words)})], '
            'or by "row_id".'
        )
    return " To leave rows out, give the table without them: table[~mask]."


def known_options(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function take tables of any library, and name the nearest option where a call has one that is not known."""
    code = function.__code__
    at_once = refused_at_once(function)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    own = [name for name in names if name not in ("self", "cls")]
    takes_any = bool(
        code.co_flags & inspect.CO_VARKEYWORDS
    )  # and hands them on to a function that looks at them

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> T:
        if any(map(of_another_library, (*args, *options.values()))):
            of_pandas: Any = call
            return of_pandas(*map(pandas_of, args), **{name: pandas_of(one) for name, one in options.items()})
        unknown = [] if takes_any else [name for name in options if name not in names]
        if unknown:
            text = " ".join(f"no option {name!r}.{did_you_mean(name, own)}" for name in unknown)
            hints = [_without_rows(own, name, options[name]) for name in unknown]
            raise UnknownOptionError(
                f"{_called(function, args)}() has {text}{''.join(hints)} It has: {', '.join(own) or 'none'}."
            )
        for at, name, fits, expected in at_once:
            value = options[name] if name in options else args[at] if at < len(args) else None
            if value is not None and not fits(value):
                raise RequestError(fault_of_kind(function, name, value, expected))
        if fault := fault_of_indexes(names, args, options):
            raise RequestError(f"{_called(function, args)}(): {fault}")
        try:
            return function(*args, **options)
        except EvidenceError:
            raise
        except Exception as error:  # of a value of a kind that the function does not take
            if fault := fault_of_call(function, args, options):
                raise UnknownOptionError(f"{_called(function, args)}(): {fault}") from None
            faults = faults_of(function, args, options, error)
            if not faults:
                raise
            raise RequestError.from_problems(faults, f"{_called(function, args)}()") from error

    return call


def known_options_of_methods(cls: type) -> None:
    """Let every public method that a class defines answer wrong options as the public functions do."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and inspect.isfunction(method) and not hasattr(method, "__wrapped__"):
            setattr(cls, name, known_options(method))
