"""The page on a user's own table: the same shape, without the article's claims."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from pdt_evidence.formatting import counted
from pdt_evidence.reporting.own_opening import favoured, own_answers, own_effects, own_origins, own_title
from pdt_evidence.reporting.own_table import OwnTable
from pdt_evidence.reporting.page.links import places
from pdt_evidence.reporting.page.parts import View, common, drawing
from pdt_evidence.reporting.page.svg import links_of

if TYPE_CHECKING:
    from pdt_evidence.results import PooledEffect

__all__ = ["own"]

SECTIONS = {
    "answer": "Answer",
    "pooled": "Pooled estimates",
    "meaning": "What it means",
    "figures": "Forest plots",
    "bias": "Publication bias",
    "trials": "Rows",
    "file": "The table",
    "versions": "Versions",
}
SIZES = "Hedges’ g is the difference in standard deviations: usually 0.2 is small, 0.5 medium, 0.8 large (Cohen). "
TEXTS = (
    "study", "comparison", "outcome", "follow_up", "instrument", "rating", "time_label", "outcome_label",
    "arm_t_label", "arm_c_label", "arm_t", "arm_c", "event_label", "reported_metric", "better", "yi_basis", "yi_reason",
    "verification", "status", "status_reason", "preferred_why", "note", "reference", "locator", "source_id", "measure",
)  # fmt: skip
NUMBERS = (
    "yi", "vi", "n_t", "mean_t", "sd_t", "event_t", "n_c", "mean_c", "sd_c", "event_c", "reported", "reported_se",
    "reported_ci_low", "reported_ci_high", "reported_p",
)  # fmt: skip


def own(contents: OwnTable, pictures: Mapping[str, bytes]) -> View:
    """The view of a user's table; `pictures` are its figures as SVG, by file name."""
    anchors = {row: f"row-{number}" for number, row in enumerate(contents.rows["row_id"], 1)}
    title = f"The numbers in {contents.name}"
    words = common(
        [("", syn) for syn in contents.pooled.values()], contents.corrections, contents.meanings, pictures
    )
    sections = {name: word for name, word in SECTIONS.items() if name in _of_use(contents)}
    at = places(contents.pooled.values(), contents.forests, anchors)
    words |= _first_screen(contents, pictures, at) | {
        "left_out": [row | {"comparison": ""} for row in contents.left_out],
        "figures": list(_forests(contents, pictures, anchors)),
        "trials": _rows(contents, anchors),
        "file": _file(contents),
        "versions": contents.versions,
        "claims": (),
        "places": at,
        "own": True,
    }
    return View(title=title, sections=sections, anchors=anchors, words=words, ours=False)


def _of_use(contents: OwnTable) -> set[str]:
    """The sections that have something to say."""
    found = {"answer", "pooled", "trials", "file", "versions"}
    if contents.pooled:
        found |= {"bias"}
    if contents.meanings.rows:
        found |= {"meaning"}
    if contents.forests:
        found |= {"figures"}
    return found


def _first_screen(
    contents: OwnTable, pictures: Mapping[str, bytes], at: Mapping[tuple[str, ...], str]
) -> dict[str, Any]:
    from pdt_evidence.figures import alt_text

    rows = contents.rows
    trials = rows["trial_id"].nunique()
    about = (
        f"{counted(len(rows), 'row')} of {counted(trials, 'study', 'studies')}. Not a systematic search by us: "
        "what the table has is pooled, every number leads to its row, and what is missing is counted, not filled in. "
        f"pdt_evidence {contents.versions['pdt_evidence']}."
    )
    effects = own_effects(contents.strata)
    title = own_title(contents.strata)
    links = {label: [at[effect.row_ids]] for label, effect in effects.items() if effect.row_ids in at}
    picture = drawing(pictures, "opening", title, alt_text(effects), links) if effects else None
    return {
        "about": about,
        "answers_first": own_answers(contents),
        "origins": own_origins(contents, at),
        "scale_note": _scale(contents.strata),
        "opening": picture,
    }


def _scale(strata: list[PooledEffect]) -> str:
    """What the numbers are numbers of."""
    from pdt_evidence.figures.sheet.words import MEASURES

    if not strata:
        return ""
    measure = strata[0].measure
    text = {
        "SMD": SIZES,
        "GEN": "Effects are on the scale of the table. ",
    }.get(measure, f"{MEASURES[measure][0]}: {MEASURES[measure][1].lower()}. ")
    sign = favoured(strata)
    return f"{text}{sign[0].upper()}{sign[1:]}."


def _forests(
    contents: OwnTable, pictures: Mapping[str, bytes], anchors: dict[str, str]
) -> Iterator[dict[str, Any]]:
    from pdt_evidence.figures import alt_text

    for name, title, part in contents.forests:
        yield drawing(pictures, name, title, alt_text(part), links_of(part.strata.values(), anchors))


def _rows(contents: OwnTable, anchors: dict[str, str]) -> list[dict[Any, Any]]:
    """Every row, with what its panel needs, blank where the table has nothing."""
    table = contents.rows
    texts = {name: _text(table, name) for name in TEXTS}
    numbers = {
        name: pd.to_numeric(table[name], errors="coerce") if name in table else math.nan for name in NUMBERS
    }
    made = pd.DataFrame({"row_id": table["row_id"].astype(str), **texts, **numbers}, index=table.index)
    half = 1.959964 * made["vi"].where(made["vi"] >= 0) ** 0.5
    made["ci_low"], made["ci_high"] = made["yi"] - half, made["yi"] + half
    made["anchor"] = [anchors[row] for row in table["row_id"]]
    made["flipped"] = _text(table, "flipped").isin(["True", "true", "1", "1.0"])
    made["preferred"] = table["preferred"].astype(bool) if "preferred" in table else True
    made["status"] = made["status"].where(made["status"] != "", "ok")
    missing = (made["yi"].isna() | made["vi"].isna()) & (made["yi_reason"] == "")
    made["yi_reason"] = made["yi_reason"].mask(missing, "no effect or no variance is given")
    made["measure"] = contents.strata[0].measure if contents.strata else "GEN"
    made["source"], made["source_doi"] = table["place"], ""
    pairs = zip(made["comparison"], made["arm_t_label"], made["arm_c_label"], strict=True)
    made["comparison"] = [word or " against ".join(filter(None, arms)) for word, *arms in pairs]
    return made.to_dict("records")


def _text(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series("", index=table.index, dtype=object)
    column = table[name].astype(object)
    return column.where(column.notna(), "").astype(str)


def _file(contents: OwnTable) -> dict[str, Any]:
    log = contents.log().astype(object)
    return {
        "origin": contents.origin,
        "sign": contents.sign,
        "notes": contents.notes,
        "sources": [row for row in contents.sources.to_dict("records") if row["citation"]],
        "columns": list(log.columns),
        "log": [["" if pd.isna(cell) else str(cell) for cell in row] for row in log.to_numpy().tolist()],
    }
