"""Rules of the design that no single test would notice."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = ["backprop", "sgd", "parameters", "samples"]


def imports(path: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


@pytest.mark.parametrize(("package", "stranger"), [("coordinator", "worker"), ("worker", "coordinator")])
def test_coordinator_and_worker_import_shared_and_never_each_other(package, stranger):
    for path in (ROOT / package).rglob("*.py"):
        assert not any(name.split(".")[0] == stranger for name in imports(path)), path


def test_shared_imports_neither():
    for path in (ROOT / "shared").rglob("*.py"):
        assert not any(name.split(".")[0] in ("coordinator", "worker") for name in imports(path)), path


@pytest.mark.parametrize("module", PURE)
def test_the_mathematics_does_no_input_or_output(module):
    allowed = {"numpy", "collections", "dataclasses", "functools", "hashlib", "itertools", "math", "typing", "shared"}
    path = ROOT / "shared" / f"{module}.py"
    names = imports(path)
    assert {name.split(".")[0] for name in names} <= allowed
    assert {name.split(".")[1] for name in names if name.startswith("shared.")} <= set(PURE)
    calls = {
        getattr(node.func, "id", "") for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    }
    assert not calls & {"open", "print", "input"}


def test_nothing_is_pickled():
    for package in ("coordinator", "worker", "shared"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "seed_pickle.py":  # which reads what the seed has written, without trusting it
                assert not imports(path) & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}, path
