"""ONNX files, read by onnxruntime: the bits of exact arithmetic, and the labels of native."""

import numpy as np
import pytest

from coordinator.export.formats import export
from shared.model import SavedModel
from shared.nn.activations import ACTIVATIONS
from shared.nn.outputs import OUTPUTS
from tests.support import predictions
from tests.support.predictions import answers, assert_same_labels, model

onnxruntime = pytest.importorskip("onnxruntime")

IMAGES = predictions.IMAGES[:500]


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(exported: SavedModel, tmp_path, inputs):
    """What onnxruntime makes of these inputs: outputs and labels."""
    export(exported, tmp_path / "model.onnx")
    return session(tmp_path / "model.onnx").run(["outputs", "labels"], {"inputs": inputs})


@pytest.mark.parametrize("standardize", [None, (0.1307, 0.3081)])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_exact_arithmetic_has_the_same_bits(tmp_path, activation, output, standardize):
    exported = model("exact", activation, output, standardize, steep=30.0)
    inputs = (IMAGES / np.float32(255)).astype(np.float64)
    outputs, labels = run(exported, tmp_path, inputs)
    ours = answers(exported, IMAGES)
    assert outputs.dtype == np.float64
    assert np.array_equal(outputs, ours.outputs)
    assert np.array_equal(labels, ours.labels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_native_arithmetic_has_the_same_outputs_but_for_rounding(tmp_path, activation, output, dtype):
    exported = model("native", activation, output, (0.1307, 0.3081), dtype)
    outputs, labels = run(exported, tmp_path, (IMAGES / np.float32(255)).astype(dtype))
    ours = answers(exported, IMAGES)
    assert outputs.dtype == dtype
    # Sums of 784 products in another order.
    error = 1e4 * np.finfo(dtype).eps
    np.testing.assert_allclose(outputs, ours.outputs, rtol=error, atol=error)
    assert_same_labels(labels, ours, error * np.abs(ours.outputs).max())
