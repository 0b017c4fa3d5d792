"""The training inputs as each epoch sees them, deformed afresh by GradMQ's own `shared.data.augment`.

So all that deform have the same data to the last bit, and pay the same for it. The package needs NumPy alone, which the
peers' environment has, and is imported from the project's folder. GradMQ's workers deform their own part of a
mini-batch, and so do the others: whoever computes with a sample deforms it.
"""

from benchmarks.jobs import Job
from benchmarks.peers.programs.common import Array, MiniBatch, standardized, training_images
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation

HEIGHT = WIDTH = 28
SEED = 0


class DeformedInputs:
    """Gives any mini-batch of any epoch, or a part of it."""

    def __init__(self, job: Job) -> None:
        self._job, (self._images, _) = job, training_images()
        self._deformer = Deformer(Augmentation.parse(job.augment), HEIGHT, WIDTH)

    def of(self, batch: MiniBatch) -> Array:
        """Return the inputs of these samples: (n, 784) float32."""
        images = self._images.take(batch.rows, axis=0)
        return standardized(self._job, self._deformer.apply(images, SEED, batch.epoch, batch.first))
