"""Recording outcomes: rows of the ledger are made of batches, and committed for many workers together.

Bounded: the batches that are being sent.
"""
