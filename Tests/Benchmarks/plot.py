"""Series as a picture: small log-log panels in one SVG, without any library. The dashed line is n·log n from where the
larger half of the sizes begins: what rises above it grows too fast."""
import html
import math

from report import number

WIDTH, HEIGHT, COLUMNS = 320, 220, 3
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 34, 38


def svg(series):
    rows = (len(series) + COLUMNS - 1) // COLUMNS
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * COLUMNS} {HEIGHT * rows}" '
             'font-family="system-ui, sans-serif" font-size="11">',
             f'<rect width="{WIDTH * COLUMNS}" height="{HEIGHT * rows}" fill="#fff"/>']
    for index, entry in enumerate(series):
        parts.append(f'<g transform="translate({index % COLUMNS * WIDTH} {index // COLUMNS * HEIGHT})">')
        parts += panel(entry)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def panel(entry):
    points = sorted((max(x, 1), max(y, 1e-9)) for x, y in entry["points"])
    half = points[-max(3, (len(points) + 1) // 2):]
    first_x, first_y = half[0]
    bound = [(x, first_y * x / first_x * max(1, math.log(x + 1) / math.log(first_x + 1))) for x, _ in half]
    low_x, high_x = math.log10(points[0][0]), math.log10(points[-1][0])
    low_y = math.floor(math.log10(min(y for _, y in points)))
    high_y = max(math.ceil(math.log10(max(y for _, y in points))), low_y + 1)

    def place(x, y):
        across = (math.log10(x) - low_x) / ((high_x - low_x) or 1)
        up = (min(math.log10(y), high_y) - low_y) / (high_y - low_y)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    yield f'<text x="{LEFT}" y="14" font-weight="bold">{html.escape(entry["what"])}</text>'
    yield f'<text x="{LEFT}" y="27" fill="#555">{html.escape(entry["unit"])}; exponent {entry["exponent"]:.2f}</text>'
    for power in range(low_y, high_y + 1):
        y = place(points[0][0], 10 ** power)[1]
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(10.0 ** power)}</text>'
    for x, _ in points:
        at = place(x, points[0][1])[0]
        yield f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{short(x)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#555">{html.escape(entry["by"])}</text>'
    yield f'<polyline points="{path(bound, place)}" fill="none" stroke="#999" stroke-dasharray="4 3"/>'
    yield f'<polyline points="{path(points, place)}" fill="none" stroke="#1457a8" stroke-width="2"/>'
    for x, y in points:
        across, up = place(x, y)
        yield f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="#1457a8"><title>{number(x)}: {number(y)}</title></circle>'


def path(points, place):
    return " ".join(f"{across:.1f},{up:.1f}" for across, up in (place(x, y) for x, y in points))


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{float(f'{value / size:.2g}'):g}{letter}"
    return f"{value:g}"
