"""The plot of the results: a panel a job, a line a peer."""

import statistics
from pathlib import Path

import matplotlib

from benchmarks.jobs import JOBS
from benchmarks.peers.lineup import EXACT, LOCAL, NATIVE, ONE, PEERS, REFERENCES, TWO
from benchmarks.peers.results import Result, Results
from benchmarks.tables import median

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

COLOURS = {ONE: "#6b7280", TWO: "#d97706", EXACT: "#1d4ed8", NATIVE: "#60a5fa", LOCAL: "#059669"}
BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # a number, so that no line crosses it
TITLES = {ONE: "one process", TWO: "two processes, other frameworks", EXACT: EXACT, NATIVE: NATIVE, LOCAL: LOCAL}


def plot(results: Results, caption: str, path: Path) -> None:
    """Draw the medians, with lines from the fastest to the slowest round, on logarithmic axes.

    Who took part in no job has no line.
    """
    names = [
        name for name in PEERS if any(name in peers and peers[name].status != "skipped" for peers in results.values())
    ]
    columns = min(2, len(results))
    rows = -(-len(results) // columns)
    height = 1.3 + 0.29 * len(names)
    figure_, axes = pyplot.subplots(
        rows,
        columns,
        figsize=(1.8 + 5.6 * columns, rows * height + 1),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (job, peers) in zip(axes.flat, results.items(), strict=False):
        _panel(axis, job, peers, names)
    for axis in axes.flat[len(results) :]:
        axis.set_visible(False)
    families = [family for family in COLOURS if any(PEERS[name].family == family for name in names)]
    handles = [Line2D([], [], color=COLOURS[each], marker="o", linewidth=3, label=TITLES[each]) for each in families]
    figure_.legend(handles=handles, loc="outside upper center", ncols=len(families), frameon=False)
    figure_.supxlabel(caption, fontsize=7.5, color="#6b7280")
    figure_.savefig(path, dpi=150)
    pyplot.close(figure_)


def _panel(axis: Axes, job: str, peers: dict[str, Result], names: list[str]) -> None:
    reference = peers.get(REFERENCES[job][0])
    if reference is not None and reference.status == "ok":
        middle = statistics.median(reference.times)
        label = PEERS[REFERENCES[job][0]].label
        axis.axvline(middle, color="#9ca3af", linestyle="--", linewidth=1, zorder=0)
        axis.text(*(middle, -0.72, f" {label}"), fontsize=7.5, color="#6b7280", ha="left", va="center", zorder=0)
    for line, name in enumerate(names):
        result = peers.get(name)
        if result is None or result.status != "ok":
            text = "not in this run" if result is None else result.status
            axis.text(0.98, line, text, transform=axis.get_yaxis_transform(), ha="right", va="center", color="#9ca3af")
            continue
        colour, low, high = COLOURS[PEERS[name].family], min(result.times), max(result.times)
        axis.plot([low, high], [line, line], color=colour, linewidth=3, alpha=0.45, solid_capstyle="round")
        axis.plot(statistics.median(result.times), line, marker="o", markersize=7, color=colour)
        axis.annotate(
            median(result.times),
            (high, line),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            bbox=BEHIND,
        )
    axis.set_title(f"Job {job}: {JOBS[job]}", fontsize=11, loc="left")
    axis.set_xlabel("milliseconds a step (log scale; left is faster)")
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(low / 1.15, high * 1.6)  # with room for the numbers
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks(range(len(names)), [PEERS[name].label for name in names])
    axis.set_ylim(len(names) - 0.4, -1.1)
    axis.grid(axis="x", color="#e5e7eb", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
