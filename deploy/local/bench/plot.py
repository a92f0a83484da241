"""A line chart as SVG, by hand: two dozen lines are less than a library."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 320, 60, 40, 30
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700")


def line_chart(title: str, x_name: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """The chart of some lines, each a list of (x, y) with y from 0. Points stand at even distances, in order of x, labelled with it."""
    places = sorted({x for points in lines.values() for x, _ in points})
    highest = max((y for points in lines.values() for _, y in points), default=0) or 1
    step = (_WIDTH - _LEFT - 20) / max(len(places) - 1, 1)

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + places.index(x) * step, _HEIGHT - _BOTTOM - y / highest * (_HEIGHT - _BOTTOM - _TOP)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="100%" height="100%" fill="white"/><text x="{_LEFT}" y="18">{escape(title)}</text>')
    for share in (0, 0.5, 1):
        _x, y = at(places[0], highest * share) if places else (_LEFT, _HEIGHT - _BOTTOM)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{highest * share:.3g}</text>')
    parts += [f'<text x="{at(x, 0)[0]:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{x:g}</text>' for x in places]
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>')
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in sorted(points)))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{_WIDTH - 20}" y="{18 + 14 * number}" text-anchor="end" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
