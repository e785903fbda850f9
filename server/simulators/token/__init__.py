"""SIMULATED providers that take one request a phone, over HTTP/2.

Bounded as `site` says.
"""
