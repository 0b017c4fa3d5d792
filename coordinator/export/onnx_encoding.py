"""A table's numbers, and predicted numbers, in ONNX: what an encoding does to them."""

from collections.abc import Sequence

import numpy as np

from coordinator.export.graph import Graph
from shared.data.columns import LIMIT, Numeric
from shared.data.encoding import Encoding
from shared.types import Array

_FLOAT, _DOUBLE = 1, 11  # of onnx.TensorProto
KINDS = {np.dtype(np.float32): _FLOAT, np.dtype(np.float64): _DOUBLE}


def encoded(graph: Graph, x: str, columns: Sequence[Numeric], dtype: np.dtype[np.floating]) -> str:
    """Add what makes inputs of numbers, (n, n_columns) float64, as `Numeric.encode` does; return their name."""
    if any(column.missing is not None for column in columns):
        stands_for = np.array([np.nan if column.missing is None else column.missing for column in columns])
        x = graph.apply("Where", graph.apply("IsNaN", x), graph.constant(stands_for), x)
    z = graph.apply("Sub", x, graph.constant(np.array([column.mean for column in columns])))
    z = graph.apply("Div", z, graph.constant(np.array([column.deviation for column in columns])))
    z = graph.apply("Clip", z, graph.number(-LIMIT), graph.number(LIMIT))
    inputs = graph.apply("Cast", graph.apply("Div", z, graph.number(LIMIT)), to=_FLOAT)
    return inputs if dtype == np.float32 else graph.apply("Cast", inputs, to=_DOUBLE)


def undone(graph: Graph, outputs: str, encoding: Encoding) -> str:
    """Add what makes numbers of outputs, float64, in the units of the targets; return their name."""

    def each(field: str) -> Array:
        return np.array([getattr(target, field) for target in encoding.targets], np.float64)

    y = graph.apply("Cast", outputs, to=_DOUBLE)
    y = graph.apply("Mul", y, graph.constant(each("deviation")))
    return graph.apply("Add", y, graph.constant(each("mean")))
