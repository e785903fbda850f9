"""Benchmarks: each measure is a ratio to a floor, the cheapest thing that could do the same work, in the same run.

Push providers are simulated. Nothing outside `bench/` imports this package except its own test. Bounded by the runs and
people asked for on the command line.
"""
