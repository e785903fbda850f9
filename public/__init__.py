"""What strangers see of an alert, and what they say: pages, photos, cards, posters, sightings, and the funnel.

What may be public flows out as objects that any web server can serve (`publishing`); what strangers send flows in as
sealed objects (`sightings`), and counts (`funnel`). The room knows nothing of how people are notified, nor of HTTP: it
reads the record through `sql`, and says what is wrong as values, of which its callers make alarms.
Bounded: each part names its own bounds.
"""
