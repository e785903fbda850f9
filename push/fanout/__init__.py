"""Fan-out: turns claimed units into batches of recipients, shard by shard, in a lane's bounded queue.

Bounded: units a lane, searches ahead, batches a queue.
"""
