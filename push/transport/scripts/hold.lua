-- Holds a quota that all processes share, because its provider wants to be left alone.
-- KEYS: the quota, as in take.lua; ARGV: for how long (us)
local time = redis.call('TIME')
local until_us = time[1] * 1000000 + time[2] + ARGV[1]
local at = tonumber(redis.call('HGET', KEYS[1], 'at')) or 0
if at < until_us then
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', until_us))
end
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(at, until_us) / 1000 - time[1] * 1000) + 60000)
return 1
