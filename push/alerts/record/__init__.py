"""What the record keeps of an alert: the verified audit trail, the public summary, and deletion on timers.

Bounded: a page of the trail at a time, one alert a deletion.
"""
