"""The sharded index in Redis: position reports flow in, the members of an area flow out shard by shard.

Only this package uses Redis' geo commands. Bounded: searches in flight, users a call, and a timeout for every command.
"""
