"""Draw the badges of the README from what the project says of itself: python tools/draw_badges.py."""

import re
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "badges"
LETTER, PADDING, HEIGHT = 6.6, 8, 20  # pixels, of a sans-serif of 11


def badges() -> dict[str, str]:
    """File -> SVG: the version of the package, the Python that it wants, the licence of its code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    init = (ROOT / "src" / "pdt_evidence" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "([^"]+)"', init)
    least = re.fullmatch(r">=(\d\.\d+)", project["requires-python"])
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").partition("\n")[0].removesuffix(" License")
    if version is None or least is None or licence not in project["license"]:
        raise SystemExit("pyproject.toml, __init__.py or LICENSE do not say what a badge would.")
    return {
        "version.svg": _badge("version", version[1]),
        "python.svg": _badge("Python", f"{least[1]} or newer"),
        "licence.svg": _badge("licence of the code", licence),
    }


def _badge(name: str, value: str) -> str:
    left, right = (round(len(text) * LETTER) + 2 * PADDING for text in (name, value))
    label = escape(f"{name}: {value}")
    size = f'width="{left + right}" height="{HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">'
        f'<title>{label}</title><rect {size} rx="3" fill="#24506e"/>'
        f'<path d="M3 0H{left}V{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>'
        '<g fill="#fff" text-anchor="middle" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{escape(name)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(value)}</text></g></svg>\n'
    )


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in badges().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
