"""Fetches a picture from a web server of others, without reaching into our own network.

An address flows in, bytes or a fault flow out. Each hop is judged anew (`targets.py`), its name is resolved here, and
exactly what was judged is connected to (`pinned.py`). Bounded: `FetchPlan`.
"""
