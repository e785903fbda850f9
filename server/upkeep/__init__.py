"""Upkeep: the tasks of a server that run once an hour, namely deleting old receipts and warning before things expire.

Bounded: `chores.CHORES_EVERY_S` apart.
"""
