"""Draws the merge engine's plots as SVG: draw.py RESULTS.json FOLDER. The results are those of `lake_merge_table plots`.

Standard library only. Both axes are logarithmic; times are the best of many runs.
"""

import json
import math
import sys
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 78, 24, 64, 58
FONT = "font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\""
INK, FAINT, GRID = "#1f2328", "#59636e", "#e3e6ea"
SERIES = [
    ("nlohmann", "nlohmann: parse, apply, dump", "#c2571a", "square"),
    ("lake", "lake::merge::apply", "#0b62c4", "circle"),
    ("memcpy", "memcpy of the result", "#6e7781", "triangle"),
]


def time_name(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1)):
        if nanoseconds >= size * 0.999:
            return f"{nanoseconds / size:g} {unit}"
    return f"{nanoseconds:g} ns"


def bytes_name(count):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= size * 0.999:
            return f"{count / size:.3g} {unit}"
    return f"{count:g} B"


def count_name(count):
    return f"{count:,.0f}"


def powers(low, high):
    """The powers of ten from the last one not above `low` to the first one not below `high`."""
    return [10.0**e for e in range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9) + 1)]


class Axis:
    """Places values between two pixels, logarithmically."""

    def __init__(self, low, high, first, last):
        self.low, self.span = math.log10(low), math.log10(high) - math.log10(low)
        self.first, self.last = first, last

    def at(self, value):
        return self.first + (math.log10(value) - self.low) / self.span * (self.last - self.first)


def text(x, y, words, size=13, anchor="middle", colour=INK, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" {more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour=GRID, width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def mark(shape, x, y, colour):
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    if shape == "square":
        return f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2" fill="{colour}"/>'
    return f'<path d="M{x:.1f} {y - 4.8:.1f}l4.6 8.4h-9.2z" fill="{colour}"/>'


def legend(out):
    x = LEFT
    for _, words, colour, shape in SERIES:
        out.append(line(x, 47, x + 26, 47, colour, 2))
        out.append(mark(shape, x + 13, 47, colour))
        out.append(text(x + 34, 51.5, words, anchor="start"))
        x += 56 + 7.1 * len(words)


def draw(points, key, title, x_label, x_name, x_low):
    xs = [point[key] for point in points]
    times = [point[name] for point in points for name, *_ in SERIES]
    y_ticks = powers(min(times), max(times))
    x_ticks = [tick for tick in powers(x_low, max(xs)) if tick <= max(xs) * 0.8] + [max(xs)]
    across = Axis(min(x_low, min(xs)), max(xs), LEFT + 14, WIDTH - RIGHT - 14)
    up = Axis(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 26, title, 16, "start", more='font-weight="600"'),
    ]
    legend(out)
    for tick in y_ticks:
        y = up.at(tick)
        out.append(line(LEFT, y, WIDTH - RIGHT, y))
        out.append(text(LEFT - 9, y + 4.5, time_name(tick), 12, "end", FAINT))
    for tick in x_ticks:
        x = across.at(tick)
        out.append(line(x, TOP, x, HEIGHT - BOTTOM))
        out.append(text(x, HEIGHT - BOTTOM + 19, x_name(tick), 12, colour=FAINT))
    out.append(line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, FAINT))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(text(18, middle, "time of one merge", more=f'transform="rotate(-90 18 {middle:.1f})"'))
    for name, _, colour, shape in SERIES:
        places = [(across.at(point[key]), up.at(point[name])) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>')
        out += [mark(shape, x, y, colour) for x, y in places]
    return "\n".join(out + ["</svg>", ""])


def main():
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(sys.argv[2])
    over_deltas, over_base = results["over_deltas"], results["over_base"]
    plots = {
        "merge_over_deltas": draw(
            over_deltas, "deltas", f"Merging N deltas into a document of {over_deltas[0]['base_bytes'] / 1e3:.0f} KB",
            "number of deltas N", count_name, 1),
        "merge_over_base": draw(
            over_base, "base_bytes", f"Merging {over_base[0]['deltas']} deltas into documents of {bytes_name(over_base[0]['base_bytes'])} to {bytes_name(over_base[-1]['base_bytes'])}",
            "size of the base document", bytes_name, 1000),
    }
    for name, svg in plots.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{folder / name}.svg")


if len(sys.argv) != 3:
    sys.exit(__doc__)
main()
