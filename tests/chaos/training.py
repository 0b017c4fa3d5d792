"""A training through all that happens to its coordinator, and what it must have come to."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.program import Program, job, metrics

_ENDLESS = 100_000  # epochs; how many are to come is known when all faults have fired
_LAST = 2  # epochs without faults, at the end
_AUDIT = 0.05
_TOLD = ("correct", "accuracy", "mini_batches", "samples", "weights_sha256")  # of an epoch, that no fault may change


class Training:
    """A run, and the coordinator that drives it at present."""

    def __init__(
        self, start: Callable[..., Program], data: Path, options: dict[str, Any], place: dict[str, Any]
    ) -> None:
        """start: the program, in a folder of its own.  place: the options that say where the workers are."""
        self.options = options
        self._start, self._data = start, data
        self._place = {**place, "audit": _AUDIT}
        self.coordinator = start(*job(data, _ENDLESS, **options, **self._place))
        self.folder = self.coordinator.output.parent

    @property
    def epochs(self) -> int:
        """How many have been recorded."""
        assert self.coordinator.process.poll() is None, f"a run ended by itself:\n{self.coordinator.text()[-3000:]}"
        return sum(path.read_bytes().count(b"\n") for path in self.folder.glob("runs/*/metrics.jsonl"))

    def tell_to_stop(self, number: signal.Signals) -> int:
        """Send a signal to the coordinator; return its exit code."""
        self.coordinator.wait_for("run ")  # before, Python may not be able yet to tell what happened to it
        self.coordinator.process.send_signal(number)
        return self.coordinator.end()

    def resume(self, **options: object) -> None:
        (run,) = self.folder.glob("runs/*-*")
        given = [argument for name, value in {**self._place, **options}.items() for argument in (f"--{name}", value)]
        self.coordinator = self._start("resume", run, *given)

    def finish(self) -> None:
        """Stop it, and have it come to an end soon."""
        assert self.tell_to_stop(signal.SIGINT) == 130, self.coordinator.text()
        self.resume(epochs=len(metrics(self.folder)) + _LAST)
        assert self.coordinator.end() == 0, self.coordinator.text()

    def wrong_epochs(self) -> Iterator[str]:
        """Compare each epoch with that of the undisturbed run, which is computed for that.  Yield what is wrong."""
        lines = metrics(self.folder)
        undisturbed = self._start(*job(self._data, len(lines), workers=0, **self.options))
        assert undisturbed.end() == 0, undisturbed.text()
        expected = metrics(undisturbed)
        if [line["epoch"] for line in lines] != [line["epoch"] for line in expected]:
            yield f"other epochs than 0 to {len(lines) - 1}"
        for line, right in zip(lines, expected, strict=True):
            for name in _TOLD:
                if line[name] != right[name]:
                    yield f"epoch {right['epoch']}: {name} is {line[name]}, not {right[name]}"
            ledger = line["ledger"]
            if sum(counts["answered"] for counts in ledger["workers"].values()) != ledger["requests"]:
                yield f"epoch {right['epoch']}: the ledger does not agree: {ledger}"
            if sum(counts["samples"] for counts in ledger["workers"].values()) != line["samples"]:
                yield f"epoch {right['epoch']}: other samples were applied than there are: {ledger}"
