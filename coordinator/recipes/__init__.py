"""Settings that reach what is known of MLPs, each a TOML that `gradmq train --recipe NAME` takes."""
