"""Whether the promise of equal bits holds on this machine, whichever of its kernels compute."""
