"""The embedded cluster: a Redis and workers for the time of one run."""
