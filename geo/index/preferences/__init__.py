"""What users prefer, as Redis has it: a copy of the record's, read right before a message is sent.

Bounded: one entry a user who ever said what they prefer, of at most `mirror.CONTENT_MAX` bytes.
"""
