"""From a claimed unit to batches: who is to be notified flows out into a lane's bounded queue, shard by shard.

Bounded: units a lane, searches ahead, batches a queue.
"""
