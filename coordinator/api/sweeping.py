"""`gradmq.sweep`: what `gradmq sweep` does, from Python."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coordinator.api import sweep_driving
from coordinator.api.kept_data import kept
from coordinator.api.named_pair import as_table
from coordinator.api.run_keywords import run_options_of
from coordinator.api.runs import RUNS
from coordinator.api.sweep import Sweep
from coordinator.session import RunOptions
from coordinator.sweeps.folder import SweepFolder, is_sweep
from coordinator.sweeps.toml import lines
from shared.errors import DataError
from shared.regular_files import read_regular

_TABLES = ("search", "sweep")
_IN_PYTHON = Path("the sweep")  # for people


def sweep(
    what: str | Path | Mapping[str, Any] | Sweep,
    *,
    trials: int | None = None,
    method: str | None = None,
    seed: int | None = None,
    workers: int | None = None,
    redis: str | None = None,
    broker: str | None = None,
    runs: str | Path = RUNS,
) -> Sweep:
    """Train many times with other options, and return what came of it.

    what: a file as `gradmq sweep` takes it; or a dictionary of what that would say, where data may also be in memory,
    as for `gradmq.train`; or a sweep that has begun, or its folder, to go on with it.
    trials, method, seed: instead of what that says.  workers, redis, broker: who computes, as for `gradmq.train`.
    runs: folder for the sweep's.

    The trials, and their bits, are those of the command line. After an interrupt (KeyboardInterrupt), or any error,
    the sweep can go on. Raises GradMQError.
    """
    options = run_options_of({"workers": workers, "redis": redis, "broker": broker})
    asked = {"trials": trials, "method": method, "seed": seed}
    return Sweep(_driven(what, asked, Path(runs), options).folder)


def _driven(what: Any, asked: dict[str, Any], runs: Path, options: RunOptions) -> SweepFolder:
    if isinstance(what, Mapping):
        with _content(what, runs) as content:
            return sweep_driving.begin(content, _IN_PYTHON, asked, runs, options)
    path = Path(what.folder if isinstance(what, Sweep) else what)
    if is_sweep(path) or is_sweep(runs / path):
        begun = SweepFolder.open(str(path), runs)
        sweep_driving.go_on(begun, asked, options)
        return begun
    try:
        content = read_regular(path, sweep_driving.LARGEST_FILE)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a TOML") from None
    return sweep_driving.begin(content, path, asked, runs, options)


@contextmanager
def _content(what: Mapping[str, Any], runs: Path) -> Iterator[bytes]:
    """Give the TOML of a dictionary for the time of a block, and a file of its data, if they are in memory."""
    fixed = {str(name): value for name, value in what.items() if name not in _TABLES}
    fixed["data"], fixed["target"] = as_table(fixed.get("data"), fixed.get("target"))
    if fixed["data"] is None:
        yield _toml(fixed, what)
        return
    with kept(fixed["data"], runs) as path:
        # What is kept is found again from any folder; a path is as it was given.
        yield _toml({**fixed, "data": path if isinstance(fixed["data"], str | Path) else path.absolute()}, what)


def _toml(fixed: Mapping[str, Any], what: Mapping[str, Any]) -> bytes:
    try:
        tables = "".join(f"[{name}]\n{lines(what.get(name, {}))}" for name in _TABLES)
        return (lines(fixed) + tables).encode()
    except (TypeError, AttributeError) as error:
        raise DataError(f"{_IN_PYTHON} cannot be written down: {error}; give numbers, texts and lists") from None
