"""The demo: the main job with many people, before one's eyes, with its figures.

Stores, processes and wire formats are real; only the provider is simulated, and every output says so.
Bounded: `DONE_S` for the alert to be through.
"""
