"""A double of Redis: the commands and scripts that `geo` and `push` use, over dictionaries.

Bounded by the people of one seed.
"""
