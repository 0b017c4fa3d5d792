"""Names of what there is already, runs and recipes: a shell completes them."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from coordinator.recipes.catalogue import recipes
from coordinator.runs.lookup import DEFAULT_RUNS, folders_of
from shared.errors import RunError


class RunName(click.ParamType[str]):
    """A run, by its id or its folder."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the ids, and folders for who keeps runs elsewhere."""
        return [CompletionItem(incomplete, type="dir"), *_ids(ctx, incomplete)]


class RunOrModel(click.Path):
    """A run, by its id or its folder, or a model's file."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, param, incomplete), *_ids(ctx, incomplete)]


class RecipeName(click.ParamType[str]):
    """A recipe that comes with GradMQ."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [
            CompletionItem(recipe.name, help=recipe.about["description"])
            for recipe in recipes()
            if recipe.name.startswith(incomplete)
        ]


def _ids(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the runs where the command, or the one that it belongs to, looks for them; the newest first."""
    given = [each.params["runs"] for each in (ctx, ctx.parent) if each is not None and each.params.get("runs")]
    try:
        folders = folders_of(given[0] if given else DEFAULT_RUNS)
    except RunError:  # which the command will tell
        return []
    return [CompletionItem(folder.name) for folder in reversed(folders) if folder.name.startswith(incomplete)]
