"""The application of `qq-alert serve-public`: serves what is published, and takes in what strangers send.

It reaches nothing but objects. What it serves comes from a cache in memory (`cache.py`), asked for by path
(`published.py`); what it takes in is a `Part` (`application.py`) with routes and work of its own. Bounded: each part
names its bounds; connections and deadlines are those of `[limits]`.
"""
