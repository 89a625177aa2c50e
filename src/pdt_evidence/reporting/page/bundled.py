"""The page on the bundled evidence: what its templates are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.conclusions.equivalence import VERDICTS as EQUIVALENCE_WORDS
from pdt_evidence.evidence import descriptor, load, reviews
from pdt_evidence.evidence.coverage import CITED
from pdt_evidence.evidence.readers.provenance import origin
from pdt_evidence.reporting import citations
from pdt_evidence.reporting.comparisons import moderator_groups
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.names import heading
from pdt_evidence.reporting.opening import answers, narrow_label, opening_effects, origins
from pdt_evidence.reporting.page.links import places
from pdt_evidence.reporting.page.parts import View, common, drawing
from pdt_evidence.reporting.page.svg import links_of
from pdt_evidence.verdicts.records import ANSWERS, PARTS
from pdt_evidence.verdicts.rules import BORNE_OUT, FEWEST_TRIALS, RULES, SAYS
from pdt_evidence.verdicts.words import kind_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bundled"]

TITLE = "Psychodynamic therapy: the numbers behind the claims"
SECTIONS = {
    "answer": "Answer",
    "claims": "Claims",
    "imported": "Imported trials",
    "pooled": "Pooled estimates",
    "meaning": "What it means",
    "figures": "Forest plots",
    "comparisons": "PDT, CBT and controls",
    "bias": "Publication bias",
    "trials": "Trials",
    "published": "Published estimates",
    "recomputed": "Recomputed",
    "coverage": "What is available",
    "wanted": "What is missing",
    "sources": "Sources",
    "versions": "Versions",
}


def bundled(contents: Contents, pictures: Mapping[str, bytes]) -> View:
    """The view of a run on the bundled evidence; `pictures` are its figures as SVG, by file name."""
    published, trials = _published(), _trials(contents)
    anchors = {row["row_id"]: f"review-{row['row_id']}" for row in published}
    anchors |= {row["row_id"]: row["anchor"] for row in trials}
    brought = _brought(contents)
    sections = {name: word for name, word in SECTIONS.items() if name != "imported" or brought}
    pools = [(heading(name), syn) for name, syn in contents.pooled.items()]
    words = common(pools, contents.corrections, contents.meanings, pictures)
    at = places(contents.pooled.values(), contents.forests, anchors)
    words |= _first_screen(contents, pictures, at) | _judged(contents) | _compared(contents, pictures)
    words |= {
        "coverage": _coverage(contents),
        "about_time": contents.coverage.attrs["says"],
        "left_out": contents.left_out().to_dict("records"),
        "rows_available": len(contents.trials),
        "rows_pooled": int(((contents.trials["status"] == "ok") & contents.trials["preferred"]).sum()),
        "figures": list(_forests(contents, pictures, anchors)),
        "brought": brought,
        "published": published,
        "trials": trials,
        "sources": contents.sources.assign(
            short=contents.sources["source_id"].map(citations.named())
        ).to_dict("records"),
        "wanted": _wanted(),
        "versions": contents.versions,
        "places": at,
        "own": False,
    }
    return View(title=TITLE, sections=sections, anchors=anchors, words=words, ours=True)


def _first_screen(
    contents: Contents, pictures: Mapping[str, bytes], at: Mapping[tuple[str, ...], str]
) -> dict[str, Any]:
    from pdt_evidence.figures import alt_text

    article = contents.sources.set_index("source_id").loc["popular_article", "citation"]
    about = (
        f"What the trials available to us say of the article {str(article).replace('Popular article ', '')}. Not a "
        "systematic search: every number here has a source, and what is not available is counted, not filled in. "
        f"Data of {descriptor()['created'][:10]}, pdt_evidence {contents.versions['pdt_evidence']}."
    )
    scale = (
        "g is the difference in standard deviations: 0.2 is usually called small, 0.5 medium, 0.8 large (Cohen). "
        "Above 0 favours psychodynamic therapy (PDT)."
    )
    title = "PDT against control and against CBT, end of treatment"
    effects = opening_effects(contents)
    links = {narrow_label(label): [at[effect.row_ids]] for label, effect in effects.items()}
    picture = drawing(pictures, "opening", title, alt_text(effects), links)
    return {
        "about": about,
        "answers_first": answers(contents),
        "origins": origins(contents, at),
        "scale_note": scale,
        "opening": picture,
    }


def _judged(contents: Contents) -> dict[str, Any]:
    return {
        "claims": contents.claims,
        "rules": RULES,
        "says": SAYS,
        "borne_out": BORNE_OUT,
        "parts": PARTS,
        "answers": ANSWERS,
        "fewest": FEWEST_TRIALS,
    }


def _compared(contents: Contents, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    found = contents.comparisons
    return {
        "comparisons": found,
        "moderators": moderator_groups(found.moderators),
        "verdict_words": _verdict_words(contents),
        "drawn": {one.name: drawing(pictures, one.name, one.title, one.alt) for one in found.figures},
    }


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
        "by": contents.brought.by,
        "effects": list(contents.brought.strata.values()),
        "columns": list(log.columns),
        "log": log.astype(str).to_numpy().tolist(),
        "left_out": contents.brought.left_out.to_dict("records"),
    }


def _forests(
    contents: Contents, pictures: Mapping[str, bytes], anchors: dict[str, str]
) -> Iterator[dict[str, Any]]:
    from pdt_evidence.figures import alt_text

    for name, title, part in contents.forests:
        yield drawing(pictures, name, title, alt_text(part), links_of(part.strata.values(), anchors))


def _published() -> list[dict[Any, Any]]:
    """Between-group estimates of the reviews; pre-post ones have a table of their own."""
    table = reviews()
    table = table[(table["scope"] == "pdt") & table["estimate"].notna()]
    where_at = _first_with(table, ["design", "source_id", "locator"], r"https?:")
    return table.assign(where_at=where_at).to_dict("records")


def _first_with(table: pd.DataFrame, names: list[str], long: str) -> pd.Series[str]:
    """The row that has the same in these columns first, as paper says once what is `long` in the last of them.

    "" for that row itself, and where that pattern is not found.
    """
    first = table.groupby(names)["row_id"].transform("first")
    return first.where((first != table["row_id"]) & table[names[-1]].str.contains(long), "")


def _trials(contents: Contents) -> list[dict[Any, Any]]:
    """Every trial row available, with its interval and its source in words."""
    short = citations.named()
    table = contents.trials
    half = 1.959964 * table["vi"] ** 0.5
    table = table.assign(ci_low=table["yi"] - half, ci_high=table["yi"] + half)
    table["source"] = table["source_id"].map(short).fillna(table["source_id"])
    table["source_doi"] = table["source_id"].map(contents.sources.set_index("source_id")["doi"]).fillna("")
    table["anchor"] = "trial-" + table["row_id"]
    table["where_at"] = _first_with(table, ["source_id", "locator"], r"https?:")
    table["reference_at"] = _first_with(table, ["reference"], ".")
    return table.to_dict("records")


def _coverage(contents: Contents) -> list[dict[Any, Any]]:
    """The reviews; `first` marks the article's own and those of which member trials are known."""
    table = contents.coverage
    cited = {*CITED, *(one.claim.review_id for one in contents.claims)}
    known = (table["seen"] + table["believed"]) > 0
    return table.assign(first=table["review_id"].isin(cited) | known).to_dict("records")


def _wanted() -> list[dict[str, Any]]:
    """What is known to exist and not available: one line for each kind of number of a review or trial."""
    kinds: dict[tuple[str, str, str], list[dict[Any, Any]]] = {}
    for row in load("wanted").to_dict("records"):
        owner = row["review_id"] or row["trial_id"]
        kinds.setdefault((owner, row["what"], row["where_to_find"]), []).append(row)
    return [
        {
            "owner": owner,
            "what": kind_of(what, rows),
            "where": where,
            "cells": sum(row["cells"] for row in rows),
        }
        for (owner, what, where), rows in kinds.items()
    ]


def _verdict_words(contents: Contents) -> dict[str, str]:
    """The words used for equivalence on this page, each with its meaning."""
    used = set(contents.comparisons.head_to_head.table["verdict"])
    used |= {"equivalent", "non-inferior", "non-superior", "inconclusive"}
    return {word: meaning for word, meaning in EQUIVALENCE_WORDS.items() if word in used}
