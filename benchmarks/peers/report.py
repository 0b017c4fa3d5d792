"""The results as tables, a JSON file and a plot."""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.jobs import JOBS
from benchmarks.machine import describe
from benchmarks.peers.lineup import PEERS, REFERENCES, REPLICAS
from benchmarks.peers.results import Result, Results
from benchmarks.tables import median, spread, table


def markdown(results: Results) -> str:
    """Return the tables of all jobs."""
    return "\n".join(_table(job, peers) for job, peers in results.items())


def _table(job: str, results: dict[str, Result]) -> str:
    references = REFERENCES[job]
    short = {"notebook": "the notebook's loop", "numpy": "NumPy", "ddp": "DDP"}
    rows = []
    for name, result in results.items():
        label = PEERS[name].label
        if result.status != "ok":
            rows.append([label, f"*{result.status}*", result.why.replace("|", "/"), *[""] * len(references), ""])
            continue
        ratios = [result.ratio(results.get(reference)) for reference in references]
        cells = ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        rows.append([label, median(result.times), spread(result.times), *cells, _memory(name, result)])
    more = f" (local steps: {JOBS[job].local_steps} in a request, {REPLICAS} replicas)" if JOBS[job].local_steps else ""
    head = ("", "ms a step, median", "min – max", *(f"× {short[name]}" for name in references), "peak memory, MB")
    return f"**Job {job}**: {JOBS[job]}{more}\n\n{table(head, rows)}"


def _memory(name: str, result: Result) -> str:
    sums = result.megabytes()
    total = f"{sum(sums.values()):.0f}"
    if not name.startswith("gradmq") or "Redis" not in sums:
        return total
    return f"{total}: coordinator {sums['main']:.0f}, workers {sums['worker']:.0f}, Redis {sums['Redis']:.0f}"


def write(results: Results, where: dict[str, Any], options: argparse.Namespace) -> None:
    """Write the JSON file, the tables and, if matplotlib is there, the plot.

    where: what `machine` returns.
    """
    folder: Path = options.results
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        **where,
        "rounds": options.rounds,
        "seconds_a_turn": options.seconds,
        "jobs": {job: _job(job, peers) for job, peers in results.items()},
    }
    (folder / "peers.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    heading = f"{describe(where)} {options.rounds} rounds, turns of {options.seconds:g} s."
    (folder / "peers.md").write_text(f"{heading}\n\n{markdown(results)}")
    try:
        from benchmarks.peers.plot import plot
    except ModuleNotFoundError as error:
        print(f"no plot: {error}; pip install matplotlib", file=sys.stderr)
    else:
        plot(results, describe(where), folder / "peers.png")


def _job(job: str, results: dict[str, Result]) -> dict[str, Any]:
    peers = {}
    for name, result in results.items():
        entry: dict[str, Any] = {"label": PEERS[name].label, "status": result.status}
        if result.status == "ok":
            middle = statistics.median(result.times)
            entry |= {
                "milliseconds": {
                    "median": round(middle, 5),
                    "min": round(min(result.times), 5),
                    "max": round(max(result.times), 5),
                    "rounds": [round(value, 5) for value in result.times],
                },
                "ratio_to": {other: result.ratio(results.get(other)) for other in REFERENCES[job]},
                "samples_per_second": round(JOBS[job].mini_batch / middle * 1000),
                "peak_memory_mb": {role: round(value, 1) for role, value in result.megabytes().items()},
                "processes": len(result.memory),
            }
        else:
            entry["why"] = result.why
        peers[name] = entry
    return {
        "sizes": JOBS[job].sizes,
        "mini_batch_size": JOBS[job].mini_batch,
        "learning_rate": JOBS[job].learning_rate,
        "peers": peers,
    }
