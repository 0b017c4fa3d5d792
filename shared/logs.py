"""Log lines that an operator can use: one an event, with level, run and worker, as text or JSON, without secrets."""

import logging
import os
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from shared.plain_text import plain, shortened

FORMATS = ("text", "json")
_LONGEST = 5000  # characters of a line, in which there may be names of any length
_VARIABLE = "GRADMQ_LOG_FORMAT"
_PASSWORD = re.compile(r"(://[^\s@:]*):\S*@")
_OPTION = re.compile(r"([?&]\w*(?:password|secret|token)\w*=)[^\s&]*", re.IGNORECASE)


def masked(text: str) -> str:
    """Return the text with every password in an address hidden."""
    return _OPTION.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def log_format() -> str:
    """Return the format that GRADMQ_LOG_FORMAT asks for."""
    return "json" if os.environ.get(_VARIABLE) == "json" else "text"


def set_log_format(name: str) -> None:
    """Ask for a format, in this process and those that it starts."""
    os.environ[_VARIABLE] = name


class Context(logging.Filter):
    """Adds to every record the run and the worker that this process is busy with, unless it names others."""

    run = worker = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.run = getattr(record, "run", self.run)
        record.worker = getattr(record, "worker", self.worker)
        return True


context = Context()


def prepare(handler: logging.Handler) -> None:
    """Have a handler write lines as they should be."""
    handler.setFormatter(_Json() if log_format() == "json" else _Text())
    handler.addFilter(context)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        names = {"run": record.run, "worker": record.worker}  # type: ignore[attr-defined]
        who = "".join(f" {name}={value}" for name, value in names.items() if value)
        text = f"{self.formatTime(record)} {record.levelname}{who} {super().format(record)}"
        # One line an event, tracebacks too.
        return shortened(plain(masked(" | ".join(line for line in text.splitlines() if line.strip()))), _LONGEST)


class _Json(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            ["levelname", "run", "worker", "message"],
            rename_fields={"levelname": "level"},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data.pop("data", None)  # which Celery adds, and says in its message
        return {name: plain(masked(value)) if isinstance(value, str) else value for name, value in log_data.items()}
