"""Upkeep: the tasks of a server that look now and then: old receipts, what expires, secrets that no key opens.

Bounded: `chores.CHORES_EVERY_S` and `secret_check.LOOK_S` apart.
"""
