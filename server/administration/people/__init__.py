"""What administrators do about the people of the console, each with an event in the audit trail.

Bounded: one row a call.
"""
