"""A computation in ONNX that grows node by node."""

from typing import Any

import numpy as np

from shared.nn.grids import Grid
from shared.types import Array


class Graph:
    """Nodes and constants so far. Values go by names, which `constant` and `apply` give them."""

    def __init__(self) -> None:
        """Raises ImportError without the package onnx."""
        from onnx import helper, numpy_helper

        self._make_node, self._from_array = helper.make_node, numpy_helper.from_array
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        """Add a number to compute with in float64; return its name."""
        return self.constant(np.asarray(value, np.float64))

    def apply(self, operator: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """Add a node; return its result's name, which is the one given or a new one."""
        result = result or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self._make_node(operator, list(inputs), [result], **attributes))
        return result

    def rounded(self, value: str, grid: Grid) -> str:
        """Round float64 values to a grid: ONNX rounds half to even, as we do."""
        units = self.apply("Round", self.apply("Mul", value, self.number(1 / grid.unit)))
        return self.apply("Mul", units, self.number(grid.unit))
