"""Ask once for every address outside the site that its pages name, and list those that do not answer.

Without a network nothing can be asked: then only the form of the DOIs is checked, and the script says so and fails.

python tools/website/external_links.py [FOLDER]    # build/site, as `make docs-site` leaves it
"""

import re
import socket
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
LINK = re.compile(r'(?:href|src)="(https?://[^"#]+)')
DOI = re.compile(r"https://doi\.org/10\.\d{4,9}/\S+[^\s.,;]")
CLOSED = (401, 403, 405, 418, 429)  # the place answers, but not to a program


def addresses(site: Path) -> dict[str, list[str]]:
    """Address -> the pages that name it."""
    found: dict[str, list[str]] = defaultdict(list)
    for page in sorted(site.rglob("*.html")):
        for address in set(LINK.findall(page.read_text(encoding="utf-8"))):
            found[unescape(address)].append(str(page.relative_to(site)))
    return dict(found)


def fault(address: str) -> str:
    """Why an address does not lead anywhere; blank where it does."""
    asked = Request(address, headers={"User-Agent": "Mozilla/5.0 (link check of pdt_evidence)"})
    try:
        with urlopen(asked, timeout=30):
            return ""
    except HTTPError as error:
        return "" if error.code in CLOSED else f"{error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return str(error)


def reached(host: str) -> bool:
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True


def misshapen(named: Iterable[str]) -> list[str]:
    """The addresses of DOIs that cannot be one."""
    return [address for address in named if "doi.org/" in address and not DOI.fullmatch(address)]


def main() -> None:
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    named = addresses(site)
    if not named:
        raise SystemExit(f"{site} has no page with an address outside it. Build it first: make docs-site")
    wrong = misshapen(named)
    if wrong:
        raise SystemExit(f"No DOIs: {', '.join(wrong)}")
    if not reached("doi.org"):
        raise SystemExit(
            f"No network: of {len(named)} addresses none was asked; the DOIs among them have the form of one."
        )
    with ThreadPoolExecutor(8) as pool:
        faults = dict(zip(named, pool.map(fault, named), strict=True))
    broken = {address: why for address, why in faults.items() if why}
    for address, why in broken.items():
        print(f"{address}: {why} (in {', '.join(named[address][:3])})")
    print(f"{len(named)} addresses, {len(broken)} do not answer")
    raise SystemExit(bool(broken))


if __name__ == "__main__":
    main()
