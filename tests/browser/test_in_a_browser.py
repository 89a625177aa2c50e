"""The page in headless Chromium: what axe-core finds, three widths, keyboard, search, paper (`make browser-checks`).

With PDT_SCREENSHOTS=folder a picture of each width and scheme is kept there.
"""

import os
from pathlib import Path

import pytest

import pdt_evidence as pdt
from pdt_evidence.reporting.page.paper import browser as installed

SKIPPED = "no browser with Playwright and axe-core is here"
try:
    import axe_playwright_python
    from playwright.sync_api import sync_playwright
except ImportError:
    pytest.skip(SKIPPED, allow_module_level=True)
if installed() is None:
    pytest.skip(SKIPPED, allow_module_level=True)

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FAULTS = """axe.run({exclude: [['figure svg']]}, {resultTypes: ['violations']}).then(found => found.violations.map(
    one => `${one.id}: ${one.help} (${one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(' | ')})`))"""
# The time axe-core takes grows with the square of the elements: of the long tables, whose rows are all made by one
# template, it reads the first rows, a folded one open. `own` is read whole.
SHORTENED = """document.querySelectorAll('table').forEach(table => [...table.querySelectorAll('tbody > tr')].forEach(
    (row, place) => { if (place >= 12) (row.parentElement.rows.length > 1 ? row : row.parentElement).remove(); }));
    document.querySelectorAll('details').forEach((one, place) => { if (place < 30) one.open = true; })"""
WIDTHS = (390, 768, 1400)
PATIENCE = 180_000  # milliseconds, on a machine that has other things to do
A4 = {"portrait": 182, "landscape": 273}  # millimetres between the margins
WIDE = "#trials, #published, #recomputed, #coverage, #wanted, #sources, #file, #versions"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        home = {
            name: str(tmp_path_factory.mktemp("home"))
            for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
        }
        program = playwright.chromium.launch(executable_path=installed(), args=root, env=os.environ | home)
        yield program
        program.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page on the bundled evidence, and that on a table."""
    folder = tmp_path_factory.mktemp("pages")
    table = pdt.trials(comparison=["pdt_vs_control", "pdt_vs_cbt"], outcome=["depression", "anxiety"])
    return {
        "own": pdt.report(folder / "own.html", table=table),
        "bundled": pdt.report(folder / "bundled.html"),
    }


@pytest.fixture
def shown(chromium, pages):
    """A function that shows a page; what its console says must be nothing."""
    said = []

    def show(name, width=1400, scheme="light", **options):
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(pages[name].as_uri())
        return page

    yield show
    for context in chromium.contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("name", ["own", "bundled"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shown, name, scheme):
    page = shown(name, scheme=scheme)
    if name == "bundled":
        page.evaluate(SHORTENED)
    page.evaluate(AXE)
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("name", ["own", "bundled"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_scrolls_sideways(shown, name, width):
    page = shown(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("PDT_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}-{width}-light.png")
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=f"{folder}/{name}-{width}-dark.png")


def test_the_answer_is_on_the_first_screen(shown):
    page = shown("bundled")
    assert page.locator(".answer").first.bounding_box()["y"] < 300
    last = page.locator(".chip").last.bounding_box()
    assert last["y"] + last["height"] <= 900
    boxes = [chip.bounding_box() for chip in page.locator(".chip").all()]
    assert len({round(box["width"]) for box in boxes}) == 1  # an even grid
    assert len({round(box["height"]) for box in boxes}) == 1


def test_the_keyboard_reaches_every_box_that_scrolls(shown):
    page = shown("bundled", 390)
    unreached = page.evaluate(
        """[...document.querySelectorAll('main *')].filter(one => one.scrollWidth > one.clientWidth + 1
        && /auto|scroll/.test(getComputedStyle(one).overflowX) && one.tabIndex < 0)
        .map(one => one.outerHTML.slice(0, 99))"""
    )
    assert unreached == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_rows_are_searched_filtered_and_sorted(shown):
    page = shown("own")
    tools = page.locator("#trials .tools")
    rows = page.locator("#trials tbody:visible")
    total = rows.count()
    tools.locator("input").fill("Driessen")
    assert 0 < rows.count() < total
    assert f"{rows.count()} of {total} rows" in tools.inner_text()
    tools.locator("input").fill("")
    page.locator("#trials thead button", has_text="SMD").click()
    numbers = [
        float(one.replace("−", "-"))
        for one in page.locator("#trials tr:first-child > td.n:nth-child(6)").all_inner_texts()
        if one != "–"
    ]
    assert numbers == sorted(numbers)


def test_a_study_of_a_figure_leads_to_its_row_and_opens_it(shown):
    page = shown("own")
    page.locator("#figures svg a").first.click()
    row = page.evaluate("decodeURIComponent(location.hash)")
    assert page.locator(f"{row} details").get_attribute("open") is not None
    assert page.locator(f"tbody:has({row}) tr.panel").is_visible()


@pytest.mark.parametrize("name", ["own", "bundled"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_follows_each_link_of_the_first_screen(shown, name, width):
    """Sections are laid out when they are scrolled to, and yet a link leads to its place; paper has them all."""
    page = shown(name, width)
    style = "getComputedStyle(document.querySelector('#trials')).contentVisibility"
    assert page.evaluate(style) == "auto"
    links = page.locator("#answer a")
    for place in range(links.count()):
        page.evaluate("scrollTo(0, 0)")
        links.nth(place).focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        target = "document.getElementById(location.hash.slice(1)).getBoundingClientRect()"
        top, bottom = page.evaluate(f"[{target}.top, {target}.bottom]")
        assert top < 900
        assert bottom > 0
    page.emulate_media(media="print")
    assert page.evaluate(style) == "visible"


@pytest.mark.parametrize("name", ["own", "bundled"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_link_to_a_section_shows_its_head(shown, name, width):
    """Each was scrolled to its middle, thousands of pixels below its heading."""
    page = shown(name, width)
    links = page.locator("nav a").evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert len(links) > 5
    for section in links:
        page.evaluate(f"document.querySelector(\"nav a[href='#{section}']\").click()")
        page.wait_for_timeout(100)
        top = page.evaluate(f"document.getElementById('{section}').getBoundingClientRect().top")
        at_end = page.evaluate("scrollY + innerHeight > document.documentElement.scrollHeight - 2")
        assert 0 < top < 120 or (at_end and 0 < top < page.viewport_size["height"]), section


@pytest.mark.parametrize("name", ["own", "bundled"])
@pytest.mark.parametrize("paper", A4)
def test_paper_shows_all_and_cuts_nothing(shown, name, paper):
    """Tables fit between the margins of their pages, and nothing is folded away."""
    width = int(A4[paper] / 25.4 * 96)
    page = shown(name, width)
    page.emulate_media(media="print")
    sections = f"main > section:{'is' if paper == 'landscape' else 'not'}({WIDE})"
    cut = page.evaluate(
        f"""[...document.querySelectorAll('{sections} table')].filter(
        one => one.getBoundingClientRect().right > {width} + 2).map(one => one.parentElement.ariaLabel)"""
    )
    assert cut == []
    folded = page.evaluate(
        """[...document.querySelectorAll('details')].filter(one => one.lastElementChild.getClientRects().length === 0
        && one.children.length > 1).length"""
    )
    assert folded == 0
    assert page.locator("nav").is_hidden()
    # A head with a button's box in it is printed on the first page of its table alone.
    boxed = "[...document.querySelectorAll('thead *')].filter(one => getComputedStyle(one).display.includes('block'))"
    assert page.evaluate(f"{boxed}.length") == 0
