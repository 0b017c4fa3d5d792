"""What Celery's tasks carry of a sweep's runs, and what workers say of them."""

from dataclasses import replace

import pytest

from shared.data.folds import Fold
from shared.errors import MessageError, VersionError
from shared.messaging.trials import ENDED, Notice, TrialTask
from tests.support.learning import EXACT

TASK = TrialTask("sweep", "trial-0003-fold-2", 1, EXACT, ("a", "", "c"), Fold(2, 5), ((0, 0.5), (3, 0.75)))


def test_a_task_is_what_it_was_before_it_was_sent():
    assert TrialTask.from_json(TASK.to_json()) == TASK


@pytest.mark.parametrize(
    ("name", "value"), [("attempt", 2), ("fold", "1/5"), ("least", []), ("samples", ["b", "", "c"])]
)
def test_a_task_that_is_not_as_it_was_given_is_refused(name, value):
    with pytest.raises(MessageError, match="it will be given again"):
        TrialTask.from_json({**TASK.to_json(), name: value})


@pytest.mark.parametrize(
    "change", [{"sweep": "x:held:y"}, {"run": "x:weights:y"}, {"samples": ("celery.pidbox", "", "c")}]
)
def test_a_task_of_a_sweep_that_no_coordinator_can_have_is_dropped(change):
    """Keys of such names are those that workers may write."""
    with pytest.raises(MessageError, match="has a name that there cannot be; it is dropped"):
        TrialTask.from_json(replace(TASK, **change).to_json())


def test_a_task_of_another_version_is_refused_with_what_to_do():
    with pytest.raises(VersionError, match="install the same GradMQ on both sides"):
        TrialTask.from_json({**TASK.to_json(), "version": 0})


def test_a_notice_is_what_it_was_before_it_was_sent_also_with_numbers_that_are_none():
    notice = Notice(ENDED, "trial-0003", 2, "worker@host:1", {"cost": 0.1 + 0.2, "none": None})
    assert Notice.decode(notice.encode()) == notice


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"\xff", b"[]", b"{}", b"[" * 100_000),
        b'{"kind": 1, "run": "a", "attempt": 1, "worker": "w"}',
        b'{"kind": "epoch", "run": "a", "attempt": "1", "worker": "w", "content": {}}',
    ],
)
def test_what_is_no_notice_is_nothing(message):
    assert Notice.decode(message) is None
