"""Floods, one a file: each has a `name` and runs against a world until it is stopped."""
