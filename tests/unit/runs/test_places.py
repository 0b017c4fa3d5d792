"""A run knows on which machines it was computed."""

import json
from dataclasses import asdict, replace

import pytest

from coordinator.runs import places
from coordinator.runs.places import Place, foreign_rounding
from coordinator.runs.run import RunFolder
from shared.data.dataset import Dataset
from shared.environment import Kernels
from shared.errors import RunError
from shared.strategies import SyncSGD
from tests.support.learning import CONFIG, SAMPLES

DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)
HERE = Place.here(CONFIG)
ELSEWHERE = Place(replace(HERE.environment, blas="OpenBLAS Nehalem", processor="an old one"), "0" * 64)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", CONFIG, tmp_path, DATA)


def reopened(run: RunFolder) -> RunFolder:
    return RunFolder.open(str(run.folder), run.folder)


def change_config(run: RunFolder, **fields: object) -> None:
    path = run.folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_run_records_where_it_begins(run):
    assert reopened(run).places == [HERE]
    recorded = json.loads((run.folder / "config.json").read_text())["computed_on"]
    assert recorded == [{"fixed_problem": HERE.digest, **asdict(HERE.environment)}]


def test_going_on_at_the_same_place_adds_nothing(run):
    before = (run.folder / "config.json").read_bytes()
    reopened(run).goes_on_here()
    assert (run.folder / "config.json").read_bytes() == before


def test_going_on_elsewhere_adds_that_place(run):
    change_config(run, computed_on=[ELSEWHERE.to_json()])
    reopened(run).goes_on_here()
    assert reopened(run).places == [ELSEWHERE, HERE]
    assert reopened(run).config == run.config


def test_a_run_of_a_version_that_recorded_no_place_has_none(run):
    path = run.folder / "config.json"
    fields = json.loads(path.read_text())
    del fields["computed_on"]
    path.write_text(json.dumps(fields))
    assert reopened(run).places == []
    assert foreign_rounding([], CONFIG) == ""


def test_what_another_version_has_not_recorded_is_unknown():
    place = Place.from_json({"fixed_problem": "12", "colour": "green"})
    assert place.digest == "12"
    assert place.environment.blas == "unknown"


@pytest.mark.parametrize("damage", [5, [5], {"a": 1}, "x"])
def test_a_damaged_list_of_places_is_damage(run, damage):
    change_config(run, computed_on=damage)
    with pytest.raises(RunError, match="is damaged"):
        reopened(run)


def test_a_native_run_of_other_kernels_names_both():
    line = foreign_rounding([ELSEWHERE], CONFIG)
    assert HERE.environment.kernels in line
    assert "OpenBLAS Nehalem" in line
    assert foreign_rounding([HERE], CONFIG) == ""


def test_exact_runs_have_the_same_bits_everywhere(monkeypatch):
    monkeypatch.setattr(places, "kernels_for", lambda config: Kernels("1" * 64, "here"))
    assert (
        foreign_rounding(
            [ELSEWHERE], replace(CONFIG, arithmetic="exact", initializer="normal", dtype="", strategy=SyncSGD())
        )
        == ""
    )
