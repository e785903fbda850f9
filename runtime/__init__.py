"""The few pieces that every room shares: ending tasks, waiting for a store, the wall clock, and what decoding raises.

Imports nothing of ours. Nothing else belongs here.
"""
