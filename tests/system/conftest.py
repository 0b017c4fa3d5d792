"""The program, its reference, runs that it has left behind; and nothing else may be left."""

import functools
import itertools
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import command
from tests.support.once import made_once
from tests.support.processes import leftovers
from tests.support.program import EPOCHS, Program, job, metrics, programs
from tests.support.waiting import wait_until


@pytest.fixture(scope="session")
def fingerprints(small_data, tmp_path_factory):
    """The fingerprint of each epoch in one process, by options; a run of so many epochs is computed once for all."""

    def compute(epochs: int, **options: object) -> list[str]:
        def make(folder: Path) -> None:
            program = Program(tuple(job(small_data, epochs, workers=0, **options)), folder, {})
            assert program.end() == 0, program.text()

        name = "-".join(map(str, ["reference", epochs, *itertools.chain(*sorted(options.items()))]))
        return [line["weights_sha256"] for line in metrics(made_once(tmp_path_factory, name, make))]

    return functools.cache(compute)


@pytest.fixture(scope="session")
def long_fingerprint(fingerprints):
    return fingerprints(EPOCHS)[-1]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Every test ends with the temporary folders and the servers it began with."""
    before = leftovers()
    yield
    wait_until(lambda: leftovers() <= before, "nothing to be left", lambda: "\n".join(leftovers() - before))


@pytest.fixture
def gradmq(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start `gradmq` with arguments, in a folder of its own; afterwards nothing of it may be left."""
    with programs(tmp_path) as start:
        yield start


@pytest.fixture(scope="session")
def stopped(small_data, tmp_path_factory) -> Path:
    """A run that was stopped after a few epochs, by workers=0; copy it before you change it."""

    def make(folder: Path) -> None:
        program = Program(tuple(job(small_data, EPOCHS, workers=0)), folder, {})
        program.wait_for("Epoch 5:")
        program.process.send_signal(signal.SIGINT)
        assert program.end() == 130, program.text()

    (run,) = made_once(tmp_path_factory, "stopped", make).glob("runs/*")
    return run


@pytest.fixture
def left(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(stopped, tmp_path / "runs" / stopped.name))


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Show a run's folder in another place, where it is read-only even for root."""
    place = tmp_path / "read-only"

    def mount(run: Path) -> Path:
        (place / run.name).mkdir(parents=True)
        for options in (["--bind", str(run)], ["-o", "remount,bind,ro", str(run)]):
            if command.run("mount", *options, place / run.name).returncode:
                pytest.skip("needs the right to mount")
        return place / run.name

    yield mount
    for folder in place.glob("*"):
        while command.run("umount", folder).returncode == 0:
            pass


@pytest.fixture(scope="session")
def finished(small_data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    program = Program(tuple(job(small_data, 5, workers=0)), folder, {})
    assert program.end() == 0, program.text()
    return program.run_folder
