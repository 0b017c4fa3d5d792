"""The fixed problem, and what follows from its digest."""

from dataclasses import replace

import pytest

from shared import fixed_problem
from shared.errors import MachineError
from shared.fixed_problem import check_arithmetic, digest, kernels_for
from shared.nn.arithmetic import one_thread, quiet
from tests.support.learning import CONFIG

EXACT = replace(CONFIG, arithmetic="exact")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_has_the_same_digest_again(dtype):
    with one_thread(), quiet():
        found = digest("native", dtype)
        assert found == digest("native", dtype)
    assert found == kernels_for(replace(CONFIG, dtype=dtype)).digest


def test_it_differs_by_the_width_of_the_numbers():
    assert kernels_for(CONFIG).digest != kernels_for(replace(CONFIG, dtype="float64")).digest


def test_a_machine_whose_exact_arithmetic_is_wrong_is_told_so(monkeypatch):
    monkeypatch.setattr(fixed_problem, "_digest", lambda arithmetic, dtype: "0" * 64)
    with pytest.raises(MachineError, match=r"gives 000000000000, not .*gradmq doctor"):
        check_arithmetic(EXACT)
    check_arithmetic(CONFIG)  # which promises nothing
