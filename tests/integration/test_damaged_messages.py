"""Damaged files and messages, many of them, from a printed seed: never a traceback, a wrong weight or executed code.

GRADMQ_MUTATIONS says how many of each, GRADMQ_SEED which.
"""

import gzip
import json
import os
import pickle
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from coordinator.accounting import WorkerCounts
from coordinator.runs.checkpoint import load_checkpoint, save_checkpoint
from coordinator.runs.model_file import load_model, save_model
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.idx import read_idx
from shared.data.notebook_pickle import read_seed_pickle
from shared.errors import DataError, MessageError, ModelError, VersionError
from shared.messaging.records import RECORD_BYTES, Keys, Kind, Lease, Record
from shared.parallel.sgd import Gradients, epoch_order, initial_parameters
from tests.conftest import write_idx
from tests.integration.test_replies import CONFIG, SAMPLES, BadWorker, alone, gradients_on, learn
from worker import samples as worker_data
from worker.session import Session

COUNT = int(os.environ.get("GRADMQ_MUTATIONS", "40"))
SEED = int(os.environ.get("GRADMQ_SEED", random.randrange(2**32)))


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    print(f"GRADMQ_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


def mutated(content: bytes, dice: random.Random) -> bytes:
    """The content with one to three changes that a disk, a network or an enemy might make."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(data) + 1)
        stop = min(len(data), start + dice.choice([1, 2, 4, 8, 64]))
        match dice.randrange(6):
            case 0 if start < len(data):
                data[start] ^= 1 << dice.randrange(8)
            case 1:
                data[start:stop] = dice.randbytes(stop - start)
            case 2:
                del data[start:stop]
            case 3:
                data[start:start] = data[start:stop]
            case 4:
                data[start:stop] = dice.choice([b"\0", b"\xff"]) * (stop - start)
            case 5:
                del data[start:]
    return bytes(data)


def mutations(content: bytes, dice: random.Random) -> Iterator[bytes]:
    for _ in range(COUNT):
        while (changed := mutated(content, dice)) == content:
            pass
        yield changed


def one_line(error: Exception) -> bool:
    return "\n" not in str(error)


def test_a_damaged_model_is_refused_or_the_same(tmp_path, dice):
    path = tmp_path / "model.npz"
    parameters = initial_parameters((6, 5, 3), 0, np.float32)
    save_model(path, parameters)
    outcomes: Counter[str] = Counter()
    for content in mutations(path.read_bytes(), dice):
        path.write_bytes(content)
        try:
            # A date in the archive, say, decides nothing.
            assert load_model(path).sha256 == parameters.sha256
            outcomes["the same"] += 1
        except ModelError as error:
            outcomes["refused" if one_line(error) else "not in a line"] += 1
    assert outcomes["refused"] > COUNT / 2
    assert not outcomes["not in a line"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, dice):
    config = TrainConfig((6, 5, 3), 9, 10, 3.0, 0, 1, "float32", 2, 2, 0.5)
    states = [State.initial(config), State.initial(config)]
    for number, state in enumerate(states):
        state.epoch, state.batch, state.samples = 3, 7 + number, 70
        state.excluded.append(f"worker{number}")
        state.velocity[:] = number
        state.ledger.counts.of("worker").add(WorkerCounts(answered=number, samples=70))
        save_checkpoint(tmp_path / "checkpoint.npz", state, config)
    found: Counter[int] = Counter()
    for content in mutations((tmp_path / "checkpoint.npz").read_bytes(), dice):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        state = load_checkpoint(tmp_path / "checkpoint.npz", config, 100)
        assert state is not None
        kept = states[state.batch - 7]
        assert state.parameters.sha256 == kept.parameters.sha256
        assert (state.epoch, state.samples, state.excluded) == (3, 70, kept.excluded)
        assert state.ledger.counts == kept.ledger.counts
        np.testing.assert_array_equal(state.velocity, kept.velocity)
        found[state.batch - 7] += 1
    assert found[0] > COUNT / 2


@pytest.mark.parametrize("inside", [True, False])
def test_a_damaged_idx_file_is_refused_or_an_array(tmp_path, dice, inside):
    path = tmp_path / "images.gz"
    write_idx(path, np.arange(60).reshape(5, 4, 3))
    whole = gzip.decompress(path.read_bytes()) if inside else path.read_bytes()
    refused = 0
    for content in mutations(whole, dice):
        path.write_bytes(gzip.compress(content, 1) if inside else content)
        try:
            array = read_idx(path, 3)
            assert array.dtype == np.uint8
            assert array.ndim == 3
        except DataError as error:
            refused += one_line(error)
    assert refused > COUNT / 4


class Evil:
    """What an ordinary unpickler would run."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("evil", [True, False])
def test_a_damaged_pickle_is_refused_or_arrays_and_never_a_program(tmp_path, dice, protocol, evil):
    mark = tmp_path / "mark"
    images, labels = np.ones((4, 3), np.float32), np.arange(4)
    content = pickle.dumps([(images, labels), (images, Evil(mark) if evil else labels), (images, labels)], protocol)
    path = tmp_path / "mnist.pkl.gz"
    refused = 0
    for changed in mutations(content, dice):
        path.write_bytes(gzip.compress(changed, 1))
        try:
            for x, y in read_seed_pickle(path):
                assert (x.ndim, y.ndim) == (2, 1)
        except DataError as error:
            refused += one_line(error)
        assert not mark.exists()
    assert refused > COUNT / 4


def test_damaged_replies_change_nothing(server, dice):
    """Their heads and lengths are damaged, or both; the right reply follows."""
    sent: Counter[str] = Counter()

    def answer(message: bytes, record: Record) -> list[bytes]:
        wrong = []
        for _ in range(dice.randint(1, 2)):  # with more in a row it would get no more work
            head = mutated(message[:RECORD_BYTES], dice)[: RECORD_BYTES * 2]
            # Spoilt, so that adding it would show; the name of the right request would make it an answer.
            body = (np.frombuffer(message[RECORD_BYTES:], np.float32) + np.float32(1)).tobytes()
            found = Record.decode((head + body)[:RECORD_BYTES])
            if found is None or found != record or len(head) != RECORD_BYTES:
                is_answer = found is not None and found.identity == record.identity and found.kind == Kind.REPLY
                if not is_answer or len(head) != RECORD_BYTES:
                    wrong.append(head + body)
        sent["wrong"] += len(wrong)
        return [*wrong, message]

    BadWorker(server, answer).start()
    while sent["wrong"] < COUNT:
        exchange = gradients_on(server)
        assert learn(exchange.gradient) == learn(alone())
        exchange.close()


def test_damaged_requests_are_no_ones_work(server, dice):
    """A real lease, whose list of requests is full of damaged ones; it stays until the right one and answers that."""
    worker_data._kept[SAMPLES.sha256] = SAMPLES
    incarnation = 77
    lease = Lease("run", incarnation, CONFIG, SAMPLES.sha256, 0, 0, 10, 0, 0, "1/1", ())
    keys = Keys("run", incarnation)
    parameters = initial_parameters(CONFIG.sizes, CONFIG.seed, CONFIG.dtype)
    request = Record(Kind.REQUEST, incarnation, 2, 0, 2)
    weights = Record(Kind.WEIGHTS, incarnation, 2, number=0).encode() + parameters.flat.tobytes()
    with server.client() as client:
        client.set(keys.weights, weights)
        client.rpush(keys.requests(0), *mutations(request.encode(), dice), request.encode())
        session = Session(lease, server.url, "worker")
        thread = threading.Thread(target=session.work, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while client.llen(keys.requests(0)) and time.monotonic() < deadline:
            time.sleep(0.01)
        client.delete(keys.weights)
        client.rpush(keys.requests(0), Record(Kind.OVER, incarnation, number=0).encode())
        thread.join(60)
        assert not thread.is_alive()
        rows = epoch_order(CONFIG.seed, 0, len(SAMPLES))[12:18]
        gradients = Gradients(SAMPLES, CONFIG.sizes, CONFIG.dtype)
        answers = 0
        for message in client.lrange(keys.replies, 0, -1):
            reply = Record.decode(message)
            if reply is not None and reply.kind == Kind.REPLY:
                right, n_samples = gradients.block(parameters, rows, CONFIG.shards, reply.first, reply.stop)
                assert (reply.step, reply.samples) == (2, n_samples)
                assert message[RECORD_BYTES:] == right.tobytes()
                answers += reply.identity == request.identity
        assert answers >= 1


def test_a_damaged_seat_is_refused(dice):
    whole = Lease("run", 7, CONFIG, "digest", 0, 0, 10, 0, 0, "1/1", ()).to_json()
    values = [None, -1, 2**70, "", "x" * 50, [], {}, 1.5, True, [[1]], {"a": 1}]
    for _ in range(COUNT):
        fields = {**whole, dice.choice([*whole, "stranger"]): dice.choice(values)}
        if dice.random() < 0.3:
            del fields[dice.choice(list(fields))]
        if json.dumps(fields) == json.dumps(whole):
            continue
        with pytest.raises((VersionError, MessageError)) as refused:
            Lease.from_json(fields)
        assert one_line(refused.value)


def test_a_model_with_another_shape_or_fewer_layers_is_refused(tmp_path):
    """What zipfile's own checksums do not notice."""
    path = tmp_path / "model.npz"
    save_model(path, initial_parameters((784, 30, 10, 10), 0, np.float32))
    with np.load(path) as arrays:
        whole = dict(arrays)
    fewer = {name: array for name, array in whole.items() if not name.endswith("_3")}
    for changed in (fewer, {**whole, "W_1": whole["W_1"][:, :684]}, {**whole, "b_3": whole["b_3"] + np.float32(1)}):
        np.savez(path, **changed)
        with pytest.raises(ModelError):
            load_model(path)
    np.savez(path, **whole)
    assert load_model(path).sizes == (784, 30, 10, 10)
