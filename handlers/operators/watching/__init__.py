"""What people with a token look at while an alert goes on: its area on a map, its rates, and its trail.

Bounded: the vertices of a drawing (`geo.outline`), `rates.SAMPLES_MAX`, `trail.PAGE_EVENTS` and `trail.SPAN_MAX`.
"""
