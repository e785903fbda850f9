"""SIMULATED providers that take many recipients a request.

Bounded as `site` says.
"""
