"""Real processes for the tests: the program itself, a Redis of their own, and a small part of the real MNIST."""

import atexit
import gzip
import json
import logging
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import redis

from coordinator.__main__ import main
from coordinator.cluster.redis_server import redis_server
from coordinator.reporting.progress_bar import results
from shared.data.idx import read_idx

# The programs' temporary folder tells them from any other gradmq on this machine.
SESSION = Path(tempfile.mkdtemp(prefix="test-"))
atexit.register(shutil.rmtree, SESSION, ignore_errors=True)

MNIST = Path(__file__).parent.parent / "data" / "mnist"


def write_idx(path: Path, array: np.ndarray) -> None:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes(), 1))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 1,200 training (so 1,000 to learn from) and 200 test images of MNIST, at half size: 14 x 14."""
    folder = tmp_path_factory.mktemp("mnist")
    for part, count in (("train", 1200), ("t10k", 200)):
        images = read_idx(MNIST / f"{part}-images-idx3-ubyte.gz", 3)[:count, ::2, ::2]
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", read_idx(MNIST / f"{part}-labels-idx1-ubyte.gz", 1)[:count])
    return folder


class Program:
    """A running `gradmq`, in a session of its own."""

    def __init__(self, arguments: tuple[object, ...], folder: Path, environment: dict[str, str]) -> None:
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "coordinator", *map(str, arguments)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(MNIST.parent.parent), "TMPDIR": str(SESSION), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.group = psutil.Process(self.process.pid)

    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str, seconds: float = 60, times: int = 1) -> None:
        """Wait until the program has printed that so many times."""
        deadline = time.monotonic() + seconds
        while self.text().count(text) < times:
            assert self.process.poll() is None, f"ended without {text!r}:\n{self.text()}"
            assert time.monotonic() < deadline, f"no {text!r} in {seconds} s:\n{self.text()}"
            time.sleep(0.02)

    def end(self, seconds: float = 90) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(seconds)

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


SIZES = "196,12,10"


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


@pytest.fixture(scope="session")
def fingerprints(small_data, tmp_path_factory):
    """The fingerprint of each epoch in one process, by options."""

    def compute(epochs: int, **options: object) -> list[str]:
        folder = tmp_path_factory.mktemp("reference")
        program = Program(tuple(job(small_data, epochs, workers=0, **options)), folder, {})
        assert program.end() == 0, program.text()
        return [line["weights_sha256"] for line in metrics(program)]

    return compute


EPOCHS = 60


@pytest.fixture(scope="session")
def long_fingerprint(fingerprints):
    return fingerprints(EPOCHS)[-1]


@pytest.fixture
def gradmq(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start `gradmq` with arguments, in a folder of its own; afterwards nothing of it may be left."""
    started: list[Program] = []
    everyone: set[psutil.Process] = set()

    def start(*arguments: object, **environment: str) -> Program:
        folder = tmp_path / f"program{len(started)}"
        folder.mkdir(exist_ok=True)
        started.append(Program(arguments, folder, environment))
        return started[-1]

    yield start
    for program in started:
        if program.process.poll() is None:
            everyone |= set(program.descendants())
            program.process.send_signal(signal.SIGKILL)
            program.process.wait()
    assert not survivors(everyone, 10)


@pytest.fixture
def main_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., int]:
    """Run `gradmq` in this process, without what it does to logging; return its exit code."""
    for logger in (logging.root, results):
        monkeypatch.setattr(logger, "handlers", [])
    for logger, attribute in ((results, "propagate"), (results, "level"), (logging.getLogger("coordinator"), "level")):
        monkeypatch.setattr(logger, attribute, getattr(logger, attribute))

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["gradmq", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    return run


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test ends with the temporary folders and the servers it began with."""
    before = leftovers()
    yield
    deadline = time.monotonic() + 10
    while (left := leftovers() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def survivors(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Give the processes that long to end; return those that have not. A zombie has."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def leftovers() -> set[str]:
    """The private folders and the processes of the programs that these tests have started."""
    found = {str(path) for path in SESSION.glob("gradmq-*")}
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR", "").startswith(str(SESSION)) and is_alive(process):
                found.add(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        except psutil.Error:
            continue
    return found


class Server:
    """A Redis on a unix socket and on a free port of this machine, with a password."""

    password = "a-secret"

    def __init__(self, folder: Path, port: int, *options: object) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://:{self.password}@{self.socket}?db=0"
        self.tcp_url = f"redis://:{self.password}@127.0.0.1:{port}/0"
        self._command = [
            redis_server(),
            *("--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)),
            *("--requirepass", self.password, "--save", "", "--dir", str(folder), "--loglevel", "warning"),
            *map(str, options),
        ]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.RedisError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise AssertionError("Redis does not start") from None
                time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "redis"
    folder.mkdir()
    started = Server(folder, free_port())
    yield started
    started.kill()


def start_worker(gradmq, server: Server, name: str, **environment: str) -> Program:
    return gradmq("worker", "--redis", server.url, "--name", f"{name}@%h", **environment)
