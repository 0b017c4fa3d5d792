"""A run that was given to workers: who has it, and who is to blame for what it came to."""

from dataclasses import dataclass

from coordinator.sweeps.trials import WantedRun

_LOST = 3.0  # seconds after its sign of life has expired, after which a worker counts as lost
_LATE = 5.0  # seconds after which a run that nobody holds is sent again, if the queue is empty
_MOST_LOSSES = 2
_MOST_VANISHED = 5


@dataclass
class GivenRun:
    """A run that is not over.  All times are of one clock, in seconds."""

    run: WantedRun
    attempt: int = 1
    sent: float | None = None  # when; None: it is to be sent
    held: float | None = None  # when it was last seen to be held in this attempt
    losses: int = 0  # how often its worker was lost, or answered what cannot be used
    reason: str = ""  # what became of the last of these
    vanished: int = 0  # how often somebody took it and nobody held it
    is_excused: bool = False  # whether our own sign had expired, so that its worker has rightly left it
    patience: float = _LATE
    worker: str = ""  # who has begun with it

    def note_sent(self, now: float) -> None:
        """Note that it has just been sent."""
        self.sent, self.held, self.worker, self.is_excused = now, None, "", False

    def note_held(self, now: float, worker: str) -> None:
        """Note who has it."""
        self.held, self.worker = now, worker

    def is_lost(self, now: float) -> bool:
        """Tell whether who had it has not been seen for too long."""
        return self.held is not None and now - self.held > _LOST

    def is_late(self, now: float) -> bool:
        """Tell whether it was sent long ago and nobody has it."""
        return self.held is None and self.sent is not None and now - self.sent > self.patience

    def excuse(self, now: float) -> None:
        """Forgive all that seems lost: nobody could know that it is wanted, or be seen, until now."""
        self.is_excused = True
        if self.held is not None:
            self.held = now
        if self.sent is not None:
            self.sent = now

    def send_again(self) -> None:
        """Have it sent once more, in the same attempt, since it vanished from the queue and nobody has it."""
        self.sent, self.patience = None, 2 * self.patience
        self.vanished += not self.is_excused

    def begin_again(self) -> None:
        """Have another worker begin it."""
        self.attempt += 1
        self.sent = self.held = None

    def blame(self, what: str) -> bool:
        """Count that it came to nothing with a worker; tell whether another is to begin it.  what: for people."""
        self.losses, self.reason = self.losses + 1, what
        if self.losses >= _MOST_LOSSES:
            return False
        self.begin_again()
        return True

    @property
    def hopeless(self) -> str:
        """Why it is given to nobody any more; nothing if it is."""
        if self.losses >= _MOST_LOSSES:
            return f"has come to nothing with {self.losses} workers, the last time because {self.reason}"
        if self.vanished > _MOST_VANISHED:
            return f"was given to workers {_MOST_VANISHED} times, and none was seen to begin; see their logs"
        return ""
