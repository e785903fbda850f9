-- Returns the entries of users of one shard who have preferences, each after its place in the list, from 0 on.
-- KEYS: preferences
-- ARGV: a list of users
if redis.call('EXISTS', KEYS[1]) == 0 then
    return {}
end
local found = {}
for i, entry in ipairs(redis.call('HMGET', KEYS[1], unpack(cmsgpack.unpack(ARGV[1])))) do
    if entry then
        found[#found + 1], found[#found + 2] = i - 1, entry
    end
end
return found
