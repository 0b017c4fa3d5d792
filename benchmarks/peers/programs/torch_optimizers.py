"""PyTorch's optimizers and schedules on a problem of thirty weights: where each case is after each step.

It prints what it reads, the cases of `benchmarks/peers/oracle.py` as JSON, with the weights after each step instead of
the options. All in float64.
"""

import json
import sys
from typing import Any

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from benchmarks.peers import oracle


def optimizer_of(case: dict[str, Any], weights: torch.Tensor, biases: torch.Tensor) -> Optimizer:
    """Return the optimizer of a case; only weights have penalties."""
    options = dict(case["optimizer"])
    kind, l2, decay = options.pop("kind"), case.get("l2", 0.0), options.pop("weight_decay", 0.0)
    groups = [{"params": [weights], "weight_decay": l2 or decay}, {"params": [biases], "weight_decay": 0.0}]
    rate = oracle.LEARNING_RATE
    if kind in ("sgd", "momentum", "nesterov"):
        return SGD(groups, rate, momentum=options.get("momentum", 0.0), nesterov=kind == "nesterov")
    if kind == "rmsprop":
        return RMSprop(groups, rate, options["rho"], options["epsilon"], momentum=options["momentum"])
    adam = AdamW if kind == "adamw" else Adam
    return adam(groups, rate, (options["beta1"], options["beta2"]), options["epsilon"])


def schedule_of(case: dict[str, Any], optimizer: Optimizer) -> LRScheduler | None:
    """Return the schedule of a case, which is told of each step; a plateau is told of epochs, elsewhere."""
    options = case.get("schedule", {"kind": "constant"})
    kind, growing = options["kind"], int(options.get("warm_up", 0))
    epoch = oracle.STEPS_PER_EPOCH
    if kind == "plateau":
        return None
    schedule: LRScheduler = LambdaLR(optimizer, lambda step: 1.0)
    if kind == "step":
        schedule = StepLR(optimizer, options["every"] * epoch, options["decay"])
    elif kind == "exponential":
        schedule = StepLR(optimizer, epoch, options["decay"])
    elif kind == "cosine":
        schedule = CosineAnnealingLR(optimizer, oracle.STEPS - growing)
    if growing:
        first = LinearLR(optimizer, 1 / growing, total_iters=growing - 1)
        schedule = SequentialLR(optimizer, [first, schedule], [growing])
    return schedule


def path(case: dict[str, Any]) -> list[list[float]]:
    """Return the weights and biases after each step."""
    first, scale, targets = (torch.from_numpy(each) for each in oracle.problem())
    weights = first[: oracle.N_WEIGHTS].clone().requires_grad_()
    biases = first[oracle.N_WEIGHTS :].clone().requires_grad_()
    optimizer = optimizer_of(case, weights, biases)
    schedule = schedule_of(case, optimizer)
    options = case.get("schedule", {"kind": "constant"})
    # PyTorch waits for one epoch more than its patience says.
    plateau = (
        ReduceLROnPlateau(optimizer, "max", options["decay"], options["patience"] - 1, threshold=0.0, eps=0.0)
        if options["kind"] == "plateau"
        else None
    )
    found = []
    for step in range(oracle.STEPS):
        optimizer.zero_grad()
        (scale * (torch.cat([weights, biases]) - targets[step]).square()).sum().div(2).backward()
        if "clip_norm" in case:
            torch.nn.utils.clip_grad_norm_([weights, biases], case["clip_norm"])
        optimizer.step()
        found.append(torch.cat([weights, biases]).tolist())
        if schedule is not None:
            schedule.step()
        if plateau is not None and (step + 1) % oracle.STEPS_PER_EPOCH == 0:
            plateau.step(oracle.HISTORY[step // oracle.STEPS_PER_EPOCH])
    return found


def main() -> None:
    json.dump({name: path(case) for name, case in json.load(sys.stdin).items()}, sys.stdout)


if __name__ == "__main__":
    main()
