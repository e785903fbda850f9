"""Sending: a lane's workers take batches, send them through a gateway, and settle them in the ledger.

Bounded: requests in flight a lane, rows a commit, the grace time.
"""
