"""What Redis answers is checked before it is believed: anybody who reaches it may have written it.

Bounded: each check takes what one round trip brought.
"""
