"""Tensors through Redis: weights follow their record, gradients follow theirs. Both halves."""

import numpy as np

from shared.config import TrainConfig
from shared.messaging.client import Client
from shared.messaging.keys import WEIGHTS_LIFETIME
from shared.messaging.records import RECORD_BYTES, Record
from shared.messaging.resp import Stream, encode
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.transport.codecs import Codecs, memory_bytes
from shared.types import Array


class RedisCoordinatorTransport:
    """The coordinator's half; `shared.transport.base.CoordinatorTransport` tells what each method is for."""

    def __init__(self, config: TrainConfig, codecs: Codecs, weights_key: str) -> None:
        self._dtype, self._count = config.numpy_dtype, Parameters.count(config.sizes)
        self._codecs, self._key = codecs, weights_key
        self.reply_bytes = RECORD_BYTES + codecs.gradients.nbytes(self._dtype, self._count)
        self.message_bytes = RECORD_BYTES + memory_bytes(codecs.gradients, self._dtype, self._count)

    def publish(self, parameters: Parameters, record: Record) -> list[Item]:
        value = (record.encode(), self._codecs.weights.encode(parameters.flat))
        return encode("SET", self._key, value, "EX", WEIGHTS_LIFETIME)

    def fits(self, reply: Record, size: int) -> bool:
        return size == self.reply_bytes

    def content(self, reply: Record, message: Array, size: int) -> Array:
        return self._codecs.gradients.decode(message[RECORD_BYTES : self.message_bytes], self._dtype, self._count)

    def share_with_strangers(self, client: Client, parameters: Parameters, record: Record) -> bool:
        return False  # all of them have the weights, or these are on their way


class RedisWorkerTransport:
    """The worker's half; `shared.transport.base.WorkerTransport` tells what each method is for."""

    def __init__(self, config: TrainConfig, codecs: Codecs, weights_key: str) -> None:
        self.get = encode("GET", weights_key)
        self._dtype, self._count = config.numpy_dtype, Parameters.count(config.sizes)
        self._codecs = codecs
        self._whole = RECORD_BYTES + codecs.weights.nbytes(self._dtype, self._count)
        # The network's layers are views of the memory that the weights arrive in.
        memory = np.zeros(RECORD_BYTES + memory_bytes(codecs.weights, self._dtype, self._count), np.uint8)
        self._received, self._weights = memory.data[: self._whole], memory[RECORD_BYTES:]
        numbers = self._weights[: self._count * self._dtype.itemsize].view(self._dtype)
        self.parameters = Parameters(config.sizes, config.dtype, numbers)

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        size = stream.read_into(self._received)
        if size == self._whole:
            self._codecs.weights.decode(self._weights, self._dtype, self._count)
        elif size != RECORD_BYTES:
            return None, False
        return Record.decode(self._received), size != RECORD_BYTES

    def reply(self, record: Record, gradient: Array) -> tuple[Item, ...]:
        return record.encode(), self._codecs.gradients.encode(gradient)
