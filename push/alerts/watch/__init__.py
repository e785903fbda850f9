"""Watching alerts: progress is read from the record, alarms are raised, and what is due is begun.

Bounded: four looks a second, the alerts of a listing.
"""
