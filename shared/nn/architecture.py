"""What a network is made of: all that its formulas depend on, but no weights."""

from dataclasses import dataclass

from shared.nn.activations import ACTIVATIONS, Activation
from shared.nn.grids import power_above
from shared.nn.losses import LOSSES, Loss
from shared.nn.outputs import OUTPUTS, Output


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A multilayer perceptron, and within what its numbers stay while it learns."""

    sizes: tuple[int, ...]  # neurons of each layer, inputs first
    activation: Activation = ACTIVATIONS["sigmoid"]  # of the hidden layers
    output: Output = OUTPUTS["sigmoid"]
    loss: Loss = LOSSES["quadratic"]
    mean: float = 0.0  # inputs are what is in the data, between -1 and 1, less this,
    deviation: float = 1.0  # divided by this
    kept_inputs: float = 1.0  # by what dropout multiplies the inputs that it keeps,
    kept_outputs: float = 1.0  # and the outputs of hidden layers
    sample_weight: float = 1.0  # the largest of a sample

    @property
    def input_limit(self) -> float:
        """The power of two that no input exceeds in magnitude, after dropout."""
        return power_above((1.0 + abs(self.mean)) / self.deviation * self.kept_inputs)

    @property
    def output_limit(self) -> float:
        """The power of two that no hidden layer's output exceeds in magnitude, after dropout."""
        return power_above(self.activation.limit * self.kept_outputs)

    @property
    def largest_output(self) -> float:
        """The power of two that neither inputs nor hidden layers' outputs exceed in magnitude."""
        hidden = self.output_limit if len(self.sizes) > 2 else 0.0
        return max(self.input_limit, hidden)
