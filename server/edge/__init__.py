"""What a server shows to the outside: where it listens, what it publishes as CAP, and its console.

Bounded by its parts.
"""
