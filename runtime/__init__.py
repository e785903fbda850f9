"""The few asyncio pieces that every room shares: ending tasks, waiting for a store, and what decoding raises.

Imports nothing of ours. Nothing else belongs here.
"""
