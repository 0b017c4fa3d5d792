"""Rules of the design that no other test would notice. The tables are the rules; docs/ explains them."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.mnist import PROJECT

PACKAGES = ["gradmq", "shared", "worker", "coordinator"]

# From the ground up. A room may use the rooms of the lines above it, never one of its own line or below.
LAYERS = [
    "shared.plain_text",
    "shared.errors  shared.types  shared.logs  shared.durations  shared.signals  shared.regular_files  shared.typed"
    "  shared.parent_death  shared.machine_memory  shared.importing  gradmq._packages  gradmq._version",
    "shared.accounting  shared.environment  shared.kinds  shared.archive  shared.metrics_endpoint  shared.health_file"
    "  shared.nn",
    "shared.optim  shared.data",
    "shared.strategies  shared.monitors",
    "shared.config",
    "shared.messaging  shared.parallel  shared.model",
    "shared.transport  shared.fixed_problem  shared.training",
    "shared.notebook  worker  coordinator.cluster  coordinator.doctor  coordinator.recipes  coordinator.options",
    "shared  coordinator.workers",  # `shared` itself: the notebook's names
    "coordinator.gradients",
    "coordinator.planning",
    "coordinator.runs",
    "coordinator.reporting",
    "coordinator.session  coordinator.export  coordinator.prediction  coordinator.page  coordinator.sweeps",
    "coordinator.api",
    "coordinator.estimators",
    "coordinator.cli",
    "coordinator  coordinator.__main__",
    "gradmq",
]

# Who uses these packages of others: these, and nobody else. All else may be used anywhere but in the pure rooms.
FOREIGN = {
    "PIL": "coordinator.prediction.pictures  shared.data.pictures",
    "amqp": "coordinator.cluster.preflight  coordinator.workers.task_sender  worker.celery_patches",
    "billiard": "worker.celery_patches",
    "celery": "coordinator.cluster.flower_program  shared.messaging.client_app  worker.__main__  worker.celery"
    "  worker.celery_patches  worker.metrics_server  worker.predictions  worker.shutdown  worker.tasks  worker.trials",
    "click": "coordinator.cli",
    "flower": "coordinator.cluster.flower_program",
    "joblib": "coordinator.export.joblib_format",
    "kombu": "coordinator.cluster.preflight  coordinator.workers.task_sender"
    "  shared.messaging.celery_settings  worker.celery_patches",
    "matplotlib": "coordinator.sweeps.plot",
    "msgspec": "shared.typed",
    "onnx": "coordinator.export.graph  coordinator.export.onnx_format",
    "optuna": "coordinator.sweeps.tpe",
    "prometheus_client": "shared.metrics_endpoint",
    "pyarrow": "shared.data.parquet_file",
    "redis": "shared.messaging.client",
    "safetensors": "coordinator.export.safetensors_format",
    "sklearn": "coordinator.estimators.foundation  coordinator.export.joblib_format",
    "tensorboardX": "coordinator.reporting.tensorboard",
    "threadpoolctl": "shared.environment  shared.nn.arithmetic",
    "torch": "coordinator.export.torch_format",
    "tqdm": "coordinator.reporting.log_handlers  coordinator.reporting.progress_bar",
}

# No input, no output, no clock: what they compute depends on their arguments alone.
PURE = ["shared.nn", "shared.optim", "shared.data.augment", "shared.parallel"]
PURE_IMPORTS = (
    "__future__ abc collections contextlib dataclasses enum functools hashlib itertools math numpy threading typing "
    "threadpoolctl"
)

REGISTRIES = {
    "shared.nn.activations": "ACTIVATIONS",
    "shared.nn.arithmetic": "ARITHMETICS",
    "shared.nn.outputs": "OUTPUTS",
    "shared.nn.losses": "LOSSES",
    "shared.nn.initializers": "INITIALIZERS",
    "shared.optim.optimizers": "OPTIMIZERS",
    "shared.optim.schedules": "SCHEDULES",
    "shared.data.sources": "SOURCES",
    "shared.transport.codecs": "CODECS",
}


@cache
def modules() -> dict[str, Path]:
    """Our modules by name. A package has the name of its folder."""
    paths = [path for package in PACKAGES for path in (PROJECT / package).rglob("*.py")]
    names = {path: ".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in sorted(names.items())}


def imports(module: str) -> frozenset[str]:
    return imports_of(modules()[module])


@cache
def imports_of(path: Path) -> frozenset[str]:
    """The modules that a file imports, anywhere in it: what is imported late or for types alone is used as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide what is used"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            # Of a package that gives nothing but its modules, only these are used.
            found |= submodules if len(submodules) == len(node.names) else {*submodules, node.module}
    return frozenset(found)


def calls(path: Path) -> set[str]:
    """What a file calls, as it is written there."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}


def ours(module: str) -> frozenset[str]:
    return imports(module) & modules().keys()


def within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def room(module: str) -> str:
    """The room that a module is in: the longest name in the table that it begins with."""
    names = [name for line in LAYERS for name in line.split() if within(module, name)]
    # A new package of these two needs a line of its own.
    found = [name for name in names if name not in ("shared", "coordinator") or name == module]
    assert found, f"{module} has no place in LAYERS"
    return max(found, key=len)


def layer(module: str) -> int:
    return next(number for number, line in enumerate(LAYERS) if room(module) in line.split())


@pytest.mark.parametrize("module", modules())
def test_imports_lead_downwards(module):
    for other in ours(module):
        if room(other) != room(module):
            assert layer(other) < layer(module), f"{module} uses {other}, which is not below it"


@pytest.mark.parametrize("module", modules())
def test_coordinator_and_worker_never_use_each_other(module):
    strangers = {"coordinator": "worker", "worker": "coordinator"}
    stranger = strangers.get(module.split(".")[0])
    assert not [other for other in ours(module) if other.split(".")[0] == stranger]


def test_no_modules_import_each_other_in_a_circle():
    left = {module: set(ours(module)) - {module} for module in modules()}
    while free := [module for module, others in left.items() if not others & left.keys()]:
        for module in free:
            del left[module]
    assert not left, "in circles, or above them"


@pytest.mark.parametrize("package", FOREIGN)
def test_packages_of_others_are_known_only_where_they_belong(package):
    allowed = FOREIGN[package].split()
    users = [module for module in modules() if any(name.split(".")[0] == package for name in imports(module))]
    assert [module for module in users if not within(module, *allowed)] == []
    assert [each for each in allowed if not any(within(module, each) for module in users)] == [], "they need it no more"


@pytest.mark.parametrize("module", [module for module in modules() if within(module, *PURE)])
def test_what_is_pure_does_no_input_or_output_and_knows_no_time(module):
    assert {name.split(".")[0] for name in imports(module)} <= {*PURE_IMPORTS.split(), "shared"}
    assert not calls(modules()[module]) & {"open", "print", "input", "exec", "eval"}


@pytest.mark.parametrize("module", modules())
def test_nothing_is_pickled(module):
    roots = {name.split(".")[0] for name in imports(module)}
    assert not roots & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


@pytest.mark.parametrize("module", REGISTRIES)
def test_each_entry_of_a_registry_is_documented(module):
    registry = getattr(importlib.import_module(module), REGISTRIES[module])
    for name, entry in registry.items():
        described = entry if callable(entry) else type(entry)
        assert described.__module__.startswith("shared."), name
        assert described.__doc__, f"{name} says nothing about itself"
        assert re.fullmatch(r"[a-z0-9-]+", name), f"{name!r} is no word for a command line"


@pytest.mark.parametrize("path", [str(path.relative_to(PROJECT)) for path in PROJECT.glob("tests/unit/**/*.py")])
def test_unit_tests_start_nothing_and_never_wait(path):
    strangers = {
        "subprocess",
        "multiprocessing",
        *(f"tests.support.{name}" for name in ("program", "remote", "servers")),
    }
    assert not imports_of(PROJECT / path) & strangers
    assert not {call.split(".")[-1] for call in calls(PROJECT / path)} & {"sleep", "fork", "system"}
