"""Every key that we have in Redis, and how long each lives. All begin with `gradmq:`, and all of ours expire.

| key                                           | holds                                     | seconds              |
|-----------------------------------------------|-------------------------------------------|----------------------|
| gradmq:{run}:{incarnation}:weights            | a record, mostly with the weights         | WEIGHTS_LIFETIME     |
| gradmq:{run}:{incarnation}:requests:{window}  | list of requests, at last the sign: over  | LIFETIME, then OVER_ |
| …:requests:{window}:{lease}                   | requests of who holds that lease alone    | LIFETIME             |
| gradmq:{run}:{incarnation}:replies            | list of what the workers say              | LIFETIME             |
| gradmq:{run}:incarnation                      | which incarnation the run is in           | LIFETIME             |
| gradmq:samples:{sha256}                       | shape and type of a data set's samples    | SAMPLES_LIFETIME     |
| gradmq:samples:{sha256}:{array}:{number}      | a chunk of their images or labels         | SAMPLES_LIFETIME     |
| gradmq:predictions:{id}:model                 | the model that answers batches            | PREDICTION_LIFETIME  |
| gradmq:predictions:{id}:inputs:{number}       | the inputs of a batch                     | PREDICTION_LIFETIME  |
| gradmq:predictions:{id}:answers               | list of what workers answer               | PREDICTION_LIFETIME  |
| gradmq:sweeps:{id}:wanted:{run}               | which attempt at a run is wanted          | WANTED_LIFETIME      |
| gradmq:sweeps:{id}:held:{run}                 | who computes it                           | HELD_LIFETIME        |
| gradmq:sweeps:{id}:weights:{run}              | what was learned, until it is written     | LIFETIME             |
| gradmq:sweeps:{id}:notices                    | list of what workers say of runs          | LIFETIME             |
| gradmq:models:{sha256}                        | a published model                         | as it was published  |
| gradmq:models:names:{name}                    | the digest of the model of that name      | as it was published  |
| gradmq:leases, :unacked, :unacked_index       | Celery's own, with the leases             | LEASE_LIFETIME       |
| gradmq:batches                                | Celery's own, with batches to be answered | PREDICTION_LIFETIME  |
| gradmq:predictions                            | Celery's own, with other programs' calls  | as the callers say   |
| gradmq:trials                                 | Celery's own, with runs of sweeps         | LEASE_LIFETIME       |
| gradmq:_kombu.*                               | Celery's own: which queues there are      | LEASE_LIFETIME       |

They expire so long after their last use, or our last sign. Celery has some more, which hold no data of a run.
"""

import re
from hashlib import sha256

PREFIX = "gradmq:"
QUEUE = "leases"  # of Celery
# Celery's other queues. Batches are sent again when they are lost, and expire; calls are not ours to drop.
BATCHES = "batches"
PREDICTIONS = "predictions"
TRIALS = "trials"

LIFETIME = 60
WEIGHTS_LIFETIME = 6  # when they are gone, so is the coordinator: a worker then gives up its lease some seconds later
OVER_LIFETIME = 5  # for those who are about to look
SAMPLES_LIFETIME = 600
LEASE_LIFETIME = 600
PREDICTION_LIFETIME = 600
WANTED_LIFETIME = 8  # when it is gone, so is the sweep's coordinator
HELD_LIFETIME = 4  # when it is gone, so is the worker
RESULT_LIFETIME = 600  # of what Celery keeps for whoever called `gradmq.predict`

# With these begin names of Celery's own keys; others of them have a full stop.
_CELERYS = (QUEUE, BATCHES, PREDICTIONS, TRIALS, "unacked", "celery-task-meta-")

# The keys of Celery's own that tell which queues are bound to which exchange. Tasks for a queue by its name find it
# without, so that no worker misses any if they should be gone.
BINDING_KEYS = (
    f"{PREFIX}_kombu.binding_deadlines",
    *(
        f"{PREFIX}_kombu.{table}.{exchange}"
        for table in ("binding", "binding_permanent")
        for exchange in (QUEUE, BATCHES, PREDICTIONS, TRIALS, "celery.pidbox", "reply.celery.pidbox", "celeryev")
    ),
)
# The keys of Celery's own that live on while there are leases: these, and those that hold them.
LEASE_KEYS = (*(f"{PREFIX}{name}" for name in (QUEUE, "unacked", "unacked_index")), *BINDING_KEYS)
TRIAL_KEYS = (f"{PREFIX}{TRIALS}", *LEASE_KEYS)  # and while there are runs of sweeps
# And while there are batches: of these no worker's note is needed, as those that are lost are sent again.
BATCH_KEYS = (f"{PREFIX}{BATCHES}", *BINDING_KEYS)


def is_name(text: str) -> bool:
    """Tell whether a run, a sweep, one of its runs, samples or batches may have that name in their keys.

    Others could make a key of ours one that workers may write: then whoever has their password could be a coordinator.
    """
    return re.fullmatch(r"[A-Za-z0-9_-]{1,100}", text) is not None and not text.startswith(_CELERYS)


def name_of(run: str) -> str:
    """Return by what name a run goes whose folder may be called anything."""
    return run if is_name(run) else f"run-{sha256(run.encode(errors='surrogateescape')).hexdigest()[:16]}"


class Keys:
    """The keys of one incarnation of one run."""

    def __init__(self, run: str, incarnation: int) -> None:
        self._prefix = f"{PREFIX}{run}:{incarnation:016x}"
        self.weights = f"{self._prefix}:weights"
        self.replies = f"{self._prefix}:replies"
        self.incarnation = f"{PREFIX}{run}:incarnation"  # the same for all of the run's

    def requests(self, window: int) -> str:
        return f"{self._prefix}:requests:{window}"

    def own_requests(self, window: int, lease: int) -> str:
        return f"{self.requests(window)}:{lease}"


class SamplesKeys:
    """The keys of one part of a data set."""

    def __init__(self, sha256: str) -> None:
        self.description = f"{PREFIX}samples:{sha256}"

    def chunk(self, array: str, number: int) -> str:
        return f"{self.description}:{array}:{number}"


class PredictionKeys:
    """The keys of samples that are answered batch by batch, under an id of their own."""

    def __init__(self, identity: str) -> None:
        self._prefix = f"{PREFIX}{PREDICTIONS}:{identity}"
        self.model = f"{self._prefix}:model"
        self.answers = f"{self._prefix}:answers"

    def inputs(self, number: int) -> str:
        return f"{self._prefix}:inputs:{number}"


class SweepKeys:
    """The keys of a sweep, under an id that its coordinator has as long as it lives."""

    def __init__(self, identity: str) -> None:
        self._prefix = f"{PREFIX}sweeps:{identity}"
        self.notices = f"{self._prefix}:notices"

    def wanted(self, run: str) -> str:
        return f"{self._prefix}:wanted:{run}"

    def held(self, run: str) -> str:
        return f"{self._prefix}:held:{run}"

    def weights(self, run: str) -> str:
        return f"{self._prefix}:weights:{run}"


def model_key(sha256: str) -> str:
    """Return the key of a published model."""
    return f"{PREFIX}models:{sha256}"


def model_name_key(name: str) -> str:
    """Return the key of a published model's name."""
    return f"{PREFIX}models:names:{name}"
