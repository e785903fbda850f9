"""Composition: makes running processes of settings and the command line.

The only room that knows all others: it reads the configuration, starts embedded stores, puts the engine and the edge
together and stops them in order. Bounded: starts by `STORE_WAIT_S`, stops by `grace_s`.
"""

__version__ = "0.1.0"
