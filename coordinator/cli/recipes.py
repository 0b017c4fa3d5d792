"""`gradmq recipes`: the settings that come with GradMQ."""

import click

from coordinator.cli.command import Command
from coordinator.cli.names import RecipeName
from coordinator.recipes import catalogue


@click.command("recipes", short_help="List the recipes of `train`, or print one.", cls=Command)
@click.argument("name", required=False, type=RecipeName())
def recipes_command(name: str | None) -> None:
    """List the recipes that `gradmq train --recipe` takes; with a NAME, print that one's file.

    What is printed is a TOML: changed, `gradmq train --config` takes it.
    """
    if name is not None:
        click.echo(catalogue.recipe(name).text, nl=False)
        return
    for recipe in catalogue.recipes():
        about = recipe.about
        click.echo(f"{recipe.name}: {about['description']}")
        click.echo(f"    reaches {about['reaches']}")
        click.echo(f"    takes {about['takes']}")
