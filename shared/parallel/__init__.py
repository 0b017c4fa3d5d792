"""How a step is cut into shards and put together again, whoever computes them."""
