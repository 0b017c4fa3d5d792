"""The program itself, as a user starts it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from tests.support.mnist import PROJECT
from tests.support.processes import SESSION, wait_for_the_end_of
from tests.support.waiting import PATIENCE, wait_until

SIZES = "196,12,10"
EPOCHS = 40  # of a run that something happens to
LONGER = 60  # of one that something slow happens to

Found = TypeVar("Found")


class Program:
    """A running `gradmq`, in a session of its own."""

    def __init__(self, arguments: tuple[object, ...], folder: Path, environment: dict[str, str]) -> None:
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "coordinator", *map(str, arguments)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(SESSION), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.group = psutil.Process(self.process.pid)

    def text(self) -> str:
        return self.output.read_text()

    def wait_until(self, condition: Callable[[], Found], what: str) -> Found:
        """Wait for something that the program must bring about while it runs."""

        def happened() -> Found:
            ended = self.process.poll() is not None
            found = condition()
            assert found or not ended, f"the program ended before this: {what}\n{self.text()}"
            return found

        return wait_until(happened, what, self.text)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the program has printed that so many times."""
        self.wait_until(lambda: self.text().count(text) >= times, f"{text!r} in the program's output")

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"waited {PATIENCE:g} s for this: the program's end\n{self.text()}") from None

    def descendants(self, containing: str = "") -> list[psutil.Process]:
        """The program's processes, and theirs, whose command line contains that."""
        found = []
        for process in self.group.children(recursive=True):
            try:
                if containing in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def computing(self, worker: str) -> list[psutil.Process]:
        """The processes of a worker that compute: those without children of their own."""
        return [process for process in self.descendants(worker) if not process.children()]

    @property
    def run_folder(self) -> Path:
        """The folder of the one run that was begun where the program runs."""
        (path,) = self.output.parent.glob("runs/*")
        return path


@contextmanager
def programs(folder: Path) -> Iterator[Callable[..., Program]]:
    """Give what starts `gradmq` with arguments, in a folder of its own; afterwards nothing of it may be left."""
    started: list[Program] = []

    def start(*arguments: object, **environment: str) -> Program:
        own = folder / f"program{len(started)}"
        own.mkdir(exist_ok=True)
        started.append(Program(arguments, own, environment))
        return started[-1]

    try:
        yield start
    finally:
        running = [program for program in started if program.process.poll() is None]
        everyone = [process for program in running for process in program.descendants()]
        for program in running:
            program.process.send_signal(signal.SIGKILL)
            program.process.wait()
        wait_for_the_end_of(everyone)


def job(data: Path, epochs: int = 2, **options: object) -> list[object]:
    """Arguments of a small training."""
    arguments: list[object] = ["train", "--sizes", SIZES, "--data", data, "--epochs", epochs]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", value]
    return arguments


def metrics(program: Program | Path) -> list[dict]:
    """The epochs that a program, or those in its folder, have recorded."""
    folder = program if isinstance(program, Path) else program.output.parent
    (path,) = folder.glob("runs/*/metrics.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def model(program: Program) -> Path:
    (path,) = program.output.parent.glob("runs/*/model.npz")
    return path


def start_worker(gradmq: Callable[..., Program], server: object, name: str, **environment: str) -> Program:
    """Start a worker of that name for the Redis at `server.url`."""
    return gradmq("worker", "--redis", server.url, "--name", f"{name}@%h", **environment)
