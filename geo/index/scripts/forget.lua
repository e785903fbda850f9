-- Removes users of one shard from every lane and generation, with their devices, in one step. Keeps for a while that
-- they were forgotten, so that a report made before but delivered after does not bring them back.
-- KEYS: devices of both generations; forgotten users; positions of each lane and generation; preferences
-- ARGV: now (ms); how long to keep that they were forgotten (ms); when a
--       generation begins of which the caller does not know (ms); the users
-- Changes nothing where that generation has begun, and returns the present moment (ms) as text: another process may
-- have put the users into it. Else returns how many of them were known.
local now, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local present = time[1] * 1000 + math.floor(time[2] / 1000)
if present >= tonumber(ARGV[3]) then
    return string.format('%.0f', present)
end
local users, gone = {}, {}
for i = 4, #ARGV do
    users[#users + 1] = ARGV[i]
    gone[#gone + 1], gone[#gone + 2] = now, ARGV[i]
end
local known = redis.call('HDEL', KEYS[1], unpack(users)) + redis.call('HDEL', KEYS[2], unpack(users))
for i = 4, #KEYS - 1 do
    redis.call('ZREM', KEYS[i], unpack(users))
end
redis.call('HDEL', KEYS[#KEYS], unpack(users))
redis.call('ZADD', KEYS[3], unpack(gone))
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - kept)
redis.call('PEXPIRE', KEYS[3], kept)
return known
