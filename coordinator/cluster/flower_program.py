"""Flower's process: `celery -A worker flower` on our app, which answers under this machine's own names only.

A page elsewhere could else have a browser here ask Flower for it, by a name whose address it changes to ours (DNS
rebinding).
"""

import os
import sys
from pathlib import Path
from typing import Any

_NAMES = ("127.0.0.1", "localhost")  # by which a browser on this machine, or behind a tunnel to it, may ask


def main() -> None:
    """Run Celery's `flower` with the options that this process was given."""
    packages = str(Path(__file__).parents[2])
    os.chdir(packages)  # in this folder, so that no `worker.py` in the user's can stand in for our app
    sys.path.insert(0, packages)
    from celery.__main__ import main as celery
    from flower.app import Flower

    application: Any = Flower
    application.find_handler = _only_for_our_names(Flower.find_handler)
    sys.argv = ["celery", "--quiet", "-A", "worker", "flower", *sys.argv[1:]]
    celery()


def _only_for_our_names(find_handler: Any) -> Any:
    """Return a method of Tornado's application that finds a page only for whoever asks by one of our names."""
    from tornado.web import RequestHandler

    class Refusal(RequestHandler):
        """Answers what is asked under another name."""

        def prepare(self) -> None:
            self.set_status(403)
            self.finish(f"Flower is here under the names {' and '.join(_NAMES)} only.\n")

    def find(self: Any, request: Any, **options: Any) -> Any:
        if request.host_name not in _NAMES:
            return self.get_handler_delegate(request, Refusal)
        return find_handler(self, request, **options)

    return find


if __name__ == "__main__":
    main()
