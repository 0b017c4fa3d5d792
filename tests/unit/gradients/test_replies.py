"""What each message of a worker means, told without a Redis."""

from dataclasses import replace

import numpy as np
import pytest

from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.replies import Meaning, Replies
from coordinator.gradients.totals import RunningTotal, TreeTotal
from coordinator.workers.admission import Admission
from coordinator.workers.changed_leases import ChangedLeases
from coordinator.workers.cuts import pieces
from coordinator.workers.doubts import Doubts
from coordinator.workers.exclusions import Exclusions
from coordinator.workers.leases import Leases
from coordinator.workers.membership import Membership
from coordinator.workers.roster import Roster
from shared.accounting import COORDINATOR, WorkerCounts
from shared.data.parts import Part
from shared.environment import Kernels
from shared.messaging.identities import called, id_of
from shared.messaging.introduction import Introduction
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, VERSION, Kind, Record, token_of
from shared.messaging.seals import CoordinatorKeys, Key, digest
from shared.parallel.evaluation import Evaluation
from shared.parallel.strategy import strategy_of
from tests.support.learning import CONFIG, DATA, DIGESTS, KERNELS, SAMPLES, SECRET, evaluation_of, step_of

INCARNATION = 7
PARAMETERS = CONFIG.initial_parameters()
NBYTES = PARAMETERS.flat.nbytes
ONE, TWO = called("one", 1), called("two", 2)  # by name and credential
SOMEBODYS = Key(bytes.fromhex(SECRET))
NOTICES = [Kind.JOINED, Kind.LEFT, Kind.LEAVING, Kind.TOO_LARGE, Kind.NEEDS_SAMPLES, Kind.NEEDS_WEIGHTS]


class Workforce:
    """The policies without a broker."""

    def __init__(self) -> None:
        self.keys = CoordinatorKeys()
        self.leases = Leases(self.keys)
        self.changed_leases = ChangedLeases("redis://")
        self.membership = Membership(CONFIG.shards_per_step, "%d")
        self.noted: list[tuple[str, Record, float]] = []
        self.exclusions = Exclusions([])
        self.admission = Admission(KERNELS, CONFIG.any_order, self.exclusions)
        self.roster, self.doubts = Roster(), Doubts(self.exclusions)

    def replied(self, worker: str, reply: Record, seconds: float) -> None:
        self.noted.append((worker, reply, seconds))


class Transport:
    """Gradients follow their record."""

    reply_bytes = message_bytes = RECORD_BYTES + NBYTES

    def fits(self, reply, size):
        return size == self.reply_bytes

    def is_intact(self, reply, message, size):
        return digest(message[RECORD_BYTES:size].data) == reply.content

    def content(self, reply, message, size):
        assert self.fits(reply, size)
        return message[RECORD_BYTES : self.reply_bytes].view(np.float32)


class Told:
    """Replies to step 2, or an evaluation, in a window whose first lease the worker `one` holds, the second `two`."""

    def __init__(self, audit: float = 0.0, evaluates: bool = False, content: int = 0) -> None:
        """content: digest of the weights in Redis."""
        self.workforce = Workforce()
        lease = Lease("run", INCARNATION, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 0, "", (), KERNELS, SECRET)
        self.workforce.leases.open(lease, 2)
        self.leases = []
        while (due := self.workforce.leases.next_due()) is not None:
            self.leases.append(due.number)
            self.workforce.leases.sent()
        self.strategy = strategy_of(CONFIG, SAMPLES)
        self.replies = Replies(INCARNATION, self.workforce.keys, CONFIG, self.workforce, Transport(), Audit(audit))
        if evaluates:
            step, work = evaluation_of(Part.VALIDATION), Evaluation(CONFIG, DATA.validation)
            self.pending = PendingStep(INCARNATION, step, work, RunningTotal([]), self.workforce.keys.own)
            self.pending.request(pieces([0, 3, 5]))
        else:
            work, key = strategy_of(CONFIG, SAMPLES), self.workforce.keys.own
            self.pending = PendingStep(INCARNATION, step_of(2), work, TreeTotal([]), key, content)
            self.pending.request(pieces([0, 2, 4]))
        self.requests = [request.record._replace(token=token_of(request.data)) for request in self.pending.waiting]
        for name, number in zip(("one", "two"), self.leases, strict=True):
            record = Record(Kind.JOINED, INCARNATION, number=number)
            self.send(record, Introduction(name, KERNELS).encode())

    def send(self, record: Record, content: bytes = b"", **options: float | None) -> Meaning:
        """Tell a message as who holds its lease would, unless it has somebody else's credential."""
        credential = record.credential or self.leases.index(record.number) + 1
        record = record._replace(content=digest(content), credential=credential)
        return self.tell(record.encode(self.workforce.keys.of_lease(record.number)) + content, **options)

    def tell(self, content: bytes, size: int | None = None, waited: float | None = None) -> Meaning:
        message = np.zeros(self.replies.message_bytes, np.uint8)
        message[: len(content)] = np.frombuffer(content, np.uint8)
        return self.replies.take(message, len(content) if size is None else size, self.pending, PARAMETERS, waited)

    def notice(self, kind: int, number: int = 0, name: bytes = b"", **fields: int) -> Meaning:
        record = Record(kind, INCARNATION, number=self.leases[number])
        return self.send(record._replace(**fields), name)

    def reply(
        self, block: int, spoil: float = 0.0, lease: int = 0, waited: float | None = None, cut: int = 0, **fields
    ) -> Meaning:
        """The right gradient of a block, as its record says, but for what is to be changed.

        cut: bytes that are missing at the end.
        """
        request = self.requests[block]
        total, score = self.strategy.block(PARAMETERS, self.pending.step, request.first, request.stop)
        record = request._replace(kind=Kind.REPLY, number=self.leases[lease], dtype=ord("f"), **score._asdict())
        content = (total + np.float32(spoil)).tobytes()[: NBYTES - cut]
        return self.send(record._replace(**fields), content, waited=waited)

    def score(self, block: int, lease: int = 0, content: bytes = b"", **fields) -> Meaning:
        """The right score of a block of an evaluation, but for what is to be changed."""
        request = self.requests[block]
        correct, cost, samples = self.pending.work.block(
            PARAMETERS, self.pending.step, request.first, request.stop
        ).score
        record = request._replace(kind=Kind.SCORE, samples=samples, number=self.leases[lease])
        return self.send(record._replace(**{"correct": correct, "cost": cost, **fields}), content)

    def total_is_right(self) -> bool:
        """Whether the step, all of which was answered, has the right sum."""
        right, score = self.strategy.block(PARAMETERS, self.pending.step, 0, 4)
        result = self.pending.result(())
        return (result.total.tobytes(), result.score) == (right.tobytes(), score)

    def counts(self, worker: str) -> WorkerCounts:
        return self.pending.counts.of(worker)


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_first_reply_to_a_request_is_an_answer(told):
    assert told.reply(0) is Meaning.ANSWER
    assert told.pending.missing == 1
    assert told.counts(ONE) == WorkerCounts(answered=1, samples=3)
    assert told.reply(1, lease=1) is Meaning.ANSWER
    assert told.counts(TWO) == WorkerCounts(answered=1, samples=3)
    assert told.pending.missing == 0


def test_another_reply_to_the_same_request_is_a_duplicate(told):
    told.reply(0)
    assert told.reply(0, spoil=1.0, lease=1) is Meaning.NOTHING
    assert told.counts(TWO) == WorkerCounts(duplicate=1)
    assert told.counts(ONE) == WorkerCounts(answered=1, samples=3)
    told.reply(1)
    assert told.total_is_right()


def test_a_reply_to_an_earlier_step_is_late(told):
    assert told.reply(0, step=1) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(late=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"samples": 2},
        {"dtype": ord("d")},
        {"correct": 4},
        {"cost": -0.5},
        {"cost": np.inf},
        {"cost": np.nan},
    ],
)
def test_a_reply_that_cannot_be_right_is_rejected(told, fields):
    assert told.reply(0, **fields) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.pending.missing == 2


@pytest.mark.parametrize("fields", [{"step": 3}, {"first": 1}, {"first": 2**32 - 1}, {"stop": 1}, {"token": 1}])
def test_a_reply_to_what_was_never_requested_is_nobodys_fault(told, fields):
    """Whoever may take requests may put some there."""
    for _ in range(4):
        assert told.reply(0, **fields) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=4)
    assert told.workforce.exclusions.names == []
    assert told.pending.missing == 2


@pytest.mark.parametrize("number", [0, 1, 99])  # of a lease that somebody holds, and of one that nobody took
@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_reply_without_its_leases_seal_is_nobodys(told, number, secret, caplog):
    request = told.requests[0]
    total, score = told.strategy.block(PARAMETERS, told.pending.step, request.first, request.stop)
    content = (total + 1).tobytes()
    record = request._replace(kind=Kind.REPLY, number=number, dtype=ord("f"), content=digest(content))
    message = (
        record._replace(**score._asdict()).encode(None if secret is None else Key(bytes.fromhex(secret))) + content
    )
    for _ in range(4):
        assert told.tell(message) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=4)
    assert told.workforce.exclusions.names == []
    assert told.pending.missing == 2
    assert f"it is not sealed by who holds lease {number}" in caplog.text


@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_without_its_leases_seal_changes_nothing(told, kind):
    record = Record(kind, INCARNATION, step=2, number=told.leases[0], content=digest(b"liar"))
    assert told.tell(record.encode(SOMEBODYS) + b"liar") is Meaning.NOTHING
    assert told.workforce.leases.working == [ONE, TWO]
    assert told.counts("unknown") == WorkerCounts(rejected=1)


def test_a_notice_whose_name_was_changed_on_its_way_changes_nothing(told):
    record = Record(Kind.JOINED, INCARNATION, number=told.leases[0], content=digest(b"one"), credential=1)
    assert told.tell(record.encode(told.workforce.keys.of_lease(record.number)) + b"two") is Meaning.NOTHING
    assert told.workforce.leases.working == [ONE, TWO]


@pytest.mark.parametrize("where", [0, NBYTES // 2, NBYTES - 1])
def test_a_gradient_with_one_bit_changed_on_its_way_is_never_used(told, where):
    request = told.requests[0]
    total, score = told.strategy.block(PARAMETERS, told.pending.step, request.first, request.stop)
    record = request._replace(kind=Kind.REPLY, number=told.leases[0], dtype=ord("f"), **score._asdict())
    key = told.workforce.keys.of_lease(record.number)
    record = record._replace(content=digest(total.tobytes()), credential=1)
    message = bytearray(record.encode(key) + total.tobytes())
    message[RECORD_BYTES + where] ^= 4
    assert told.tell(bytes(message)) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.pending.missing == 2
    assert told.reply(0) is Meaning.ANSWER


@pytest.mark.parametrize("name", ["", "unknown", "coordinator"])
def test_who_has_no_name_or_somebody_elses_is_called_by_its_lease_and_can_be_excluded(name):
    told = Told(audit=1.0)
    number = told.leases[0]
    told.notice(Kind.JOINED, 0, Introduction(name, KERNELS).encode(), credential=3)
    assert told.reply(0, spoil=1.0, credential=3) is Meaning.ANSWER
    by_lease = called(f"lease {number}", 3)
    assert told.workforce.exclusions.names == [by_lease]
    assert told.counts(by_lease) == WorkerCounts(rejected=1)
    assert told.reply(1, credential=3) is Meaning.NOTHING


def test_a_reply_of_another_length_is_rejected(told, caplog):
    assert told.reply(0, cut=4) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.pending.missing == 2
    length = RECORD_BYTES + NBYTES
    assert [line.getMessage() for line in caplog.records] == [
        f"a reply was rejected: {length - 4} bytes instead of {length}"
    ]


def test_a_late_reply_of_another_length_is_rejected_and_not_late(told):
    assert told.reply(0, step=1, cut=4) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=1)


def test_a_duplicate_of_another_length_is_rejected_and_no_duplicate(told):
    told.reply(0)
    assert told.reply(0, lease=1, cut=4) is Meaning.NOTHING
    assert told.counts(TWO) == WorkerCounts(rejected=1)
    assert told.counts(ONE) == WorkerCounts(answered=1, samples=3)


@pytest.mark.parametrize("fields", [{}, {"step": 1}])  # duplicates, and late ones
def test_replies_of_another_length_count_as_bad_whatever_they_answer(told, fields):
    told.reply(0)
    for number in range(3):
        assert told.workforce.exclusions.names == []
        told.reply(0, lease=1, cut=1 + number, **fields)
    assert told.workforce.exclusions.names == [TWO]


def test_late_replies_and_duplicates_are_not_bad_ones(told):
    told.reply(0)
    for _ in range(5):
        told.reply(0, lease=1)
        told.reply(0, lease=1, step=1)
    assert told.workforce.exclusions.names == []
    assert told.counts(TWO) == WorkerCounts(duplicate=5, late=5)


def test_a_reply_of_another_incarnation_tells_nothing_of_its_sender(told):
    assert told.reply(0, incarnation=8) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)
    assert told.counts(ONE) == WorkerCounts()


def test_a_right_reply_counts_though_the_word_that_its_worker_has_joined_got_lost(told):
    leases = told.workforce.leases
    leases.add(1)
    number = leases.next_due().number
    leases.sent()
    assert told.reply(0, number=number, credential=3, waited=0.5) is Meaning.ANSWER
    by_lease = called(f"lease {number}", 3)
    assert told.counts(by_lease) == WorkerCounts(answered=1, samples=3)
    assert leases.working[-1] == by_lease
    assert [(worker, seconds) for worker, _, seconds in told.workforce.noted] == [(by_lease, 0.5)]


# Somebody who holds a lease, or has read one where it lies, and takes others' names.


def test_who_borrows_a_name_is_somebody_else(told):
    """Its wrong replies exclude itself, and what the owner of the name says still counts."""
    told.notice(Kind.JOINED, 0, Introduction("two", KERNELS).encode(), credential=3)
    borrowed = called("two", 3)
    for _ in range(3):
        told.reply(0, samples=2, credential=3)
    assert told.workforce.exclusions.names == [borrowed]
    assert told.counts(borrowed) == WorkerCounts(rejected=3)
    assert told.reply(1, lease=1) is Meaning.ANSWER
    assert told.counts(TWO) == WorkerCounts(answered=1, samples=3)


def test_who_knows_the_secret_of_anothers_lease_speaks_for_itself_alone(told):
    told.notice(Kind.JOINED, 0, Introduction("one", KERNELS).encode(), credential=66)
    for _ in range(3):
        told.reply(0, samples=2, credential=66)
    assert told.workforce.exclusions.names == [called("one", 66)]
    assert told.workforce.leases.working == [ONE, TWO]
    assert told.counts(ONE) == WorkerCounts()
    assert told.reply(0) is Meaning.ANSWER


def test_workers_with_too_little_memory_leave_their_leases_to_others_and_are_named_once(told, caplog):
    for number in range(2):  # it takes one lease after the other, and never joins
        introduction = Introduction("small", KERNELS).encode()
        assert told.notice(Kind.TOO_LARGE, number, introduction, credential=3) is Meaning.LEFT
    for number in range(2):
        assert told.notice(Kind.TOO_LARGE, number) is Meaning.LEFT
    assert told.workforce.leases.working == []
    assert told.workforce.leases.next_due() is not None
    lines = [record for record in caplog.records if "less memory than this run takes" in record.getMessage()]
    assert [line.worker for line in lines] == [called("small", 3), ONE, TWO]
    assert "install" not in lines[0].getMessage()


@pytest.mark.parametrize("kind", [Kind.LEFT, Kind.LEAVING])
def test_nobody_can_say_that_another_leaves(told, kind):
    told.notice(kind, 0, credential=66)
    assert told.workforce.leases.working == [ONE, TWO]
    assert len(told.workforce.membership) == 2


def test_who_invents_workers_gets_no_further(told, caplog):
    for credential in range(100, 200):
        told.notice(Kind.JOINED, 0, Introduction("one", KERNELS).encode(), credential=credential)
        told.reply(0, spoil=1.0, samples=2, credential=credential)
    assert len(told.workforce.membership) <= 2 + 3
    assert len(told.pending.counts.workers) <= 2 + 3 + 1
    assert "too many speak in lease 0" in caplog.text
    assert told.reply(0) is Meaning.ANSWER


def test_who_has_many_names_is_one_worker(told):
    """Also if it introduces itself in none of its leases."""
    leases = told.workforce.leases
    for _ in range(3):
        leases.add(1)
        told.leases.append(leases.next_due().number)
        leases.sent()
        told.reply(0, lease=-1, samples=2, credential=66)
    (excluded,) = told.workforce.exclusions.names
    assert excluded.endswith(called("", 66))
    told.notice(Kind.JOINED, -1, Introduction("another", KERNELS).encode(), credential=66)
    assert told.reply(0, lease=-1, credential=66) is Meaning.NOTHING


def test_in_a_lease_of_a_window_that_is_over_only_those_are_heard_who_were_there(told):
    old = told.leases[0]
    told.workforce.leases.open(told.workforce.leases._template, 1)
    for credential in range(100, 120):
        told.notice(Kind.JOINED, 0, Introduction("x", Kernels("0" * 64, "odd")).encode(), credential=credential)
        assert told.reply(0, number=old, credential=credential) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(late=20)
    assert told.workforce.exclusions.names == []
    assert told.reply(0, number=old) is Meaning.ANSWER


def test_a_lease_that_somebody_changed_makes_no_seal_that_fits(told):
    """What is computed by it is nobody's, and so no fault of who computes it."""
    leases = told.workforce.leases
    leases.add(1)
    granted = leases.next_due()
    leases.sent()
    told.leases.append(granted.number)
    assert granted.key.seal(b"x") == told.workforce.keys.of_lease(granted.number).seal(b"x")
    changed = replace(granted, config=replace(CONFIG, seed=7))
    record = Record(Kind.JOINED, INCARNATION, number=granted.number, content=digest(b"one"), credential=3)
    assert told.tell(record.encode(changed.key) + b"one") is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)
    assert told.workforce.leases.working == [ONE, TWO]


def test_three_rejected_replies_in_a_row_exclude_a_worker(told):
    for _ in range(2):
        told.reply(0, samples=2)
    told.reply(0)  # a good one: it begins anew
    for _ in range(3):
        assert told.workforce.exclusions.names == []
        told.reply(1, samples=2)
    assert told.workforce.exclusions.names == [ONE]


def test_a_worker_that_pauses_takes_part_all_the_same(told):
    """It holds its lease and waits: to say that it is no longer heard of would not be true."""
    told.workforce.leases.excluded = (id_of(ONE), id_of(TWO))
    told.workforce.exclusions.exclude(TWO, "a test")
    told.workforce.membership._heard.clear()
    for lease, name in enumerate(("one", "two")):
        told.notice(Kind.JOINED, lease, Introduction(name, KERNELS).encode())
    assert [*told.workforce.membership._heard] == [ONE]


def test_nothing_of_an_excluded_worker_counts(told):
    told.workforce.exclusions.exclude(ONE, "a test")
    assert told.reply(0) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.pending.missing == 2


def test_a_wrong_gradient_that_is_checked_is_replaced_and_its_worker_excluded():
    told = Told(audit=1.0)
    assert told.reply(0, spoil=1.0) is Meaning.ANSWER  # by the coordinator's own gradient
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.counts(COORDINATOR) == WorkerCounts(answered=1, samples=3)
    assert told.workforce.exclusions.names == [ONE]
    told.reply(1, lease=1)
    assert told.total_is_right()


def test_an_evaluation_is_answered_by_scores(caplog):
    told = Told(evaluates=True)
    gradient = told.requests[0]._replace(kind=Kind.REPLY, samples=3000, number=told.leases[0], dtype=ord("f"))
    assert told.send(gradient, bytes(NBYTES)) is Meaning.NOTHING
    assert told.score(0, content=b"more") is Meaning.NOTHING
    assert told.score(0, correct=3001) is Meaning.NOTHING
    assert told.counts(ONE) == WorkerCounts(rejected=3)
    assert told.workforce.exclusions.names == [ONE]
    assert [told.score(block, lease=1) for block in (0, 1, 1)] == [Meaning.ANSWER, Meaning.ANSWER, Meaning.NOTHING]
    assert told.counts(TWO) == WorkerCounts(answered=2, evaluated=4500, duplicate=1)
    result = told.pending.result(())
    assert result.score == told.pending.work.block(PARAMETERS, told.pending.step, 0, 5).score


def test_a_wrong_score_that_is_checked_is_replaced_and_its_worker_excluded(caplog):
    told = Told(audit=1.0, evaluates=True)
    assert [told.score(0, correct=0), told.score(1, lease=1)] == [Meaning.ANSWER, Meaning.ANSWER]
    assert told.counts(ONE) == WorkerCounts(rejected=1)
    assert told.counts(COORDINATOR) == WorkerCounts(answered=1, evaluated=3000)
    assert "its score of chunks 0 to 2 of epoch 0's evaluation on validation samples is not what" in caplog.text
    assert told.pending.result(()).score == told.pending.work.block(PARAMETERS, told.pending.step, 0, 5).score


def test_how_long_we_waited_is_noted_unless_something_was_requested_twice(told):
    told.reply(0)
    assert told.workforce.noted == []
    told.reply(1, waited=0.25)
    ((worker, reply, seconds),) = told.workforce.noted
    assert (worker, reply.identity, seconds) == (ONE, told.requests[1].identity, 0.25)


def test_who_joins_takes_part(told):
    assert told.workforce.leases.working == [ONE, TWO]
    assert len(told.workforce.membership) == 2


def test_who_joins_and_rounds_otherwise_computes_nothing(told):
    other = Introduction("old", Kernels("0" * 64, "OpenBLAS Nehalem"))
    assert told.notice(Kind.JOINED, 1, other.encode(), credential=3) is Meaning.NOTHING
    old = called("old", 3)
    assert told.workforce.exclusions.names == [old]
    assert len(told.workforce.membership) == 2  # `one`, and `two` who has this lease
    assert told.reply(0, lease=1, credential=3) is Meaning.NOTHING
    assert told.counts(old) == WorkerCounts(rejected=1)
    assert told.pending.missing == 2


@pytest.mark.parametrize(
    ("kind", "members"),
    [(Kind.LEFT, 2), (Kind.LEAVING, 1)],  # who gives up a lease may take the next
)
def test_who_leaves_holds_no_lease(told, kind, members):
    assert told.notice(kind) is Meaning.LEFT
    assert told.workforce.leases.working == [TWO]
    assert len(told.workforce.membership) == members


@pytest.mark.parametrize("part", Part)
def test_who_has_no_samples_needs_them(told, part):
    assert told.notice(Kind.NEEDS_SAMPLES, first=part) is Meaning.NEEDS_SAMPLES
    assert told.replies.needed is part


def test_who_needs_samples_that_there_are_not_is_rejected(told):
    assert told.notice(Kind.NEEDS_SAMPLES, first=len(Part)) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)


def needs_weights(told: Told, lease: int = 0, token: int | None = None) -> Meaning:
    return told.notice(Kind.NEEDS_WEIGHTS, lease, step=2, token=told.requests[0].token if token is None else token)


def test_who_does_not_have_the_weights_needs_them_in_their_step(told):
    assert needs_weights(told) is Meaning.NEEDS_WEIGHTS
    assert told.notice(Kind.NEEDS_WEIGHTS, step=1, token=told.requests[0].token) is Meaning.NOTHING


def test_what_was_never_requested_needs_no_weights(told):
    """Others may have put the request there, with a digest of no weights."""
    for _ in range(10):
        assert needs_weights(told, token=1) is Meaning.NOTHING
    assert told.workforce.exclusions.names == []


def test_who_never_finds_the_weights_that_others_find_gets_no_more_work():
    told = Told(content=5)
    for answers in range(3):
        assert told.workforce.exclusions.names == []
        assert needs_weights(told) is Meaning.NEEDS_WEIGHTS
        if answers < 2:
            assert told.reply(answers, lease=1) is Meaning.ANSWER
    assert told.workforce.exclusions.names == [ONE]


def test_who_does_not_share_the_memory_is_not_to_blame_for_missing_the_weights():
    told = Told(content=0)
    for answers in range(2):
        needs_weights(told)
        told.reply(answers, lease=1)
    told.pending.renew(5)
    for _ in range(5):
        assert needs_weights(told) is Meaning.NEEDS_WEIGHTS
    assert told.workforce.exclusions.names == []


@pytest.mark.parametrize("kind", NOTICES)
def test_notices_to_another_incarnation_mean_nothing(told, kind):
    assert told.notice(kind, 0, b"one", incarnation=8) is Meaning.NOTHING
    assert told.workforce.leases.working == [ONE, TWO]
    assert len(told.workforce.membership) == 2


@pytest.mark.parametrize("kind", [Kind.WEIGHTS, Kind.REQUEST, Kind.OVER, 255])
def test_a_message_of_a_kind_that_no_worker_sends_is_rejected(told, kind, caplog):
    assert told.notice(kind) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)
    assert "nothing tells who sends such" in caplog.text


@pytest.mark.parametrize("content", [b"", b"nonsense", b"X" * RECORD_BYTES])
def test_what_is_no_message_is_rejected(told, content):
    assert told.tell(content) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)


def test_a_message_that_was_longer_than_any_is_rejected_unread(told):
    assert told.tell(b"", size=told.replies.message_bytes + 1) is Meaning.NOTHING
    assert told.counts("unknown") == WorkerCounts(rejected=1)


def test_who_speaks_another_version_is_named_once(told, caplog):
    record = bytearray(Record(Kind.REFUSED, INCARNATION).encode())
    record[3] = 99
    for _ in range(2):
        assert told.tell(bytes(record) + b"foreign") is Meaning.NOTHING
    (line,) = [each for each in caplog.records if "speaks version 99" in each.getMessage()]
    assert line.worker == "foreign"
    assert f"this coordinator {VERSION}" in line.getMessage()
    assert told.counts("unknown") == WorkerCounts()


def test_who_cannot_compute_what_the_run_asks_for_is_named_once(told, caplog):
    for name in (b"old", b"old", b"older", b"old"):
        refused = Record(Kind.REFUSED, 0, number=told.leases[0]).encode()  # as `worker.messages.refuse` sends it
        assert told.tell(refused + name) is Meaning.NOTHING
    assert [line.worker for line in caplog.records] == ["old", "older"]
    assert {line.getMessage() for line in caplog.records} == {
        "it cannot compute what this run asks for; install the same GradMQ on both sides"
    }
    assert told.counts("unknown") == WorkerCounts()
    assert told.workforce.leases.working == [ONE, TWO]
    assert told.workforce.exclusions.names == []


def test_a_name_is_shown_without_what_would_spoil_a_log_line(told):
    told.notice(Kind.JOINED, 0, b"evil\n\x1b[31mname", credential=3)
    assert told.workforce.roster.called(3, 0) == called("evil??[31mname", 3)
