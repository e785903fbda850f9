"""Judging: what the simulated providers and the lists of alarms say of a round."""
