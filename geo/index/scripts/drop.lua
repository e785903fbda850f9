-- Removes users of one shard whose token is invalid, unless they have reported since, with any token.
-- KEYS: devices of both generations; positions of the lane in both
-- ARGV: the lane; when a generation begins of which the caller does not know (ms); then for each user: the id, the
--       token, the moment (ms) since which the token is invalid
-- Changes nothing where that generation has begun, and returns the present moment (ms) as text. Else returns how many
-- were removed.
local lane, dropped = ARGV[1], 0
local time = redis.call('TIME')
local present = time[1] * 1000 + math.floor(time[2] / 1000)
if present >= tonumber(ARGV[2]) then
    return string.format('%.0f', present)
end
for i = 3, #ARGV, 3 do
    local user, token, since = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    for generation = 1, 2 do
        local record = redis.call('HGET', KEYS[generation], user)
        if record and #record >= 6 and struct.unpack('>I6', record) <= since then
            local known, rest = string.match(record, '^([^%z]*)(.*)$', 7)
            if known == lane and string.match(rest, '^%z[^%z]*%z(.*)$') == token then
                redis.call('HDEL', KEYS[generation], user)
                redis.call('ZREM', KEYS[generation + 2], user)
                dropped = dropped + 1
            end
        end
    end
end
return dropped
