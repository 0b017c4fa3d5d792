"""GradMQ: distributed training over a message queue, the same weights, to the last bit, on any number of workers."""


def __getattr__(name: str) -> str:
    """Look up `__version__` when it is asked for: importlib.metadata would be half of a program's first imports."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gradmq")
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return "unknown"
