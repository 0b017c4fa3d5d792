"""What becomes of a gradient: optimizers, what surrounds them in an update, and schedules of the learning rate."""
