"""A model: its weights, and what they are weights of; and the arrays that files and Redis keep of it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from shared.config import TrainConfig
from shared.config.checks import check_standardize
from shared.data.encoding import IDENTITY, Encoding
from shared.data.samples import check_range
from shared.errors import DataError
from shared.nn.activations import ACTIVATIONS
from shared.nn.architecture import Architecture
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.outputs import OUTPUTS
from shared.nn.parameters import Parameters
from shared.nn.prediction import Answers
from shared.typed import typed
from shared.types import Array

_NAMES = ("activation", "output", "loss", "standardize", "arithmetic")  # of what the weights are weights of


@dataclass(frozen=True)
class SavedModel:
    """A model as files and Redis keep it, and as we compute with it: its weights, and what they are weights of.

    The defaults are those of GradMQ 0.1, which did not write them down.
    """

    parameters: Parameters
    activation: str = "sigmoid"
    output: str = "sigmoid"
    loss: str = "quadratic"
    standardize: tuple[float, float] | None = None
    arithmetic: str = "native"
    encoding: Encoding = IDENTITY  # how samples become its inputs, and its outputs answers

    @classmethod
    def of(cls, config: TrainConfig, parameters: Parameters, encoding: Encoding = IDENTITY) -> Self:
        """Return the model of a run with these weights."""
        return cls(parameters, **{name: getattr(config, name) for name in _NAMES}, encoding=encoding)

    def mlp(self) -> MLP:
        """Return the network's formulas."""
        mean, deviation = self.standardize or (0.0, 1.0)
        architecture = Architecture(
            sizes=self.parameters.sizes,
            activation=ACTIVATIONS[self.activation],
            output=OUTPUTS[self.output],
            loss=LOSSES[self.loss],
            mean=mean,
            deviation=deviation,
        )
        return MLP(architecture, ARITHMETICS[self.arithmetic](architecture, self.parameters.dtype, most_samples=1))

    @property
    def digest(self) -> str:
        """The SHA-256 of all that decides what it answers, as hexadecimal digits."""
        return str(pack(self)["sha256"].tobytes().hex())

    def inputs(self, samples: Any) -> Array:
        """Return the inputs (n_samples, n_inputs) that samples are for it: bytes for 0 … 1, or floats.

        samples: as its encoding takes them, see `Encoding.inputs`.  Raises DataError for what does not fit.
        """
        inputs = self.encoding.inputs(samples)
        n_inputs = self.parameters.sizes[0]
        if inputs.shape[1] != n_inputs:
            raise DataError(f"samples have {inputs.shape[1]} inputs where {n_inputs} are expected; give what fits")
        if inputs.dtype != np.uint8:
            check_range("inputs", inputs, -1, self.arithmetic)
        return inputs

    @property
    def predicts_numbers(self) -> bool:
        """Whether its outputs stand for numbers, and not for classes."""
        return bool(self.encoding.targets)

    @property
    def answer_names(self) -> list[str]:
        """The names of the outputs: of the classes, which may be numbers from 0, or of the targets."""
        if self.encoding.targets:
            return [target.name for target in self.encoding.targets]
        return [str(name) for name in self.encoding.classes or self._numbers]

    def named(self, answers: Answers) -> Array:
        """Return what answers stand for: (n_samples,) classes by their names, or (n_samples, n_targets) numbers."""
        if self.encoding.targets:
            return self.encoding.answers(answers.outputs).reshape(len(answers.labels), -1)
        found: Array = np.array(self.encoding.classes or self._numbers)[answers.labels]
        return found

    @property
    def _numbers(self) -> range:
        return range(self.parameters.sizes[-1])


def pack(model: SavedModel) -> dict[str, Any]:
    """Return the model as arrays by their names, to be kept without pickles."""
    network = json.dumps({name: getattr(model, name) for name in _NAMES}).encode()
    # One that does nothing is not written, and so is that of files that GradMQ wrote before there were encodings.
    encoding = b"" if model.encoding == IDENTITY else json.dumps(model.encoding.to_json()).encode()
    return {
        **to_arrays(model.parameters),
        "network": np.frombuffer(network, np.uint8),
        **({"encoding": np.frombuffer(encoding, np.uint8)} if encoding else {}),
        # zipfile's own checksums miss an altered shape, and entries that an altered directory hides.
        "sha256": np.frombuffer(_digest(model.parameters, network + encoding), np.uint8),
    }


def unpack(arrays: dict[str, Any], sha256: str | None = None) -> SavedModel:
    """Return the model that `pack` took apart.  Nearly any error may be raised for anything else.

    sha256: the digest it is asked for by; of a model with another one no more than that is looked at.
    """
    arrays = dict(arrays)
    digest = arrays.pop("sha256").tobytes()
    if sha256 not in (None, digest.hex()):
        raise ValueError("it is another model")
    network = arrays.pop("network").tobytes() if "network" in arrays else b""  # which GradMQ 0.1 did not write
    encoding = arrays.pop("encoding").tobytes() if "encoding" in arrays else b""
    parameters = from_arrays(arrays)
    if digest != _digest(parameters, network + encoding):
        raise ValueError("its checksum is wrong")
    names = asdict(typed(_Network, json.loads(network or b"{}")))
    if names["standardize"] is not None:
        check_standardize(names["standardize"])
    model = SavedModel(parameters, **names, encoding=Encoding.from_json(json.loads(encoding or b"{}")))
    if model.mlp().dtype != parameters.dtype:
        raise ValueError(f"its weights are {parameters.dtype}, which is not of {model.arithmetic[:40]} arithmetic")
    model.encoding.check_fits(parameters.sizes[0], parameters.sizes[-1])
    return model


@dataclass
class _Network:
    """What is written down of what the weights are weights of; defaults are those of `SavedModel`."""

    activation: str = SavedModel.activation
    output: str = SavedModel.output
    loss: str = SavedModel.loss
    standardize: tuple[float, float] | None = None
    arithmetic: str = SavedModel.arithmetic


def _digest(parameters: Parameters, network: bytes) -> bytes:
    """Return a SHA-256 over sizes, dtype, weights, what they are weights of, and the encoding."""
    digest = hashlib.sha256(f"{parameters.sizes} {parameters.dtype.str}".encode())
    digest.update(parameters.flat.data)
    digest.update(network)
    return digest.digest()


def to_arrays(parameters: Parameters) -> dict[str, Any]:
    """Return the layers by their names."""
    arrays: dict[str, Any] = {}
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        arrays |= {f"W_{layer}": w, f"b_{layer}": b}
    return arrays


def from_arrays(arrays: dict[str, Any]) -> Parameters:
    """Return the parameters that `to_arrays` took apart.  Raises ValueError for anything else."""
    n_layers = len(arrays) // 2
    if not n_layers or set(arrays) != {f"{kind}_{layer}" for kind in "Wb" for layer in range(1, n_layers + 1)}:
        raise ValueError(f"it holds {', '.join(sorted(arrays)[:6]) or 'nothing'}")
    first = arrays["W_1"]
    if first.ndim != 2 or first.dtype not in (np.float32, np.float64):
        raise ValueError(f"W_1 is {first.dtype} {first.shape}")
    sizes = [first.shape[1], *(len(arrays[f"b_{layer}"]) for layer in range(1, n_layers + 1))]
    parameters = Parameters(sizes, first.dtype)
    for name, target in to_arrays(parameters).items():
        source = arrays[name]
        if source.shape != target.shape or source.dtype != target.dtype:
            raise ValueError(f"{name} is {source.dtype} {source.shape}, not {target.dtype} {target.shape}")
        target[...] = source
    if not np.isfinite(parameters.flat).all():
        raise ValueError("it contains values that are not finite")
    return parameters
