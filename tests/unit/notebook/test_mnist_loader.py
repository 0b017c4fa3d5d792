"""The notebook's loader."""

import numpy as np

from shared import load_data, load_data_wrapper


def test_the_notebooks_loader_gives_the_notebooks_shapes(small_data):
    training, validation, test = load_data_wrapper(small_data)
    x, y = next(training)
    assert (x.shape, y.shape, y[5, 0]) == ((196, 1), (10, 1), 1.0)
    assert next(validation)[0].shape == (196, 1)
    assert int(next(test)[1]) == 7
    images, labels = load_data(small_data)[0]
    assert (images.shape, images.dtype, labels.shape) == ((1000, 196), np.float32, (1000,))
