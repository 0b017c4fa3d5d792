"""safetensors and joblib files, each read by its own library, and what cannot be exported."""

import io
import sys

import joblib
import numpy as np
import pytest
from safetensors import safe_open

from coordinator.export.formats import FORMATS, export
from shared.errors import ModelError
from shared.nn.outputs import OUTPUTS
from tests.support import predictions
from tests.support.predictions import answers, assert_same_labels, model

INPUTS = predictions.IMAGES[:500] / 255


def test_safetensors_has_the_weights_as_they_are_and_says_what_they_are_of(tmp_path):
    exported = model("exact", "relu", "softmax", (0.1307, 0.3081))
    export(exported, tmp_path / "model.safetensors")
    with safe_open(tmp_path / "model.safetensors", "np") as file:
        assert sorted(file.keys()) == ["W_1", "W_2", "W_3", "b_1", "b_2", "b_3"]
        for number, (w, b) in enumerate(
            zip(exported.parameters.weights, exported.parameters.biases, strict=True), start=1
        ):
            assert np.array_equal(file.get_tensor(f"W_{number}"), w)
            assert np.array_equal(file.get_tensor(f"b_{number}"), b)
        network = file.metadata()
    del network["gradmq"]
    assert network == {
        "sizes": "784,30,20,10",
        "activation": "relu",
        "output": "softmax",
        "loss": "quadratic",
        "arithmetic": "exact",
        "dtype": "float64",
        "weights_sha256": exported.parameters.sha256,
        "standardize": "0.1307,0.3081",
        "classes": '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]',
    }


@pytest.mark.parametrize("standardize", [None, (0.1307, 0.3081)])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_joblib_has_an_estimator_that_gives_the_same_outputs_but_for_rounding(
    tmp_path, activation, output, standardize
):
    exported = model("native", activation, output, standardize)
    export(exported, tmp_path / "model.joblib")
    estimator, ours = joblib.load(tmp_path / "model.joblib"), answers(exported, INPUTS)
    np.testing.assert_allclose(estimator.predict_proba(INPUTS), ours.outputs, rtol=1e-9, atol=1e-9)
    assert_same_labels(estimator.predict(INPUTS), ours, 1e-9)


@pytest.mark.parametrize("output", OUTPUTS)
def test_two_classes_are_two_outputs(tmp_path, output):
    """For scikit-learn itself they would be one."""
    whole = model("native", "tanh", output)
    exported = predictions.first_outputs(whole, 2)
    export(exported, tmp_path / "model.joblib")
    estimator, ours = joblib.load(tmp_path / "model.joblib"), answers(exported, INPUTS)
    np.testing.assert_allclose(estimator.predict_proba(INPUTS), ours.outputs, rtol=1e-9, atol=1e-9)
    assert_same_labels(estimator.predict(INPUTS), ours, 1e-9)


def test_joblib_has_no_leaky_relu_and_says_what_has(tmp_path):
    with pytest.raises(ModelError, match=r"scikit-learn has no leaky-relu neurons; export to \.onnx"):
        export(model("native", "leaky-relu", "softmax"), tmp_path / "model.joblib")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", FORMATS)
def test_a_library_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch, ending):
    for name in ("onnx", "safetensors", "safetensors.numpy", "torch", "joblib"):
        monkeypatch.setitem(sys.modules, name, None)
    extra = FORMATS[ending].extra
    with pytest.raises(ModelError, match=rf"{ending} needs \w+.*: pip install 'gradmq\[{extra}\]'"):
        export(model("native", "tanh", "softmax"), tmp_path / f"model{ending}")
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"model\.h5 has none of the endings \.onnx, \.safetensors, \.pt, \.joblib"):
        export(model("native", "tanh", "softmax"), tmp_path / "model.h5")


def test_torch_loads_a_state_without_running_code(tmp_path):
    torch = pytest.importorskip("torch")  # gigabytes, so not among what tests install
    exported = model("native", "relu", "softmax", dtype="float32")
    export(exported, tmp_path / "model.pt")
    content = torch.load(io.BytesIO((tmp_path / "model.pt").read_bytes()), weights_only=True)
    network = torch.nn.Sequential(
        *(torch.nn.Linear(784, 30), torch.nn.ReLU(), torch.nn.Linear(30, 20), torch.nn.ReLU()),
        *(torch.nn.Linear(20, 10), torch.nn.Softmax(dim=1)),
    )
    network.load_state_dict(content["state_dict"])
    with torch.no_grad():
        outputs = network(torch.from_numpy(INPUTS.astype(np.float32))).numpy()
    ours = answers(exported, INPUTS)
    np.testing.assert_allclose(outputs, ours.outputs, rtol=1e-3, atol=1e-4)
    assert_same_labels(outputs.argmax(1), ours, 1e-4)
    assert content["network"]["weights_sha256"] == exported.parameters.sha256
