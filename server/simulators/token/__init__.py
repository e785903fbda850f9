"""SIMULATED providers that take one request for each phone, over HTTP/2.

Bounded: each provider's own limits, and those of `http2`.
"""
