"""Where log lines go: results to standard output, what happens besides to standard error, both above the bar."""

import logging
import sys
from typing import TextIO

from tqdm import tqdm

from shared import logs

results = logging.getLogger("gradmq.results")
course = results.getChild("course")  # what comes on the way to a run's result


def start_logging(level: int = logging.INFO) -> None:
    """Have them go there, once.

    level: of the events that are told.  Above INFO nothing of a run's course is told either, only its result.
    """
    course.setLevel(level if level > logging.INFO else logging.NOTSET)
    logging.getLogger("coordinator").setLevel(level)
    if results.handlers:
        return
    events = _AboveTheBar(sys.stderr)
    logs.prepare(events)
    logging.root.addHandler(events)

    lines = _AboveTheBar(sys.stdout)
    if logs.log_format() == "json":
        logs.prepare(lines)
    results.addHandler(lines)
    results.setLevel(logging.INFO)
    results.propagate = False


def is_quiet() -> bool:
    """Tell whether nothing is to be told of a run's course."""
    return course.level > logging.INFO


class _AboveTheBar(logging.Handler):
    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=self._file)
        self._file.flush()
