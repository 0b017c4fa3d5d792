"""scikit-learn's MLPClassifier: the same layers, logistic activation, SGD without momentum or penalty, float32.

What differs: a classifier's output is a softmax with the log loss, not sigmoids with the quadratic cost, and it keeps
count of its loss. That costs about as much, but it is another function, so its weights are not compared; and it gets
a smaller learning rate, because with the job's own its loss runs away.

A call of `partial_fit` costs it a millisecond of checks, twenty times a step of job (a). So it gets many mini-batches
in one call, and goes through them in its own loop, as it does in `fit`.
"""

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.jobs import JOBS
from benchmarks.peers.programs.common import N_CLASSES, MiniBatches, parser, serve, training_data

LEARNING_RATE = 0.1
SAMPLES = 10_000  # of a call, at most


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    x, labels = training_data()
    mini_batches = MiniBatches(job.mini_batch)
    classifier = MLPClassifier(
        job.sizes[1:-1],
        activation="logistic",
        solver="sgd",
        alpha=0,
        momentum=0,
        nesterovs_momentum=False,
        learning_rate_init=LEARNING_RATE,
        batch_size=job.mini_batch,
        shuffle=False,
        random_state=0,
    )
    classes = np.arange(N_CLASSES)

    def take(steps: int) -> None:
        most = max(1, SAMPLES // job.mini_batch)
        for start in range(0, steps, most):
            rows = mini_batches.next(min(most, steps - start))
            classifier.partial_fit(x[rows], labels[rows], classes=classes)

    serve(options, take, lambda: np.concatenate([w.ravel() for w in classifier.coefs_]))


if __name__ == "__main__":
    main()
