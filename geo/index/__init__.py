"""The sharded index in Redis: reports flow in, the members of an area flow out shard by shard.

Everything about Redis' geo commands is here. Bounded: searches in flight, users a call, commands by their timeout.
"""
