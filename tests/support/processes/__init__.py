"""Processes of tests: servers and simulated providers, started and ended by their id, and clocks."""
