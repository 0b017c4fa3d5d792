"""By which figure of its epochs a run chooses. A new one is a line in `MONITORS`."""

from typing import NamedTuple


class Monitor(NamedTuple):
    """A figure of an epoch, and which way it is better."""

    figure: str  # its name in metrics.jsonl
    name: str  # for people
    sign: int  # 1: the higher the better; -1: the lower
    of_validation: bool  # whether it needs validation samples


MONITORS: dict[str, Monitor | None] = {
    "validation-accuracy": Monitor("validation_accuracy", "validation accuracy", 1, of_validation=True),
    "validation-cost": Monitor("validation_cost", "validation cost", -1, of_validation=True),
    "training-cost": Monitor("training_cost", "training cost", -1, of_validation=False),
    "none": None,  # nothing is chosen: the last epoch is as good as any
}
