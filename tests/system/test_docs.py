"""What README.md and docs/ tell to type does what they say, and what they name is there."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from coordinator.cli.main import cli
from tests.support import command
from tests.support.mnist import PROJECT, write_small_mnist
from tests.support.once import made_once
from tests.support.pages import NOT_TYPED, PAGES, TYPED, Block, anchors, blocks, inline_code, links, masked
from tests.support.processes import SESSION
from tests.test_structure import LAYERS

# Words that have given way to others; the glossary has these.
OUTDATED = r"\bseats?\b|\bspans?\b|the seed's|seed notebook|\beta \d|exact (?:SGD|steps)|asked again|\bbooks\b"

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
each_page_with_commands = pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.language in TYPED for block in blocks(page))],
    ids=lambda page: page.name,
)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader may have it: with a finished run, and with data/mnist, here of few samples."""

    def make(folder: Path) -> None:
        (folder / "data" / "mnist").mkdir(parents=True)
        write_small_mnist(folder / "data" / "mnist", stride=1, training=720, test=100)
        arguments = ["train", "--workers", "0", "--epochs", "2"]
        trained = command.run(sys.executable, "-P", "-m", "coordinator", *arguments, cwd=folder, env=environment())
        assert trained.returncode == 0, trained.stderr

    return made_once(tmp_path_factory, "desk", make)


def environment() -> dict[str, str]:
    """What a reader's shell has: the program, and nothing that speaks of a Redis."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GRADMQ_", "CELERY_"))}
    program = Path(sys.executable).parent  # where `gradmq` and `celery` are
    return {**inherited, "PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT), "TMPDIR": str(SESSION)}


def run(block: Block, folder: Path) -> str:
    """Run a block; return what it printed."""
    interpreter = [sys.executable, "-P"] if block.language == "python" else ["bash", "-euo", "pipefail"]
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    end = command.run(*interpreter, "-c", block.program(), cwd=folder, env=environment(), **streams)
    assert end.returncode == block.exit_code, f"{block.place} ended with {end.returncode}:\n{end.stdout}"
    return end.stdout


@each_page_with_commands
def test_a_page_does_what_it_says(page, desk, tmp_path):
    folder = shutil.copytree(desk, tmp_path / "here")
    for block in blocks(page):
        if block.language in TYPED and not block.why_not_run:
            output = run(block, folder)
            printed = {masked(line) for line in output.splitlines()}
            for line in block.output:
                assert masked(line) in printed, f"{block.place} shows a line that was not printed: {line}\n{output}"


@each_page
def test_every_block_is_of_a_kind_that_is_tested_or_needs_no_test(page):
    for block in blocks(page):
        assert block.language in (*TYPED, *NOT_TYPED) or block.language.startswith("{"), block.place
        if block.marker:
            assert block.marker.startswith(("run: ", "not run: ")), block.place
        if block.language in NOT_TYPED:
            commands = re.findall(r"(?m)^(?:\$ .*|(?:gradmq|make|docker) .*)", block.text)
            assert not commands, f"{block.place} has commands"


@each_page
def test_every_command_has_options_that_exist(page):
    for block in blocks(page):
        for words in block.commands() if block.language in ("sh", "console") else ():
            for ours in ("gradmq", "coordinator"):  # also the one in the container
                if ours in words and (words[0] == ours or words[:2] in (["docker", "compose"], ["docker", "run"])):
                    parse(words[words.index(ours) + 1 :], block)


def parse(arguments: list[str], block: Block) -> None:
    """Let the program read the arguments, and do nothing."""
    name, *rest = arguments
    command = cli.commands.get(name, cli)
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    try:
        command.make_context(name, arguments if command is cli else rest).close()
    except click.exceptions.Exit:  # --help, --version
        pass
    except click.ClickException as error:
        pytest.fail(f"{block.place}: gradmq {' '.join(arguments)}: {error.format_message()}")


def commands_of(group: click.Group) -> Iterator[click.Command]:
    """A group's commands, and those of the groups among them."""
    for each in group.commands.values():
        yield each
        if isinstance(each, click.Group):
            yield from commands_of(each)


@each_page
def test_every_option_named_exists(page):
    params = [param for command in commands_of(cli) for param in command.params]
    options = {name for param in params for name in (*param.opts, *param.secondary_opts)}
    options |= {name for option in cli.params for name in option.opts} | {"-h", "--help"}
    for code in inline_code(page):
        for name in re.findall(r"--[a-z][a-z0-9-]*", code) if code.startswith(("--", "gradmq ")) else ():
            assert name in options, f"{page.name} names {name}"


@each_page
def test_every_target_of_make_named_exists(page):
    targets = set(re.findall(r"(?m)^([\w-]+):", (PROJECT / "Makefile").read_text()))
    code = "\n".join(
        [*inline_code(page), *(block.code for block in blocks(page) if block.language in ("sh", "console"))]
    )
    for name in re.findall(r"(?m)(?:^|&& )make ([\w-]+)", code):
        assert name in targets, f"{page.name} names make {name}"


@each_page
def test_every_module_named_exists(page):
    for name in re.findall(r"python -m ([\w.]+)", page.read_text()):
        assert importlib.util.find_spec(name), f"{page.name} names the module {name}"


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((PROJECT / "docs/_static").glob("*.svg"))], ids=lambda page: page.name
)
def test_every_file_named_exists(page):
    folders = "coordinator|worker|shared|gradmq|tests|benchmarks|docs|requirements"
    # Not what a run makes, or a cluster: only what is in the repository.
    for name in re.findall(rf"(?<![\w/])(?:{folders})/[\w/.-]*\.(?:py|md|svg|png|txt)\b", page.read_text()):
        assert (PROJECT / name).exists(), f"{page.name} names {name}"


@each_page
def test_every_link_leads_somewhere(page):
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {path}#{anchor}"


@each_page
def test_the_words_are_those_of_the_glossary(page):
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        assert not re.search(OUTDATED, line), f"{page.name}:{number}: {line}"


def test_the_page_on_architecture_shows_the_layers_that_hold():
    layers = "\n".join(" · ".join(layer.split()) for layer in LAYERS)
    assert layers in (PROJECT / "docs" / "architecture.md").read_text()


def test_the_readme_fits_on_two_screens():
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 150
