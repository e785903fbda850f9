"""The fault campaign: random faults of real stores and servers at random moments of random alerts.

Each round is judged by counting at the simulated provider. Nothing outside this package imports it, but its test.
"""
