"""What the console costs, and how fast it stops an alert: measured in Debian's Chromium against a real server.

The push provider is SIMULATED. Bounded: the caller's presses, `pages.ALERTS` alerts, the caller's runs.
"""
