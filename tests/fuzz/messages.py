"""What comes through Redis: records, leases, answers, samples, and messages of Celery's."""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np

from shared.environment import Kernels
from shared.errors import AddressError, ConnectionLostError, MessageError, RefusedError, VersionError
from shared.messaging import resp
from shared.messaging.addresses import redis_url
from shared.messaging.introduction import Introduction
from shared.messaging.keys import SamplesKeys
from shared.messaging.lease import Lease
from shared.messaging.predictions import (
    Answers,
    Batch,
    Refusal,
    decode_answers,
    encode_answers,
    encode_refusal,
    misfit,
)
from shared.messaging.records import RECORD_BYTES, Kind, Record, foreign_version, is_sealed, token_of
from shared.messaging.resp import Stream
from shared.messaging.seals import key_of
from shared.messaging.stamps import stamped
from shared.messaging.trials import Notice, TrialTask
from shared.transport.models import from_bytes
from shared.transport.samples import download, upload
from tests.fuzz.target import Target
from tests.support.learning import CONFIG, DIGESTS, EXACT, KERNELS, SAMPLES, SECRET
from tests.support.messages import command_message, task_message
from worker.envelopes import flaw

_KEY = key_of(SECRET, b"")
_DTYPE = np.dtype(np.float32)


def _records() -> list[bytes]:
    fields: dict[str, Any] = {"number": 3, "dtype": ord("f"), "cost": 1.5, "correct": 2, "content": 5, "token": 2**63}
    records = [Record(kind, 7, 2, 0, 2, 4, **fields) for kind in Kind]
    names = [b"worker@host:1", Introduction("worker@host:1", KERNELS).encode()]
    return [record.encode(_KEY) + name for record in records for name in names] + [records[0].encode()]


@cache
def _whole_records() -> frozenset[bytes]:
    return frozenset(each[:RECORD_BYTES] for each in _records()[:-1])


def _take_record(content: bytes) -> None:
    record = Record.decode(content)
    foreign_version(content)
    token_of(content)
    name, kernels = Introduction.decode(content[RECORD_BYTES:])
    assert "".join((name, *kernels)).isprintable()
    if record is not None:
        assert Record.decode(record.encode()) == record or record.cost != record.cost, "it is another one when written"
        assert not is_sealed(content, _KEY) or content[:RECORD_BYTES] in _whole_records(), "a forged seal"


def _lease() -> Lease:
    return Lease("run", 7, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 1, "1/1", ("one",), KERNELS, SECRET)


def _trial() -> TrialTask:
    return TrialTask("sweep", "trial-0000", 1, EXACT, ("a", "", "c"), None, ((0, 0.5), (3, 0.75)))


def _stampless(fields: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in fields.items() if name not in ("version", "sha256")}).encode()


def _as_it_came(decode: Callable[[dict[str, Any]], Any], whole: Callable[[], Any]) -> Callable[[bytes], None]:
    """A task with its stamp: only what was sent is taken."""

    def take(content: bytes) -> None:
        with suppress(RecursionError, ValueError):  # which `worker.envelopes` refuses
            fields = json.loads(content)
            if isinstance(fields, dict):
                assert decode(fields) == whole(), "what was never sent"

    return take


def _restamped(decode: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], None]:
    """A task whose stamp is right, whoever made it."""

    def take(content: bytes) -> None:
        try:
            fields = json.loads(content)
        except (RecursionError, ValueError):
            return
        if isinstance(fields, dict):
            decode(stamped(fields))

    return take


def _take_envelope(content: bytes) -> None:
    try:
        found = json.loads(content)
    except (RecursionError, ValueError):
        return  # as kombu's reader of ours does
    assert flaw(found).isprintable()


def _take_batch(content: bytes) -> None:
    with suppress(RecursionError, ValueError):
        Batch.from_json(json.loads(content)).inputs(b"\0" * 24)


def _take_answers(content: bytes) -> None:
    _, answers = decode_answers(content)
    if isinstance(answers, Refusal):
        assert answers.reason.isprintable()
    elif not misfit(answers, 3, 2, _DTYPE):
        assert answers.outputs.shape == (3, 2)
        assert set(answers.labels.tolist()) <= {0, 1}


def _answers() -> list[bytes]:
    outputs = np.linspace(0, 1, 6, dtype=np.float32).reshape(3, 2)
    found = [encode_answers(4, Answers(outputs.argmax(1), outputs))]
    return [
        *found,
        encode_refusal(4, Refusal("no such model")),
        encode_answers(0, Answers(np.zeros(1, int), outputs[:1])),
    ]


_READS: tuple[Callable[[Stream], object], ...] = (
    Stream.read,
    Stream.read_bulk,
    Stream.read_array,
    lambda stream: stream.read_into(memoryview(bytearray(9))),
    lambda stream: stream.skip(2),
)


def _take_resp(content: bytes) -> None:
    """Answers to whatever was asked: the first byte says what."""
    which, content = (content[0], content[1:]) if content else (0, b"")
    ours, theirs = socket.socketpair()
    with ours, theirs, patch.object(resp, "open_socket", lambda url, timeout: ours):
        theirs.setblocking(False)
        with suppress(BlockingIOError):
            theirs.send(content)
        theirs.close()
        stream = Stream("redis://somewhere", 0.5)
        for number in range(len(content) + 1):
            try:
                _READS[(which + number) % len(_READS)](stream)
            except RefusedError as error:
                _ = str(error)
        raise AssertionError("there is no end to the answers")


class _Redis(dict[str, bytes]):
    """Enough of a Redis for samples."""

    def set(self, key: str, value: bytes | str, ex: int) -> None:
        self[key] = value.encode() if isinstance(value, str) else value

    def getrange(self, key: str, first: int, last: int) -> bytes:
        return self.get(key, b"")[first : last + 1]

    def exists(self, *keys: str) -> int:
        return sum(key in self for key in keys)


@cache
def _uploaded() -> _Redis:
    redis = _Redis()
    upload(redis, SAMPLES)  # type: ignore[arg-type]
    return redis


def _take_samples(content: bytes) -> None:
    redis = _Redis(_uploaded())
    redis[SamplesKeys(SAMPLES.sha256).description] = content
    found = download(redis, SAMPLES.sha256)  # type: ignore[arg-type]
    assert found is None or found.sha256 == SAMPLES.sha256


def _take_model(content: bytes) -> None:
    assert from_bytes(content, "0" * 64) is None


def _descriptions() -> list[bytes]:
    return [_uploaded()[SamplesKeys(SAMPLES.sha256).description]]


def _models() -> list[bytes]:
    from tests.fuzz.runs import models

    return models()


def _envelopes() -> list[bytes]:
    return [json.dumps(each).encode() for each in (task_message(), command_message({"method": "ping"}))]


def _notices() -> list[bytes]:
    content = {"score": 0.5, "place": {"fixed_problem": "x"}}
    return [Notice("epoch", "trial-0000", 1, "one", content).encode(), Notice("begins", "t", 1, "w").encode()]


def _resps() -> list[bytes]:
    answers = (
        b"+OK\r\n:12\r\n$3\r\nabc\r\n",
        b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n$-1\r\n",
        b"-ERR no\r\n",
        b"$9\r\n123456789\r\n",
    )
    return [bytes([which]) + answer for which in range(len(_READS)) for answer in answers]


TARGETS = (
    Target("record", _take_record, _records, (), (b"GMQ",)),
    Target(
        "lease",
        _as_it_came(Lease.from_json, _lease),
        lambda: [json.dumps(_lease().to_json()).encode()],
        (VersionError, MessageError),
    ),
    Target(
        "lease-stamped",
        _restamped(Lease.from_json),
        lambda: [_stampless(_lease().to_json())],
        (VersionError, MessageError),
    ),
    Target(
        "trial",
        _as_it_came(TrialTask.from_json, _trial),
        lambda: [json.dumps(_trial().to_json()).encode()],
        (VersionError, MessageError),
    ),
    Target(
        "trial-stamped",
        _restamped(TrialTask.from_json),
        lambda: [_stampless(_trial().to_json())],
        (VersionError, MessageError),
    ),
    Target("notice", Notice.decode, _notices),
    Target("envelope", _take_envelope, _envelopes),
    Target(
        "batch",
        _take_batch,
        lambda: [json.dumps(Batch("x", 1, "m", (3, 2), "<f4").to_json()).encode()],
        (MessageError,),
    ),
    Target("answers", _take_answers, _answers, (MessageError,), (b"GMQa", b"<f4", b"<f8", b"|u1")),
    Target(
        "resp", _take_resp, _resps, (ConnectionLostError,), (b"*1\r\n", b"$", b"\r\n", b":", b"-", b"+", b"*-1\r\n")
    ),
    Target("samples", _take_samples, _descriptions),
    Target("model-in-redis", _take_model, _models),
    Target(
        "address",
        lambda text: redis_url(" ".join(text.decode(errors="replace").split()) or "x"),
        lambda: [b"redis://:secret@host:6379/0?ssl_cert_reqs=required", b"unix:///a/b?db=1"],
        (AddressError,),
        (b"://", b"@", b"[", b"]", b"%", b"?db="),
    ),
)
_ = Kernels
