"""Bounds what a provider costs us: what it may send on a connection, how much is read at once, how often we connect.

Bounded: a few numbers a connection.
"""
