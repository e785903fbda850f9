"""What people with a token read and do: alerts, their preview, actions, the feed, estimates, the audit trail.

Bounded: listings, feed messages a client, bodies.
"""
