"""Where log lines go: results to standard output, what happens besides to standard error, both above the bar."""

import logging
import sys
from typing import TextIO

from tqdm import tqdm

from shared import logs

results = logging.getLogger("gradmq.results")


def start_logging() -> None:
    """Have them go there, once."""
    if results.handlers:
        return
    events = _AboveTheBar(sys.stderr)
    logs.prepare(events)
    logging.root.addHandler(events)
    logging.getLogger("coordinator").setLevel(logging.INFO)

    lines = _AboveTheBar(sys.stdout)
    if logs.log_format() == "json":
        logs.prepare(lines)
    results.addHandler(lines)
    results.setLevel(logging.INFO)
    results.propagate = False


class _AboveTheBar(logging.Handler):
    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=self._file)
        self._file.flush()
