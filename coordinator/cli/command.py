"""A command: its help in sections, and its options from the environment where the command line does not give them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.core import ParameterSource

from coordinator.cli.commands import Commands
from coordinator.cli.messages import message
from coordinator.cli.misspelt import refuse_misspelt
from coordinator.cli.option import Option, leave_out
from coordinator.options.precedence import overlay
from shared.errors import GradMQError
from shared.logs import masked

_SHORTEST = 3  # letters of a value that tells where it is from
_HELP = ["-h", "--help"]


class Command(click.Command):
    """A command of ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each by itself: a command keeps the option of its first context, which may have no parent to have it from.
        self.context_settings.setdefault("help_option_names", _HELP)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.allow_from_autoenv = False  # no variable asks for help
        return option

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section; what names none, like --help, is in the one before."""
        sections: dict[str, list[tuple[str, str]]] = {}
        title = "Options"
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, click.Option) and record is not None:
                title = param.section if isinstance(param, Option) else title
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
        self._format_environment(ctx, formatter)

    def _format_environment(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how variables are named, by an example."""
        example = next((option for option in _options(self) if option.envvar is None), None)
        if example is not None and ctx.auto_envvar_prefix:
            with formatter.section("Environment"):
                formatter.write_text(
                    f"{example.variable(ctx)} stands for {_name(example)} where that is not given, and so on for each "
                    "option that names no other variable. Of those that are switched on or off it is true or false."
                )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _naming_variables(self, ctx):
            if not ctx.resilient_parsing:  # as when a shell completes
                if ctx.auto_envvar_prefix:
                    refuse_misspelt(ctx, _options(self))
                leave_out(ctx, self._outdone(ctx, args))
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _naming_variables(self, ctx):
            self.complete(ctx)
            return super().invoke(ctx)

    def complete(self, ctx: click.Context) -> None:
        """Give options that were not given what else they have; a subclass may know of something."""

    def _outdone(self, ctx: click.Context, args: list[str]) -> set[str]:
        """Return the variables of options that do not go with what the command line says, or a more special variable.

        A variable of one command, like GRADMQ_TRAIN_WORKERS, is more special than one of several, like
        GRADMQ_REDIS_URL.
        """
        typed, _, _ = self.make_parser(ctx).parse_args([*args])
        of_all, own = dict[str, str | None](), dict[str, str | None]()
        variables: dict[str, str] = {}
        for option in _options(self):
            variable = option.variable(ctx)
            value = option.read(variable) if variable and option.name not in typed else None
            if variable and value is not None:
                variables[option.name] = variable
                (own if option.envvar is None else of_all)[option.name] = value
        left = overlay(overlay(of_all, own), {name: str(value) for name, value in typed.items()})
        return {variable for name, variable in variables.items() if name not in left}


class Group(Command, click.Group):
    """A command with commands of its own, in sections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands: Commands = Commands()
        self._sections: dict[str, tuple[str, ...]] = {}

    def add_section(self, title: str, **places: str) -> None:
        """Add commands, which are shown together.  places: where each is, `module:attribute`."""
        for name, place in places.items():
            self.commands.is_in(place, name)
        self._sections[title] = tuple(places)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self._sections:
            return click.Group.format_commands(self, ctx, formatter)
        width = max(map(len, self.commands))
        for title, names in self._sections.items():
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(formatter.width - width - 6))
                for name in names
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


def _options(command: click.Command) -> Iterator[Option]:
    return (param for param in command.params if isinstance(param, Option))


def _name(option: Option) -> str:
    return next(name for name in option.opts if name.startswith("--"))


@contextmanager
def _naming_variables(command: click.Command, ctx: click.Context) -> Iterator[None]:
    """Have an error say which variables are behind what it complains of: nobody sees them on the command line."""
    try:
        yield
    except (click.ClickException, GradMQError, OSError) as error:
        text = message(error)
        for option in _options(command):
            variable = option.variable(ctx)
            if (
                variable
                and ctx.get_parameter_source(option.name) is ParameterSource.ENVIRONMENT
                and _is_about(text, option, option.read(variable) or "")
            ):
                error.add_note(f"{_name(option)} is from {variable}")
        raise


def _is_about(text: str, option: Option, value: str) -> bool:
    """Tell whether a message names an option, or what its variable says, unless that is a number or as short as one."""
    names = [*option.opts, *option.secondary_opts]
    if len(value) >= _SHORTEST and not re.fullmatch(r"[\d.,+-]+", value):
        names.append(masked(value))
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for name in names)
