"""Where gradients come from: this process, or workers."""
