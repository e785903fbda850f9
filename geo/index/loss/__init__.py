"""Loss of data in Redis: tells people who are gone from people whom Redis lost.

Bounded: a small key a shard, two questions a primary.
"""
