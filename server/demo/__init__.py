"""The demo: sends one alert to many people on this machine, shows the progress, and prints the figures.

Stores, processes and wire formats are real; only the providers are simulated, and every output says so.
Bounded: `figures.DONE_S` for the alert, `figures.LATE_S` for late entrants. Errors: wrong figures exit 1.
"""
