"""Draw docs/architecture.svg from the imports of the library and the order that tests/test_layers.py holds.

python tools/draw_architecture.py
"""

import ast
import importlib.util
import textwrap
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
LEFT, WINGS_AT, WINGS_TO, GRID, CELL = 118, 246, 724, 750, 24
WAY = {  # a number's way, and what it is in each layer
    "evidence": "data/trials.csv",
    "effects": "yi, vi",
    "models": "arrays",
    "results": "PooledEffect",
    "analysis": "synthesize",
    "figures": "forest",
}
INK, MUTED, LINE, FOLDER, MODULE, BLUE = "#1d2733", "#5c6875", "#c3cad1", "#dce8f2", "#f1f3f5", "#0b5a8f"


def held_order():
    """The module of tests that holds the order of layers and wings."""
    spec = importlib.util.spec_from_file_location("layers", ROOT / "tests" / "test_layers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ORDER = held_order()


def boxes(layer):
    """Names of the folders of a layer, and of the single modules that have a place in its order, in that order."""
    inside = {name.split(".")[1] for name in ORDER.PACKAGES if name.startswith(f"{layer}.")}
    named = list(ORDER.WINGS.get(layer, ()))
    below = [f"readers/{name}" for name in ("tabular", "revman", "metapsy")] if layer == "evidence" else []
    ordered = [name for name in named if name and not name.startswith("_")]
    return [
        (name, name in inside or "/" in name)
        for name in [*ordered, *sorted(inside - set(ordered) - {"readers"}), *below]
    ]


def purpose(layer):
    folder = ORDER.ROOT / layer
    path = folder / "__init__.py" if folder.is_dir() else ORDER.ROOT / f"{layer}.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]


def imported_layers(layer):
    """The layers that modules of a layer import."""
    own = [targets for name, targets in ORDER.imports().items() if name.split(".")[0] == layer]
    return {target.split(".")[0] for targets in own for target in targets} - {layer}


def text(x, y, words, size=12, color=INK, more=""):
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}" {more}>{escape(words)}</text>'


def rectangle(x, y, width, height, fill, stroke="none"):
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{fill}" stroke="{stroke}"/>'


def row_of(layer, y):
    """Drawing of one layer with its wings, and where the next may begin."""
    drawn, x, at = [], WINGS_AT, y + 9
    for name, folder in boxes(layer):
        wide = round(7.2 * len(name) + 16)
        if x + wide > WINGS_TO:
            x, at = WINGS_AT, at + 27
        drawn.append(rectangle(x, at, wide, 21, FOLDER if folder else MODULE, LINE))
        drawn.append(text(x + wide / 2, at + 15, name, 12, INK, 'text-anchor="middle"'))
        x += wide + 7
    at = at + 30 if boxes(layer) else at
    for line in textwrap.wrap(purpose(layer).replace("`", ""), 84):
        at += 12
        drawn.append(text(WINGS_AT, at, line, 11, MUTED))
        at += 2
    name = layer if (ORDER.ROOT / layer).is_dir() else f"{layer}.py"
    drawn.append(text(LEFT, y + 24, name, 14, INK, 'font-weight="bold"'))
    return drawn, max(at + 10, y + 38)


def picture():
    """The SVG: a band a layer, the way of a number on the left, who imports whom on the right."""
    layers, y, drawn, middles = ORDER.LAYERS, 66, [], {}
    for number, layer in enumerate(layers):
        cells, end = row_of(layer, y)
        middles[layer] = (y + end) / 2
        drawn += [f'<line x1="{LEFT}" x2="{GRID + CELL * len(layers)}" y1="{y}" y2="{y}" stroke="{LINE}"/>']
        drawn += cells
        for other, target in enumerate(layers[:number]):
            x = GRID + CELL * (other + 0.5)
            if target in imported_layers(layer):
                drawn.append(f'<circle cx="{x}" cy="{middles[layer]}" r="5" fill="{BLUE}"/>')
            else:
                drawn.append(f'<circle cx="{x}" cy="{middles[layer]}" r="1.5" fill="{LINE}"/>')
        y = end
    for number, layer in enumerate(layers[:-1]):  # nothing imports the last
        x = GRID + CELL * (number + 0.5)
        drawn.append(text(x - 3, 60, layer, 11, MUTED, f'transform="rotate(-40 {x - 3} 60)"'))
    ways = [(middles[layer], words) for layer, words in WAY.items()]
    drawn.append(
        f'<line x1="98" x2="98" y1="{ways[0][0]}" y2="{ways[-1][0]}" stroke="{BLUE}" stroke-width="2"/>'
    )
    for place, words in ways[:-1]:
        drawn.append(f'<circle cx="98" cy="{place}" r="4" fill="{BLUE}"/>')
        drawn.append(text(88, place + 4, words, 11, BLUE, 'text-anchor="end"'))
    place, words = ways[-1]
    drawn.append(f'<path d="M84 {place} L98 {place - 7} L112 {place} L98 {place + 7} Z" fill="{BLUE}"/>')
    drawn.append(text(78, place + 4, words, 11, BLUE, 'text-anchor="end"'))
    drawn.append(text(10, 22, "The way of one number", 13, BLUE, 'font-weight="bold"'))
    drawn.append(text(WINGS_AT, 22, "Layers from top to bottom, their wings from left to right", 13, INK))
    drawn.append(text(WINGS_AT, 40, "each imports only what is above it or left of it", 11, MUTED))
    width = GRID + CELL * len(layers) + 44
    drawn.append(text(GRID, y + 20, "blue: the layer of the row imports it", 11, MUTED))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + 34}" font-family="sans-serif">'
    return "\n".join([head, rectangle(0, 0, width, y + 34, "#ffffff"), *drawn, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
