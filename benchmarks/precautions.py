"""What it costs to be prepared for a fault: steps of the notebook's job with checkpoints, and with audited replies."""

import tempfile
from pathlib import Path

from benchmarks.cli import Parser
from benchmarks.harness import session, synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.turns import in_turn, turns_table

WORKERS = 2
AUDIT = 0.01
WITHOUT = "without"


def main() -> None:
    parser = Parser("benchmarks.precautions", __doc__)
    parser.amount("--rounds", 10, 1, "how often each has its turn")
    # Few enough that a turn is over before those who wait give up their leases.
    parser.amount("--steps", 4000, 200, "of each in a round")
    options = parser.parse()

    config = synchronous(NOTEBOOKS)
    with (
        tempfile.TemporaryDirectory() as folder,
        session(config, WORKERS) as plain,
        session(config, WORKERS, audit=AUDIT) as audited,
        session(config, WORKERS, audit=AUDIT, audit_by_workers=True) as audited_by_workers,
    ):
        plain.training.warm_up()
        audited.training.warm_up()
        audited_by_workers.training.warm_up()

        def with_checkpoints() -> float:
            with plain.training.checkpoints(Path(folder) / "checkpoint.npz"):
                return plain.training.milliseconds(options.steps)

        columns = in_turn(
            options.rounds,
            {
                WITHOUT: lambda: plain.training.milliseconds(options.steps),
                "a checkpoint every two seconds": with_checkpoints,
                f"--audit {AUDIT}": lambda: audited.training.milliseconds(options.steps),
                f"--audit {AUDIT} --audit-by workers": lambda: audited_by_workers.training.milliseconds(options.steps),
            },
        )
    print(turns_table("ms a step", columns, WITHOUT))


if __name__ == "__main__":
    main()
