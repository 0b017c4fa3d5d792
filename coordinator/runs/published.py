"""The fingerprints that everybody gets: what `gradmq train` gives on MNIST, on any machine."""

from dataclasses import replace

from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.strategies import SyncSGD

# By seed, after all epochs. docs/reproducibility.md has the same table.
FINGERPRINTS = {
    0: "85b53b41cebcd7403bbb9c4c89921c8825d358917aceea8deb548efa6b4156e4",
    1: "c9727fabfdb08b733b4d7fc670c595b187ced0ef4b3a10f174f060c5baf40445",
    2: "689497761139360bc7a82392984d74c23899ca29a57d111187e3b4c75f677c11",
}
_JOB = TrainConfig(sizes=(784, 30, 10), epochs=30, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())
_MNIST = "29d2c8c67252f5240e672ed37b8e6e515b76c9fdd0dd0333c5d5cbb311e565fa"  # digest of the training samples


def compare(run: RunFolder) -> str:
    """Return a line that tells whether a finished run has the published fingerprint; nothing for any other job."""
    seed = run.config.seed
    job = replace(_JOB, seed=seed, monitor=run.config.monitor)  # which changes no weights
    if run.config != job or run.data.get("training_sha256") != _MNIST or seed not in FINGERPRINTS:
        return ""
    if run.metrics[-1].weights_sha256 == FINGERPRINTS[seed]:
        return f"this is the fingerprint that every machine gets for seed {seed}"
    return (
        f"every other machine gets {FINGERPRINTS[seed]} for seed {seed}: something computes wrongly here; "
        "`gradmq doctor` looks for it"
    )
