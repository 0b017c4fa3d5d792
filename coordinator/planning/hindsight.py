"""After a run with workers: would one process have been quicker?

Only that is asked, as only that is sure: it is timed here, with the run's own samples, on the machine that has just
become idle. If it has not, others have most likely held up the run too, and one process would have waited for them as
well. What more workers would take is a forecast, and `gradmq plan` is for these.
"""

from coordinator.planning.profiler import profile
from shared.config import TrainConfig
from shared.data.samples import KnownSamples
from shared.nn.arithmetic import one_thread, quiet

LEAST = 20.0  # seconds of a run below which nobody needs advice
_SURE = 1.3  # times as fast
_DOUBT = 1.2  # by which an undisturbed measurement may be too quick
_SHARE = 0.01  # of the run's time that looking may take
_LOOK, _CALLS = 0.03, 16  # seconds of a measurement, of which there are three; and steps that they take at least


def advise(config: TrainConfig, samples: KnownSamples, step: float, seconds: float, workers: int) -> str:
    """Return a sentence if the run had better had no workers, nothing otherwise.

    step: seconds of a step, in the run's quickest epoch.  seconds: of the run.  workers: that took part.
    """
    if not workers or seconds < LEAST or 3 * _LOOK + _CALLS * step > _SHARE * seconds:
        return ""
    with one_thread(), quiet():
        found = profile(config, samples, _LOOK)
    alone = (found.block(config.shards_per_step) + found.step) / found.share
    if step < _SURE * _DOUBT * alone:
        return ""
    many = "1 worker" if workers == 1 else f"{workers} workers"
    here = " on a machine as busy as this one is now" if found.is_busy else ""
    share = max(round(100 * alone / step, -1), 5)
    return (
        f"--workers 0 would have taken about {share:.0f} % of the time{here}: {1000 * alone:.2g} ms a step, where "
        f"{many} took {1000 * step:.2g} ms; gradmq plan tells when workers help"
    )
