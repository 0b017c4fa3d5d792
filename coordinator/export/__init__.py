"""Models as files that other programs read: each format in a file of its own, chosen by the file's ending."""
