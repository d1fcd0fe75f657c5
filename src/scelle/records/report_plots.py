"""Plots as inline SVG, drawn here: no library, no script, no resource from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

WIDTH, HEIGHT = 960, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 12, 30
_STUB = 14
"""Height of a hatched column, whose count is hidden."""

HATCH = (
    '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="hatch" width="6" '
    'height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" '
    'class="hatch-ground"/><line x1="0" y1="0" x2="0" y2="6" class="hatch-line"/></pattern></defs></svg>'
)
"""Put once in a page: the pattern of hidden counts."""


@dataclass(frozen=True)
class Bar:
    """One bar: `count` None is hidden; `label` under the axis ("" for none); `hint` shown when pointed at."""

    count: int | None
    label: str
    hint: str


def share_bar(share: float, kind: str, says: str) -> str:
    """A horizontal bar for a share from 0 to 1, of the class `kind`; `says` is its text for screen readers."""
    width = max(min(1.0, share) * 100, 0.6 if share > 0 else 0.0)
    return (
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{escape(says)}">'
        f'<rect class="ground" width="100" height="8"/><rect class="{kind}" width="{width:.2f}" height="8"/>'
        "</svg>"
    )


def hidden_bar(says: str) -> str:
    """A short hatched bar: the count is hidden."""
    return (
        f'<svg class="bar" role="img" aria-label="{escape(says)}"><rect class="ground" width="100%" height="100%"/>'
        '<rect fill="url(#hatch)" width="24" height="100%"/></svg>'
    )


def columns(bars: Sequence[Bar], *, says: str, numbers: Sequence[str] | None = None) -> str:
    """A chart of columns with a grid. `numbers`: how the values of `ticks` are written."""
    most = max((bar.count or 0 for bar in bars), default=0)
    marks = ticks(most)
    top = marks[-1]
    inner, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = inner / max(1, len(bars))
    thick = max(1.0, step * 0.78)
    base = HEIGHT - _BOTTOM
    out = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(says)}">']
    for index, mark in enumerate(marks):
        y = base - mark / top * high
        written = numbers[index] if numbers else str(mark)
        out.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(written)}</text>')
    for index, bar in enumerate(bars):
        x = _LEFT + index * step + (step - thick) / 2
        if bar.count is None:
            shape = f'fill="url(#hatch)" y="{base - _STUB}" height="{_STUB}"'
        else:
            tall = bar.count / top * high
            shape = f'class="case" y="{base - tall:.2f}" height="{tall:.2f}"'
        out.append(f'<rect x="{x:.2f}" width="{thick:.2f}" {shape}><title>{escape(bar.hint)}</title></rect>')
        if bar.label:
            middle = x + thick / 2
            out.append(
                f'<text class="tick" x="{middle:.1f}" y="{base + 18}" text-anchor="middle">{escape(bar.label)}</text>'
            )
    out.append(f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{base}" y2="{base}"/></svg>')
    return "".join(out)


def ticks(most: int) -> list[int]:
    """Round marks from 0 to at least `most`: three to six of them."""
    if most <= 4:
        return [0, 2, 4]
    rough = most / 4
    power = 10 ** int(log10(rough))
    step = next(
        int(factor * power) for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough and factor * power % 1 == 0
    )
    return [step * index for index in range(ceil(most / step) + 1)]
