"""Alarms of all processes, as people with a token read them, and who takes them.

An officer reads and acknowledges those about the own authority, and those about none. Bounded by `push.shared_alarms`.
"""
