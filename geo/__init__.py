"""Where people are: areas, cities, distances and the sharded index in Redis.

Positions flow in (`index.PositionIndex.record`), the members of an area flow out shard by shard
(`PositionIndex.stream`) or as a sampled count (`sample.sample`). The only room with Redis geo commands and scripts.
Bounded: `SEARCHES_IN_FLIGHT` round trips a process, so that no search holds back another client of Redis for long.
This room knows nothing of alerts, providers or PostgreSQL.
"""
