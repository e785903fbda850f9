"""What a storm of readers costs: serve-public against nginx, and sends beside the storm.

Bounded by the runs asked for; each part says how long it takes.
"""
