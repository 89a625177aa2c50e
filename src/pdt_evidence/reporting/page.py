"""The report: one HTML file that needs nothing else, coverage first."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.conclusions.equivalence import VERDICTS as EQUIVALENCE_WORDS
from pdt_evidence.effects.reported import RATIOS
from pdt_evidence.errors import known_options
from pdt_evidence.evidence.coverage import CITED
from pdt_evidence.evidence.readers.provenance import origin
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.formatting import PAGE
from pdt_evidence.reporting import citations
from pdt_evidence.reporting.comparisons import moderator_groups
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.names import heading, named
from pdt_evidence.reporting.pictures import write_forests
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.records import ANSWERS, PARTS
from pdt_evidence.verdicts.rules import BORNE_OUT, FEWEST_TRIALS, RULES, SAYS
from pdt_evidence.verdicts.words import counted, in_words, true_minus

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["report", "write_page"]


@known_options
def report(
    path: str | Path = "report.html", *, imported: pd.DataFrame | None = None, review: str = ""
) -> Path:
    """Write the report on the evidence to `path`: one HTML file, figures inside.

    Parameters
    ----------
    path : str or Path
    imported : DataFrame, optional
        Trials that are not bundled, as `read_revman` or `read_trials` gives them: they get a section of
        their own, with everything that was dropped or changed on the way in.
    review : str
        The cited review they belong to, such as "abbass2014": its claims are then judged on them.

    Returns
    -------
    Path
        Where it was written; a folder that is not there is made.

    Raises
    ------
    EvidenceError
        If the imported trials lack what an effect needs, or make no stratum.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        contents = Contents(imported=imported, review=review)
        write_forests(contents, Path(folder), endings=("png",))
        write_page(contents, path, Path(folder))
    return path


def write_page(contents: Contents, path: Path, figures: Path) -> None:
    """Write the page for `contents`, with the PNGs of the folder `figures` inside."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": PAGE.number, "interval": PAGE.interval, "p": _p, "words": _words}
    environment.filters |= {"doi": _doi, "named": named, "minus": true_minus, "counted": counted}
    environment.filters |= {"footnoted": _footnoted, "measure": _measure}
    published, trials = _published(contents), _trials(contents)
    environment.filters["spelled"] = _spelled
    environment.filters["linked"] = partial(_linked, {row["row_id"] for row in (*published, *trials)})
    template = environment.from_string(
        (files("pdt_evidence.reporting") / "report.html.j2").read_text(encoding="utf-8")
    )
    page = template.render(
        coverage=_coverage(contents),
        pooled=[(heading(name), list(syn.strata.values())) for name, syn in contents.pooled.items()],
        left_out=contents.left_out().to_dict("records"),
        rows_held=len(contents.trials),
        rows_pooled=int(((contents.trials["status"] == "ok") & contents.trials["preferred"]).sum()),
        figures=list(_figures(contents, figures)),
        claims=contents.claims,
        rules=RULES,
        says=SAYS,
        borne_out=BORNE_OUT,
        parts=PARTS,
        answers=ANSWERS,
        fewest=FEWEST_TRIALS,
        brought=_brought(contents),
        comparisons=contents.comparisons,
        moderators=moderator_groups(contents.comparisons.moderators),
        verdict_words=_verdict_words(contents),
        drawn={figure["name"]: figure for figure in _comparison_figures(contents, figures)},
        published=published,
        trials=trials,
        sources=contents.sources.to_dict("records"),
        wanted=contents.tables()["wanted"].to_dict("records"),
        versions=contents.versions,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all({path: page.encode()})


def _brought(contents: Contents) -> dict[str, Any] | None:
    """What the page says of an imported file: where it is from, its pools, what was changed."""
    if contents.imported is None or contents.brought is None:
        return None
    log, source = contents.import_log(), getattr(contents.imported, "source", {})
    return {
        "origin": origin(contents.imported),
        "sign": (source.get("imported") or source).get("sign", ""),
        "review": contents.review,
        "rows": len(contents.imported),
        "effects": list(contents.brought.strata.values()),
        "columns": list(log.columns),
        "log": log.astype(str).to_numpy().tolist(),
        "left_out": contents.brought.left_out.to_dict("records"),
    }


def _figures(contents: Contents, folder: Path) -> Iterator[dict[str, str]]:
    from pdt_evidence.figures import alt_text

    for name, title, part in contents.forests():
        yield {"name": name, "title": title, "alt": true_minus(alt_text(part)), "png": _png(folder, name)}


def _comparison_figures(contents: Contents, folder: Path) -> Iterator[dict[str, str]]:
    for figure in contents.comparisons.figures():
        yield {
            "name": figure.name,
            "title": figure.title,
            "alt": true_minus(figure.alt),
            "png": _png(folder, figure.name),
        }


def _png(folder: Path, name: str) -> str:
    return base64.b64encode((folder / f"{name}.png").read_bytes()).decode()


def _published(contents: Contents) -> list[dict[Any, Any]]:
    """Between-group estimates of the reviews; pre-post ones have a table of their own."""
    table: pd.DataFrame = contents.tables()["published"]
    table = table[(table["scope"] == "pdt") & table["estimate"].notna()]
    return table.to_dict("records")


def _trials(contents: Contents) -> list[dict[Any, Any]]:
    """Every trial row held, with its interval and its source in words."""
    short = citations.named()
    table = contents.trials
    half = 1.959964 * table["vi"] ** 0.5
    table = table.assign(ci_low=table["yi"] - half, ci_high=table["yi"] + half)
    table["source"] = table["source_id"].map(short).fillna(table["source_id"])
    return table.to_dict("records")


def _coverage(contents: Contents) -> list[dict[Any, Any]]:
    """The reviews; `first` marks the article's own and those of which member trials are known."""
    table = contents.coverage
    cited = {*CITED, *(one.claim.review_id for one in contents.claims)}
    known = (table["seen"] + table["believed"]) > 0
    return table.assign(first=table["review_id"].isin(cited) | known).to_dict("records")


def _verdict_words(contents: Contents) -> dict[str, str]:
    """The words used for equivalence on this page, each with its meaning."""
    used = set(contents.comparisons.head_to_head.table["verdict"])
    used |= {"equivalent", "non-inferior", "non-superior", "inconclusive"}
    return {word: meaning for word, meaning in EQUIVALENCE_WORDS.items() if word in used}


def _footnoted(effects: Sequence[PooledEffect]) -> dict[str, Any]:
    """The notes of a table's rows, each once under a letter, and the letters of each row."""
    notes = list(dict.fromkeys(note for effect in effects for note in effect.notes))
    letters = {note: _letter(place) for place, note in enumerate(notes)}
    rows = [(effect, ",".join(letters[note] for note in effect.notes)) for effect in effects]
    return {"rows": rows, "notes": [(letter, note) for note, letter in letters.items()]}


def _letter(place: int) -> str:
    """a to z, then aa, ab, ..."""
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(ord("a") + last)


def _measure(word: str) -> str:
    """A measure; of a ratio also which value says that nothing differs."""
    return f"{word} (no effect = 1)" if word in RATIOS else word


def _spelled(text: str) -> str:
    """Text with the names of sources, such as "abbass2006", as short citations."""
    names = citations.named()

    def spell(found: re.Match[str]) -> str:
        author, rest = found[1].replace("_", " ").title(), in_words(found[2])
        return names.get(found[0], f"{author} {rest}")

    return re.sub(r"\b([a-z][a-z_]*)(\d{4}\w*)", spell, text)


def _linked(anchors: Collection[str], text: str) -> str:
    """Text with the names of evidence rows that this page shows as links to them."""
    from markupsafe import Markup

    def link(found: re.Match[str]) -> str:
        kind = "review" if found[0].startswith("R") else "trial"
        return f'<a href="#{kind}-{found[0]}">{found[0]}</a>' if found[0] in anchors else found[0]

    return Markup(re.sub(r"\b[RT]\d{3,}\b", link, escape(text)))


def _p(effect: PooledEffect | float) -> str:
    return PAGE.p(effect.p if isinstance(effect, PooledEffect) else effect)


def _words(text: str) -> str:
    return text.replace("_", " ")


def _doi(doi: str) -> str:
    from markupsafe import Markup

    return Markup(f'<a href="https://doi.org/{escape(doi)}">{escape(doi)}</a>') if doi else Markup("")
