"""ONNX: the whole network, from what is in the data to outputs and labels, in standard operators."""

import numpy as np

from coordinator.export.description import description, numeric_columns
from coordinator.export.graph import Graph
from coordinator.export.onnx_encoding import KINDS, encoded, undone
from coordinator.export.onnx_functions import EXACT, INT64, PLAIN, Function
from gradmq._version import version
from shared.errors import ModelError
from shared.model import SavedModel

OPSET, _IR = 17, 8  # of 2022: read by all that is in use


class Onnx:
    """inputs (n, n_inputs) in the model's dtype → outputs (n, n_outputs), labels (n,) int64.

    If the model was trained on a table of numbers, inputs are these, in float64. If it predicts numbers, outputs are
    these, in float64, and there are no labels.  In exact arithmetic outputs have the bits of GradMQ's own.
    """

    extra = "onnx"

    def encode(self, model: SavedModel) -> bytes:
        from onnx import checker, helper

        graph = Graph()
        _build(graph, model)
        dtype, sizes = np.dtype(model.parameters.dtype), model.parameters.sizes
        columns = numeric_columns(model.encoding)
        inputs = (KINDS[np.dtype(np.float64)], len(columns)) if columns else (KINDS[dtype], sizes[0])
        outputs = KINDS[np.dtype(np.float64) if model.predicts_numbers else dtype]
        results = [helper.make_tensor_value_info("outputs", outputs, ["n", sizes[-1]])]
        if not model.predicts_numbers:
            results.append(helper.make_tensor_value_info("labels", INT64, ["n"]))
        made = helper.make_model(
            helper.make_graph(
                graph.nodes,
                "gradmq",
                [helper.make_tensor_value_info("inputs", inputs[0], ["n", inputs[1]])],
                results,
                graph.constants,
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR,
            producer_name="gradmq",
            producer_version=version(),
        )
        helper.set_model_props(made, description(model))
        checker.check_model(made, full_check=True)
        content: bytes = made.SerializeToString()
        return content


def _build(graph: Graph, model: SavedModel) -> None:
    """Add the nodes from "inputs" to "outputs" and "labels"."""
    mlp, dtype = model.mlp(), np.dtype(model.parameters.dtype)
    layers, exact = mlp.rounded(model.parameters), mlp.arithmetic.any_order
    functions = EXACT if exact else PLAIN
    columns = numeric_columns(model.encoding)
    a = encoded(graph, "inputs", columns, dtype) if columns else "inputs"
    if model.standardize is not None:
        mean, deviation = (graph.constant(np.asarray(number, dtype)) for number in model.standardize)
        a = graph.apply("Div", graph.apply("Sub", a, mean), deviation)
    if mlp.arithmetic.input_grid is not None:
        a = graph.rounded(a, mlp.arithmetic.input_grid)
    last = len(layers.weights) - 1
    for number, (w, b) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        # The bias is added to a sum that is whole: in exact arithmetic that is its one rounding.
        z = graph.apply("Add", graph.apply("MatMul", a, graph.constant(w.T)), graph.constant(b[:, 0]))
        name = model.output if number == last else model.activation
        a = _function(functions, name)(graph, z, dtype)
    if model.encoding.targets:
        graph.apply("Identity", undone(graph, a, model.encoding), result="outputs")
        return
    graph.apply("Identity", a, result="outputs")
    # In exact arithmetic outputs near 0 or 1 are equal, so there the strongest sum decides, as in `MLP.predict`.
    graph.apply("ArgMax", z if exact else a, result="labels", axis=1, keepdims=0)


def _function(functions: dict[str, Function], name: str) -> Function:
    if name not in functions:
        raise ModelError(f"ONNX has no formula for {name} yet; write one in coordinator/export/onnx_functions.py")
    return functions[name]
