"""A trained model, in each format, read by that format's own library: 10,000 predictions equal."""

import joblib
import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load_file

from coordinator.runs.lookup import find_model
from tests.support.predictions import IMAGES, LABELS, answers
from tests.support.program import Program

EPOCH = ["train", "--workers", 0, "--epochs", 1]
MODERN = ["--mini-batch-size", 50, "--activation", "relu", "--output", "softmax", "--init", "he", "--standardize"]
JOBS = {
    "the notebook's": EPOCH,
    "exact": [*EPOCH, *MODERN, "--learning-rate", 0.3],
    "native": [*EPOCH, *MODERN, "--learning-rate", 0.3, "--arithmetic", "native"],
}


@pytest.fixture(scope="module", params=JOBS)
def run_folder(request, tmp_path_factory):
    """A run that has learned MNIST for an epoch."""
    program = Program(tuple(JOBS[request.param]), tmp_path_factory.mktemp("trained"), {})
    assert program.end() == 0, program.text()
    return program.run_folder


@pytest.fixture
def exported(main_here, run_folder, tmp_path, capsys):
    """Export the run's model to a file of that ending; return the file."""

    def export(ending: str, *options: str):
        file = tmp_path / f"model{ending}"
        assert main_here("export", str(run_folder), str(file), *options) == 0
        assert capsys.readouterr().out.startswith(f"{file}: 784,30,10, ")
        return file

    return export


def outputs_of_numpy(tensors, network, x):
    """What the documentation says of the tensors, in NumPy."""
    if "standardize" in network:
        mean, deviation = map(float, network["standardize"].split(","))
        x = (x - mean) / deviation
    z = x @ tensors["W_1"].T + tensors["b_1"].T
    a = np.maximum(z, 0) if network["activation"] == "relu" else 1 / (1 + np.exp(-z))
    z = a @ tensors["W_2"].T + tensors["b_2"].T
    if network["output"] == "sigmoid":
        return 1 / (1 + np.exp(-z))
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


def test_each_format_gives_the_predictions_of_the_run(exported, run_folder):
    model = find_model(run_folder)
    ours = answers(model, IMAGES)
    assert (ours.labels == LABELS).mean() > 0.85
    dtype, exact = model.parameters.dtype, model.arithmetic == "exact"
    inputs = (IMAGES / np.float32(255)).astype(dtype)
    # Exact outputs are rounded to their grids, whose units are 64 / 2^18 after ReLU; float32 has 24 bits.
    error = 2e-3 if exact else 2e-5

    session = onnxruntime.InferenceSession(exported(".onnx"), providers=["CPUExecutionProvider"])
    outputs, labels = session.run(["outputs", "labels"], {"inputs": inputs})
    assert np.array_equal(labels, ours.labels)
    assert np.array_equal(outputs, ours.outputs) if exact else np.allclose(outputs, ours.outputs, 0, error)
    network = session.get_modelmeta().custom_metadata_map
    assert network["weights_sha256"] == model.parameters.sha256

    tensors = load_file(exported(".safetensors"))
    outputs = outputs_of_numpy(tensors, network, inputs)
    assert np.array_equal(outputs.argmax(1), ours.labels)
    assert np.allclose(outputs, ours.outputs, 0, error)

    estimator = joblib.load(exported(".joblib"))
    assert np.array_equal(estimator.predict(inputs), ours.labels)
    assert np.allclose(estimator.predict_proba(inputs), ours.outputs, 0, error)
    assert estimator.score(inputs, LABELS) == (ours.labels == LABELS).mean()


def test_a_plain_network_in_float32_gives_the_predictions_too(exported, run_folder):
    ours = answers(find_model(run_folder), IMAGES)
    session = onnxruntime.InferenceSession(exported(".onnx", "--dtype", "float32"), providers=["CPUExecutionProvider"])
    (labels,) = session.run(["labels"], {"inputs": IMAGES / np.float32(255)})
    assert np.array_equal(labels, ours.labels)
