"""Faults on real processes, drawn from a printed seed. Each proves that it happened, and changes no bit.

`python -m tests.chaos` goes on drawing for hours (`make soak`); tests/system/test_chaos.py plays some of it.
"""
