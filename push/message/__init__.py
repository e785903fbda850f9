"""Messages: an alert's texts by locale, truncated to what a provider takes, and whether a message makes a sound.

Bounded by the case's fields and each provider's limit.
"""
