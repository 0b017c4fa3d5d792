"""Deformations: every epoch sees other images, which whoever computes a sample makes from the one that is there."""
