"""Commands about the people of the console: who they are for an issuer, and what they sign with.

Bounded: as `server.administration.people` bounds the work.
"""
