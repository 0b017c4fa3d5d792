"""The notebook's network under its names, held against its own way of computing."""

import contextlib
import io
import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.notebook_loop import NotebookLoop
from shared import Network, load_data_wrapper, vectorized_result


def pairs(data: Path) -> tuple[list, list]:
    training, _, test = load_data_wrapper(data)
    return list(training), list(test)


def printed(call, *arguments, **options) -> list[str]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        call(*arguments, **options)
    return output.getvalue().splitlines()


def test_a_new_network_draws_what_the_notebook_draws():
    np.random.seed(7)
    expected = [np.random.randn(3, 1), np.random.randn(1, 1), np.random.randn(3, 2), np.random.randn(1, 3)]
    np.random.seed(7)
    net = Network([2, 3, 1])
    assert (net.num_layers, net.sizes) == (3, [2, 3, 1])
    for drawn, wanted in zip([*net.biases, *net.weights], expected, strict=True):
        np.testing.assert_array_equal(drawn, wanted)


def test_backprop_gives_the_notebooks_gradients_for_one_sample_and_their_sum_for_many():
    rng = np.random.default_rng(3)
    net = Network([4, 3, 2])
    notebook = NotebookLoop((4, 3, 2))
    notebook.weights, notebook.biases = net.weights, net.biases
    x, y = rng.random((4, 5)), rng.random((2, 5))
    singles = [notebook.gradient(x[:, [k]], y[:, [k]]) for k in range(5)]
    nabla_b, nabla_w = net.backprop(x[:, [0]], y[:, [0]])
    for ours, theirs in zip([*nabla_w, *nabla_b], [*singles[0][0], *singles[0][1]], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    nabla_b, nabla_w = net.backprop(x, y)
    for layer in range(2):
        np.testing.assert_allclose(nabla_w[layer], sum(single[0][layer] for single in singles), rtol=1e-12)
        np.testing.assert_allclose(nabla_b[layer], sum(single[1][layer] for single in singles), rtol=1e-12)


def test_learning_follows_the_notebooks_loop(small_data):
    """Same generators, same order: after two epochs the weights differ by rounding alone."""
    training, test = pairs(small_data)
    np.random.seed(1)
    random.seed(1)
    net = Network([196, 12, 10])
    notebook = NotebookLoop((196, 12, 10))
    notebook.weights, notebook.biases = [w.copy() for w in net.weights], [b.copy() for b in net.biases]
    lines = printed(net.SGD, iter(training), 2, 10, 3.0, test_data=iter(test))

    random.seed(1)
    for _ in range(2):
        random.shuffle(training)
        for start in range(0, len(training), 10):
            notebook.step(training[start : start + 10], 3.0)
    for ours, theirs in zip([*net.weights, *net.biases], [*notebook.weights, *notebook.biases], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    assert lines[-1] == f"Epoch 1: accuracy is {net.evaluate(test)}/200"
    assert net.evaluate(test) == sum(int(np.argmax(net.feedforward(x)) == y) for x, y in test)


def test_a_mini_batch_updates_as_in_the_notebook(small_data):
    training, _ = pairs(small_data)
    net = Network([196, 5, 10])
    notebook = NotebookLoop((196, 5, 10))
    notebook.weights, notebook.biases = [w.copy() for w in net.weights], [b.copy() for b in net.biases]
    net.update_mini_batch(training[:7], 0.5)
    notebook.step(training[:7], 0.5)
    for ours, theirs in zip([*net.weights, *net.biases], [*notebook.weights, *notebook.biases], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_weights_and_biases_may_be_replaced_like_in_the_notebook():
    net = Network([2, 1])
    net.weights = [np.array([[0.0, 0.0]])]
    net.biases[0] = np.array([[0.0]])
    assert net.feedforward(np.ones((2, 1))).tolist() == [[0.5]]
    net.update_mini_batch([(np.ones((2, 1)), np.ones((1, 1)))], 8.0)
    assert net.weights[0].tolist() == [[1.0, 1.0]]


def test_the_notebooks_last_cells_run_with_only_their_imports_changed(small_data, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mnist").symlink_to(small_data)
    monkeypatch.chdir(tmp_path)
    cells = """
net = Network([2, 3, 1])
print('Neural Net:')
print('Number of layers:', net.num_layers)
for i in range(net.num_layers):
    print('Number of neurons in a layer', i, ':', net.sizes[i])
for i in range(net.num_layers-1):
    print('W_', i+1, ':')
    print(np.round(net.weights[i], 2))
    print('b_', i+1, ':')
    print(np.round(net.biases[i], 2))
training_data, validation_data, test_data = load_data_wrapper()
net = Network([196, 30, 10])
net.SGD(training_data, 3, 10, 3.0, test_data=test_data)
"""
    names = {"np": np, "Network": Network, "load_data_wrapper": load_data_wrapper}
    lines = printed(exec, cells, names)
    assert lines[:2] == ["Neural Net:", "Number of layers: 3"]
    assert [line.split(": ")[0] for line in lines[-3:]] == ["Epoch 0", "Epoch 1", "Epoch 2"]
    assert all(line.endswith("/200") for line in lines[-3:])


def test_the_wanted_output_of_a_class_is_one_hot():
    assert vectorized_result(3).tolist() == [[0], [0], [0], [1], [0], [0], [0], [0], [0], [0]]
    assert vectorized_result(3).dtype == np.float64
    with pytest.raises(IndexError):
        vectorized_result(10)
