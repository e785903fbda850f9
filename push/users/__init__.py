"""What users asked for, which Redis must know whatever becomes of it: who is forgotten, and who prefers what.

Bounded: a page of users a step.
"""
