"""The options of a training by their names, as the command line and Python take them, and what they stand for."""
