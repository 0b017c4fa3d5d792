"""What the command line and Python do with runs and models."""
