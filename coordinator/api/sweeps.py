"""A sweep, put together and taken apart: who computes its trials, what is told of them, what is written at the end."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from coordinator.reporting.log_handlers import course, results
from coordinator.runs.atomic import write_whole
from coordinator.session import RunOptions
from coordinator.sweeps import plot
from coordinator.sweeps.driving import Driver, Prepare
from coordinator.sweeps.executors import Executor, InProcess
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.progress import SweepProgress
from coordinator.sweeps.results import figure, monitor_name, options_file, shown, table
from coordinator.sweeps.space import Values
from coordinator.sweeps.trials import LOST
from shared import logs
from shared.environment import n_cores
from shared.errors import QueueError, RunError
from shared.messaging.addresses import redis_url
from shared.nn.arithmetic import one_thread
from shared.signals import interruptible

log = logging.getLogger("coordinator")


def run_sweep(
    sweep: SweepFolder,
    prepare: Prepare,
    options: RunOptions,
    data: Path,
    options_of: Callable[[Values], Mapping[str, Any]],
) -> None:
    """Have the trials of a sweep computed that have not come out yet, and write down which is the best.

    data: where workers that are started here look for the samples.  options_of: returns a trial's options of `train`.
    Raises RunError if every trial has failed.
    """
    logs.context.run = sweep.id
    with interruptible():
        sweep.lock()  # before anything else: of a sweep that another drives nothing is ours to remove
        try:
            n_left = sweep.definition.n_trials - len(sweep.trials)
            course.info(headline(sweep))
            if n_left > 0:
                _drive(sweep, prepare, options, data, n_left)
        except KeyboardInterrupt:
            sweep.discard(keep_logs=False)
            if sweep.folder.exists():
                done = len(sweep.trials)
                log.warning("%d trials have come out; go on with: gradmq sweep --resume %s", done, sweep.folder)
            raise
        except BaseException as error:
            sweep.discard(keep_logs=isinstance(error, QueueError))
            raise
        finally:
            sweep.unlock()
    _write_results(sweep, options_of)


def _drive(sweep: SweepFolder, prepare: Prepare, options: RunOptions, data: Path, n_left: int) -> None:
    n_runs = n_left * max(1, sweep.definition.search.folds)
    with one_thread(), closing(SweepProgress(sweep)) as progress, _executor(sweep, options, data, n_runs) as executor:
        Driver(sweep, prepare, executor, progress.after_trial, lambda: progress.meanwhile(executor.status)).drive()


@contextmanager
def _executor(sweep: SweepFolder, options: RunOptions, data: Path, n_runs: int) -> Iterator[Executor]:
    """Give what computes the runs, for the time of a block.  n_runs: how many there are, at most."""
    workers = n_cores() if options.workers is None else options.workers
    if options.redis is None and workers == 0:
        yield InProcess()
        return
    from coordinator.cluster.embedded import embedded_cluster
    from coordinator.sweeps.remote import RemoteTrials

    def say(text: str) -> None:
        log.warning("%s", text)

    with ExitStack() as stack:
        if options.redis is None:
            cluster = stack.enter_context(embedded_cluster(min(workers, n_runs), data, sweep.logs, None))
            executor = RemoteTrials(cluster.redis_url, None, cluster.supervise, say)
        else:
            executor = RemoteTrials(redis_url(options.redis), options.broker, say=say)
        stack.callback(executor.close)
        yield executor


def headline(sweep: SweepFolder) -> str:
    """Return a sweep's first line: what it is, and how far."""
    search, n_trials = sweep.definition.search, sweep.definition.n_trials
    pruning = "" if search.pruning.kind == "none" else f", pruned by {search.pruning.kind}"
    folds = f" of {search.folds} folds" if search.folds else ""
    done = f"; {len(sweep.trials)} have come out before" if sweep.trials else ""
    varied = ", ".join(sweep.definition.space)
    return f"{sweep.id}: {n_trials} trials{folds}, {search.method}, seed {search.seed}{pruning}, over {varied}{done}"


def _write_results(sweep: SweepFolder, options_of: Callable[[Values], Mapping[str, Any]]) -> None:
    """Write which trial is the best, and tell.  Raises RunError if there is none."""
    results.info(table(sweep))
    best = sweep.best_trial()
    if best is None:
        sweep.write_summary({})
        reason = sweep.trials[min(sweep.trials)].reason
        lost = any(trial.state == LOST for trial in sweep.trials.values())
        then = f"go on with: gradmq sweep --resume {sweep.folder}" if lost else "try others"
        raise RunError(f"all {len(sweep.trials)} trials of {sweep.id} have failed, the first one: {reason}; {then}")
    text = options_file(sweep, best, options_of(best.values))
    write_whole(sweep.best, lambda file: file.write(text.encode()))
    sweep.write_summary(
        {
            "best": {
                **{"trial": best.trial, "values": best.values, "score": best.score},
                **{"runs": best.runs, "weights_sha256": best.weights_sha256},
            }
        }
    )
    written = "for the picture of them: pip install 'gradmq[sweep]'"
    if plot.can_be_drawn():
        content = plot.draw(sweep)
        write_whole(sweep.plot, lambda file: file.write(content))
        written = f"picture: {sweep.plot}"
    results.info(f"best trial {best.trial}: {monitor_name(sweep)} {figure(best.score)} ({shown(best.values)})")
    results.info(f"go on with: gradmq train --config {sweep.best}; {written}")
