"""What is said: an alert's texts by locale, cut to what a provider takes, and whether a message makes a sound.

Bounded by the case's fields and each provider's limit.
"""
