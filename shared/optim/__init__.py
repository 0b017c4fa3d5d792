"""What becomes of a gradient: optimizers, and schedules of their learning rate."""
