"""Providers that take many recipients a request: HTTP, their results, and messages that they store first.

Bounded: connections, the time and size of an answer.
"""
