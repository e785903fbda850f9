"""Code that tests share: real stores, processes, simulated providers, CAP documents and a model of an alert's life.

Bounded by the tests: everything that is started for a test ends with it. Nothing outside `tests/` imports this package.
"""
