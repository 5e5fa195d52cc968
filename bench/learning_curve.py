"""The curve of learning as SVG: for each set what was answered rightly, and below, on a scale of its own, wrongly."""

from collections.abc import Mapping, Sequence
from html import escape

LIMIT = 0.03
_WIDE, _TOP, _LEFT, _GAP = 340, 40, 46, 76
_RIGHT_HIGH, _WRONG_HIGH, _BETWEEN = 200, 80, 34
_MOST_WRONG = 0.05
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #3d4550; }
.name { font-weight: 600; font-size: 15px; fill: #1c2128; }
.rule { stroke: #d5dae0; }
.limit { stroke: #b3372b; stroke-dasharray: 5 4; }
.right { stroke: #0b6e4f; fill: none; stroke-width: 2.5; }
.under { fill: #0b6e4f; opacity: 0.12; }
.wrong { stroke: #b3372b; fill: none; stroke-width: 2.5; }
.is-right { fill: #0b6e4f; font-weight: 600; }
.is-wrong { fill: #b3372b; font-weight: 600; }
.sheet { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #c3cad3; }
  .name { fill: #eef1f4; }
  .rule { stroke: #3a424c; }
  .limit, .wrong { stroke: #ff8a7a; }
  .right { stroke: #5fd3a6; }
  .under { fill: #5fd3a6; opacity: 0.16; }
  .is-right { fill: #5fd3a6; }
  .is-wrong { fill: #ff8a7a; }
  .sheet { fill: #14181d; }
}
"""


def curve(told: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """`told`: by name of the set, the shares of right and wrong answers of each week."""
    wide = _LEFT + len(told) * (_WIDE + _GAP)
    high = _TOP + _RIGHT_HIGH + _BETWEEN + _WRONG_HIGH + 44
    spoken = "; ".join(
        f"{name}: right {weeks[0][0]:.0%} to {weeks[-1][0]:.0%}, wrong at most {max(wrong for _, wrong in weeks):.1%}"
        for name, weeks in told.items()
    )
    drawn = "".join(
        _set(name, weeks, _LEFT + place * (_WIDE + _GAP)) for place, (name, weeks) in enumerate(told.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" aria-labelledby="told">'
        f'<title id="told">Answers given by the bot itself, week by week. {escape(spoken)}</title>'
        f'<style>{_STYLE}</style><rect class="sheet" width="{wide}" height="{high}" rx="8"/>{drawn}</svg>\n'
    )


def _set(name: str, weeks: Sequence[tuple[float, float]], left: int) -> str:
    below = _TOP + _RIGHT_HIGH + _BETWEEN
    rights = [right for right, _ in weeks]
    wrongs = [wrong for _, wrong in weeks]
    line = _points(rights, left, _TOP, _RIGHT_HIGH, 1.0)
    end = left + _WIDE
    return "".join(
        (
            f'<text class="name" x="{left}" y="24">{escape(name)}</text>',
            _rules(left, _TOP, _RIGHT_HIGH, 1.0, (0, 0.25, 0.5, 0.75, 1.0)),
            f'<polygon class="under" points="{left},{_TOP + _RIGHT_HIGH} {line} {end},{_TOP + _RIGHT_HIGH}"/>',
            f'<polyline class="right" points="{line}"/>',
            f'<text class="is-right" x="{left + 6}" y="{_TOP + 15}">answered rightly</text>',
            f'<text class="is-right" x="{end + 5}" y="{_place(rights[-1], _TOP, _RIGHT_HIGH, 1.0) + 4:.1f}">'
            f"{rights[-1]:.0%}</text>",
            _rules(left, below, _WRONG_HIGH, _MOST_WRONG, (0, 0.05)),
            f'<line class="limit" x1="{left}" x2="{end}" {_level(LIMIT, below)}/>',
            f'<text x="{left - 7}" y="{_place(LIMIT, below, _WRONG_HIGH, _MOST_WRONG) + 4:.1f}" '
            f'text-anchor="end">{LIMIT:.0%}</text>',
            f'<polyline class="wrong" points="{_points(wrongs, left, below, _WRONG_HIGH, _MOST_WRONG)}"/>',
            f'<text class="is-wrong" x="{left + 6}" y="{below + 14}">answered wrongly</text>',
            f'<text class="is-wrong" x="{end + 5}" '
            f'y="{_place(wrongs[-1], below, _WRONG_HIGH, _MOST_WRONG) + 4:.1f}">{wrongs[-1]:.1%}</text>',
            f'<text x="{left}" y="{below + _WRONG_HIGH + 24}">week 1</text>',
            f'<text x="{end}" y="{below + _WRONG_HIGH + 24}" text-anchor="end">week {len(weeks)}</text>',
        )
    )


def _rules(left: int, top: int, high: int, most: float, levels: Sequence[float]) -> str:
    return "".join(
        f'<line class="rule" x1="{left}" x2="{left + _WIDE}" y1="{_place(level, top, high, most):.1f}" '
        f'y2="{_place(level, top, high, most):.1f}"/>'
        f'<text x="{left - 7}" y="{_place(level, top, high, most) + 4:.1f}" text-anchor="end">{level:.0%}</text>'
        for level in levels
    )


def _level(share: float, top: int) -> str:
    at = _place(share, top, _WRONG_HIGH, _MOST_WRONG)
    return f'y1="{at:.1f}" y2="{at:.1f}"'


def _points(shares: Sequence[float], left: int, top: int, high: int, most: float) -> str:
    step = _WIDE / max(len(shares) - 1, 1)
    return " ".join(
        f"{left + step * week:.1f},{_place(share, top, high, most):.1f}" for week, share in enumerate(shares)
    )


def _place(share: float, top: int, high: int, most: float) -> float:
    return top + high * (1 - min(share, most) / most)
