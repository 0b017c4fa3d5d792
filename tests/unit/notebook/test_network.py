"""The notebook's network under its names, held against its own way of computing."""

import contextlib
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.notebook_loop import NotebookLoop
from shared import Network, load_data_wrapper, vectorized_result
from shared.errors import ConfigError, DataError, DivergedError


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


def test_in_exact_arithmetic_it_is_the_reference_of_train(main_here, small_data, tmp_path, monkeypatch):
    """To the last bit, epoch by epoch; the notebook's columns are floats and the data's images bytes."""
    monkeypatch.chdir(tmp_path)
    job = ["--sizes", "196,12,10", "--epochs", "2", "--seed", "3", "--data", str(small_data), "--workers", "0"]
    assert main_here("train", *job) == 0
    (path,) = tmp_path.glob("runs/*/metrics.jsonl")
    recorded = [json.loads(line) for line in path.read_text().splitlines()]
    training, test = pairs(small_data)
    for epochs, line in enumerate(recorded, start=1):
        net = Network([196, 12, 10], seed=3, arithmetic="exact")
        printed(net.SGD, training, epochs, 10, 3.0, seed=3)
        assert net.parameters.sha256 == line["weights_sha256"]
        assert net.evaluate(test) == line["correct"]


def exact(sizes: list[int]) -> Network:
    return Network(sizes, seed=0, arithmetic="exact")


def test_exact_gradients_of_samples_add_up_to_that_of_all_of_them():
    rng = np.random.default_rng(0)
    x, y, net = rng.uniform(-1, 1, (12, 30)), rng.random((3, 30)), exact([12, 7, 3])
    whole = net.backprop(x, y)
    for order in (range(30), reversed(range(30))):
        singles = [net.backprop(x[:, [k]], y[:, [k]]) for k in order]
        for kind in (0, 1):
            for layer in range(2):
                # With mini-batches of one the deltas' grid is finer, so this is near and not the same.
                np.testing.assert_allclose(sum(s[kind][layer] for s in singles), whole[kind][layer], atol=1e-5)
    again = net.backprop(x[:, ::-1], y[:, ::-1])
    for kind in (0, 1):
        for layer in range(2):
            assert np.array_equal(again[kind][layer], whole[kind][layer])


def test_an_exact_network_without_a_seed_draws_what_the_notebook_draws():
    np.random.seed(7)
    net = Network([2, 3, 1], arithmetic="exact")
    np.random.seed(7)
    notebook = Network([2, 3, 1])
    assert [each.tolist() for each in net.weights] == [each.tolist() for each in notebook.weights]


X, Y = np.full((2, 1), 0.5), np.full((1, 1), 0.5)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda net: net.feedforward(3 * X), "inputs must be between -1 and 1 in exact arithmetic, got 1.5 to 1.5"),
        (lambda net: net.feedforward(-3 * X), "inputs must be between -1 and 1"),
        (lambda net: net.feedforward(np.nan * X), "inputs must be between -1 and 1"),
        (lambda net: net.backprop(3 * X, Y), "inputs must be between -1 and 1"),
        (lambda net: net.backprop(X, 3 * Y), "wanted outputs must be between 0 and 1"),
        (lambda net: net.backprop(X, -Y), "wanted outputs must be between 0 and 1"),
        (lambda net: net.update_mini_batch([(3 * X, Y)], 1.0), "inputs must be between -1 and 1"),
        (lambda net: net.update_mini_batch([(X, 3 * Y)], 1.0), "wanted outputs must be between 0 and 1"),
        (lambda net: net.SGD([(X, Y), (3 * X, Y)], 1, 1, 1.0), "inputs must be between -1 and 1"),
        (lambda net: net.evaluate([(3 * X, 0)]), "inputs must be between -1 and 1"),
    ],
)
def test_an_exact_network_refuses_what_its_sums_cannot_take(use, message):
    with pytest.raises(DataError, match=message):
        use(exact([2, 3, 1]))
    use(Network([2, 3, 1], seed=0))  # a native one takes it


def test_an_exact_network_has_one_dtype_and_no_shards():
    with pytest.raises(ConfigError, match="dtype must be float64 in exact arithmetic"):
        Network([2, 1], np.float32, seed=0, arithmetic="exact")
    with pytest.raises(ConfigError, match="shards has no meaning in exact arithmetic"):
        exact([2, 1]).SGD([(X, Y)], 1, 1, 1.0, shards=2)


def test_an_exact_network_whose_weights_have_grown_too_large_says_so():
    net = exact([2, 1])
    net.weights[0][0, 0] = 1e30
    with pytest.raises(DivergedError, match="a weight has grown to 1e\\+30"):
        net.feedforward(X)


class CrossEntropy(Network):
    """As the book's reader would write it."""

    def cost_derivative(self, output_activations, y):
        return (output_activations - y) / (output_activations * (1 - output_activations))


def test_a_cost_derivative_of_ones_own_is_what_is_learned_by():
    rng = np.random.default_rng(3)
    x, y = rng.random((4, 1)), rng.random((2, 1))
    net = CrossEntropy([4, 3, 2], seed=0)
    nabla_b, nabla_w = net.backprop(x, y)
    a = net.feedforward(x)
    np.testing.assert_allclose(nabla_b[-1], a - y, rtol=1e-9)  # the book's equation 68
    epsilon, cost = 1e-6, lambda a: float(-(y * np.log(a) + (1 - y) * np.log(1 - a)).sum())
    net.weights[0][1, 2] += epsilon
    above = cost(net.feedforward(x))
    net.weights[0][1, 2] -= 2 * epsilon
    np.testing.assert_allclose(nabla_w[0][1, 2], (above - cost(net.feedforward(x))) / (2 * epsilon), rtol=1e-5)


def test_a_cost_derivative_that_is_written_again_learns_the_same(small_data):
    class Again(Network):
        def cost_derivative(self, output_activations, y):
            return output_activations - y

    training, test = pairs(small_data)
    slow, quick = Again([196, 5, 10], seed=0), Network([196, 5, 10], seed=0)
    lines = [printed(net.SGD, training[:60], 2, 10, 3.0, test[:20], seed=1) for net in (slow, quick)]
    assert lines[0] == lines[1]
    for ours, theirs in zip([*slow.weights, *slow.biases], [*quick.weights, *quick.biases], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "calls"),
    [("cost_derivative", 12), ("backprop", 12), ("update_mini_batch", 4), ("feedforward", 10), ("evaluate", 2)],
)
def test_each_method_of_ones_own_is_called_where_the_notebook_calls_it(name, calls):
    """In two epochs of six pairs, in mini-batches of three or four, with five tests."""
    called = []

    def recording(self, *arguments):
        called.append(arguments)
        return getattr(Network, name)(self, *arguments)

    rng = np.random.default_rng(0)
    training = [(rng.random((3, 1)), np.eye(2)[[k % 2]].T) for k in range(6)]
    tests = [(x, int(np.argmax(y))) for x, y in training[:5]]
    net = type("Mine", (Network,), {name: recording})([3, 4, 2], seed=0)
    assert len(printed(net.SGD, training, 2, 4, 1.0, tests)) == 2
    assert len(called) == calls
    put_there = Network([3, 4, 2], seed=0)
    setattr(put_there, name, lambda *arguments: recording(put_there, *arguments))
    printed(put_there.SGD, training, 2, 4, 1.0, tests)
    assert len(called) == 2 * calls


def test_exact_sums_take_no_derivative_of_ones_own():
    with pytest.raises(ConfigError, match="arithmetic cannot add what a backprop or a cost_derivative of one's own"):
        CrossEntropy([2, 1], seed=0, arithmetic="exact").SGD([(X, Y)], 1, 1, 1.0)


WANTED = np.full((2, 1), 0.5)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda net: net.SGD(iter([]), 1, 1, 1.0), r"training_data has no pairs; a zip gives them once, .*list\(train"),
        (lambda net: net.SGD([(X, WANTED)], 1, 1, 1.0, iter(())), "test_data has no pairs; a zip gives them once"),
        (lambda net: net.SGD([(X, 3), (X, 4)], 1, 1, 1.0), r"y of pair 0 has 1 numbers where .* 2 outputs; of a class"),
        (
            lambda net: net.SGD([(np.ones(7), WANTED)], 1, 1, 1.0),
            "x of pair 0 has 7 numbers where .* 2 inputs",
        ),
        (lambda net: net.SGD([(X, WANTED), (X[:1], WANTED)], 1, 1, 1.0), "x of pair 1 has 1 numbers"),
        (lambda net: net.SGD([(np.nan * X, WANTED)], 1, 1, 1.0), "x has values that are no finite numbers"),
        (lambda net: net.SGD([(X.astype(str), WANTED)], 1, 1, 1.0), "x has values that are no finite numbers"),
        (lambda net: net.SGD([(X, WANTED)], 1, 1, float("nan")), "eta must be a finite number above 0, got nan"),
        (lambda net: net.SGD([(X, WANTED)], 1, 1, "3"), "eta must be a finite number above 0, got 3"),
        (
            lambda net: net.SGD([(X, WANTED)], 1, -10, 1.0),
            "mini_batch_size must be a whole number, at least 1, got -10",
        ),
        (lambda net: net.SGD([(X, WANTED)], 1, 2.5, 1.0), "mini_batch_size must be a whole number"),
        (lambda net: net.SGD([(X, WANTED)], -1, 1, 1.0), "epochs must be a whole number, at least 0, got -1"),
        (
            lambda net: net.SGD([(X, WANTED)], 1, 1, 1.0, [(X, WANTED)]),
            r"y of pair 0 is no class number; .* np\.argmax\(y\)",
        ),
        (lambda net: net.evaluate([(X, 0.5)]), "y of pair 0 is no class number"),
        (lambda net: net.update_mini_batch([], 1.0), "mini_batch_size must be a whole number, at least 1, got 0"),
        (lambda net: net.update_mini_batch([(X, WANTED)], float("inf")), "eta must be a finite number above 0"),
        (lambda net: Network([2]), "sizes needs at least two layers"),
        (lambda net: Network([2, 0]), "sizes needs at least two layers of at least one neuron"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused_with_a_sentence(use, message):
    with pytest.raises((ConfigError, DataError), match=message):
        use(Network([2, 3, 2], seed=0))
