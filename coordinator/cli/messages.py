"""What the command line says of an error: one line."""

import click

from shared.errors import ConfigError
from shared.plain_text import plain, shortened

_LONGEST = 1000  # characters: in what is said of an error there may be names of any length
_NO_MEMORY = "this needs more memory than there is; choose smaller --sizes or --mini-batch-size"


def message(error: BaseException) -> str:
    """Return what goes wrong, with which value, and what to do; and, in notes, which variables are behind it."""
    return "; ".join([shortened(plain(" ".join(_text(error).split())), _LONGEST), *getattr(error, "__notes__", ())])


def _text(error: BaseException) -> str:
    match error:
        case ConfigError():
            return error.text("--" + error.field.replace("_", "-"))
        case click.ClickException():
            return error.format_message()
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror or error}; check disk, permissions and where the output goes"
        case MemoryError():
            return _NO_MEMORY
        case _:
            return str(error)
