"""All weights and biases in one vector."""

import hashlib
import struct

import numpy as np

from shared.nn.parameters import Parameters


def test_the_fingerprint_is_the_digest_of_the_layers_in_order():
    parameters = Parameters((2, 1, 1), np.float64)
    parameters.flat[:] = [1.0, 2.0, 3.0, 4.0, 5.0]
    (w_1, w_2), (b_1, b_2) = parameters.weights, parameters.biases
    assert (w_1.tolist(), b_1.tolist(), w_2.tolist(), b_2.tolist()) == ([[1, 2]], [[3]], [[4]], [[5]])
    assert parameters.sha256 == hashlib.sha256(struct.pack("<5d", 1, 2, 3, 4, 5)).hexdigest()
