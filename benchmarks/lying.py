"""A worker that lies: its gradients are wrong now and then, and all else of its replies is right."""

from pathlib import Path

_PROJECT = Path(__file__).parents[1]
_LIE = """
import os
import random
import sys

from shared.parallel.sync_sgd import SyncSGDStrategy

compute, replies = SyncSGDStrategy.block, 0


def block(self, weights, step, first, stop):
    global replies
    found = compute(self, weights, step, first, stop)
    replies += 1
    if replies > {honest} and random.random() < {share}:
        found.total[0] += 1.0
        with open({told!r}, "a") as told:
            print(step.number, file=told)
    return found


is_worker = any(each == "worker" or each.endswith("worker/__main__.py") for each in sys.orig_argv)
# Which slot a worker has in the memory of an embedded cluster, see shared.transport.shared_memory; elsewhere none.
if is_worker and os.environ.get("GRADMQ_MEMORY", ":1").split(":")[1] == "1":
    SyncSGDStrategy.block = block
"""


def lying(folder: Path, honest: int = 0, share: float = 1.0) -> dict[str, str]:
    """Return the environment of a worker that lies; of an embedded cluster's workers, the first does.

    folder: for what it needs, and for what `lies` returns.  honest: replies that are right at first.  share: of those
    after that are wrong.
    """
    folder.mkdir(exist_ok=True)
    text = _LIE.format(honest=honest, share=share, told=str(folder / "lies"))
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": f"{folder}:{_PROJECT}"}


def lies(folder: Path) -> list[int]:
    """Return the step of each lie that was told so far."""
    file = folder / "lies"
    return [int(line) for line in file.read_text().split()] if file.exists() else []
