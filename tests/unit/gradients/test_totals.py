"""How a step's gradients are added, wherever they lie."""

import numpy as np
import pytest

from coordinator.gradients.totals import RunningTotal, TreeTotal
from shared.messaging.records import RECORD_BYTES


def message() -> np.ndarray:
    return np.zeros(RECORD_BYTES + 3 * 8, np.uint8)


@pytest.mark.parametrize("kind", [RunningTotal, TreeTotal])
@pytest.mark.parametrize("in_messages", [True, False])
def test_what_lies_in_a_workers_region_is_added_and_left_as_it_is(kind, in_messages):
    free: list[np.ndarray] = []
    total, gradients, messages = kind(free), [], [message() for _ in range(3)]
    for number, received in enumerate(messages):
        gradient = received[RECORD_BYTES:].view(np.float64) if in_messages else np.empty(3)
        gradient[:] = [1.0, 10.0, 100.0 * number]
        gradients.append(gradient)
        total.add(number, received, gradient)
    assert total.sum().tolist() == [3.0, 30.0, 300.0]
    assert sorted(map(id, free)) == sorted(map(id, messages))
    if not in_messages:
        assert [gradient.tolist() for gradient in gradients] == [[1.0, 10.0, 100.0 * number] for number in range(3)]
