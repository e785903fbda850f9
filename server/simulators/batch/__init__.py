"""SIMULATED providers that take many recipients in one request.

Bounded: each provider's own limits, and those of `site`.
"""
