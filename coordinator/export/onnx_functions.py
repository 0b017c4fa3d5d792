"""Activations and outputs in ONNX's standard operators, by their names in `ACTIVATIONS` and `OUTPUTS`.

`EXACT` has those of exact arithmetic, operation by operation: tables, grids and limits are the same, so that a runtime
that computes in float64 as IEEE 754 says gives the same bits. `PLAIN` has the textbook's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from coordinator.export.graph import Graph
from shared.nn.activations import LEAK, SATURATION
from shared.nn.grids import OUTPUT_BITS, Grid, value_grid
from shared.nn.outputs import PARTS
from shared.nn.tangents import EXPONENTIALS, REACH, SIGMOID, STEPS, TANH, Tangents

Function = Callable[[Graph, str, np.dtype[Any]], str]  # adds nodes that make outputs of sums, in that dtype

INT64 = 7  # onnx.TensorProto.INT64


def _operator(name: str, **attributes: Any) -> Function:
    return lambda graph, z, dtype: graph.apply(name, z, **attributes)


def _sums(graph: Graph, z: str, dtype: np.dtype[Any]) -> str:
    return z


def _leaky(graph: Graph, z: str, dtype: np.dtype[Any]) -> str:
    # LeakyRelu itself has no float64 in some runtimes.
    return graph.apply("Max", z, graph.apply("Mul", z, graph.constant(np.asarray(LEAK, dtype))))


def _limited(function: Function, least: float = -SATURATION) -> Function:
    """Return the function with outputs that end there and at 64, on their grid."""

    def limited(graph: Graph, z: str, dtype: np.dtype[Any]) -> str:
        a = graph.apply("Clip", function(graph, z, dtype), graph.number(least), graph.number(SATURATION))
        return graph.rounded(a, value_grid(SATURATION))

    return limited


def _by_tangents(tangents: Tangents) -> Function:
    """Return a function that is looked up, as `Tangents.look_up` does it."""

    def look_up(graph: Graph, z: str, dtype: np.dtype[Any]) -> str:
        last = graph.number(tangents.last)
        nearest = graph.apply("Round", graph.apply("Mul", z, graph.number(tangents.steps)))
        nearest = graph.apply("Clip", nearest, graph.number(-tangents.last), last)
        index = graph.apply("Cast", graph.apply("Add", nearest, last), to=INT64)
        slopes = graph.apply("Gather", graph.constant(tangents.slopes), index)
        constants = graph.apply("Gather", graph.constant(tangents.constants), index)
        return graph.rounded(
            graph.apply("Add", graph.apply("Mul", slopes, z), constants),
            Grid(2.0**-OUTPUT_BITS),
        )

    return look_up


def _exact_softmax(graph: Graph, z: str, dtype: np.dtype[Any]) -> str:
    """Return the softmax as `Softmax.apply_on_grid` and `exponential` compute it."""
    one = graph.number(1.0)
    z = graph.apply("Sub", z, graph.apply("ReduceMax", z, axes=[1], keepdims=1))
    z = graph.apply("Max", z, graph.number(-REACH))
    nearest = graph.rounded(z, Grid(1 / STEPS))
    rest = graph.apply("Sub", z, nearest)
    index = graph.apply("Cast", graph.apply("Mul", nearest, graph.number(-STEPS)), to=INT64)
    factor = graph.apply("Gather", graph.constant(EXPONENTIALS), index)
    series = graph.apply("Add", graph.apply("Div", rest, graph.number(6.0)), graph.number(0.5))
    for _ in range(2):
        series = graph.apply("Add", graph.apply("Mul", series, rest), one)
    parts = graph.rounded(graph.apply("Mul", factor, series), PARTS)
    axes = graph.constant(np.array([1], np.int64))
    return graph.apply("Div", parts, graph.apply("ReduceSum", parts, axes, keepdims=1))


PLAIN: dict[str, Function] = {
    "sigmoid": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "relu": _operator("Relu"),
    "leaky-relu": _leaky,
    "softmax": _operator("Softmax", axis=1),
    "linear": _sums,
}
EXACT: dict[str, Function] = {
    "sigmoid": _by_tangents(SIGMOID),
    "tanh": _by_tangents(TANH),
    "relu": _limited(_sums, 0.0),  # onnxruntime (1.32) fails to load Relu before a Clip in float64
    "leaky-relu": _limited(_leaky),
    "softmax": _exact_softmax,
    "linear": _limited(_sums),
}
