"""The work in a lease, told by a list of what Redis answers."""

from dataclasses import replace

import numpy as np
import pytest

from shared.config import TrainConfig
from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.errors import TooLargeError
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import OWN, RECORD_BYTES, Kind, Record, token_of
from shared.messaging.seals import Key, digest
from shared.nn.parameters import Parameters
from shared.parallel.evaluation import Evaluation
from shared.strategies import SyncSGD
from tests.support.learning import DIGESTS, KERNELS, SECRET
from worker import departure, limits, serve
from worker.departure import COORDINATOR_GONE, WINDOW_OVER, WORKER_LEAVING, Departure
from worker.messages import Notices
from worker.serve import Done, Server

CONFIG = TrainConfig(
    sizes=(4, 3, 2), epochs=1, mini_batch_size=6, learning_rate=3.0, arithmetic="native", strategy=SyncSGD(shards=2)
)
LEASE = Lease(
    "run",
    7,
    CONFIG,
    DIGESTS,
    0,
    first=2,
    stop=5,
    evaluations=10,
    window=3,
    number=5,
    label="1/2",
    excluded=(),
    kernels=KERNELS,
    secret=SECRET,
)
KEYS = Keys("run", 7)
_rng = np.random.default_rng(0)
SAMPLES = LabelledSamples(_rng.integers(0, 256, (60, 4)).astype(np.uint8), _rng.integers(0, 2, 60), 2)

NUMBERS = np.linspace(0, 1, Parameters.count(CONFIG.sizes), dtype=np.float32).tobytes()
REQUEST = Record(Kind.REQUEST, 7, step=3, first=0, stop=1, content=digest(NUMBERS))
WEIGHTS = Record(Kind.WEIGHTS, 7, step=3, number=3)
NEXT_WINDOW = WEIGHTS._replace(number=4)
OVER = Record(Kind.OVER, 7, number=3)
KEY = Key(b"the coordinator's")


class Stream:
    """Answers as Redis would: for each wait for a request, one of these and the weights beside it."""

    def __init__(self, *found: tuple[Record | None, bytes | None]) -> None:
        self._found = list(found)
        self._weights: bytes | None = None
        self.incarnation: bytes | None = b"7"
        self.log: list[bytes] = []  # what was sent
        self._owed = 0  # answers to pushes that are to be skipped
        self._is_taken = False  # the request

    def send(self, buffers):
        self.log.append(b"".join(buffers))
        self._owed += self.log[-1].count(b"RPUSH") + self.log[-1].count(b"EXPIRE")

    def skip(self, count):
        assert count == self._owed
        self._owed = 0

    def read_bulk(self):
        return self.read()

    def read(self):
        if b"incarnation" in self.log[-1]:
            return self.incarnation
        if b"BLPOP" in self.log[-1] and not self._is_taken:
            request, self._weights = self._found.pop(0)
            self._is_taken = b"GETRANGE" in self.log[-1]  # whose answer is read next
            return None if request is None else [b"key", request.encode(KEY)]
        self._is_taken = False
        return (self._weights or b"")[:RECORD_BYTES]

    def read_into(self, view):
        if self._weights is None:
            return None
        view[: len(self._weights)] = self._weights
        return len(self._weights)


def none_to_evaluate(part):
    raise AssertionError(f"{part} samples are not needed")


def serve_on(stream, done, lease=LEASE, samples=none_to_evaluate):
    Server(
        stream, lease, SAMPLES, samples, Notices(lease, "me", KERNELS, 9), Departure(lease, lambda: 0.0), done
    ).serve()


def served(*found, incarnation=b"7", lease=LEASE, samples=none_to_evaluate):
    """Serve these requests; return what was done and the records that were sent, each with its list.

    samples: returns those to evaluate on.
    """
    stream, done = Stream(*found), Done()
    stream.incarnation = incarnation
    serve_on(stream, done, lease, samples)
    return done, [pushed for sent in stream.log for pushed in pushes(sent)]


def pushes(sent):
    """The list and the record of each push among the commands."""
    for part in sent.split(b"RPUSH\r\n")[1:]:
        _, key, _, value = part.split(b"\r\n", 3)
        yield key.decode(), Record.decode(value[:RECORD_BYTES])


def weights(record: Record) -> bytes:
    return record.encode() + NUMBERS


def kinds(sent):
    return [
        (key.rsplit(":", 1)[-1] if "requests" not in key else "requests", Kind(record.kind)) for key, record in sent
    ]


END = (OVER, weights(NEXT_WINDOW))


def test_a_request_for_more_than_there_is_memory_for_is_refused_before_anything_is_computed(monkeypatch):
    a_sample, done = 4 * (4 + 3 * 3 + 2 * 2), Done()
    monkeypatch.setattr(limits, "memory_bytes", lambda: 2 * CONFIG.nbytes + 3 * 2000 + 2 * a_sample)
    stream = Stream((REQUEST, weights(WEIGHTS)), END)  # of three samples
    with pytest.raises(TooLargeError):
        serve_on(stream, done)
    assert done.samples == 0


def test_a_request_is_answered_and_when_the_window_is_over_the_lease_is_left():
    done, sent = served((REQUEST, weights(WEIGHTS)), END)
    assert kinds(sent) == [
        ("replies", Kind.JOINED),
        ("replies", Kind.REPLY),
        ("requests", Kind.OVER),  # back, for whoever comes late
        ("replies", Kind.LEFT),
    ]
    reply = sent[1][1]
    assert reply.identity == REQUEST.identity
    assert reply.token == token_of(REQUEST.encode(KEY))
    assert (reply.samples, reply.number, reply.dtype, reply.slot) == (3, 5, ord("f"), 0)
    assert (done.outcome, done.requests, done.samples) == (WINDOW_OVER, 1, 3)


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST._replace(incarnation=8),
        REQUEST._replace(kind=Kind.REPLY),
        REQUEST._replace(first=1, stop=1),
        REQUEST._replace(first=1, stop=3),
        REQUEST._replace(first=2**32 - 1, stop=2**32 - 1),
        None,
    ],
)
def test_what_is_no_request_of_ours_is_no_ones_work(request_):
    done, sent = served((request_, weights(WEIGHTS)), END)
    assert [kind for _, kind in kinds(sent)] == [Kind.JOINED, Kind.OVER, Kind.LEFT]
    assert done.requests == 0


@pytest.mark.parametrize("step", [1, 5, 2**64 - 1])
def test_a_step_outside_of_the_window_is_no_ones_work(step):
    done, _ = served((REQUEST._replace(step=step), weights(WEIGHTS._replace(step=step))), END)
    assert done.requests == 0


@pytest.mark.parametrize("found", [None, weights(WEIGHTS._replace(step=4)), b"nonsense"])
def test_a_request_whose_weights_are_gone_is_dropped(found):
    done, sent = served((REQUEST, weights(WEIGHTS)), (REQUEST, found), END)
    assert kinds(sent).count(("replies", Kind.REPLY)) == 1
    assert done.requests == 1


@pytest.mark.parametrize(
    "found", [WEIGHTS.encode(), WEIGHTS.encode() + b"\1" + NUMBERS[1:], WEIGHTS.encode() + NUMBERS[::-1]]
)
def test_who_does_not_find_the_weights_that_were_sent_says_so_and_computes_nothing(monkeypatch, found):
    monkeypatch.setattr(serve, "_PAUSE", 0)
    done, sent = served((REQUEST, found), (REQUEST, weights(WEIGHTS)), END)
    assert kinds(sent)[1:3] == [("replies", Kind.NEEDS_WEIGHTS), ("replies", Kind.REPLY)]
    assert sent[1][1].step == REQUEST.step
    assert done.requests == 1


def test_a_request_for_other_weights_than_are_there_is_not_answered(monkeypatch):
    monkeypatch.setattr(serve, "_PAUSE", 0)
    done, sent = served((REQUEST._replace(content=1), weights(WEIGHTS)), END)
    assert kinds(sent)[1] == ("replies", Kind.NEEDS_WEIGHTS)
    assert done.requests == 0


def test_weights_come_with_the_request_but_after_it_where_requests_are_seconds_apart():
    one, none = (REQUEST, weights(WEIGHTS)), (None, weights(WEIGHTS))
    stream, done = Stream(one, one, none, none, one, one, one, END), Done()
    serve_on(stream, done)
    assert done.requests == 5
    assert [b"$3\r\nGET\r\n" in sent for sent in stream.log if b":weights" in sent] == [
        *(True, True, True),  # with each, and once in vain
        *(False, False, True),  # looking, and for the request that came
        *(False, True),  # the next may be as long in coming; it was not
        *(True, True),
    ]


EVALUATES = replace(LEASE, first=9, stop=12)  # an epoch has ten steps before its evaluations
VALIDATION = LabelledSamples(_rng.integers(0, 256, (1500, 4)).astype(np.uint8), _rng.integers(0, 2, 1500), 2)


def evaluated(*found, samples=lambda part: VALIDATION):
    return served(*found, lease=EVALUATES, samples=samples)


def test_an_evaluation_is_answered_by_a_score_alone():
    asked: list[Part] = []

    def samples(part):
        asked.append(part)
        return VALIDATION

    numbers = WEIGHTS._replace(step=10)
    requests = [REQUEST._replace(step=10, first=first, stop=2) for first in (0, 1)]
    done, sent = evaluated(*((request, weights(numbers)) for request in requests), END, samples=samples)
    assert kinds(sent) == [("replies", kind) for kind in (Kind.JOINED, Kind.SCORE, Kind.SCORE)] + [
        ("requests", Kind.OVER),
        ("replies", Kind.LEFT),
    ]
    parameters = Parameters(CONFIG.sizes, np.float32, np.frombuffer(NUMBERS, np.float32))
    evaluation, step = Evaluation(CONFIG, VALIDATION), CONFIG.sampler(60).evaluation(0, Part.VALIDATION, 1500)
    for request, (_, reply) in zip(requests, sent[1:3], strict=True):
        assert (reply.identity, reply.number, reply.slot) == (request.identity, 5, 0)
        assert reply.score == evaluation.block(parameters, step, request.first, 2).score
    assert asked == [Part.VALIDATION]  # when it was needed, and once
    assert (done.requests, done.samples) == (2, 2000)


def test_a_lease_whose_samples_do_not_come_is_left_and_its_request_goes_back():
    """Unless it was a request of this worker alone."""
    for region, back in ((OWN, []), (1, [("requests", Kind.REQUEST)])):
        stream, done = Stream((REQUEST._replace(step=11, region=region), weights(WEIGHTS._replace(step=11)))), Done()

        def leave(part, done=done):
            assert part is Part.TEST
            done.outcome = WINDOW_OVER

        serve_on(stream, done, EVALUATES, leave)
        sent = [pushed for sent in stream.log for pushed in pushes(sent)]
        assert kinds(sent) == [("replies", Kind.JOINED), *back, ("replies", Kind.LEFT)]


@pytest.mark.parametrize("step", [8, 12])
def test_a_step_beside_a_window_of_evaluations_is_no_ones_work(step):
    done, _ = evaluated((REQUEST._replace(step=step), weights(WEIGHTS._replace(step=step))), END)
    assert done.requests == 0


@pytest.mark.parametrize(("first", "stop"), [(0, 3), (2, 3), (1, 1)])
def test_chunks_that_there_are_not_are_no_ones_work(first, stop):
    request = REQUEST._replace(step=10, first=first, stop=stop)
    done, _ = evaluated((request, weights(WEIGHTS._replace(step=10))), END)
    assert done.requests == 0


def test_a_worker_looks_into_its_own_list_first():
    stream = Stream(END)
    serve_on(stream, Done())
    own, common = (key.encode() for key in (KEYS.own_requests(3, 5), KEYS.requests(3)))
    assert b"BLPOP\r\n$%d\r\n%b\r\n$%d\r\n%b" % (len(own), own, len(common), common) in stream.log[0]


def test_a_reply_names_the_region_that_its_request_named():
    _, sent = served((REQUEST._replace(region=3), weights(WEIGHTS)), END)
    assert sent[1][1].region == 3


def test_when_the_run_goes_on_in_another_incarnation_the_lease_is_left_without_a_word():
    done, sent = served((None, weights(WEIGHTS)), incarnation=b"8")
    assert done.outcome == COORDINATOR_GONE
    assert kinds(sent) == [("replies", Kind.JOINED)]


@pytest.mark.parametrize(
    ("request_", "back"),
    [(REQUEST, []), (REQUEST._replace(region=1), [("requests", Kind.REQUEST)])],  # of it alone, and of anyone
)
def test_who_is_told_to_stop_says_so_and_gives_back_what_anyone_may_answer(monkeypatch, request_, back):
    monkeypatch.setattr(departure, "is_leaving", lambda: True)
    monkeypatch.setattr(serve, "is_leaving", lambda: True)
    done, sent = served((request_, weights(WEIGHTS)))
    assert done.outcome == WORKER_LEAVING
    assert kinds(sent)[1:] == [*back, ("replies", Kind.LEAVING)]


def test_what_was_done_is_told_in_short():
    done = Done(WINDOW_OVER, 3, 9, seconds_waiting=1.0)
    for seconds in (0.1, 0.02, 0.003456):
        done.durations.add(seconds)
    assert done.to_json() == {
        "outcome": WINDOW_OVER,
        "requests": 3,
        "samples": 9,
        "seconds_computing": 0.123,
        "seconds_waiting": 1.0,
    }
