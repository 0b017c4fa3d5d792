"""Which GradMQ this is.  The standard library alone."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """Return the installed package's version."""
    try:
        return installed("gradmq")
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return "unknown"
