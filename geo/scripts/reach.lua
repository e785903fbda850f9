-- Says how users of one shard are reached in one lane now: one step, so that nobody is missed who is just moving.
-- KEYS: devices of the present generation; devices of the one before
-- ARGV: the lane; then a list of users
-- Returns for each user what follows the lane in the record (geo/devices.py), nothing for who is not in this lane.
local users = cmsgpack.unpack(ARGV[2])
local found, missing, rows = {}, {}, {}
local known = redis.call('HMGET', KEYS[1], unpack(users))
for i = 1, #users do
    if not known[i] then
        missing[#missing + 1], rows[#rows + 1] = users[i], i
    end
end
if #missing > 0 then
    local before = redis.call('HMGET', KEYS[2], unpack(missing))
    for i = 1, #missing do
        known[rows[i]] = before[i]
    end
end
local name = ARGV[1] .. '\0'
local last = 6 + #name
for i = 1, #users do
    local record = known[i]
    found[i] = record and string.sub(record, 7, last) == name and string.sub(record, last) or false
end
return found
