"""Every benchmark runs to its end, as a user would run it; what the figures are is not the tests' concern."""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from tests.support.mnist import PROJECT, write_small_mnist
from tests.support.once import made_once
from tests.support.processes import SESSION
from tests.support.waiting import PATIENCE

LONGEST = 4 * PATIENCE  # seconds of a benchmark that takes a few where nobody else works
FOREIGN = {"torch", "ray", "sklearn", "matplotlib"}
# What the head of each one's table says.
TABLES = {
    "estimators": "| iris  ",
    "sweep": "| workers | seconds |",
    "accuracy": "| exact / native, % ",
    "cost_model": "| measured, ms a step | predicted |",
    "events": "| ms a step, 2 workers |",
    "faults": "| s until steps go on ",
    "gradient": "| µs for the gradient of 10 samples |",
    "inner_state": "| `--optimizer` | `--local-steps` |",
    "learning": "| s an epoch, median |",
    "liars": "| replies until named | wrong ones used | liars |",
    "local_sgd": "| `--local-steps` | `--learning-rate` |",
    "memory": "| MB after epoch | coordinator | workers | Redis |",
    "optimizers": "| ms, 1.3 million weights ",
    "peers": "| ms a step, median |",
    "precautions": "| ms a step ",
    "scaling": "| ms a step, of workers: ",
    "step": "| where it goes, 2 workers ",
    "time_to_accuracy": "| s to 50 %, seed |",
    "uneven": "| ms a step ",
}
DOCKER = {"image": "| image and cluster "}


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose data/mnist has 5,000 digits to learn from: there an epoch takes a tenth of its time."""

    def make(folder: Path) -> None:
        (folder / "data" / "mnist").mkdir(parents=True)
        write_small_mnist(folder / "data" / "mnist", stride=1, training=6000, test=500)

    return made_once(tmp_path_factory, "few-digits", make)


def run(name: str, *options: str, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run a benchmark to its end."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(SESSION)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        output, errors = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.terminate()  # so that it ends what it has started
        output, errors = process.communicate()
        pytest.fail(f"{name} did not end in {LONGEST:g} s\n{output}{errors}")
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def recorded() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (PROJECT / "benchmarks" / "results").iterdir()}


@pytest.mark.parametrize("name", TABLES)
def test_a_quick_benchmark_prints_its_table_and_leaves_the_recorded_results_alone(name, desk):
    before = recorded()
    done = run(name, "--quick", folder=desk)
    assert done.returncode == 0, done.stdout + done.stderr
    assert TABLES[name] in done.stdout, done.stdout + done.stderr
    assert recorded() == before


@pytest.mark.docker
@pytest.mark.parametrize("name", DOCKER)
def test_a_quick_benchmark_of_containers_prints_its_table(name):
    assert shutil.which("docker"), "this test needs a Docker engine"
    done = run(name, "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert DOCKER[name] in done.stdout


def test_peers_that_cannot_be_had_are_left_out_and_named(tmp_path):
    nowhere, results = str(tmp_path / "python"), tmp_path / "results"
    done = run(*("peers", "--quick", "--only", "numpy,torch,gradmq-0", "--python", nowhere, "--results", str(results)))
    assert done.returncode == 0, done.stderr
    assert f"left out: PyTorch, one process: {nowhere}: No such file or directory" in done.stderr
    table = (results / "peers.md").read_text()
    assert re.search(r"\| PyTorch, one process \| +\*skipped\* \|", table), table
    assert re.search(r"\| NumPy, vectorised +\| +[0-9.]+ \|", table), table
    assert (results / "peers.json").exists()


def test_the_same_weights_whoever_computes_them():
    done = run("peers", "--check", "--jobs", "a", "--only", "numpy,notebook,gradmq-0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("the same\n")


def test_what_learns_with_deformed_digits_has_the_same_weights_whoever_computes_them():
    done = run("peers", "--check", "--jobs", "d", "--only", "numpy,gradmq-0,gradmq-0-native,gradmq-2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"GradMQ, 2 workers +0\.0e\+00 from GradMQ, 0 workers", done.stdout), done.stdout
    assert re.search(r"GradMQ, 0 workers, native +\S+ from NumPy, vectorised", done.stdout), done.stdout


def test_what_deforms_the_peers_digits_needs_nothing_that_their_environment_lacks():
    script = """
import sys
from importlib.metadata import packages_distributions
before = {*sys.modules}  # what an environment loads into every program
import benchmarks.peers.programs.deformation
packages = packages_distributions().keys() - {"benchmarks", "shared"}
print(*sorted({name.split(".")[0] for name in sys.modules.keys() - before} & packages))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["numpy"], done.stdout + done.stderr


def test_no_benchmark_is_forgotten_here():
    runnable = {
        path.stem for path in Path(benchmarks.__file__).parent.glob("*.py") if "parser.parse()" in path.read_text()
    }
    assert runnable == {*TABLES, *DOCKER} - {"peers"}


def test_every_module_of_the_benchmarks_can_be_imported():
    missing = []
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.append(str(error.name).split(".")[0])
    assert {*missing} <= FOREIGN


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rounds", "0"], "argument --rounds: must be above 0, got 0"),
        (["--rounds", "many"], "argument --rounds: invalid int value: 'many'"),
        (["--round", "1"], "unrecognized arguments: --round 1"),
    ],
)
def test_wrong_options_are_told_by_name(options, message):
    done = run("gradient", *options)
    assert done.returncode == 2
    assert message in done.stderr
