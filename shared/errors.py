"""What can go wrong, as one tree. Every message says what, with which value, and what to do.

GradMQError
├── ConfigError        an option out of its range, or options that do not fit each other or the data
├── DataError          a data set that is missing, damaged, or not one
├── ModelError         a model file that is missing, damaged, or not one
└── QueueError         a Redis that cannot be reached or refuses us
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
