"""Takes reports of strangers in: sealed before they are stored, acknowledged once they are, and never logged.

Works without JavaScript by one form; with it, photos are resumed after a lost connection. Whoever is refused reads why,
whom to call, and keeps what was typed. Bounded: `admission.py` (how much, of whom), `reading.py` (one request),
`uploads.py` (one photo).
"""
