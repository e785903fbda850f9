"""What strangers saw, at the console: which alerts have some that wait, those of one alert, and one of them to decide.

For operators; that somebody read them is in the audit trail. Bounded: a page of `public.sightings`, `OTHERS_MAX` others
to choose from.
"""
