"""Does memory grow? The notebook's job, and after each epoch the memory of coordinator, workers and Redis."""

from pathlib import Path

from benchmarks.cli import Parser
from benchmarks.harness import session, synchronous
from benchmarks.instruments import memory
from benchmarks.jobs import NOTEBOOKS
from benchmarks.tables import table, write

WORKERS = 2
SHOWN = 5  # every so many epochs a line of the table


def main() -> None:
    parser = Parser("benchmarks.memory", __doc__, results="memory.md (the table) and memory.png (the curves)")
    parser.amount("--epochs", 30, 1, "after which memory is looked at")
    parser.add_argument("--through-redis", action="store_true", help="the tensors, as with workers on other machines")
    options = parser.parse()

    rows: list[dict[str, float]] = []
    with session(synchronous(NOTEBOOKS), WORKERS, through_redis=options.through_redis) as running:
        running.training.warm_up()
        for _ in range(options.epochs):
            running.training.epoch()
            rows.append(memory(running.cluster))
    shown = [0, *range(SHOWN - 1, len(rows), SHOWN)]
    text = table(
        ("MB after epoch", *rows[0]),
        ([str(epoch), *(f"{value:.1f}" for value in rows[epoch].values())] for epoch in shown),
    )
    print(text)
    write(text, options.results, "memory.md")
    if options.results is not None:
        plot(rows, options.results / "memory.png")


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Draw a curve for each column, if matplotlib is there."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    for name in rows[0]:
        axis.plot([row[name] for row in rows], label=name, marker=".")
    axis.set_yscale("log")
    axis.set_xlabel("epoch")
    axis.set_ylabel("MB (log scale)")
    axis.legend(loc="center right", frameon=False)
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
