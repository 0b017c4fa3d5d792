"""Try mutated inputs on every target: `python -m tests.fuzz --inputs 1000000`, or `make fuzz`.

Each target has a process of its own, so that none can spoil another: one that hangs outside of Python, grows, or ends
is reported with the input that it had. What was tried is added to build/fuzz/tried.jsonl.
"""

import argparse
import contextlib
import importlib
import importlib.util
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.mnist import PROJECT

_BUILD = PROJECT / "build" / "fuzz"
_PATIENCE = 60.0  # seconds without a new input after which a process hangs, however busy the machine


def main() -> int:
    """Try what is asked for; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many, all targets together")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="that a target has at most")
    parser.add_argument("--only", default="", help="targets whose names begin so, separated by commas")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--blind", action="store_true", help="without Atheris: faster, and reaches less")
    parser.add_argument("--tally", action="store_true", help="only tell what was tried in this folder so far")
    given = parser.parse_args()
    if given.tally:
        print(tally())
        return 0
    is_blind = given.blind or importlib.util.find_spec("atheris") is None
    if not is_blind:
        import atheris

        # It names each module.
        with (
            contextlib.redirect_stderr(None),
            atheris.instrument_imports(include=["shared", "coordinator", "worker"], enable_loader_override=False),
        ):
            importlib.import_module("tests.fuzz.batch")  # and with it all that is tried
    from tests.fuzz.targets import TARGETS

    names = [name for name in TARGETS if name.startswith(tuple(given.only.split(",")))]
    print(f"GRADMQ_SEED={given.seed}, {'blind' if is_blind else 'guided'}", flush=True)
    wrong = 0
    for name in names:
        count = max(1, given.inputs // len(names))
        for told in _batch(name, count, given.seconds, given.seed, "blind" if is_blind else "guided"):
            if "problem" in told:
                wrong += 1
                print(f"{name}: {told['problem']}: {told['input']}", flush=True)
            else:
                print(f"{name}: {told['inputs']} inputs, {told['wrong']} wrong, {told['seconds']:.0f} s", flush=True)
                with (_BUILD / "tried.jsonl").open("a") as file:
                    file.write(json.dumps({"target": name, "way": "blind" if is_blind else "guided", **told}) + "\n")
    return 1 if wrong else 0


def _batch(name: str, count: int, seconds: float, seed: int, way: str) -> Iterator[dict[str, Any]]:
    """Run a batch, again if an input has ended it; yield what it tells."""
    from tests.fuzz.batch import CURRENT, TOLD, run
    from tests.fuzz.places import clear

    folder = _BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(10):
        (folder / CURRENT).unlink(missing_ok=True)
        # Forked: what they read is loaded once.
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(name, count, seconds, seed + attempt, folder, way), daemon=True
        )
        process.start()
        why = _watch(process, folder)
        clear(process.pid)
        lines = [json.loads(line) for line in (folder / TOLD).read_text().splitlines() if line.startswith("{")]
        yield from lines
        if lines and "inputs" in lines[-1]:
            return
        tried, content = _current(folder)
        path = folder / f"ended-{seed + attempt}"
        path.write_bytes(content)
        yield {"problem": f"the process {why} at input {tried}", "input": str(path)}
        yield {"inputs": tried, "wrong": 1, "seconds": 0.0}
        count -= tried
        if count <= 0:
            return


def _watch(process: Any, folder: Path) -> str:
    """Wait for a process and return how it ended: one that takes no new input for too long is killed."""
    latest, since = -1, time.monotonic()
    while process.exitcode is None:
        process.join(0.5)
        tried, _ = _current(folder)
        if tried != latest:
            latest, since = tried, time.monotonic()
        elif time.monotonic() - since > _PATIENCE:
            process.kill()
            process.join()
            return "hangs"
    return f"ended with {process.exitcode}"


def _current(folder: Path) -> tuple[int, bytes]:
    """Return the number of the input that a process had last, and that input."""
    from tests.fuzz.batch import CURRENT, HEAD

    try:
        content = (folder / CURRENT).read_bytes()
    except OSError:
        return 0, b""
    number, size = HEAD.unpack_from(content) if len(content) >= HEAD.size else (0, 0)
    return number, content[HEAD.size : HEAD.size + size]


def tally() -> str:
    """Return a table in Markdown of what was tried so far."""
    from tests.fuzz.targets import TARGETS

    ways: dict[str, Counter[str]] = {"guided": Counter(), "blind": Counter()}
    for line in (_BUILD / "tried.jsonl").read_text().splitlines():
        told = json.loads(line)
        ways[told["way"]][told["target"]] += told["inputs"]
    rows = [f"| {name} | {ways['guided'][name]:,} | {ways['blind'][name]:,} |" for name in TARGETS]
    total = f"| all | {ways['guided'].total():,} | {ways['blind'].total():,} |"
    return "\n".join(["| input | guided | blind |", "|---|--:|--:|", *rows, total])


if __name__ == "__main__":
    sys.exit(main())
