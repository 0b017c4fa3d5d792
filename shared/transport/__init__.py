"""How tensors and samples travel; both sides of each way in one file."""
