"""The coordinator: cuts mini-batches into shards, requests their gradients, adds them and takes the step."""
