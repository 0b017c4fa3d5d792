"""Models of tables: exported files take the table's own numbers, and give classes and numbers by their names."""

import json

import joblib
import numpy as np
import onnxruntime
import pytest

from coordinator.export.formats import export
from shared.data.columns import STANDARDIZE, Categorical, Numeric
from shared.data.encoding import Encoding, Target
from shared.errors import ModelError
from shared.model import SavedModel
from shared.nn.parameters import Parameters
from tests.support.predictions import answers

NUMBERS = (Numeric("length", 5.0, 2.0, 5.5), Numeric("width", -1.0, 0.5, 0.25))
CLASSES = ("virginica", "setosa", "versicolor")  # in no order of their own
TARGETS = (Target("price", 200.0, 50.0), Target("age", 3.0, 2.0), Target("size"))
TABLE = np.random.default_rng(1).normal(3.0, 5.0, (200, 2))
TABLE[7, 1] = np.nan


def model(arithmetic: str = "exact", output: str = "softmax", **encoding) -> SavedModel:
    kept = Encoding(encoding.pop("columns", NUMBERS), target=("what",), **encoding)
    parameters = Parameters((kept.n_inputs, 8, 3), "float64")
    parameters.flat[...] = np.random.default_rng(3).normal(0, 1, len(parameters.flat))
    return SavedModel(parameters, "tanh", output, "quadratic", STANDARDIZE, arithmetic, kept)


def onnx(path, table):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [result.name for result in session.get_outputs()]
    return dict(zip(names, session.run(names, {"inputs": table}), strict=True)), session.get_modelmeta()


@pytest.mark.parametrize("arithmetic", ["exact", "native"])
def test_classes_of_a_table(tmp_path, arithmetic):
    exported = model(arithmetic, classes=CLASSES)
    ours = answers(exported, exported.inputs(TABLE))
    export(exported, tmp_path / "model.onnx")
    found, meta = onnx(tmp_path / "model.onnx", TABLE)
    assert np.array_equal(found["labels"], ours.labels)
    assert np.array_equal(found["outputs"], ours.outputs) or arithmetic == "native"
    np.testing.assert_allclose(found["outputs"], ours.outputs, rtol=1e-9)
    assert json.loads(meta.custom_metadata_map["classes"]) == [*CLASSES]
    assert Encoding.from_json(json.loads(meta.custom_metadata_map["encoding"])) == exported.encoding
    export(exported, tmp_path / "model.joblib")
    estimator = joblib.load(tmp_path / "model.joblib")
    assert np.array_equal(estimator.predict(TABLE), exported.named(ours))
    np.testing.assert_allclose(estimator.predict_proba(TABLE), ours.outputs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("arithmetic", ["exact", "native"])
def test_numbers_of_a_table(tmp_path, arithmetic):
    exported = model(arithmetic, "linear", targets=TARGETS)
    expected = exported.named(answers(exported, exported.inputs(TABLE)))
    export(exported, tmp_path / "model.onnx")
    found, _ = onnx(tmp_path / "model.onnx", TABLE)
    assert found.keys() == {"outputs"}
    assert np.array_equal(found["outputs"], expected) or arithmetic == "native"
    np.testing.assert_allclose(found["outputs"], expected, rtol=1e-9)
    export(exported, tmp_path / "model.joblib")
    estimator = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_allclose(estimator.predict(TABLE), expected, rtol=1e-3, atol=0.02)


def test_what_scikit_learn_lacks_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"predicts no numbers by sigmoid outputs; export to \.onnx"):
        export(model(output="sigmoid", targets=TARGETS), tmp_path / "model.joblib")
    columns = (*NUMBERS, Categorical("colour", ("blue", "red")))
    with pytest.raises(ModelError, match=r"takes categories, whose columns a \.joblib lacks"):
        export(model(columns=columns, classes=CLASSES), tmp_path / "model.joblib")
    assert not list(tmp_path.iterdir())


def test_a_network_of_categories_takes_encoded_inputs_in_onnx(tmp_path):
    columns = (*NUMBERS, Categorical("colour", ("blue", "red")))
    exported = model(columns=columns, classes=CLASSES)
    inputs = exported.inputs({"length": [1, 2], "width": [3, 4], "colour": ["red", "blue"]})
    export(exported, tmp_path / "model.onnx")
    found, _ = onnx(tmp_path / "model.onnx", inputs.astype(np.float64))
    assert np.array_equal(found["outputs"], answers(exported, inputs).outputs)
