"""Signing in at the console: who a browser is, for how long, and that its requests come from our own pages.

Bounded: `sessions.LASTS` a session, `sessions.IDLE` without use.
"""
