"""What the platform's engineers ask: health, readiness and metrics.

Bounded: the time that a store is waited for.
"""
