-- KEYS: preferences
-- ARGV: how many users; a list of them
-- Returns the entries of users of one shard who have preferences, each after its user. Where the shard has no more
-- entries than users are asked for, all of them, which costs less than to look for each user.
local size = redis.call('HLEN', KEYS[1])
if size == 0 then
    return {}
end
if size <= tonumber(ARGV[1]) then
    return redis.call('HGETALL', KEYS[1])
end
local found = {}
local users = cmsgpack.unpack(ARGV[2])
for i, entry in ipairs(redis.call('HMGET', KEYS[1], unpack(users))) do
    if entry then
        found[#found + 1], found[#found + 2] = users[i], entry
    end
end
return found
