"""The examples do what they say: each notebook is run from its first cell to its last, with fewer epochs."""

import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.support.mnist import PROJECT, write_small_mnist
from tests.support.processes import SESSION

EXAMPLES = sorted((PROJECT / "examples").glob("*.ipynb"))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder as a reader may have it: the examples' files, and data/mnist, here of few samples."""
    for file in (PROJECT / "examples").glob("*.csv"):
        shutil.copy(file, tmp_path)
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    write_small_mnist(tmp_path / "data" / "mnist", stride=1, training=720, test=100)
    return tmp_path


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:IPKernelApp", "ignore:Kernel is running")
def test_a_notebook_runs_and_shows_its_pictures(path, desk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(SESSION))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for old, new in cell.metadata.get("quick", {}).items():
            assert old in cell.source, f"there is no {old!r} to replace"
            cell.source = cell.source.replace(old, new)
    kept = [kinds_of(cell) for cell in notebook.cells]
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(desk)}}).execute()
    assert [kinds_of(cell) for cell in notebook.cells] == kept, "the outputs that are kept are of other cells"


def kinds_of(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell shows, but for progress bars: text, pictures, answers. Texts after one another are one."""
    outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
    kinds = [
        "image/png" if "image/png" in output.get("data", {}) else output.output_type
        for output in outputs
        if "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
    ]
    return [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if (kind, before) != ("stream", "stream")]


def test_the_notebook_has_only_its_imports_changed():
    code = [
        cell.source
        for cell in nbformat.read(PROJECT / "examples" / "notebook.ipynb", 4).cells
        if cell.cell_type == "code"
    ]
    assert [line for line in "\n".join(code).splitlines() if "import" in line] == [
        "import numpy as np",
        "from gradmq import Network",
        "from gradmq import load_data_wrapper",
    ]
    assert "net.SGD(training_data, 30, 10, 3.0, test_data=test_data)" in code[-1]


def test_examples_say_nothing_of_the_machine_they_were_run_on():
    for path in EXAMPLES:
        assert "/tmp/" not in path.read_text() and "/root/" not in path.read_text(), path.name
