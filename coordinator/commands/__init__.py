"""The commands of the program, a file for those that belong together."""
