-- Holds a quota that all processes share, because its provider wants to be left alone.
-- KEYS: the quota, as in take.lua; ARGV: for how long (us); how much longer others may hold it (us)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local until_us = now + ARGV[1]
local known = redis.pcall('HMGET', KEYS[1], 'at', 'seen')
if known.err then
    redis.call('DEL', KEYS[1])
    known = {}
end
-- A clock that was set back, and what is none of ours: as in take.lua.
local at = (tonumber(known[1]) or 0) - math.max(0, (tonumber(known[2]) or now) - now)
if not (at >= until_us and at < until_us + ARGV[2]) then
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', until_us), 'seen', string.format('%.0f', now))
end
redis.call('PEXPIRE', KEYS[1], math.ceil((until_us + ARGV[2]) / 1000 - time[1] * 1000) + 60000)
return 1
