"""The load profile as a picture: half hours as bars. An unknown half hour is hatched, never 0; one
with a remark is striped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from html import escape
from itertools import count, takewhile

from meterbus.descriptions import PROFILE_FLAGS
from tjugo.device.meter_files import Row

MOST_SLOTS = 96  # two days
_FEWEST_SLOTS = 24
_HALF_HOUR_MIN = 30
_HALF_HOUR = timedelta(minutes=_HALF_HOUR_MIN)
_DATE_WIDTH = 90
_WIDTH, _HEIGHT = 760, 250
_LEFT, _TOP, _BOTTOM = 62, 14, 58
_PLOT_W, _PLOT_H = _WIDTH - _LEFT - 8, _HEIGHT - _TOP - _BOTTOM
_MOST_LABELS = 8
_HOURS = (1, 2, 3, 6, 12)  # between two labels
# {flag: its mark below the bar}
MARKS = {"power_failed": "▼", "clock_set": "◆", "overflow": "▲"}
_PATTERNS = (
    '<defs><pattern id="gap" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="hatch" d="M0 0v7"/></pattern>'
    '<pattern id="flagged" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(-45)"><rect class="bar" width="5" height="5"/>'
    '<path class="stripe" d="M0 0v5"/></pattern></defs>'
)
WORDS = {name: meaning for _, name, meaning in PROFILE_FLAGS}


@dataclass
class Slot:
    """A half hour. wh: None if there is no entry, so that its energy is unknown."""

    begin: datetime
    wh: int | None = None
    flags: list[str] = field(default_factory=list)


def slots(rows: Sequence[Row]) -> list[Slot]:
    """Return the newest half hours without a break, gaps included; entries of one half hour add
    up. rows: of meter_files.py; those without time have no place."""
    found: dict[datetime, Slot] = {}
    for row in rows:
        if row["from"] is None:
            continue
        begin = datetime.fromisoformat(row["from"])
        slot = found.setdefault(begin, Slot(begin))
        slot.wh = (slot.wh or 0) + row["wh"]
        slot.flags += [flag for flag in row["flags"] if flag not in slot.flags]
    if not found:
        return []
    last = max(found)
    first = max(min(found), last - (MOST_SLOTS - 1) * _HALF_HOUR)
    times = takewhile(lambda at: at <= last, (first + n * _HALF_HOUR for n in count()))
    return [found.get(at, Slot(at)) for at in times]


def draw(all_slots: Sequence[Slot], zone: tzinfo, moment: Callable[[datetime], str]) -> str:
    """Return the picture as SVG. zone: of the axis; moment(at): a time as people write it."""
    top = _nice(max((slot.wh or 0 for slot in all_slots), default=0))
    width = _PLOT_W / max(_FEWEST_SLOTS, len(all_slots))
    unknown = sum(slot.wh is None for slot in all_slots)
    what = f"{len(all_slots)} half hours, {unknown} of them unknown; the axis ends at {top} Wh."
    return "".join(
        (
            f'<svg class="profile" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-label="Load profile: {what}">',
            _PATTERNS,
            *_levels(top),
            *(
                _bar(slot, _LEFT + n * width, width, top, moment)
                for n, slot in enumerate(all_slots)
            ),
            *_times(all_slots, width, zone),
            "</svg>",
        )
    )


def _nice(most: int) -> int:
    """Return the first of 10, 20, 40, 50, 100, 200 ... that is not less."""
    steps = (n * 10**power for power in count(1) for n in (1, 2, 4, 5))
    return next(step for step in steps if step >= most)


def _levels(top: int) -> list[str]:
    lines = []
    for part in range(3):
        y = _TOP + _PLOT_H * part / 2
        label = f"{top * (2 - part) // 2} Wh"
        lines.append(
            f'<path class="level" d="M{_LEFT} {y:.1f}H{_WIDTH - 8}"/>'
            f'<text class="wh" x="{_LEFT - 6}" y="{y + 4:.1f}">{label}</text>'
        )
    return lines


def _bar(slot: Slot, x: float, width: float, top: int, moment: Callable[[datetime], str]) -> str:
    told = "unknown: no entry" if slot.wh is None else f"{slot.wh} Wh"
    notes = "".join(f"; {WORDS[flag]}" for flag in slot.flags)
    title = f"<title>{escape(f'{moment(slot.begin)}: {told}{notes}')}</title>"
    base = _TOP + _PLOT_H
    if slot.wh is None:
        shape = (
            f'<rect class="gap" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{_PLOT_H}"/>'
        )
        return f"<g>{title}{shape}</g>"
    tall = max(1.5, _PLOT_H * slot.wh / top)  # 0 Wh is a line: it was measured
    kind = "bar flagged" if slot.flags else "bar"
    shape = (
        f'<rect class="{kind}" x="{x + width * 0.08:.1f}" y="{base - tall:.1f}" '
        f'width="{width * 0.84:.1f}" height="{tall:.1f}"/>'
    )
    marks = "".join(
        f'<text class="mark {flag}" x="{x + width / 2:.1f}" y="{base + 11 + 10 * n}">'
        f"{MARKS[flag]}</text>"
        for n, flag in enumerate(flag for flag in slot.flags if flag in MARKS)
    )
    return f"<g>{title}{shape}{marks}</g>"


def _times(all_slots: Sequence[Slot], width: float, zone: tzinfo) -> list[str]:
    local = [slot.begin.astimezone(zone) for slot in all_slots]
    hours = next(
        (step for step in _HOURS if len(all_slots) / 2 / step <= _MOST_LABELS), _HOURS[-1]
    )
    hourly = [
        (n, at) for n, at in enumerate(local) if at.minute < _HALF_HOUR_MIN and not at.hour % hours
    ]
    midnights = [n for n, at in hourly if at.hour == 0]
    dated = set(midnights)
    if hourly and not any(abs(n - hourly[0][0]) * width < _DATE_WIDTH for n in midnights):
        dated.add(hourly[0][0])
    labels = []
    for n, at in hourly:
        x = _LEFT + n * width
        labels.append(
            f'<path class="tick" d="M{x:.1f} {_TOP + _PLOT_H}v5"/>'
            f'<text class="time" x="{x:.1f}" y="{_HEIGHT - 18}">{at:%H:%M}</text>'
        )
        if n in dated:
            labels.append(
                f'<text class="time date" x="{x:.1f}" y="{_HEIGHT - 3}">{at:%Y-%m-%d}</text>'
            )
    return labels
