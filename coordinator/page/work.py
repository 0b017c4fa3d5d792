"""The section about who computed the run: the time line, what happened, the ledger."""

import time
from collections.abc import Sequence

from coordinator.page.course import Course, shown_name
from coordinator.page.markup import Markup, element, joined
from coordinator.page.parts import folded, section, table
from coordinator.page.text import count, duration, plural
from coordinator.page.timeline import LEGEND, draw_timeline, symbol
from coordinator.runs import events as kinds
from coordinator.runs.events import Event
from shared.accounting import EpochCounts

_MOST_EVENTS = 200
_MOST_WORKERS = 40
_LEDGER = ("answered", "duplicate", "late", "rejected", "samples", "evaluated")


def work_section(course: Course, ledger: Sequence[EpochCounts], workers: str) -> Markup:
    """Return the section of a run that has recorded epochs.  workers: as `participants.told`."""
    drawing = draw_timeline(course)
    lead = "One process computed all of it."
    if workers:
        lead = f"Computed by {workers}. A lane is filled as high as the worker's share of the samples then."
    parts: list[object] = []
    if drawing:
        parts += [element("div", drawing, class_="wide"), _legend(course)]
    if course.events:
        parts.append(folded(f"What happened ({plural(len(course.events), 'event')})", _events(course.events)))
    parts.append(folded("The ledger", _ledger(ledger)))
    return section("work", "Who computed it", lead, *parts)


def _legend(course: Course) -> Markup:
    """Return what the signs mean that are in the drawing."""
    seen = {mark.kind for lane in course.lanes for mark in lane.marks} | {mark.kind for mark in course.marks}
    items = [element("li", symbol(kind), text) for kind, text in LEGEND.items() if kind in seen]
    if any(lane.pauses for lane in course.lanes):
        items.append(element("li", _patch("pause"), "pauses"))
    if course.troubles:
        items.append(element("li", _patch("trouble"), "no worker, or no queue"))
    return element("ul", *items, class_="legend") if items else Markup("")


def _patch(kind: str) -> Markup:
    patch = element("rect", width=14, height=14, class_=kind)
    return element("svg", patch, viewBox="0 0 14 14", class_="timeline", style="min-width:0", aria_hidden="true")


def _events(events: Sequence[tuple[float, Event]]) -> Markup:
    shown = events[:_MOST_EVENTS]
    rows: list[Sequence[object]] = [
        (_clock(event.time), duration(now), event.worker, event.text or _what(event)) for now, event in shown
    ]
    if len(events) > len(shown):
        rows.append(("", "", "", f"and {plural(len(events) - len(shown), 'event')} more, in events.jsonl"))
    return element("div", table(("time (UTC)", "of the run", "worker", "what"), rows, words=4), class_="log")


def _what(event: Event) -> str:
    """Return what an event was that the log does not tell of."""
    if event.kind == kinds.BEGINS:
        return "the run goes on" if event.epoch or event.step else "the run begins"
    return "the run stops" if event.kind == kinds.STOPS else event.kind


def _clock(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):  # a file can say anything
        return ""


def _ledger(epochs: Sequence[EpochCounts]) -> Markup:
    whole = EpochCounts()
    for counts in epochs:
        whole.add(counts)
    order = sorted(whole.workers.items(), key=lambda item: (-item[1].samples, -item[1].evaluated, item[0]))
    rows: list[Sequence[object]] = [
        (shown_name(name), "", "", *(count(getattr(counts, field)) for field in _LEDGER))
        for name, counts in order[:_MOST_WORKERS]
    ]
    if len(order) > _MOST_WORKERS:
        rest = EpochCounts(workers=dict(order[_MOST_WORKERS:])).total
        others = f"{len(order) - _MOST_WORKERS} others"
        rows.append((others, "", "", *(count(getattr(rest, field)) for field in _LEDGER)))
    sums = (count(getattr(whole.total, field)) for field in _LEDGER)
    rows.append(("all", count(whole.requests), count(whole.retried), *sums))
    lead = "Every request was answered once and every sample applied once, or the run would not have gone on."
    marked = [*("" for _ in rows[:-1]), "total"]
    return joined(
        [element("p", lead, class_="quiet"), table(("worker", "requests", "retried", *_LEDGER), rows, marked, words=1)]
    )
