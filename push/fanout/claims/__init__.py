"""Claims: which of the record's due units this process takes on, in which order, and for how long.

Bounded: units claimed ahead of a sweep, leases that end by themselves, failures of a unit before it is parked.
"""
