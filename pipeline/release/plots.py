"""Pictures of a release as SVG: bars, columns, a matrix, ranges. The same numbers give the same bytes.

Text stays text, nothing outside the file is asked for, colours are Okabe and Ito's, and each number that a colour
tells is told by a label or a tooltip too. Written here because matplotlib would bring nine packages and 100 MB.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 800
TOP = 56
ROW = 26
CHARACTER = 6.9
"""Width of a character of the labels, on average and rounded up."""

BLUE, SKY, GREEN, YELLOW, ORANGE, RED, PURPLE = [
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#E69F00",
    "#D55E00",
    "#CC79A7",
]
GREY, INK, FAINT = "#BBBBBB", "#222222", "#DDDDDD"
_PALE = frozenset([SKY, YELLOW, ORANGE, GREY, PURPLE])

Palette = Mapping[str, str]
"""What is told apart, in the order of the picture, and its colour."""
Rows = Sequence[tuple[str, Mapping[str, int]]]
"""Labels, and how much there is of what is told apart."""


@dataclass
class _Drawing:
    """The elements of a picture, as they are drawn."""

    title: str
    elements: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", ink: str = INK, size: int = 12) -> None:
        self.elements.append(
            f'<text x="{_px(x)}" y="{_px(y)}" text-anchor="{anchor}" fill="{ink}" font-size="{size}">'
            f"{escape(words)}</text>"
        )

    def rect(self, x: float, y: float, width: float, height: float, colour: str, tip: str) -> None:
        self.elements.append(
            f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{_px(height)}" fill="{colour}"'
            f' stroke="#FFFFFF"><title>{escape(tip)}</title></rect>'
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, colour: str = FAINT, width: float = 1) -> None:
        self.elements.append(
            f'<line x1="{_px(x)}" y1="{_px(y)}" x2="{_px(to_x)}" y2="{_px(to_y)}" stroke="{colour}"'
            f' stroke-width="{_px(width)}"/>'
        )

    def dot(self, x: float, y: float, colour: str, tip: str) -> None:
        self.elements.append(
            f'<circle cx="{_px(x)}" cy="{_px(y)}" r="5" fill="{colour}"><title>{escape(tip)}</title></circle>'
        )

    def arrowhead(self, x: float, y: float, colour: str) -> None:
        self.elements.append(f'<path d="M {_px(x)} {_px(y - 5)} l 9 5 l -9 5 z" fill="{colour}"/>')

    def legend(self, palette: Palette) -> None:
        """One line of keys below the title."""
        x = 10.0
        for name, colour in palette.items():
            self.rect(x, 34, 12, 12, colour, name)
            self.text(x + 16, 44, name)
            x += 30 + len(name) * CHARACTER

    def svg(self, height: float) -> str:
        body = "\n".join(self.elements)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{_px(height)}"'
            f' viewBox="0 0 {WIDTH} {_px(height)}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
            f'<title>{escape(self.title)}</title>\n<rect width="100%" height="100%" fill="#FFFFFF"/>\n'
            f'<text x="10" y="22" font-size="15" font-weight="bold" fill="{INK}">{escape(self.title)}</text>\n'
            f"{body}\n</svg>\n"
        )


def _px(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _shortened(words: str, width: float) -> str:
    most = int(width / CHARACTER)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def round_ticks(most: float) -> list[int]:
    """Round numbers from 0 to the first that is not less than `most`, seven at the most."""
    step = next(s * 10**power for power in range(12) for s in (1, 2, 5) if s * 10**power * 6 >= most)
    return list(range(0, math.ceil(max(most, 1) / step) * step + 1, step))


def _ink_on(colour: str) -> str:
    return INK if colour in _PALE else "#FFFFFF"


def bars(title: str, axis: str, rows: Rows, palette: Palette, *, left: float = 240) -> str:
    """A horizontal bar for each row, divided by what `palette` tells apart."""
    drawing = _Drawing(title)
    drawing.legend(palette)
    bottom = TOP + ROW * len(rows)
    ticks = round_ticks(max((sum(row.values()) for _, row in rows), default=1))
    scale = (WIDTH - left - 30) / ticks[-1]
    for tick in ticks:
        drawing.line(left + tick * scale, TOP, left + tick * scale, bottom)
        drawing.text(left + tick * scale, bottom + 16, f"{tick:,}", anchor="middle")
    drawing.text(left, bottom + 36, axis)
    for number, (label, row) in enumerate(rows):
        y = TOP + ROW * number
        drawing.text(left - 8, y + 17, _shortened(label, left - 14), anchor="end")
        x = left
        for name, colour in palette.items():
            width = row.get(name, 0) * scale
            if width:
                drawing.rect(x, y + 3, width, ROW - 6, colour, f"{label}, {name}: {row[name]:,}")
                if width >= 5 + CHARACTER * len(str(row[name])):
                    drawing.text(x + width / 2, y + 17, f"{row[name]:,}", anchor="middle", ink=_ink_on(colour))
            x += width
    return drawing.svg(bottom + 48)


def columns(title: str, axis: str, rows: Rows, palette: Palette) -> str:
    """A column for each row, from left to right, divided by what `palette` tells apart."""
    drawing = _Drawing(title)
    drawing.legend(palette)
    left, height, top = 50, 260, TOP + 20
    ticks = round_ticks(max((sum(row.values()) for _, row in rows), default=1))
    scale, step = height / ticks[-1], (WIDTH - left - 20) / max(len(rows), 1)
    drawing.text(10, top - 8, axis)
    for tick in ticks:
        y = top + height - tick * scale
        drawing.line(left, y, WIDTH - 20, y)
        drawing.text(left - 6, y + 4, f"{tick:,}", anchor="end")
    for number, (label, row) in enumerate(rows):
        x, y = left + step * number, float(top + height)
        drawing.text(x + step / 2, y + 16, label, anchor="middle", size=11)
        for name, colour in palette.items():
            tall = row.get(name, 0) * scale
            if tall:
                y -= tall
                drawing.rect(x + step * 0.1, y, step * 0.8, tall, colour, f"{label}, {name}: {row[name]:,}")
        if row:
            drawing.text(x + step / 2, y - 4, f"{sum(row.values()):,}", anchor="middle", size=11)
    return drawing.svg(top + height + 30)


def matrix(title: str, across: str, cells: Mapping[tuple[str, str], int]) -> str:
    """A field for each pair (row, column), darker for more, with its number; rows and columns as they first come."""
    drawing = _Drawing(title)
    rows, names = (list(dict.fromkeys(pair[part] for pair in cells)) for part in (0, 1))
    left, head = 180, 100
    step = min(56.0, (WIDTH - left - 20) / max(len(names), 1))
    most = max(cells.values(), default=1)
    drawing.text(10, 44, across)
    for number, name in enumerate(names):
        x = left + step * (number + 0.5)
        drawing.elements.append(
            f'<text x="{_px(x)}" y="{TOP + head - 8}" fill="{INK}" font-size="12"'
            f' transform="rotate(-40 {_px(x)} {TOP + head - 8})">{escape(name)}</text>'
        )
    for line, row in enumerate(rows):
        y = TOP + head + ROW * line
        drawing.text(left - 8, y + 17, _shortened(row, left - 14), anchor="end")
        for number, name in enumerate(names):
            told = cells.get((row, name), 0)
            x = left + step * number
            shade = _shade(told / most)
            drawing.rect(x, y, step, ROW, shade, f"{row}, {name}: {told}")
            if told:
                ink = INK if told / most < 0.6 else "#FFFFFF"
                drawing.text(x + step / 2, y + 17, str(told), anchor="middle", ink=ink)
    return drawing.svg(TOP + head + ROW * len(rows) + 14)


def _shade(share: float) -> str:
    """From white to the blue of the palette; what is nothing is faint."""
    if share == 0:
        return "#F7F7F7"
    dark = (0, 114, 178)
    return "#" + "".join(f"{round(255 - (255 - part) * (0.15 + 0.85 * share)):02X}" for part in dark)


@dataclass(frozen=True, slots=True)
class Range:
    """A quantity with its bounds; None where one is not told."""

    label: str
    low: float | None
    value: float | None
    high: float | None
    is_open: bool = False
    """Whether it is known to be more than the lower bound, without an upper one."""

    @property
    def told(self) -> list[float]:
        """The numbers that are told, zero left out: it has no place on a logarithmic axis."""
        return [number for number in (self.low, self.value, self.high) if number]


def ranges(title: str, axis: str, rows: Sequence[Range], *, left: float = 330) -> str:
    """For each row a line from its lower to its upper bound, an arrow where it is open, and a dot for the value."""
    drawing = _Drawing(title)
    drawing.legend({"value told": RED, "from the lower to the upper bound (arrow: no upper bound)": BLUE})
    bottom = TOP + ROW * len(rows)
    powers = [math.log10(number) for row in rows for number in row.told] or [0.0]
    first, last = math.floor(min(powers)), max(math.ceil(max(powers)), math.floor(min(powers)) + 1)
    scale = (WIDTH - left - 50) / (last - first)

    def place(number: float) -> float:
        return left + (math.log10(number) - first) * scale

    for power in range(first, last + 1):
        drawing.line(place(10**power), TOP, place(10**power), bottom)
        drawing.text(place(10**power), bottom + 16, f"{10**power:,}", anchor="middle")
    drawing.text(left, bottom + 36, axis)
    for number, row in enumerate(rows):
        y = TOP + ROW * (number + 0.5)
        drawing.text(left - 8, y + 4, _shortened(row.label, left - 14), anchor="end")
        if not row.told:
            continue
        start, end = place(min(row.told)), place(max(row.told))
        if row.is_open:
            end += 26
            drawing.arrowhead(end, y, BLUE)
        if end > start:
            drawing.line(start, y, end, y, BLUE, 3)
        if row.value:
            drawing.dot(place(row.value), y, RED, f"{row.label}: {row.value:,.0f}")
    return drawing.svg(bottom + 48)
