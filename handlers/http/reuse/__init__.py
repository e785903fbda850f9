"""Lets one answer serve all who ask for it: kept for a moment, or read once at a time.

Bounded by who waits.
"""
