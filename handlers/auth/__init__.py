"""Who may call: bearer tokens and tickets, signatures of authorities, limits and failures.

Bounded: cached tokens, watched addresses and authorities, the time that Redis is waited for.
"""
