"""Writing the page: its environment, and the file itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.evidence.readers.writing import write_all
from pdt_evidence.formatting import PAGE, PRINTED, counted, scale_name
from pdt_evidence.garbage import collected_seldom
from pdt_evidence.reporting import names
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.glossary import plain, plain_page
from pdt_evidence.reporting.opening import place_of_window
from pdt_evidence.reporting.own_table import OwnTable, own_table
from pdt_evidence.reporting.page import filters, judged
from pdt_evidence.reporting.page.bundled import bundled
from pdt_evidence.reporting.page.face import faces
from pdt_evidence.reporting.page.links import led, linked
from pdt_evidence.reporting.page.own import own
from pdt_evidence.reporting.page.panels import panel, remark, verified
from pdt_evidence.reporting.page.paper import print_page
from pdt_evidence.reporting.page.parts import View
from pdt_evidence.reporting.page.svg import LOOKS, with_looks
from pdt_evidence.reporting.pictures import Pictures
from pdt_evidence.reporting.records import refuse_others, write_records
from pdt_evidence.verdicts.words import true_minus

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

__all__ = ["report", "write_page"]

FACES = "/* the typeface */"  # where the letters go, once it is known which are used
ALLOWED = "{script}"  # where the hash of the page's own script goes, the only one that may run
SCRIPT = re.compile(r"<script>(.*?)</script>", re.S)
PAGE_ENDINGS = (".html", ".htm")


@known_options
def report(
    path: str | Path = "report.html",
    *,
    table: pd.DataFrame | str | Path | None = None,
    by: str | Sequence[str] | None = None,
    measure: str | None = None,
    imported: pd.DataFrame | None = None,
    review: str = "",
    pdf: bool = False,
) -> Path:
    """Write the report on the evidence to `path`: one HTML file, figures inside.

    Beside it are written `results.json`, the numbers for programs (its layout is `results.schema.json`), and
    `ro-crate-metadata.json`, which says what was made from what. Give each report a folder of its own: another
    report in the same folder replaces these two.

    Parameters
    ----------
    path : str or Path
    table : DataFrame, str or Path, optional
        Trials of your own, in memory or a file that `read_trials`, `read_revman` or `read_metapsy` reads: the
        report is on these alone, and has no claims. Without it the report is on the bundled evidence.
    by : str or list of str, optional
        Columns of `table` that make the strata; default: those of outcome and follow-up that it has, and the
        comparison before them where it names several.
    measure : str, optional
        Effect measure of `table`, as in `synthesize`; default: effects as given, a review of events by its own
        measure, else SMD.
    imported : DataFrame, optional
        Trials that are not bundled, as `read_revman` or `read_trials` gives them: they get a section of
        their own in the report on the bundled evidence, with everything that was dropped or changed on the way in.
    review : str
        The cited review they belong to, such as "abbass2014": its claims are then judged on them.
    pdf : bool
        Whether a PDF is written beside it, under the same name, by a browser that this machine has.

    Returns
    -------
    Path
        Where it was written; a folder that is not there is made.

    Raises
    ------
    EvidenceError
        If the imported trials lack what an effect needs, or make no stratum; if `table` cannot be read; if a PDF
        is to be made and there is no browser (the page itself is written then); if `results.json` or
        `ro-crate-metadata.json` of another program is where this would write its own.
    RequestError
        If `table` is given with `imported` or `review`, or `by` or `measure` without it.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> mine = pd.DataFrame({"study": ["A", "B"], "outcome": "anxiety", "yi": [0.6, 0.2], "vi": [0.04, 0.03]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pdt.report(f"{folder}/report.html", table=mine)
    ...     sorted(path.name for path in page.parent.iterdir())
    ['report.html', 'results.json', 'ro-crate-metadata.json']
    """
    path = Path(path)
    if path.suffix.lower() not in PAGE_ENDINGS or path.is_dir():
        named = path / "report.html" if path.is_dir() else path.with_suffix(".html")
        raise RequestError(
            f"{path}: a report is a page in one file, which ends in .html. Give {named}"
            f"{'; pdf=True (--pdf) writes a PDF beside it' if path.suffix.lower() == '.pdf' else ''}."
        )
    if table is not None and (imported is not None or review):
        raise RequestError(
            "table= makes a report on that table alone, imported= and review= add trials to the report on the bundled "
            "evidence. Give one or the other."
        )
    if table is None and (by is not None or measure is not None):
        raise RequestError("by= and measure= say how a table of your own is pooled. Give it as table=.")
    refuse_others(path.parent)
    contents = Contents(imported=imported, review=review) if table is None else own_table(table, by, measure)
    with collected_seldom(), Pictures(contents, ("svg",)) as pictures:
        contents.compute()
        write_page(contents, path, pictures.files())
    made = [path]
    try:
        if pdf:
            made.append(print_page(path, path.with_suffix(".pdf")))
    finally:
        write_records(contents, path.parent, made, "report")
    return path


def write_page(contents: Contents | OwnTable, path: Path, pictures: Mapping[str, bytes]) -> None:
    """Write the page for `contents`, with its figures inside: `pictures` are these as SVG, by file name."""
    view = bundled(contents, pictures) if isinstance(contents, Contents) else own(contents, pictures)
    page = _allowed(_with_its_letters(with_looks(_rendered(view))))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all({path: page.encode()})


def _with_its_letters(page: str) -> str:
    return page.replace(FACES, faces(re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S)), 1)


def _allowed(page: str) -> str:
    """The page with the hash of its own script in its policy: no other may run, wherever a text put one."""
    scripts = SCRIPT.findall(page)
    digest = base64.b64encode(hashlib.sha256(scripts[-1].encode()).digest()).decode()
    return page.replace(ALLOWED, f"'sha256-{digest}'", 1)


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
    environment.filters |= {"printed": PRINTED.number, "printed_interval": PRINTED.interval}
    environment.filters |= {"doi": filters.doi, "named": names.named, "minus": true_minus, "counted": counted}
    environment.filters |= {"footnoted": filters.footnoted, "measure": filters.measure}
    environment.filters |= {"spelled": filters.spelled, "words": filters.words, "address": linked}
    environment.filters |= {
        "shown": filters.shown,
        "scaled": filters.scaled,
        "leaves_open": filters.in_doubt,
        "between": filters.between,
        "unit": filters.unit,
    }
    environment.filters |= {"told": filters.told, "stratum": filters.stratum, "percent": filters.percentage}
    environment.filters |= {
        "listed": judged.listed,
        "source_words": judged.source_words,
        "numbers_words": judged.numbers_words,
        "in_few_words": judged.in_few_words,
        "few": names.of_two,
        "verified": verified,
        "scale": scale_name,
        "needed": filters.needed,
        "led": led,
        "place_of_window": place_of_window,
        "plain": plain,
        "panel": panel,
        "remark": remark,
    }
    return environment


def _rendered(view: View) -> str:
    environment = _environment()
    environment.filters["linked"] = partial(linked, anchors=view.anchors)
    environment.filters["anchor"] = lambda row: view.anchors.get(row, "")
    template = environment.get_template("report.html.j2")
    words: Mapping[str, Any] = view.words
    page = template.render(
        faces=FACES, looks=LOOKS, allowed=ALLOWED, sections=view.sections, title=view.title, **words
    )
    return plain_page(page) if view.ours else page
