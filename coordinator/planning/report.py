"""What `gradmq plan` prints: what was asked, a table of forecasts, and what follows."""

from coordinator.planning.advice import advise
from coordinator.planning.cost_model import CostModel
from shared.config import join


def report(model: CostModel, most: int, replicas: int | None = None) -> str:
    """Return all of it, for up to `most` workers.  replicas: as of `advise`."""
    sentences = advise(model, most, replicas).sentences
    if model.profile.is_busy:
        sentences.append(
            f"This machine is busy: a process got {model.profile.share:.0%} of a core. Times of computing are those of "
            "a core that has nothing else to do."
        )
    return "\n".join([_headline(model), *table(model, most), " ".join(sentences)])


def table(model: CostModel, most: int) -> list[str]:
    """Return the lines of the forecasts for 0, 1, 2, 3, 4, 6, 8, 12, 16, … workers, as far as a step can be divided."""
    most = min(most, model.config.shards_per_step)  # others would have nothing to do
    shown = sorted({0, most, *(n for power in range(9) for n in (2**power, 3 * 2**power // 2) if n < most)})
    none = model.forecast(0)
    lines = ["workers    ms a step   computing   link   coordinator, Redis   samples/s   speed-up"]
    for each in map(model.forecast, shown):
        speed_up = each.samples_per_second / none.samples_per_second
        times = (each.seconds, each.compute, each.link, each.host)
        total, compute, link, host = (f"{1000 * seconds:.{2 if seconds < 0.1 else 0}f}" for seconds in times)
        lines.append(
            f"{each.workers:7}   {total:>10}   {compute:>9} {link:>6}   {host:>18}   "
            f"{each.samples_per_second:>9,.0f}   {speed_up:>8.2f}"
        )
    return lines


def _headline(model: CostModel) -> str:
    config = model.config
    work = f"{join(config.sizes)}, {config.numbers}, mini-batches of {config.mini_batch_size}, {config.strategy}"
    return f"{work}; {_where(model)}"


def _where(model: CostModel) -> str:
    if model.link is None:
        return f"all on this machine, {model.cores} core{'s' if model.cores > 1 else ''}"
    return f"workers on other machines, {model.link.bandwidth * 8 / 1e9:g} Gbit/s, {model.link.rtt * 1000:g} ms"
