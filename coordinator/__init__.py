"""The coordinator: cuts mini-batches into shards, asks workers for gradients, adds them and takes the step."""
