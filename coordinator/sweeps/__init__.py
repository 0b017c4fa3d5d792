"""Sweeps: many runs that differ in some options, and which is the best."""
