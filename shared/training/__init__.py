"""The training loop, and all that it changes."""
