"""A run as a page: what it learned, what it gets wrong, who computed it, and how to compute it again."""
