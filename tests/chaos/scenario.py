"""What every scenario is: runs, faults drawn from a seed, and in the end a look at each epoch."""

import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from tests.chaos.training import Training
from tests.support.program import Program
from tests.support.waiting import Found, wait_until

_EPOCHS_A_FAULT = 3  # how far the runs come, together, from one to the next
_AT_ONCE = 0.25  # of the faults that come with the one before

Start = Callable[..., Program]


class Scenario(AbstractContextManager["Scenario"], ABC):
    """Runs that get into trouble, and the count of the troubles.  At the end of the block its servers are gone."""

    #: By name: what does one to a scenario, and returns when it has happened.
    kinds: Mapping[str, Callable[[Any], None]]

    def __init__(self, start: Start, data: Path, folder: Path, seed: object) -> None:
        """start: `gradmq` in a folder of its own.  folder: of this scenario alone.  seed: what all is drawn from."""
        self.start, self.data, self.folder = start, data, folder
        self.dice = random.Random(str(seed))
        self.fired: Counter[str] = Counter()
        self.trainings: list[Training] = []

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def begin(self) -> None:
        """Start all that belongs to it."""

    @abstractmethod
    def workers(self) -> list[Program]:
        """Return the programs whose processes compute."""

    def play(self, faults: int) -> list[str]:
        """Train through so many faults; return what is wrong in the end.  Raises AssertionError if it has no end."""
        self.begin()
        self.wait_for_epochs(1)
        self.disturb(faults)
        for training in self.trainings:
            training.finish()
        self.look_at_the_end()
        return [f"{training.options}: {wrong}" for training in self.trainings for wrong in training.wrong_epochs()]

    def disturb(self, faults: int) -> None:
        """Have so many faults happen, and the runs go on between them."""
        due: list[str] = []
        for _ in range(faults):
            # Each kind in turn, in an order that is drawn, so that every one of them comes about equally often.
            due = due or self.dice.sample(sorted(self.kinds), len(self.kinds))
            name = due.pop()
            time.sleep(self.dice.random() / 10)
            self.kinds[name](self)
            self.fired[name] += 1
            if self.dice.random() >= _AT_ONCE:
                self.wait_for_epochs(_EPOCHS_A_FAULT)

    def look_at_the_end(self) -> None:
        """Look whether those that were to survive have."""

    def training(self) -> Training:
        """Return one of the runs."""
        return self.dice.choice(self.trainings)

    def wait_until(self, condition: Callable[[], Found], what: str) -> Found:
        return wait_until(condition, what, self.report)

    def report(self) -> str:
        """Return what to read when something went wrong."""
        programs = [training.coordinator for training in self.trainings] + self.workers()
        return "\n\n".join([f"after {dict(self.fired)}", *(each.text()[-3000:] for each in dict.fromkeys(programs))])

    def wait_for_epochs(self, count: int) -> None:
        """Wait until the runs have recorded so many more epochs."""
        before = sum(training.epochs for training in self.trainings)

        def have_come() -> bool:
            return sum(training.epochs for training in self.trainings) >= before + count

        self.wait_until(have_come, f"{count} more epochs")
