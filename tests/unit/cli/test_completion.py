"""What a shell is told when it completes a command line: `_GRADMQ_COMPLETE=bash_complete`, as its script asks."""

import pytest

from coordinator.recipes.catalogue import recipes

IDS = ["20260102-030405-abcdef", "20260203-040506-abcdef"]


@pytest.fixture
def completed(main_here, tmp_path, monkeypatch, capsys):
    """What may come next on a command line, whose last word has begun, or is empty; each with its kind."""
    monkeypatch.chdir(tmp_path)
    for name in [*IDS, "20260304-no-run"]:
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in IDS:
        (tmp_path / "runs" / name / "config.json").touch()

    def complete(line: str) -> list[tuple[str, str]]:
        words = line.split(" ")
        monkeypatch.setenv("_GRADMQ_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        assert main_here() == 0
        lines = capsys.readouterr().out.splitlines()
        return [(kind, value) for kind, _, value in (line.partition(",") for line in lines)]

    return complete


def plain(found: list[tuple[str, str]]) -> list[str]:
    return [value for kind, value in found if kind == "plain"]


def test_commands_options_and_choices(completed):
    assert plain(completed("gradmq re")) == ["recipes", "report", "resume"]
    assert plain(completed("gradmq train --mini")) == ["--mini-batch-size"]
    assert plain(completed("gradmq train --optimizer ad")) == ["adam", "adamw"]
    assert plain(completed("gradmq runs ")) == ["compare", "rm"]


@pytest.mark.parametrize(
    "line",
    ["resume", "verify", "report", "evaluate", "show", "predict", "export", "runs rm", "runs compare", "train --from"],
)
def test_runs_by_their_ids_the_newest_first(completed, line):
    assert plain(completed(f"gradmq {line} ")) == IDS[::-1]
    assert plain(completed(f"gradmq {line} 202601")) == IDS[:1]
    assert plain(completed(f"gradmq {line} *")) == []


def test_runs_of_another_folder(completed, tmp_path):
    (tmp_path / "runs").rename(tmp_path / "others")
    assert plain(completed("gradmq resume ")) == []
    assert plain(completed("gradmq resume --runs others 20260102")) == IDS[:1]
    assert plain(completed("gradmq runs --runs others rm 20260102")) == IDS[:1]


def test_recipes_and_files(completed):
    assert plain(completed("gradmq train --recipe ")) == [recipe.name for recipe in recipes()]
    assert plain(completed("gradmq recipes mlp-b")) == ["mlp-best"]
    assert completed("gradmq train --data exa") == [("file", "exa")]


def test_a_wrong_variable_is_no_hindrance(completed, monkeypatch):
    monkeypatch.setenv("GRADMQ_TRAIN_EPOCHS", "many")
    assert plain(completed("gradmq train --sche")) == [
        *("--schedule", "--schedule-every", "--schedule-factor", "--schedule-limit")
    ]
