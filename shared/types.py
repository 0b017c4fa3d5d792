"""Names for the arrays that pass between modules."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # of any shape and dtype; the docstring says which
Rows = NDArray[np.int64]  # (n_samples,), numbers of samples
Vector = NDArray[Any]  # (n_parameters,) floats: all layers in one, as in `Parameters.flat`
