"""The demo: a number of people flows in, the main job runs before one's eyes with real stores, processes and wire
formats; only the provider is simulated, and every output says so. Bounded: `DONE_S` for the alert to be through.
"""
