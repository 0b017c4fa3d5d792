"""Samples: where they come from, and in which order a run sees them."""
