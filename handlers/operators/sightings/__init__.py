"""What strangers reported, for those who decide it: read, seen, passed on, or dismissed.

Operators read it, those of an authority for its own alerts; that somebody read it is recorded. Bounded: a page of
`public.sightings`.
"""
