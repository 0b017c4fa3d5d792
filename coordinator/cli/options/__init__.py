"""Options that several commands have, by the section of the help that they are in."""
