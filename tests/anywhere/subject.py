"""Trainings and deformed images whose fingerprints must be the same anywhere. Run by itself, it prints them as JSON.

It needs NumPy and threadpoolctl, and this project's folder on PYTHONPATH.
"""

import argparse
import hashlib
import json
import platform
import random
import re
import secrets
import sys
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_limits

from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.data.dataset import Dataset, load_dataset
from shared.data.samples import LabelledSamples
from shared.environment import blas, environment, numpy_simd
from shared.nn.arithmetic import exact, quiet
from shared.nn.evaluation import evaluate
from shared.optim.optimizers import Adam, Nesterov
from shared.optim.schedules import CosineDecay
from shared.optim.update import averaged
from shared.parallel.strategy import strategy_of
from shared.strategies import SyncSGD
from tests.support import deformations

DATA = Path(__file__).parents[2] / "data" / "mnist"
SMALL = TrainConfig(sizes=(784, 30, 10), epochs=1, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())
DEEP = TrainConfig(sizes=(784, 100, 60, 10), epochs=1, mini_batch_size=33, learning_rate=3.0, strategy=SyncSGD())
ADAM = replace(
    SMALL,
    learning_rate=0.01,
    optimizer=Adam(),
    schedule=CosineDecay(warm_up=0.1),
    **{"l1": 0.01, "l2": 1.0, "clip_norm": 0.3, "max_norm": 5.0, "ema": 0.9},
)
RELU = replace(
    SMALL,
    sizes=(784, 60, 40, 10),
    mini_batch_size=33,
    learning_rate=0.1,
    activation="relu",
    output="softmax",
    loss="",
    initializer="he",
    standardize=(0.1307, 0.3081),
    optimizer=Nesterov(),
    augment=Augmentation(elastic=3.6, rotate=9, noise=0.1),
    image_shape=(28, 28),
    **{"dropout": 0.3, "input_dropout": 0.1, "label_smoothing": 0.1, "class_weights": (1, 2, 1, 1, 0.5, 1, 1, 1, 1, 3)},
)
TANH = replace(SMALL, learning_rate=0.2, activation="tanh", output="linear", loss="huber", initializer="glorot")
RUNS = {  # and the samples of their epoch
    "784-30-10": (SMALL, 2000),
    "784-100-60-10": (DEEP, 1000),
    "784-30-10, Adam": (ADAM, 1000),
    "784-60-40-10, ReLU": (RELU, 1000),
    "784-30-10, tanh": (TANH, 1000),
}
# The beginning of the weights' SHA-256, and of 1,000 test samples those that are right.
EXPECTED = {
    "784-30-10": "c9e7191f568c1302, 374",
    "784-100-60-10": "fd7026809153e35f, 147",
    "784-30-10, Adam": "4ae76f055f016b51, 395",
    "784-60-40-10, ReLU": "1fb47704b138566e, 481",
    "784-30-10, tanh": "cd7cb2ace72bf008, 512",
    "deformed": "7b6ee5a2b10e5335",  # of the digests of deformed images
}
TOO_MANY_BITS = 40  # of deltas in SMALL, where 25 make sums exact


def main() -> None:
    """Train, and print the fingerprints beside what computed them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="of BLAS")
    parser.add_argument("--cuts", type=int, default=secrets.randbits(32), help="seed of where mini-batches are cut")
    options = parser.parse_args()
    data = load_dataset(DATA)
    with threadpool_limits(options.threads), quiet():
        found = {name: trained(*run, data, random.Random(options.cuts)) for name, run in RUNS.items()}
        result = {
            "fingerprints": {**found, "deformed": deformed(random.Random(options.cuts))},
            "control": control(data),
            "cuts": options.cuts,
            "environment": surroundings(),
        }
    print(json.dumps(result))


def trained(config: TrainConfig, n_samples: int, data: Dataset, cuts: random.Random | None) -> str:
    """Return the fingerprint after an epoch of so many samples, and how many of 1,000 test samples are right then.

    cuts: where mini-batches are cut, and in which order the parts are added; or in one piece.
    """
    samples, test = beginning(data.training, n_samples), beginning(data.test, 1000)
    strategy, parameters = strategy_of(config, samples), config.initial_parameters()
    state = config.initial_optimizer_state(parameters)
    for step in config.sampler(n_samples).steps(0):
        weights, total = strategy.broadcast(parameters), np.zeros_like(parameters.flat)
        for first, stop in parts(len(step.rows), cuts):
            total += strategy.block(weights, step, first, stop)[0]
        strategy.update(parameters, state, step, total)
    mlp, model = config.mlp(), averaged(parameters, state)
    return f"{model.sha256[:16]}, {evaluate(mlp, mlp.rounded(model), test).correct}"


def deformed(cuts: random.Random) -> str:
    """Return the digest of all kinds of deformed images.  cuts: where they are cut, and in which order computed."""
    digests = " ".join(deformations.digest(name, cuts) for name in deformations.RECORDED)
    return hashlib.sha256(digests.encode()).hexdigest()[:16]


def control(data: Dataset) -> str:
    """Return the fingerprint of mini-batches in one piece, with so many bits that sums are rounded: the kernels'."""
    with mock.patch.object(exact, "bits", return_value=(24, TOO_MANY_BITS)):
        return trained(SMALL, 300, data, None)


def parts(n_samples: int, cuts: random.Random | None) -> list[tuple[int, int]]:
    """Cut a step into one to five unequal parts, and shuffle them."""
    if cuts is None:
        return [(0, n_samples)]
    inner = cuts.sample(range(1, n_samples), cuts.randrange(5))
    found = list(pairwise([0, *sorted(inner), n_samples]))
    cuts.shuffle(found)
    return found


def beginning(samples: LabelledSamples, count: int) -> LabelledSamples:
    """Return the first samples."""
    return LabelledSamples(samples.images[:count], samples.labels[:count], samples.n_classes)


def surroundings() -> dict[str, Any]:
    """Return what computes here."""
    return {
        **asdict(environment()),
        "simd": numpy_simd(),
        "threads": blas().get("num_threads"),
        "libraries": libraries(),
        "machine": platform.machine(),
        "bits": sys.maxsize.bit_length() + 1,
        "byte_order": sys.byteorder,
    }


def libraries() -> str:
    """Return the loaded files that are a BLAS by their names, each with its folder; where there is no /proc, none."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        lines = []
    files = {Path(line.split()[-1]).resolve() for line in lines}
    return " ".join(sorted("/".join(file.parts[-2:]) for file in files if re.search("blas|blis|atlas|mkl", file.name)))


if __name__ == "__main__":
    main()
