"""Pickles with random damage."""

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared.data.notebook_pickle import read_notebook_pickle
from shared.errors import DataError
from tests.support.mutate import COUNT, is_one_line, mutations


class Evil:
    """What an ordinary unpickler would run."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("evil", [True, False])
def test_a_damaged_pickle_is_refused_or_arrays_and_never_a_program(tmp_path, dice, protocol, evil):
    mark = tmp_path / "mark"
    images, labels = np.ones((4, 3), np.float32), np.arange(4)
    content = pickle.dumps([(images, labels), (images, Evil(mark) if evil else labels), (images, labels)], protocol)
    path = tmp_path / "mnist.pkl.gz"
    refused = 0
    for changed in mutations(content, dice):
        path.write_bytes(gzip.compress(changed, 1))
        try:
            for x, y in read_notebook_pickle(path):
                assert (x.ndim, y.ndim) == (2, 1)
        except DataError as error:
            refused += is_one_line(error)
        assert not mark.exists()
    assert refused > COUNT / 4
