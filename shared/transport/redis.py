"""Tensors through Redis: weights follow their record, gradients follow theirs. Both halves."""

import numpy as np

from shared.config import TrainConfig
from shared.messaging.keys import WEIGHTS_LIFETIME
from shared.messaging.records import RECORD_BYTES, Record
from shared.messaging.resp import Stream, encode
from shared.messaging.seals import Key, digest
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.transport.codecs import Codecs, memory_bytes
from shared.types import Array


class RedisCoordinatorTransport:
    """The coordinator's half; `shared.transport.base.CoordinatorTransport` tells what each method is for."""

    def __init__(self, config: TrainConfig, codecs: Codecs, weights_key: str) -> None:
        self._dtype, self._count = config.numpy_dtype, Parameters.count(config.sizes)
        self._codecs, self._key = codecs, weights_key
        self._sent = memoryview(b"")  # the loaded weights
        self.weights_bytes = RECORD_BYTES
        self.reply_bytes = RECORD_BYTES + codecs.gradients.nbytes(self._dtype, self._count)
        self.message_bytes = RECORD_BYTES + memory_bytes(codecs.gradients, self._dtype, self._count)

    def load(self, parameters: Parameters) -> int:
        self._sent = self._codecs.weights.encode(parameters.flat)
        self.weights_bytes = RECORD_BYTES + len(self._sent)
        return digest(self._sent)

    def publish(self, record: Record) -> list[Item]:
        return encode("SET", self._key, (record.encode(), self._sent), "EX", WEIGHTS_LIFETIME)

    def fits(self, reply: Record, size: int) -> bool:
        return size == self.reply_bytes

    def is_intact(self, reply: Record, message: Array, size: int) -> bool:
        return digest(message[RECORD_BYTES:size].data) == reply.content

    def content(self, reply: Record, message: Array, size: int) -> Array:
        return self._codecs.gradients.decode(message[RECORD_BYTES : self.message_bytes], self._dtype, self._count)

    def share_with_strangers(self) -> int:
        return 0  # all of them have the weights, or these are on their way


class RedisWorkerTransport:
    """The worker's half; `shared.transport.base.WorkerTransport` tells what each method is for."""

    def __init__(self, config: TrainConfig, codecs: Codecs, weights_key: str) -> None:
        self.get, self.fetches = encode("GET", weights_key), True
        self._dtype, self._count = config.numpy_dtype, Parameters.count(config.sizes)
        self._codecs = codecs
        self._whole = RECORD_BYTES + codecs.weights.nbytes(self._dtype, self._count)
        # The network's layers are views of the memory that the weights arrive in.
        memory = np.zeros(RECORD_BYTES + memory_bytes(codecs.weights, self._dtype, self._count), np.uint8)
        self._received, self._weights = memory.data[: self._whole], memory[RECORD_BYTES:]
        numbers = self._weights[: self._count * self._dtype.itemsize].view(self._dtype)
        self.parameters = Parameters(config.sizes, config.dtype, numbers)
        self._digest = 0  # of the weights as they arrived

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        size = stream.read_into(self._received)
        if size == self._whole:
            self._digest = digest(self._received[RECORD_BYTES:])
            self._codecs.weights.decode(self._weights, self._dtype, self._count)
        elif size != RECORD_BYTES:
            return None, False
        return Record.decode(self._received), size != RECORD_BYTES

    def is_intact(self, content: int) -> bool:
        return self._digest == content

    def reply(self, record: Record, gradient: Array, key: Key) -> tuple[Item, ...]:
        sent = self._codecs.gradients.encode(gradient)
        return record._replace(content=digest(sent)).encode(key), sent
