"""Scenarios one after the other, and a report of them that is whole after each."""

import platform
import shutil
import tempfile
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.chaos.embedded import Embedded
from tests.chaos.own_redis import BadLines, OwnRedis
from tests.chaos.scenario import Scenario
from tests.support.mnist import write_small_mnist
from tests.support.processes import leftovers
from tests.support.program import programs
from tests.support.waiting import wait_until

# In turn: a scenario, and through how many faults its runs go.
_TURNS: tuple[tuple[type[Scenario], int], ...] = (
    (OwnRedis, 60),
    (OwnRedis, 60),
    (Embedded, 24),
    (BadLines, 500),
)


class Soak:
    """What came of the scenarios so far."""

    def __init__(self, seed: int, report: Path) -> None:
        """report: the file to write."""
        self.wrong: list[str] = []
        self._seed, self._report = seed, report
        self._began = time.monotonic()
        self._fired: Counter[str] = Counter()
        self._scenarios = self._runs = self._epochs = 0

    def play(self, number: int) -> None:
        """Play the scenario of that number, as the seed has it."""
        kind, faults = _TURNS[number % len(_TURNS)]
        with tempfile.TemporaryDirectory(prefix="chaos-") as name:
            folder, data = Path(name), Path(name) / "mnist"
            data.mkdir()
            write_small_mnist(data)
            before, wrong = leftovers(), list[str]()
            try:
                with programs(folder) as start, kind(start, data, folder, f"{self._seed}/{number}") as scenario:
                    try:
                        wrong += scenario.play(faults)
                    finally:
                        self._count(scenario)
                wait_until(lambda: leftovers() <= before, "nothing to be left", lambda: str(leftovers() - before))
            except Exception:  # whatever it is: the others are to be played too
                wrong += [traceback.format_exc()]
            if wrong:
                self._keep(folder, number)
        self._scenarios += 1
        self.wrong += [f"scenario {number} ({kind.__name__}): {each}" for each in wrong]
        self.write()

    def _count(self, scenario: Scenario) -> None:
        self._fired += scenario.fired
        self._runs += len(scenario.trainings)
        for training in scenario.trainings:
            self._epochs += sum(path.read_bytes().count(b"\n") for path in training.folder.glob("runs/*/metrics.jsonl"))

    def _keep(self, folder: Path, number: int) -> None:
        """Keep what the programs of a scenario have said."""
        kept = self._report.parent / f"soak-{self._seed}-{number}"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for output in folder.glob("program*/output"):
            shutil.copy(output, kept / f"{output.parent.name}.txt")

    def write(self) -> None:
        """Write the report."""
        hours = (time.monotonic() - self._began) / 3600
        lines = [
            f"# {sum(self._fired.values()):,} faults in {hours:.2f} hours, {len(self.wrong) or 'nothing'} wrong",
            "",
            f"Seed {self._seed}, {self._scenarios} scenarios, {self._runs} runs, {self._epochs:,} epochs, until "
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {platform.machine()}, {psutil.cpu_count()} processors, "
            f"Python {platform.python_version()}.",
            "",
            "| fault | times |",
            "|---|--:|",
            *(f"| {name} | {count} |" for name, count in sorted(self._fired.items())),
        ]
        for each in self.wrong:
            number = each.split()[1]
            again = f"python -m tests.chaos --seed {self._seed} --only {number}"
            lines += ["", f"## Scenario {number}", "", f"Again: `{again}`", "", "```text", each[-20_000:], "```"]
        self._report.parent.mkdir(parents=True, exist_ok=True)
        self._report.write_text("\n".join(lines) + "\n")
