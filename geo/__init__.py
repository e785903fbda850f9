"""Where people are: areas, distances and the sharded index in Redis.

Positions flow in (`index.PositionIndex.record`), the members of an area flow out shard by shard
(`PositionIndex.stream`) or as a sampled count (`PositionIndex.sample`). The only room with Redis geo commands.
Bounded: `SEARCHES_IN_FLIGHT` searches a stream, so that no search holds back another client of Redis for long.
This room knows nothing of alerts, providers or PostgreSQL.
"""
