"""Web Push: subscriptions, the encryption of messages, and each push service judged by itself.

Bounded: calls at once, signatures kept.
"""
