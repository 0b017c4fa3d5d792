"""The results of bench.py: statistics, the table and the JSON file."""

import argparse
import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contenders.contender import JOBS
from lineup import CONTENDERS, REFERENCES, REPLICAS
from machine import describe
from process import ContenderError

RESULTS = Path(__file__).parent / "results"


@dataclass
class Result:
    """How a contender did in a job."""

    status: str = "ok"  # or skipped, crashed
    why: str = ""
    milliseconds: dict[int, float] = field(default_factory=dict)  # a step, by round
    memory: dict[str, int] = field(default_factory=dict)  # peak bytes of each process

    def out(self, out: ContenderError) -> None:
        self.status, self.why = out.status, out.why

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds.values())

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.milliseconds.values()), max(self.milliseconds.values())

    def ratio(self, reference: "Result | None") -> float | None:
        """Return the median of this contender's time by the reference's, round by round."""
        if reference is None:
            return None
        rounds = self.milliseconds.keys() & reference.milliseconds.keys()
        ratios = [self.milliseconds[number] / reference.milliseconds[number] for number in rounds]
        return statistics.median(ratios) if ratios else None

    def megabytes(self) -> dict[str, float]:
        """Return the memory of all processes of each role."""
        sums: dict[str, float] = {}
        for name, peak in self.memory.items():
            role = name.split()[0]
            sums[role] = sums.get(role, 0) + peak / 1e6
        return sums


Results = dict[str, dict[str, Result]]


def markdown(results: Results) -> str:
    """Return the tables of all jobs."""
    return "\n\n".join(_table(job, contenders) for job, contenders in results.items()) + "\n"


def _table(job: str, results: dict[str, Result]) -> str:
    references = REFERENCES[job]
    short = {"seed": "the seed's loop", "numpy": "NumPy", "ddp": "DDP"}
    rows = [
        ("", "ms a step, median", "min – max", *(f"× {short[name]}" for name in references), "peak memory, MB"),
        (":--", "--:", ":-:", *["--:"] * len(references), ":--"),
    ]
    for name, result in results.items():
        label = CONTENDERS[name].label
        if result.status != "ok":
            rows.append((label, f"*{result.status}*", result.why.replace("|", "/"), *[""] * len(references), ""))
            continue
        ratios = [result.ratio(results.get(reference)) for reference in references]
        low, high = result.spread
        rows.append(
            (
                *(label, figure(result.median), f"{figure(low)} – {figure(high)}"),
                *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
                _memory(name, result),
            )
        )
    local = f"local steps: {JOBS[job].local_steps} in a request, {REPLICAS} replicas"
    lines = [f"**Job {job}**: {JOBS[job]} ({local})", "", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def figure(milliseconds: float) -> str:
    """Return a time with three digits."""
    return f"{milliseconds:.{3 if milliseconds < 1 else 2 if milliseconds < 10 else 1}f}"


def _memory(name: str, result: Result) -> str:
    sums = result.megabytes()
    total = f"{sum(sums.values()):.0f}"
    if not name.startswith("gradmq") or "Redis" not in sums:
        return total
    return f"{total}: coordinator {sums['main']:.0f}, workers {sums['worker']:.0f}, Redis {sums['Redis']:.0f}"


def write(results: Results, where: dict[str, Any], options: argparse.Namespace) -> None:
    """Write the JSON file, the table and, if matplotlib is there, the plot.

    where: what `machine` returns.
    """
    RESULTS.mkdir(exist_ok=True)
    content = {
        **where,
        "rounds": options.rounds,
        "seconds_a_turn": options.seconds,
        "jobs": {job: _job(job, contenders) for job, contenders in results.items()},
    }
    (RESULTS / "bench.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    heading = f"{describe(where)} {options.rounds} rounds, turns of {options.seconds:g} s."
    (RESULTS / "bench.md").write_text(f"{heading}\n\n{markdown(results)}")
    try:
        from plot import plot
    except ModuleNotFoundError as error:
        print(f"no plot: {error}; pip install matplotlib", file=sys.stderr)
    else:
        plot(results, describe(where), RESULTS / "bench.png")


def _job(job: str, results: dict[str, Result]) -> dict[str, Any]:
    contenders = {}
    for name, result in results.items():
        entry: dict[str, Any] = {"label": CONTENDERS[name].label, "status": result.status}
        if result.status == "ok":
            low, high = result.spread
            entry |= {
                "milliseconds": {
                    "median": round(result.median, 5),
                    "min": round(low, 5),
                    "max": round(high, 5),
                    "rounds": [round(value, 5) for value in result.milliseconds.values()],
                },
                "ratio_to": {other: result.ratio(results.get(other)) for other in REFERENCES[job]},
                "samples_per_second": round(JOBS[job].mini_batch / result.median * 1000),
                "peak_memory_mb": {role: round(value, 1) for role, value in result.megabytes().items()},
                "processes": len(result.memory),
            }
        else:
            entry["why"] = result.why
        contenders[name] = entry
    sizes, mini_batch, eta = JOBS[job].sizes, JOBS[job].mini_batch, JOBS[job].eta
    return {"sizes": sizes, "mini_batch_size": mini_batch, "eta": eta, "contenders": contenders}
