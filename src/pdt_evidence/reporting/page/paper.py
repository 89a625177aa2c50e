"""The page as a PDF, printed by a browser that is installed on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pdt_evidence.errors import EvidenceError

__all__ = ["browser", "print_page"]

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    "brave-browser",
)  # all of one family, which prints from the command line in the same way
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
PATIENCE = 300  # seconds


def browser() -> str | None:
    """A browser that prints to PDF: the one that PDT_EVIDENCE_BROWSER names, else one of the usual ones."""
    named = os.environ.get("PDT_EVIDENCE_BROWSER")
    if named:
        return shutil.which(named)
    found = filter(None, map(shutil.which, BROWSERS))
    return next(found, None) or next((path for path in APPLICATIONS if Path(path).is_file()), None)


def print_page(page: Path, pdf: Path) -> Path:
    """Print the file `page` to the file `pdf`; nothing is left behind where that fails.

    Raises
    ------
    EvidenceError
        If no browser is installed, or it makes no PDF.
    """
    program = browser()
    if program is None:
        raise EvidenceError(
            f"{pdf} was not written: a PDF is printed by a browser, and none was found (Chromium, Chrome, Edge). "
            f"Install one, or name it in PDT_EVIDENCE_BROWSER; or open {page} in any browser and print it there."
        )
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "page.pdf"
        said = _run(program, page, made, Path(folder))
        if not (made.is_file() and made.read_bytes()[:5] == b"%PDF-"):
            raise EvidenceError(
                f"{pdf} was not written: {program} made no PDF of {page}. It said: {said or 'nothing'}. "
                "Open the page in any browser and print it there."
            )
        part = pdf.with_name(f".{pdf.name}.part")
        try:
            shutil.copyfile(made, part)
            part.replace(pdf)
        finally:
            part.unlink(missing_ok=True)
    return pdf


def _run(program: str, page: Path, pdf: Path, folder: Path) -> str:
    """The last line that the browser says."""
    # As root there is no sandbox to be had; the page runs no script but its own and loads nothing.
    root = ["--no-sandbox"] if sys.platform != "win32" and os.geteuid() == 0 else []
    options = [
        "--headless",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--user-data-dir={folder / 'profile'}",
    ]
    command = [program, *root, *options, f"--print-to-pdf={pdf}", page.resolve().as_uri()]
    try:
        # A home of its own, gone afterwards: a browser leaves settings and caches there.
        home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, check=False, env=os.environ | home
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
