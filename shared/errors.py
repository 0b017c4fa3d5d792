"""What can go wrong, as one tree. Every message says what, with which value, and what to do.

GradMQError
├── ConfigError        an option out of its range, or options that do not fit each other or the data
├── DataError          a data set that is missing, damaged, or not one
├── ModelError         a model file that is missing, damaged, or not one
├── RunError           a run that is missing, damaged, or in use
├── DivergedError      weights or gradients that are no longer finite
├── VersionError       the other side speaks another version of our messages
├── MessageError       a lease that is not as it was given out
├── LedgerError        books that do not come out, which is a defect of ours
└── QueueError         a Redis that cannot be reached or refuses us
    ├── ConnectionLostError  there is no connection to Redis, or it broke, or nothing has come on it for too long
    └── RefusedError         Redis answers, but with an error, or with something else than was asked for
"""


class GradMQError(Exception):
    """A wrong input: printed as one line, exit code 2."""


class ConfigError(GradMQError):
    """An option is out of its range, or does not fit the others or the data."""


class DataError(GradMQError):
    """A data set is missing, damaged, or not one."""


class ModelError(GradMQError):
    """A model file is missing, damaged, or not one."""


class QueueError(GradMQError):
    """A Redis cannot be reached, or refuses us."""


class ConnectionLostError(QueueError):
    """There is no connection to Redis, or it broke, or nothing has come on it for too long. It may come back."""


class RefusedError(QueueError):
    """Redis answers, but with an error, or with something else than was asked for. It may serve us later."""


class RunError(GradMQError):
    """A run's folder is missing, damaged, or in use by another coordinator."""


class DivergedError(GradMQError):
    """Weights or gradients are no longer finite."""


class VersionError(GradMQError):
    """The other side speaks another version of our messages."""


class MessageError(GradMQError):
    """A lease is not as it was given out."""


class LedgerError(GradMQError):
    """The run's books do not come out. A defect of ours: better no result than a wrong one."""
