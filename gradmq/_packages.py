"""Our packages beside this one have common names, which others use too.  The standard library alone."""

import os
import sys
from importlib.util import find_spec
from typing import NoReturn

_NAMES = ("coordinator", "worker", "shared")
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_WRONG_INPUT = 2


def refuse_foreign() -> None:
    """Exit with one line if Python would import another package or file than ours by one of the names.

    To be called before anything is imported by them.
    """
    if complaint := foreign():
        _refuse(complaint)


def foreign() -> str:
    """Return a line about a package or file that Python would import instead of ours; nothing if there is none."""
    for name in _NAMES:
        place = _place(name)
        if place is None:
            return f"GradMQ's package {name!r} is not in {_HOME}; install gradmq again"
        # Resolved, because the same folder may be on the path by two names.
        if os.path.realpath(os.path.dirname(place)) != os.path.realpath(_HOME):
            return f"{place} hides GradMQ's package {name!r}; {_remedy(os.path.dirname(place))}"
    return ""


def _place(name: str) -> str | None:
    """Return the folder of the package of that name, or the file of the module; None if there is neither."""
    spec = find_spec(name)
    if spec is None:
        return None
    folders = spec.submodule_search_locations
    place = next(iter(folders), None) if folders is not None else spec.origin
    return place and os.path.abspath(place)


def _remedy(folder: str) -> str:
    if os.path.realpath(folder) == os.path.realpath(os.getcwd()):
        return "rename it, or start gradmq from another folder"
    if folder in map(os.path.abspath, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))):
        return f"rename it, or take {folder} out of PYTHONPATH"
    return "rename it, or install gradmq into an environment of its own"


def _refuse(complaint: str) -> NoReturn:
    print(f"gradmq: {complaint}", file=sys.stderr)
    sys.exit(_WRONG_INPUT)
