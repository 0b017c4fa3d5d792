"""`gradmq recipes`: the settings that come with GradMQ."""

import click

from coordinator.recipes import catalogue


@click.command("recipes", short_help="List the recipes of `train`, or print one.")
@click.argument("name", required=False)
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
