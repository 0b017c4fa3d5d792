"""What there is to see of a run or a model: `gradmq evaluate` and `show`."""

from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from coordinator.cli.command import Command
from coordinator.cli.names import RunOrModel
from coordinator.cli.option import DATA, OUTPUT, in_section
from coordinator.cli.options.output import runs_option
from coordinator.cli.types import Read
from coordinator.reporting import lines
from coordinator.reporting.deformed import EPOCHS, deformed
from coordinator.reporting.png import write_png
from coordinator.runs.events import BACK, COMPARED, read_events
from coordinator.runs.lookup import find_model, is_run, path_of_model, place_of
from coordinator.runs.run import RunFolder
from shared.accounting import table
from shared.config import join
from shared.data.augment.copies import with_copies
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.dataset import DEFAULT_DATA, Dataset, find_dataset, load_dataset, load_test
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.sources import check_options
from shared.errors import DataError, ModelError
from shared.model import SavedModel
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import count_correct_by_vote
from shared.nn.evaluation import evaluate as score_on
from shared.plain_text import shortened
from shared.training.metrics import r2

_COPIES = 8  # of each sample, if they are asked for
_MOST_SAMPLES = 100  # in a picture
_LONGEST = 500  # characters of a path, or of an event, that somebody else has written down
_MOST_EVENTS = 20  # of those that `show` tells
_USUAL = Augmentation.parse("elastic,rotate,scale,shear,shift")
_data = in_section(DATA)
_output = in_section(OUTPUT)
_deformed = in_section("Deformed samples")


@click.command(cls=Command, short_help="Test a model: accuracy, or R² and cost.")
@click.argument("model", metavar="RUN|MODEL", type=RunOrModel())
@_data(
    "--data",
    type=click.Path(path_type=Path),
    help="Samples to test on: all of them, if they are not divided.  [default: the run's own, of a model data/mnist]",
)
@_data(
    "--target",
    metavar="COLUMN",
    multiple=True,
    help="Of --data: what is to be predicted, a column or an .npy of labels.  [default: the columns of the training]",
)
@_data(
    "--augment",
    type=Read("augment", "deformations"),
    metavar="DEFORMATIONS",
    help="Take the mean of the outputs for each sample and deformed copies of it, like elastic=3.6,rotate=9.",
)
@_data("--copies", type=click.IntRange(1, 1000), help="How many of each sample.  [default: 8]")
@runs_option
def evaluate(
    model: Path,
    data: Path | None,
    target: tuple[str, ...],
    augment: Augmentation | None,
    copies: int | None,
    runs: Path,
) -> None:
    """Print how many of the test samples a model gets right; of numbers to be predicted, R² and cost.

    A run, by its folder or its id, stands for the model of its best epoch, or, if nothing was monitored, of its last.
    """
    if copies is not None and augment is None:
        raise click.UsageError("--copies goes with --augment; give how they are deformed, like elastic=3.6,rotate=9")
    if target and data is None:
        raise click.UsageError("--target goes with --data; give other samples, or leave it out")
    model = place_of(model, runs)
    found, n_copies = find_model(model), copies or _COPIES
    parameters, run = found.parameters, _run_of(model)
    path = data or (DEFAULT_DATA if run is None else run.data_path)
    dataset = _dataset(run, found, data, target)
    test = dataset.test
    if (parameters.sizes[0], parameters.sizes[-1]) != (test.n_inputs, test.n_outputs):
        raise ModelError(
            f"{model} has layers {join(parameters.sizes)}, but the data has {test.n_inputs} inputs "
            f"and {test.n_outputs} {'classes' if dataset.has_classes else 'targets'}; "
            "give --data what the model was trained on"
        )
    test.check_inputs(found.arithmetic, found.output)
    which = f" ({path_of_model(model).name})" if model.is_dir() else ""
    which += "" if data is not None else f", on {shortened(str(path), _LONGEST)}"
    with one_thread(), quiet():
        mlp = found.mlp()
        layers = mlp.rounded(parameters)
        if augment is None:
            score, how = score_on(mlp, layers, test), ""
            if not dataset.has_classes:
                click.echo(lines.evaluation(score, r2(found.loss, test, score), which))
                return
            correct = score.correct
        elif dataset.image_size is None:
            raise DataError(f"{path} has no images, or does not tell how large they are; leave --augment out")
        else:
            images = dataset.labelled(Part.TEST)
            versions = with_copies(images, Deformer(augment, *dataset.image_size), n_copies, mlp.inputs)
            correct = count_correct_by_vote(mlp, layers, images.labels, versions)
            how = f", with deformed copies of each: {n_copies} ({augment})"
    click.echo(f"accuracy is {correct}/{len(test)}{which}{how}")


def _run_of(model: Path) -> RunFolder | None:
    """Return the run whose folder that is, or of which it is a model; None if there is none."""
    folder = model if model.is_dir() else model.parent
    return RunFolder.open(str(folder), Path()) if is_run(folder) else None


def _dataset(run: RunFolder | None, found: SavedModel, data: Path | None, target: tuple[str, ...]) -> Dataset:
    """Return the data to test on: a run's own, or what is at that path, read as the model needs it.

    target: what is to be predicted, if it has other names there.
    """
    if run is not None and data is None:
        return run.load_data(run.data_path)
    its = found.encoding
    options = DataOptions(target=its.target, image_size=its.image_size) if run is None else run.data_options
    options = options.for_test
    if target and data is not None:
        check_options(find_dataset(data), ["target"])
        options = replace(options, target=target)
    return load_test(data or DEFAULT_DATA, options, its, found.parameters.sizes[-1])


@click.command(short_help="Print a run's epochs, or a model's layers and weights.", cls=Command)
@click.argument("model", metavar="[RUN|MODEL]", type=RunOrModel(), required=False)
@_output("--weights", is_flag=True, help="Print the weights and biases too.")
@_deformed(
    *("--augment", "n_samples"),
    metavar="N",
    type=click.IntRange(1, _MOST_SAMPLES),
    help="Draw the first N training samples, each beside what the run's first epochs see of it.",
)
@_deformed(
    "--augmentation",
    type=Read("augment", "deformations"),
    help="Other deformations than the run's, like elastic=3.6,rotate=9. Without a run: as usual for digits.",
)
@_deformed("--data", type=click.Path(path_type=Path), help="Where these samples are.  [default: where they were]")
@_deformed("--output", type=click.Path(path_type=Path), help="The picture's file.  [default: augmented.png]")
@runs_option
def show(
    model: Path | None,
    weights: bool,
    n_samples: int | None,
    augmentation: Augmentation | None,
    data: Path | None,
    output: Path | None,
    runs: Path,
) -> None:
    """Print the epochs of a run, its ledger, where it was computed, and its network; of a model its network alone.

    With --augment, draw what a run sees of its samples.
    """
    if n_samples is not None:
        return _draw(model, n_samples, augmentation, data, output or Path("augmented.png"), runs)
    if augmentation or data or output:
        raise click.UsageError("--augmentation, --data and --output go with --augment; give how many samples to draw")
    if model is None:
        raise click.UsageError("give a model or a run, or --augment to see deformed samples")
    place = place_of(model, runs)
    if is_run(place):
        _print_run(RunFolder.open(str(place), Path()), weights)
    else:
        _print_model(find_model(place), weights)


def _draw(
    name: Path | None, n_samples: int, wanted: Augmentation | None, data: Path | None, file: Path, runs: Path
) -> None:
    """Draw samples of a run, or of any data."""
    run = None if name is None else RunFolder.open(str(name), runs)
    if run is None:
        wanted, path, seed = wanted or _USUAL, data or DEFAULT_DATA, 0
    else:
        wanted, path, seed = wanted or run.config.augment, data or run.data_path, run.config.seed
        if wanted is None:
            raise click.UsageError(f"run {run.id} deforms nothing; give other deformations by --augmentation")
    dataset = load_dataset(path) if run is None else run.load_data(path)
    picture = deformed(dataset, wanted, seed, n_samples)
    write_png(file, picture)
    shown = min(n_samples, len(dataset.training))
    click.echo(f"{file}: {shown} samples, and what epochs 0 to {EPOCHS - 1} see of them ({wanted})")


def _print_run(run: RunFolder, weights: bool) -> None:
    """Print what a run has come to; its network last.  Raises RunError or ModelError if it has none."""
    config = run.config
    click.echo(f"run {run.id}: {config.neurons}, {config.numbers}, {config.learning}, seed {config.seed}")
    click.echo(f"data: {shortened(str(run.data_path), _LONGEST)}")
    if run.metrics:
        click.echo(f"\n{lines.table(config, run.metrics)}\n")
        click.echo(lines.choice(config, run.metrics))
        if run.is_finished and (told := lines.early_end(config, run.metrics)):
            click.echo(told)
    click.echo(f"\n{table(run.ledger)}\n")
    found_wrong = [event.text for event in read_events(run.events_file) if event.kind in (BACK, COMPARED)]
    for text in found_wrong[-_MOST_EVENTS:]:
        click.echo(shortened(text, _LONGEST))
    for place in run.places:
        click.echo(f"computed on: {shortened(str(place), _LONGEST)}")
    try:
        _print_model(run.saved(), weights)
    finally:
        if run.damaged_line:
            click.echo(f"line {run.damaged_line} of metrics.jsonl is no epoch's; these are the epochs up to there")


def _print_model(found: SavedModel, weights: bool) -> None:
    """Print a network, and if somebody wants them its weights."""
    parameters = found.parameters
    click.echo("Neural Net:")
    click.echo(f"Number of layers: {len(parameters.sizes)}")
    for layer, size in enumerate(parameters.sizes):
        click.echo(f"Number of neurons in a layer {layer} : {size}")
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        if weights:
            click.echo(f"W_{layer} :\n{np.round(w, 2)}")
            click.echo(f"b_{layer} :\n{np.round(b, 2)}")
    click.echo(f"neurons: {found.activation}, {found.output}, {found.loss}")
    click.echo(f"arithmetic: {found.arithmetic}")
    click.echo(f"dtype: {parameters.dtype.name}")
    click.echo(f"weights_sha256: {parameters.sha256}")
