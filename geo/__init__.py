"""Where people are: areas, cities, distances and the sharded index in Redis.

Position reports flow in (`index.PositionIndex.record`); the members of an area flow out shard by shard
(`PositionIndex.stream`) or as a sampled count (`sample.sample`). Only this package uses Redis' geo commands.
Bounded: `SEARCHES_IN_FLIGHT` round trips a process, so that no search holds back another client of Redis for long.
This package knows nothing of alerts, providers or PostgreSQL.
"""
