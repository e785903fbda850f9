"""Hostile providers: what they send, and servers that send it."""
