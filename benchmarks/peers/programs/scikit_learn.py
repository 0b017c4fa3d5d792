"""scikit-learn's MLPClassifier: the same layers, activation, optimizer and mini-batches, no penalty, float32.

What differs: a classifier's output is a softmax with the log loss, not sigmoids with the quadratic cost, and it keeps
count of its loss. That costs about as much, but it is another function, so its weights are not compared; and with
sigmoids it gets a smaller learning rate, because with the job's own its loss runs away. Its first weights are its own.
It has nothing that deforms images, and gets them as they are.

A call of `partial_fit` costs it a millisecond of checks, twenty times a step of job (a). So it gets many mini-batches
in one call, and goes through them in its own loop, as it does in `fit`; the learning rate is that of the first of them.
"""

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.jobs import JOBS
from benchmarks.peers.programs.common import N_CLASSES, MiniBatches, flatten, parser, serve, training_data

ACTIVATIONS = {"sigmoid": "logistic", "relu": "relu"}
LEARNING_RATE = 0.1  # with sigmoids
SAMPLES = 10_000  # of a call, at most; with a learning rate that changes, a quarter of that


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    x, labels = training_data(job)
    mini_batches = MiniBatches(job, options.epochs)
    classifier = MLPClassifier(
        job.sizes[1:-1],
        activation=ACTIVATIONS[job.activation],
        solver="sgd",
        alpha=0,
        momentum=job.momentum,
        nesterovs_momentum=job.momentum > 0,
        learning_rate_init=job.learning_rate if job.output == "softmax" else LEARNING_RATE,
        batch_size=job.mini_batch,
        shuffle=False,
        random_state=0,
    )
    classes = np.arange(N_CLASSES)
    most = max(1, (SAMPLES // 4 if options.epochs else SAMPLES) // job.mini_batch)

    def take(steps: int) -> None:
        for start in range(0, steps, most):
            if options.epochs:
                set_rate(classifier, mini_batches.learning_rate)
            rows = np.concatenate([mini_batches.next().rows for _ in range(min(most, steps - start))])
            classifier.partial_fit(x[rows], labels[rows], classes=classes)

    serve(
        options,
        take,
        lambda: flatten([(w.T, b) for w, b in zip(classifier.coefs_, classifier.intercepts_, strict=True)]),
    )


def set_rate(classifier: MLPClassifier, learning_rate: float) -> None:
    """Set the learning rate of the next call. There is no public way once the optimizer is there."""
    classifier.learning_rate_init = learning_rate
    if hasattr(classifier, "_optimizer"):
        classifier._optimizer.learning_rate = learning_rate


if __name__ == "__main__":
    main()
