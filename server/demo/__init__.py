"""The demo: a number of people flows in, the main job runs before one's eyes, figures flow out.

Stores, processes and wire formats are real; only the provider is simulated, and every output says so.
Bounded: `DONE_S` for the alert to be through.
"""
