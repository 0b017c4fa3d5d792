"""The mathematics of a network: pure, without input, output or clock."""
