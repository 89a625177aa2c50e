"""Writing the page: what its templates need, and the file itself."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.conclusions.equivalence import VERDICTS as EQUIVALENCE_WORDS
from pdt_evidence.errors import known_options
from pdt_evidence.evidence import descriptor
from pdt_evidence.evidence.coverage import CITED
from pdt_evidence.evidence.readers.provenance import origin
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.formatting import PAGE
from pdt_evidence.reporting import citations
from pdt_evidence.reporting.comparisons import moderator_groups
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.names import heading, named
from pdt_evidence.reporting.opening import answers, opening_effects
from pdt_evidence.reporting.page import filters
from pdt_evidence.reporting.page.face import faces
from pdt_evidence.reporting.page.panels import panel, remark
from pdt_evidence.reporting.page.svg import inline, links_of
from pdt_evidence.reporting.pictures import write_forests
from pdt_evidence.verdicts.records import ANSWERS, PARTS
from pdt_evidence.verdicts.rules import BORNE_OUT, FEWEST_TRIALS, RULES, SAYS
from pdt_evidence.verdicts.words import counted, true_minus

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

__all__ = ["report", "write_page"]

FACES = "/* the typeface */"  # where the letters go, once it is known which are used


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
        write_forests(contents, Path(folder), endings=("svg",))
        write_page(contents, path, Path(folder))
    return path


def write_page(contents: Contents, path: Path, figures: Path) -> None:
    """Write the page for `contents`, with the SVGs of the folder `figures` inside."""
    page = _with_its_letters(_rendered(contents, figures))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all({path: page.encode()})


def _with_its_letters(page: str) -> str:
    return page.replace(FACES, faces(re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S)), 1)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pdt_evidence.reporting.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": PAGE.number, "interval": PAGE.interval, "p": filters.p}
    environment.filters |= {"doi": filters.doi, "named": named, "minus": true_minus, "counted": counted}
    environment.filters |= {"footnoted": filters.footnoted, "measure": filters.measure}
    environment.filters |= {"spelled": filters.spelled, "words": filters.words, "address": filters.address}
    environment.filters |= {"panel": panel, "remark": remark}
    return environment


def _rendered(contents: Contents, figures: Path) -> str:
    from pdt_evidence.figures import alt_text

    environment = _environment()
    published, trials = _published(contents), _trials(contents)
    environment.filters["linked"] = partial(filters.linked, {row["row_id"] for row in (*published, *trials)})
    template = environment.get_template("report.html.j2")
    return template.render(
        faces=FACES,
        answers_first=answers(contents),
        article=contents.sources.set_index("source_id").loc["popular_article", "citation"],
        dated=descriptor()["created"][:10],
        opening=_drawing(
            figures,
            "opening",
            "PDT against control and against CBT, end of treatment",
            alt_text(opening_effects(contents)),
        ),
        coverage=_coverage(contents),
        pooled=[(heading(name), list(syn.strata.values())) for name, syn in contents.pooled.items()],
        left_out=contents.left_out().to_dict("records"),
        rows_held=len(contents.trials),
        rows_pooled=int(((contents.trials["status"] == "ok") & contents.trials["preferred"]).sum()),
        figures=list(_forests(contents, figures)),
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
        drawn={
            one.name: _drawing(figures, one.name, one.title, one.alt)
            for one in contents.comparisons.figures()
        },
        published=published,
        trials=trials,
        sources=contents.sources.to_dict("records"),
        wanted=contents.tables()["wanted"].to_dict("records"),
        versions=contents.versions,
    )


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


def _forests(contents: Contents, folder: Path) -> Iterator[dict[str, Any]]:
    from pdt_evidence.figures import alt_text

    for name, title, part in contents.forests():
        yield _drawing(folder, name, title, alt_text(part), links_of(part.strata.values()))


def _drawing(
    folder: Path, name: str, title: str, alt: str, links: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """A figure of the page: its name, its title, what it shows in words, and the SVG."""
    drawn = (folder / f"{name}.svg").read_text(encoding="utf-8")
    alt = true_minus(alt)
    return {"name": name, "title": title, "alt": alt, "svg": inline(drawn, name, title, alt, links)}


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
    table["source_doi"] = table["source_id"].map(contents.sources.set_index("source_id")["doi"]).fillna("")
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
