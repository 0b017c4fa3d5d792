"""A run's course as SVG: a lane for each worker, filled as high as its share of the samples."""

from collections.abc import Iterable, Sequence

from coordinator.page.course import Course, Interval, Lane, Mark, shown_name
from coordinator.page.markup import Markup, element, joined
from coordinator.page.scales import Scale, time_ticks
from coordinator.page.text import count, duration, shortened
from coordinator.runs import events as kinds

_WIDTH, _LANE, _GAP = 960, 26, 12  # of the drawing, a lane, and between lanes
_LEFT, _RIGHT, _TOP, _BOTTOM = 150, 110, 30, 38
_LETTERS = 19  # of a worker's name
_MOST_LANES, _MOST_MARKS = 24, 300
_LEAST = 1.5  # how wide a part of a lane is at least; shorter intervals are taken together
_SHAPES = {  # of marks, around their place
    kinds.JOINS: "M-4 3L0 -4L4 3Z",
    kinds.LEAVES: "M-4 -3L0 4L4 -3Z",
    kinds.SILENT: "M-4 -4L4 4M-4 4L4 -4",
    kinds.EXCLUDED: "M-4 -4L4 4M-4 4L4 -4",
    kinds.BACK: "M4 -4L-4 0L4 4Z",
    kinds.REJECTED: "M0 -5V5",
    kinds.RETRIES: "M0 -5V5",
    kinds.RESTARTED: "M-4 3L0 -4L4 3Z",
}
LEGEND = {
    kinds.JOINS: "joins",
    kinds.LEAVES: "leaves",
    kinds.SILENT: "is no longer heard of",
    kinds.EXCLUDED: "gets no more work",
    kinds.BACK: "the run goes back to before this worker",
    kinds.REJECTED: "a reply that cannot be right",
    kinds.RETRIES: "requests sent again",
    kinds.RESTARTED: "is started again",
}


def draw_timeline(course: Course) -> Markup:
    """Return the drawing; nothing for a run in which nobody has computed anything."""
    if not course.lanes or not course.seconds:
        return Markup("")
    lanes = sorted(course.lanes[:_MOST_LANES], key=lambda lane: (lane.since, lane.name))
    top = _TOP + (_LANE if course.marks else 0)  # of the lanes
    foot = top + len(lanes) * (_LANE + _GAP)
    height = foot + _BOTTOM
    across = Scale(0.0, course.seconds, _LEFT, _WIDTH - _RIGHT)
    total = sum(lane.samples for lane in course.lanes)
    parts = [_bands(course, across, foot), _time(across, foot), _epochs(course.epochs, across, foot)]
    if course.marks:
        parts.append(element("text", "the run", x=_LEFT - 10, y=_TOP + 16, class_="axis end"))
        parts.append(_marks(course.marks, across, _TOP + 12))
    for row, lane in enumerate(lanes):
        parts.append(_lane(lane, across, top + row * (_LANE + _GAP) + _GAP, total))
    title = element("title", "Who computed what, and when")
    return element("svg", title, *parts, viewBox=f"0 0 {_WIDTH} {height}", role="img", class_="chart timeline")


def symbol(kind: str) -> Markup:
    """Return a mark by itself."""
    mark = element("path", d=_SHAPES[kind], class_=f"mark {kind}")
    return element("svg", mark, viewBox="-7 -7 14 14", aria_hidden="true")


def _lane(lane: Lane, across: Scale, top: float, total: int) -> Markup:
    foot = top + _LANE
    name = shown_name(lane.name)
    share = lane.samples / total if total else 0.0
    title, work = element("title", name), element("title", f"{name}: share of the samples")
    parts = [element("text", title, shortened(name, _LETTERS), x=_LEFT - 10, y=foot - 8, class_="axis end")]
    for here in lane.presence:
        parts.append(element("line", x1=across(here.begin), x2=across(here.end), y1=foot, y2=foot, class_="presence"))
    for pause in lane.pauses:
        what = f"{name} pauses for {duration(pause.end - pause.begin)}"
        parts.append(_rectangle(across, pause, top, _LANE, "pause", what))
    parts.append(element("path", work, d=_work(lane.work, across, foot), class_="work"))
    parts.append(_marks(lane.marks, across, foot))
    done = element("tspan", count(lane.samples), class_="name"), f" · {100 * share:.0f} %"
    parts.append(element("text", *done, x=_WIDTH - _RIGHT + 12, y=foot - 8, class_="axis"))
    return joined(parts)


def _work(intervals: Sequence[Interval], across: Scale, foot: float) -> str:
    """Return a path that is as high above the foot as the share, for as long as the interval."""
    parts = []
    for each in _together(intervals, across):
        left, right, top = across(each.begin), across(each.end), foot - each.share * _LANE
        parts.append(f"M{left:.1f} {foot:.1f}V{top:.1f}H{right:.1f}V{foot:.1f}Z")
    return "".join(parts)


def _together(intervals: Iterable[Interval], across: Scale) -> list[Interval]:
    """Return intervals that are wide enough to be seen: short ones that follow each other are one."""
    found: list[Interval] = []
    for each in intervals:
        last = found[-1] if found else None
        if last is None or max(across(last.end) - across(last.begin), across(each.begin) - across(last.end)) > _LEAST:
            found.append(each)
            continue
        before, now = last.end - last.begin, each.end - each.begin
        share = (last.share * before + each.share * now) / ((before + now) or 1.0)
        found[-1] = Interval(last.begin, each.end, share)
    return found


def _marks(marks: Sequence[Mark], across: Scale, y: float) -> Markup:
    return joined(
        element(
            *("path", element("title", mark.text)),
            d=_SHAPES[mark.kind],
            transform=f"translate({across(mark.time):.1f} {y:.1f})",
            class_=f"mark {mark.kind}",
        )
        for mark in marks[:_MOST_MARKS]
    )


def _bands(course: Course, across: Scale, foot: float) -> Markup:
    """Return when the queue was in trouble, and where the run's time stood still."""
    troubles = [_rectangle(across, when, _TOP, foot - _TOP, "trouble", text) for when, text in course.troubles]
    stops = []
    for stop in course.stops:
        x = across(stop.begin)
        stops.append(element("line", x1=x, x2=x, y1=_TOP - 6, y2=foot, class_="stop"))
        label = f"stopped for {duration(stop.end - stop.begin)}"
        side = "end" if x > _WIDTH / 2 else ""
        stops.append(element("text", label, x=x - 4 if side else x + 4, y=_TOP - 10, class_=f"axis {side}"))
    return joined([*troubles, *stops])


def _rectangle(across: Scale, when: Interval, top: float, height: float, kind: str, text: str) -> Markup:
    x = across(when.begin)
    width = max(1.0, across(when.end) - x)
    return element("rect", element("title", text), x=x, y=top, width=width, height=height, class_=kind)


def _time(across: Scale, foot: float) -> Markup:
    parts = [element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=foot, y2=foot, class_="base")]
    for second, text in time_ticks(across.high, 8):
        parts.append(element("text", text, x=across(second), y=foot + 32, class_="axis middle"))
    return joined(parts)


def _epochs(ends: Sequence[float], across: Scale, foot: float) -> Markup:
    """Return a line at the end of each epoch, and the numbers of as many as there is room for."""
    parts, free = [], float(_LEFT)
    before = 0.0
    for number, end in enumerate(ends):
        x = across(end)
        parts.append(element("line", x1=x, x2=x, y1=foot, y2=foot + 6, class_="base"))
        middle = (across(before) + x) / 2
        if middle - 8 > free:
            parts.append(element("text", number, x=middle, y=foot + 15, class_="axis middle faint"))
            free = middle + 10
        before = end
    return joined(parts)
