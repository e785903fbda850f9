"""Providers for tests: simulated ones, some that record what they receive, and some that answer by a script."""
