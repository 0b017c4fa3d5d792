"""Mutated inputs of every kind that GradMQ reads, by the hundred thousand: `make fuzz`.

`targets` has the table of what is tried, `mutator` what is changed, `check` what must hold, `__main__` the run.
"""
