"""Files of settings: a TOML of `train`'s options by their names, or the config.json of a run."""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from coordinator.options.precedence import Values
from coordinator.options.texts import ABOUT, plain, texts_of
from coordinator.runs.run import SAMPLE_WEIGHTS
from shared.config import TrainConfig
from shared.errors import ConfigError, SettingsError
from shared.regular_files import read_regular

_LARGEST = 2**26  # bytes; a run's may have the categories of columns
_NOT_IN_FILES = ("recipe", "config_file")


@dataclass
class Settings:
    """What a file asks for."""

    values: Values
    digests: dict[str, str] = field(default_factory=dict)  # of the samples, if they are those of a run


def read_settings(path: Path, command: click.Command) -> Settings:
    """Read a TOML, or the config.json of a run; of a folder, that in it.

    command: whose options these are.  Raises SettingsError, with the file's name, for anything but its options.
    """
    if path.is_dir():
        path = path / "config.json"
    try:
        content = read_regular(path, _LARGEST)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror or error}; give a TOML, or a run's config.json"
        ) from None
    return _of_run(content, path, command) if path.suffix == ".json" else _of_toml(content, path, command)


def _of_toml(content: bytes, path: Path, command: click.Command) -> Settings:
    try:
        fields = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None
    return Settings(_values_of({name: value for name, value in fields.items() if name not in ABOUT}, path, command))


def _of_run(content: bytes, path: Path, command: click.Command) -> Settings:
    try:
        fields = json.loads(content)
        data = fields.pop("data")
        fields.pop("computed_on", None)
        data.pop("encoding", None)  # which comes of the data again
        reading = data.pop("options", {})
        fields = {**TrainConfig.from_json(fields).to_json(), "data": data.pop("path"), **reading}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, ConfigError) as error:
        raise SettingsError(f"{path} is not the config.json of a run ({error})") from None
    fields.pop("image_shape", None)  # which is the data's
    if fields.pop("start"):
        fields["from"] = str(path.parent / "initial.npz")
    if (weights := path.parent / SAMPLE_WEIGHTS).exists():
        fields["sample_weights"] = str(weights)
    return Settings(_values_of(fields, path, command), {str(name): str(digest) for name, digest in data.items()})


def _values_of(fields: dict[str, Any], path: Path, command: click.Command) -> Values:
    """Return what the fields stand for as options of the command.  Raises SettingsError."""
    params = [param for param in command.params if param.name not in _NOT_IN_FILES]
    by_name = {str(param.name): param for param in params}
    names = {name.lstrip("-").replace("-", "_"): str(param.name) for param in params for name in param.opts}
    return texts_of(fields, path, names, lambda option, value: _text(by_name[option], value))


def _text(param: click.Parameter, value: Any) -> str:
    """Return a value as it would stand on the command line.  Raises ValueError for what the option does not take."""
    text = plain(value, is_number=isinstance(param.type, click.types.IntParamType | click.types.FloatParamType))
    try:
        param.type.convert(text, param, None)
    except click.BadParameter as error:
        raise ValueError(error.message) from None
    return text
