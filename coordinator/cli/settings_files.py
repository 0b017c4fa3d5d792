"""Files of settings: a TOML of `train`'s options by their names, or the config.json of a run."""

import difflib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from coordinator.cli.precedence import Values
from coordinator.options.kinds import OPTION_NAMES
from coordinator.runs.run import SAMPLE_WEIGHTS
from shared.config import TrainConfig
from shared.errors import ConfigError
from shared.regular_files import read_regular

ABOUT = ("description", "reaches", "takes")  # what a TOML may say of itself
_LARGEST = 2**26  # bytes; a run's may have the categories of columns
_NOT_IN_FILES = ("recipe", "config_file")


@dataclass
class Settings:
    """What a file asks for."""

    values: Values
    digests: dict[str, str] = field(default_factory=dict)  # of the samples, if they are those of a run


def read_settings(path: Path, command: click.Command) -> Settings:
    """Read a TOML, or the config.json of a run; of a folder, that in it.

    command: whose options these are.  Raises UsageError, with the file's name, for anything but its options.
    """
    if path.is_dir():
        path = path / "config.json"
    try:
        content = read_regular(path, _LARGEST)
    except OSError as error:
        raise click.UsageError(
            f"{path} cannot be read: {error.strerror or error}; give a TOML, or a run's config.json"
        ) from None
    return _of_run(content, path, command) if path.suffix == ".json" else _of_toml(content, path, command)


def _of_toml(content: bytes, path: Path, command: click.Command) -> Settings:
    try:
        fields = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} is no TOML: {error}") from None
    return Settings(values_of({name: value for name, value in fields.items() if name not in ABOUT}, path, command))


def _of_run(content: bytes, path: Path, command: click.Command) -> Settings:
    try:
        fields = json.loads(content)
        data = fields.pop("data")
        fields.pop("computed_on", None)
        data.pop("encoding", None)  # which comes of the data again
        reading = data.pop("options", {})
        fields = {**TrainConfig.from_json(fields).to_json(), "data": data.pop("path"), **reading}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, ConfigError) as error:
        raise click.UsageError(f"{path} is not the config.json of a run ({error})") from None
    fields.pop("image_shape", None)  # which is the data's
    if fields.pop("start"):
        fields["from"] = str(path.parent / "initial.npz")
    if (weights := path.parent / SAMPLE_WEIGHTS).exists():
        fields["sample_weights"] = str(weights)
    return Settings(values_of(fields, path, command), {str(name): str(digest) for name, digest in data.items()})


def values_of(fields: dict[str, Any], path: Path, command: click.Command) -> Values:
    """Return what the fields stand for as options of the command.  Raises UsageError."""
    params = _params(command)
    found: Values = {}
    for name, value in _flat(fields):
        param = params.get(name.replace("-", "_"))
        if param is None:
            near = difflib.get_close_matches(name.replace("-", "_"), params, 1)
            hint = f"did you mean {near[0]}?" if near else f"`gradmq {command.name} -h` lists what there is"
            raise click.UsageError(f"{path}: there is no option {name}; {hint}")
        assert param.name is not None
        if param.name in found:
            raise click.UsageError(f"{path}: {name} is given by two of its names; give one of them")
        # What has no elements, like weights of no classes, is not given either.
        found[param.name] = None if value is None or value in ([], {}) else _text(value, name, param, path)
    return found


def _params(command: click.Command) -> dict[str, click.Parameter]:
    """Return the command's options by each of their names."""
    params = [param for param in command.params if param.name not in _NOT_IN_FILES]
    return {name.lstrip("-").replace("-", "_"): param for param in params for name in param.opts}


def _flat(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields as options; a choice with fields of its own, as in config.json, becomes several."""
    for name, value in fields.items():
        if isinstance(value, dict) and "kind" in value:
            own = dict(value)
            kind = own.pop("kind")
            if name != "strategy":
                yield name, kind
            elif "local_steps" not in own:  # which is what chooses the strategy
                yield "local_steps", 0
            for each, its in own.items():
                yield OPTION_NAMES.get(each, each), its
        else:
            yield name, value


def _text(value: Any, name: str, param: click.Parameter, path: Path) -> str:
    """Return a value as it would stand on the command line.  Raises UsageError for what the option does not take."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        if isinstance(param.type, click.types.IntParamType | click.types.FloatParamType) and not is_number:
            raise click.BadParameter(f"{value!r} is not a number")
        text = _plain(value)
        param.type.convert(text, param, None)
    except (click.BadParameter, ConfigError) as error:
        message = str(error).rstrip(".") if isinstance(error, ConfigError) else error.message.rstrip(".")
        raise click.UsageError(f"{path}: {name}: {message}; `gradmq train -h` tells what it takes") from None
    return text


def _plain(value: Any) -> str:
    """Return a value of TOML or JSON as text: lists with commas, tables as a=1,b=2.  Raises BadParameter for others."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value
        case int() | float():
            return repr(value)
        case list():
            return ",".join(map(_plain, value))
        case dict():
            return ",".join(f"{name}={_plain(each)}" for name, each in value.items() if each)
        case _:
            raise click.BadParameter(f"{value} is neither a number nor text nor a list of these")
