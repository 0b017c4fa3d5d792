"""How far a run goes back when a worker is found to give wrong numbers: to before the first of them."""

import logging
from collections.abc import Collection, Sequence

from coordinator.runs.kept_epochs import KeptEpochs
from coordinator.runs.run import RunFolder
from shared.accounting import UNKNOWN, EpochCounts, WorkerCounts
from shared.messaging.identities import id_of, name_of
from shared.training.liars import LiarsNamedError
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

log = logging.getLogger(__name__)


class GoingBack:
    """Finds the state before a liar took part, and tells which of the epochs since were wrong as they come again."""

    def __init__(self, run: RunFolder, steps_per_epoch: int, unchecked: int | None = None) -> None:
        """unchecked: how many of the run's epochs have replies that were not checked; None: all may have."""
        self._run, self._steps_per_epoch, self._unchecked = run, steps_per_epoch, unchecked
        self._before: list[EpochMetrics] = []  # as they were recorded with a liar's help, and are computed again
        self._liars = ""  # whose

    def state_before(self, named: LiarsNamedError, state: TrainingState) -> TrainingState:
        """Return the state to go on from, an earlier one or the same; say which it is.

        named: the liars, and the counts of the step in which they were found.  state: before that step.
        Raises RunError if the run begins with weights that are gone.
        """
        first = first_touched(named.liars, self._run.metrics[: state.epoch], state.counts)
        self._liars = names = ", ".join(named.liars)
        if first is not None and self._unchecked is not None and first >= self._unchecked:
            first = None
        # If nothing of theirs was used without a check, only the step is computed again.
        earlier = state if first is None else self._beginning(first)
        for liar in named.liars:  # whose replies were found wrong in a step that is not taken
            earlier.counts.of(liar).add(WorkerCounts(rejected=named.counts.of(liar).rejected))
        if earlier is state:
            return state
        log.warning(
            "%s took part since epoch %d, and what was not checked may be wrong: going back to the beginning of epoch "
            "%d, and on without",
            *(names, first, earlier.epoch),
            extra={"worker": named.liars[0], "event": "back", "back_to": earlier.epoch},
        )
        # Epochs that an earlier going back has not come to again stay to be compared.
        ahead = [each for each in self._before if each.epoch >= state.epoch]
        self._before = [*self._run.metrics[earlier.epoch : state.epoch], *ahead]
        return earlier

    def _beginning(self, epoch: int) -> TrainingState:
        """Return the state at the latest beginning that is left, of this epoch or of one before."""
        kept = KeptEpochs(self._run.checkpoint).latest(epoch, self._run.config, self._steps_per_epoch)
        return kept or self._run.initial_state()

    def compare(self, again: EpochMetrics) -> None:
        """Say of an epoch that was recorded before whether it was right, if that is of interest."""
        before = next((each for each in self._before if each.epoch == again.epoch), None)
        if before is None:
            return
        if (before.weights_sha256, _scores(before)) != (again.weights_sha256, _scores(again)):
            self._say("epoch %d was wrong, and those after it, by replies of %s; it is right now", again.epoch)
        elif before is self._before[-1]:
            self._say("all epochs up to %d were right in spite of %s", again.epoch)

    def _say(self, what: str, epoch: int) -> None:
        log.warning(what, epoch, self._liars, extra={"event": "compared"})
        self._before = []


def first_touched(workers: Collection[str], epochs: Sequence[EpochMetrics], counts: EpochCounts) -> int | None:
    """Return the first epoch in which one of these workers gave a reply that was used; None if there is none.

    So did one that is not known by name, and one of the same name and another id: the same machine, started again.
    epochs: all that are finished.  counts: of the one after, so far.
    """
    ids, names = {id_of(worker) for worker in workers}, {name_of(worker) for worker in workers}
    ledgers = [*(EpochCounts.from_json(metrics.ledger) for metrics in epochs), counts]
    for epoch, ledger in enumerate(ledgers):
        for worker, its in ledger.workers.items():
            if its.answered and (worker == UNKNOWN or id_of(worker) in ids or name_of(worker) in names):
                return epoch
    return None


def _scores(metrics: EpochMetrics) -> tuple[object, ...]:
    """Return what replies tell besides gradients."""
    return (
        *(metrics.correct, metrics.cost, metrics.validation_correct, metrics.validation_cost),
        *(metrics.training_correct, metrics.training_cost),
    )
