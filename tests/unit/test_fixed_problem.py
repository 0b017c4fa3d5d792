"""The fixed problem, and what follows from its digest."""

from dataclasses import replace

import numpy as np
import pytest

from shared import fixed_problem
from shared.config import TrainConfig
from shared.errors import MachineError
from shared.fixed_problem import EXPECTED, check_arithmetic, digest, kernels_for
from shared.nn.activations import Sigmoid
from shared.nn.arithmetic import one_thread
from shared.nn.arithmetic.exact import Exact
from shared.strategies import SyncSGD
from tests.support.learning import CONFIG

EXACT = TrainConfig(sizes=(12, 5, 3), epochs=1, mini_batch_size=6, learning_rate=3.0, strategy=SyncSGD())
KINDS = [("exact", "float64"), ("native", "float32"), ("native", "float64")]


def digests() -> list[str]:
    with one_thread():
        return [digest(*kind) for kind in KINDS]


def test_in_exact_arithmetic_it_is_the_same_on_every_machine():
    assert digest("exact", "float64") == EXPECTED  # on as many threads as there are
    assert kernels_for(EXACT).digest == EXPECTED
    check_arithmetic(EXACT)


def test_it_has_the_same_digest_again():
    first = digests()
    assert digests() == first
    assert kernels_for(CONFIG).digest == first[1]
    assert kernels_for(replace(CONFIG, dtype="float64")).digest == first[2]


def test_each_arithmetic_and_width_has_a_digest_of_its_own():
    assert len(set(digests())) == len(KINDS)


def test_the_last_bit_of_one_output_shows_in_native_arithmetic(monkeypatch):
    apply = Sigmoid.apply

    def wrong(self, z):
        apply(self, z)
        z[-1, -1] = np.nextafter(z[-1, -1], z.dtype.type(1))

    before = digests()
    monkeypatch.setattr(Sigmoid, "apply", wrong)
    after = digests()
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, False]


def test_the_last_bit_of_one_delta_shows_in_exact_arithmetic(monkeypatch):
    round_delta = Exact.round_delta

    def wrong(self, delta, limit):
        round_delta(self, delta, limit)
        delta[-1, -1] += limit * 2.0**-self.delta_bits

    monkeypatch.setattr(Exact, "round_delta", wrong)
    assert digest("exact", "float64") != EXPECTED


def test_its_sums_reach_from_one_flat_end_of_the_activation_to_the_other(monkeypatch):
    apply, reached = Sigmoid.apply, []

    def seen(self, z):
        reached.extend((float(z.min()), float(z.max())))
        apply(self, z)

    monkeypatch.setattr(Sigmoid, "apply", seen)
    digest("native", "float32")
    assert min(reached) < -30
    assert max(reached) > 30


def test_a_machine_whose_exact_arithmetic_is_wrong_is_told_so(monkeypatch):
    monkeypatch.setattr(fixed_problem, "_digest", lambda arithmetic, dtype: "0" * 64)
    with pytest.raises(MachineError, match=rf"gives 000000000000, not {EXPECTED[:12]}; `gradmq doctor`"):
        check_arithmetic(EXACT)
    check_arithmetic(CONFIG)  # which promises nothing
