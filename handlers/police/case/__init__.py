"""The case as the police file it: its fields, how each is read, and what makes a well-formed case impossible to send.

A field that a case leaves out is not written into the record either: a case of an earlier version stays the same case.
Bounded: every text by its length, every list by a count, the body by `case.BODY_BYTES`.
"""
