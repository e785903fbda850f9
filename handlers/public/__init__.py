"""What anybody may read: public alerts as an Atom feed and as signed CAP 1.2.

Bounded: the newest alerts, signed messages kept.
"""
