"""Decides which numbers of people leave the server: none below a threshold, and nothing that adds up to such a number.

One rule for estimates, progress, summaries, alarms and metrics. Inside, all of them are counted exactly.
"""
