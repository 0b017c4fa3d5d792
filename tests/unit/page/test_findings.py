"""What a model gets wrong, beside a loop over the samples."""

import numpy as np
import pytest

from coordinator.page.confusion import draw_confusion
from coordinator.page.findings import findings
from coordinator.page.looked import Looked
from coordinator.page.pictures import most_heard, sample_pixels, weight_pixels
from coordinator.page.predictions import outputs_of, predictions_section
from coordinator.runs.model_file import SavedModel
from shared.data.parts import Part
from shared.data.samples import LabelledSamples, VectorSamples
from shared.nn.parameters import Parameters

rng = np.random.default_rng(3)
N = 2300  # more than two passes


@pytest.fixture(params=["exact", "native"])
def model(request) -> SavedModel:
    parameters = Parameters((12, 5, 3), np.float64)
    parameters.flat[:] = rng.normal(size=len(parameters.flat))
    return SavedModel(parameters, arithmetic=request.param)


def test_they_are_those_of_a_loop_over_the_samples(model):
    samples = LabelledSamples(rng.integers(0, 256, (N, 12)).astype(np.uint8), rng.integers(0, 3, N), 3)
    found = findings(model, samples, most=7)
    mlp = model.mlp()
    layers = mlp.rounded(model.parameters)
    counts, margins = np.zeros((3, 3), int), {}
    for row in range(N):
        x = samples.inputs(np.array([row]), mlp.inputs)
        label, taken_for = int(samples.labels[row]), int(mlp.predict(layers, x)[0])
        counts[label, taken_for] += 1
        outputs = mlp.forward(layers, x)[-1][:, 0]
        if label != taken_for:
            margins[row] = outputs[taken_for] - outputs[label]
    assert found.counts.tolist() == counts.tolist()
    assert (found.n_samples, found.n_mistakes) == (N, len(margins))
    assert [each.strength - each.own for each in found.mistakes] == pytest.approx(
        sorted(margins.values(), reverse=True)[:7]
    )
    assert found.confusions[0].n_samples == max(counts[a, b] for a in range(3) for b in range(3) if a != b)
    drawing = draw_confusion(found, ["one", "<two>", "three"])
    assert "&lt;two&gt;" in drawing and "<two>" not in drawing


def test_of_very_many_classes_there_is_no_matrix(model):
    samples = LabelledSamples(rng.integers(0, 256, (4, 12)).astype(np.uint8), np.arange(4) % 3, 3)
    assert draw_confusion(findings(model, samples, most=7), [str(number) for number in range(31)]) == ""


def test_predicted_numbers_are_the_outputs(model):
    samples = VectorSamples(rng.uniform(0, 1, (N, 12)), rng.uniform(0, 1, (N, 3)))
    outputs = outputs_of(model, samples)
    mlp = model.mlp()
    last = mlp.forward(mlp.rounded(model.parameters), samples.inputs(np.array([N - 1]), mlp.inputs))[-1][:, 0]
    assert outputs[-1].tolist() == pytest.approx(last.tolist())
    looked = Looked(samples, Part.TEST, ["x", "y", "<z>"])
    section = predictions_section(samples.targets, outputs, looked, "the model")
    assert section.count("<svg") == 3
    assert "<z>" not in section


def test_weights_are_coloured_by_their_sign_and_the_more_the_larger():
    pixels = weight_pixels(np.array([2.0, -1.0, 0.0, 0.5]), (2, 2))
    assert pixels[..., 3].tolist() == [[252, 128], [0, 64]] or pixels[0, 0, 3] == 252
    assert pixels[0, 0, :3].tolist() == pixels[1, 1, :3].tolist() != pixels[0, 1, :3].tolist()
    assert weight_pixels(np.zeros(4), (2, 2))[..., 3].max() == 0


def test_samples_that_are_no_bytes_are_drawn_from_black_to_white():
    assert sample_pixels(np.array([0.0, 0.5, 1.0, 0.25]), (2, 2)).tolist() == [[0, 128], [255, 64]]
    assert sample_pixels(np.array([-1.0, 1.0]), (1, 2)).tolist() == [[0, 255]]
    assert sample_pixels(np.array([7, 9], np.uint8), (1, 2)).tolist() == [[7, 9]]


def test_the_neurons_shown_are_those_that_are_heard_most():
    assert most_heard(np.array([[1.0, -9.0, 0.0, 3.0]]), 2) == [1, 3]
