-- Returns how to reach users of one shard in one lane: in one step, so that a user who moves meanwhile is not missed.
-- KEYS: devices of the present generation; devices of the one before
-- ARGV: the lane; then a list of users
-- Returns the record of each user (geo/index/devices.py), nothing for a user who is not in this lane.
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
for i = 1, #users do
    local record = known[i]
    -- The whole record: to cut it would cost more than to send a few bytes too many.
    found[i] = record and string.find(record, name, 7, true) == 7 and record or false
end
return found
