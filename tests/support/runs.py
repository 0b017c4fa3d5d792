"""The folder of a run: whether it is complete, and changes to it."""

from pathlib import Path

from tests.support.program import metrics


def assert_complete(folder: Path, fingerprints: list[str], n_samples: int = 1000) -> None:
    """Each epoch was recorded once, with the undisturbed run's fingerprint and a ledger that comes out."""
    lines = metrics(folder.parent.parent)
    assert [line["epoch"] for line in lines] == list(range(len(fingerprints)))
    assert [line["weights_sha256"] for line in lines] == fingerprints
    assert {line["samples"] for line in lines} == {n_samples}


def comparable(lines: list[dict]) -> list[dict]:
    """What was recorded of epochs, but for who computed them and how long that took."""
    left_out = {"seconds", "workers", "ledger"}
    return [{name: line[name] for name in line.keys() - left_out} for line in lines]


def change_line(run: Path, old: str, new: str) -> None:
    """Change what is recorded of the epoch with number 2."""
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    assert old in lines[2]
    lines[2] = lines[2].replace(old, new, 1)
    (run / "metrics.jsonl").write_text("".join(lines))
