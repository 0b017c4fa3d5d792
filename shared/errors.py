"""What can go wrong, as one tree. Every message says what, with which value, and what to do.

GradMQError
├── ConfigError        an option out of its range, or options that do not fit each other or the data
├── SettingsError      a file of settings, or of a sweep, that asks for what there is not
├── DataError          a data set that is missing, damaged, or not one
├── ModelError         a model file that is missing, damaged, or not one
├── RunError           a run that is missing or damaged
│   ├── InUseError           another coordinator has it
│   └── UnwritableError      a file of it, or one that it was asked for, cannot be written
├── DivergedError      weights or gradients that are no longer finite
├── MachineError       a machine whose arithmetic is not what it should be
├── VersionError       the other side speaks another version of our messages
├── MessageError       a message that is not as it was sent
├── TooLargeError      what takes more memory than a worker has
├── QueueError         a Redis or a broker that cannot be reached, refuses us, or cannot be relied on
│   ├── AddressError         what was given is not the address of one, or no port that can be used
│   ├── ChangedLeasesError   the broker gives workers other leases than were granted
│   ├── ConnectionLostError  there is no connection, or it broke, or nothing has come on it for too long
│   └── RefusedError         it answers, but with an error, or with something else than was asked for
│       └── ForbiddenError   it will not serve us: the password or the rights are wrong
└── InternalError      a defect of ours, and no wrong input
    └── LedgerError    a ledger that does not come out
"""

import re

_OPTION = re.compile(r"(?<!gradmq train )--([a-z][a-z0-9-]*)")


class GradMQError(Exception):
    """Ends a command with its message as one line."""


class ConfigError(GradMQError):
    """An option is out of its range, or does not fit the others or the data."""

    def __init__(self, field: str, value: object, rule: str, hint: str = "") -> None:
        """field: the option's name in Python.  value: what was given.  rule: what it breaks, as in "must be above 0".

        hint: what to give instead.
        """
        self.field, self.value, self.rule, self.hint = field, value, rule, hint
        # Python's users know options by their names there.
        super().__init__(_OPTION.sub(lambda found: found[1].replace("-", "_"), self.text(field)))

    def text(self, name: str) -> str:
        """Return the message, with the option named as its user knows it: `mini_batch_size`, `--mini-batch-size`."""
        return f"{name} {self.rule}, got {self.value}" + (f"; {self.hint}" if self.hint else "")


class SettingsError(GradMQError):
    """A file of settings, or of a sweep, asks for what there is not."""


class DataError(GradMQError):
    """A data set is missing, damaged, or not one."""


class ModelError(GradMQError):
    """A model file is missing, damaged, or not one."""


class RunError(GradMQError):
    """A run's folder is missing or damaged."""


class InUseError(RunError):
    """A run is in use by another coordinator."""


class UnwritableError(RunError):
    """A file of a run, or one that it was asked for, cannot be written."""

    def __init__(self, message: str, error: OSError) -> None:
        """error: why not."""
        super().__init__(message)
        self.errno = error.errno


class DivergedError(GradMQError):
    """Weights or gradients are no longer finite."""


class MachineError(GradMQError):
    """This machine's arithmetic is not what it should be."""


class VersionError(GradMQError):
    """The other side speaks another version of our messages."""

    @classmethod
    def unknown_here(cls, error: Exception) -> "VersionError":
        """Return the error of a worker that does not know what was asked for.  error: why, perhaps in several lines."""
        why = " ".join(str(error).splitlines())
        return cls(f"this worker cannot compute what the run asks for ({why}); install the same GradMQ on both sides")


class MessageError(GradMQError):
    """What a message says is not as its sender wrote it: a lease, a batch, a run of a sweep, or an answer."""


class TooLargeError(GradMQError):
    """A lease or a run asks a worker for what takes more memory than it has."""


class QueueError(GradMQError):
    """A Redis or a broker cannot be reached, refuses us, or cannot be relied on."""


class AddressError(QueueError):
    """What was given is not the address of a Redis or a broker, or no port of this machine that can be used."""


class ChangedLeasesError(QueueError):
    """The broker gives workers other leases than were granted, again and again."""


class ConnectionLostError(QueueError):
    """There is no connection, or it broke, or nothing has come on it for too long. It may come back."""


class RefusedError(QueueError):
    """Redis answers, but with an error, or with something else than was asked for. It may serve us later."""


class ForbiddenError(RefusedError):
    """The password or the user's rights are wrong: trying again is of no use until somebody changes them."""


class InternalError(GradMQError):
    """A defect of ours: better no result than a wrong one."""


class LedgerError(InternalError):
    """The run's ledger does not come out: a request answered twice or never, a sample lost."""
