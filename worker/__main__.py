"""A worker process: `celery -A worker worker` without the rest of Celery's program.

That loads all its commands, a kit for terminals and Flower: a third of the time that a worker takes to start.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run Celery's `worker` on our app, with its options, in the folder of our packages."""
    # Python may have been given this file and not its name, so that no `worker.py` elsewhere can stand in for it.
    packages = str(Path(__file__).parents[1])
    os.chdir(packages)
    sys.path.insert(0, packages)
    from shared.importing import nothing_is_garbage

    with nothing_is_garbage():
        from celery.bin.base import CLIContext
        from celery.bin.worker import worker

        from worker.celery import app

    # Quiet as to the banner, which is no log line.
    worker.main(prog_name="worker", obj=CLIContext(app, no_color=False, workdir=packages, quiet=True))


if __name__ == "__main__":
    main()
